//! Reads of somebody who looks into a line that a plant polls: a scan asks through the connection that is there, where no
//! second one can be made (a serial port is one program's alone, a converter often takes one caller).
//!
//! A guest has one request at a time. Whoever asks is told what came of it; whoever does not wait any more is not asked for.

use super::blocks::Block;
use super::identity::Identified;
use super::wire::{Fault, Outcome};
use crate::time::Span;
use tokio::sync::{mpsc, oneshot};

/// A request of a guest.
#[derive(Debug)]
pub(in crate::drivers) struct Guest {
    /// Which unit is asked; it may be none of the plant's.
    pub unit: u8,
    /// What for.
    pub wish: Wish,
    /// How long an answer may take, of a unit that is none of the plant's.
    pub timeout: Span,
}

/// What a guest asks for, and where the answer goes.
#[derive(Debug)]
pub(in crate::drivers) enum Wish {
    /// Registers or bits.
    Read(Block, oneshot::Sender<Result<Outcome, Fault>>),
    /// Who it is, from this object on.
    Identify(u8, oneshot::Sender<Result<Identified, Fault>>),
}

impl Wish {
    /// Whether nobody waits for the answer any more.
    pub fn is_given_up(&self) -> bool {
        match self {
            Self::Read(_, answer) => answer.is_closed(),
            Self::Identify(_, answer) => answer.is_closed(),
        }
    }

    /// Nothing came of it.
    pub fn refuse(self, fault: Fault) {
        // Whoever asked may be gone.
        match self {
            Self::Read(_, answer) => drop(answer.send(Err(fault))),
            Self::Identify(_, answer) => drop(answer.send(Err(fault))),
        }
    }
}

/// The way into a line that a plant polls.
#[derive(Debug, Clone)]
pub struct Door {
    asks: mpsc::Sender<Guest>,
}

impl Door {
    /// A door, and where its guests come in: one waits at most.
    pub(super) fn new() -> (Self, mpsc::Receiver<Guest>) {
        let (asks, guests) = mpsc::channel(1);
        (Self { asks }, guests)
    }

    /// Whether the line is there no more.
    pub(in crate::drivers) fn is_closed(&self) -> bool {
        self.asks.is_closed()
    }

    /// Reads through it. `None`: the line is there no more.
    pub(in crate::drivers) async fn read(
        &self,
        unit: u8,
        block: &Block,
        timeout: Span,
    ) -> Option<Result<Outcome, Fault>> {
        let (answer, told) = oneshot::channel();
        self.asks.send(Guest { unit, wish: Wish::Read(block.clone(), answer), timeout }).await.ok()?;
        told.await.ok()
    }

    /// Asks through it who a unit is. `None`: the line is there no more.
    pub(in crate::drivers) async fn identify(
        &self,
        unit: u8,
        object: u8,
        timeout: Span,
    ) -> Option<Result<Identified, Fault>> {
        let (answer, told) = oneshot::channel();
        self.asks.send(Guest { unit, wish: Wish::Identify(object, answer), timeout }).await.ok()?;
        told.await.ok()
    }
}

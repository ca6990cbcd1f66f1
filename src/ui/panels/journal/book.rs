//! Pages of the journal as far as somebody has looked: the newest first, older ones as they are scrolled to, new ones as they
//! come.
//!
//! Invariant: nothing that is shown moves by itself. What comes while somebody reads waits, counted, until it is asked for.
//! Invariant: memory is bounded: at most [`MOST_ROWS`] are kept, of which the newest go where more are scrolled to.

use crate::historian::journal::ask::Pending;
use crate::historian::read::{Order, Page};
use crate::historian::{JournalLink, Row, Search};
use crate::ui::wake;
use eframe::egui::Context;
use std::collections::VecDeque;

/// Entries of one question.
const PAGE: usize = 200;
/// Entries kept. Ten hours of scrolling.
const MOST_ROWS: usize = 20_000;
/// New entries are looked for so often where nobody tells that there are any, as where another process writes them.
const LOOK_EVERY_SECS: f64 = 2.0;

/// See the module.
#[derive(Debug, Default)]
pub struct Book {
    search: Search,
    rows: VecDeque<Row>,
    /// New entries that wait to be shown, oldest first.
    waiting: Vec<Row>,
    /// More have come than wait.
    overflowed: bool,
    older: Option<Pending<Page>>,
    newer: Option<Pending<Page>>,
    /// The next older page begins beyond this number; `None` with `began`: there is none.
    beyond: Option<u64>,
    began: bool,
    /// The newest rows were let go.
    cut: bool,
    fault: Option<String>,
    /// What the plant's journal had when it was looked at last, and when that was.
    looked: Option<(u64, f64)>,
}

impl Book {
    /// Looks for something else, from the newest on.
    pub fn search(&mut self, search: Search) {
        *self = Self { search, ..Self::default() };
    }

    /// What is looked for.
    pub const fn wanted(&self) -> &Search {
        &self.search
    }

    /// Shown rows, the newest first.
    pub const fn rows(&self) -> &VecDeque<Row> {
        &self.rows
    }

    /// New entries that wait to be shown; `true`: there are more than that.
    pub const fn waiting(&self) -> (usize, bool) {
        (self.waiting.len(), self.overflowed)
    }

    /// Whether the newest rows were let go, so that the first one shown is not the newest.
    pub const fn is_cut(&self) -> bool {
        self.cut
    }

    /// Whether the first entry of all is among the rows.
    pub const fn is_whole(&self) -> bool {
        self.began && self.beyond.is_none()
    }

    /// Why nothing could be read last.
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// Whether the first answer is still under way.
    pub const fn is_reading(&self) -> bool {
        !self.began && self.fault.is_none()
    }

    /// Takes answers that have come, and asks for what is wanted: the first page, and what is new. `entries`: how many the
    /// plant's journal has, as far as this program knows.
    pub fn follow(&mut self, ctx: &Context, link: &JournalLink, entries: u64) {
        let time = ctx.input(|i| i.time);
        self.take_older();
        if let Some(answer) = self.newer.as_ref().and_then(Pending::take) {
            self.newer = None;
            match answer {
                Ok(page) => {
                    self.fault = None;
                    self.overflowed |= self.waiting.len() + page.rows.len() > MOST_ROWS || page.beyond.is_some();
                    self.waiting.extend(page.rows);
                    self.waiting.truncate(MOST_ROWS);
                }
                Err(why) => self.fault = Some(why),
            }
        }
        let is_due = self.looked.is_none_or(|(known, at)| known != entries || time - at >= LOOK_EVERY_SECS);
        if !is_due || self.older.is_some() || self.newer.is_some() {
            return;
        }
        self.looked = Some((entries, time));
        if !self.began {
            self.older = Some(self.ask(ctx, link, Order::NewestFirst, None));
        } else if !self.cut && !self.overflowed {
            let newest = self.waiting.last().or_else(|| self.rows.front()).map_or(0, |row| row.seq);
            self.newer = Some(self.ask(ctx, link, Order::OldestFirst, Some(newest)));
        }
        // An answer may be there already; then this frame shows it.
        if self.rows.is_empty() {
            self.take_older();
        }
    }

    /// Takes the answer of older rows, where it is there.
    fn take_older(&mut self) {
        let Some(answer) = self.older.as_ref().and_then(Pending::take) else { return };
        self.older = None;
        match answer {
            Ok(page) => {
                self.fault = None;
                self.began = true;
                self.beyond = page.beyond;
                self.rows.extend(page.rows);
                while self.rows.len() > MOST_ROWS {
                    self.rows.pop_front();
                    self.cut = true;
                }
            }
            Err(why) => self.fault = Some(why),
        }
    }

    /// The end of the rows comes into view: reads on.
    pub fn read_on(&mut self, ctx: &Context, link: &JournalLink) {
        if self.older.is_none() && self.began && self.beyond.is_some() && self.fault.is_none() {
            self.older = Some(self.ask(ctx, link, Order::NewestFirst, self.beyond));
        }
    }

    /// Shows what waits. Gives back how many rows came above.
    pub fn show_new(&mut self) -> usize {
        if self.cut || self.overflowed {
            let search = std::mem::take(&mut self.search);
            self.search(search);
            return 0;
        }
        let count = self.waiting.len();
        for row in self.waiting.drain(..) {
            self.rows.push_front(row);
        }
        if self.rows.len() > MOST_ROWS {
            // The oldest are read again where somebody scrolls to them.
            self.rows.truncate(MOST_ROWS);
            self.beyond = self.rows.back().map(|row| row.seq);
        }
        count
    }

    fn ask(&self, ctx: &Context, link: &JournalLink, order: Order, beyond: Option<u64>) -> Pending<Page> {
        link.entries(self.search.clone(), order, beyond, PAGE, wake::on_answer(ctx))
    }
}

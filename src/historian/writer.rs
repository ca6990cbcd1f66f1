//! The journal's writer: a named thread that owns the journal, writes all entries that wait in one transaction, and
//! answers the engine.
//!
//! When the disk refuses, entries wait in memory in their order, and are tried again every second. What a person did and
//! the screen waits for (an acknowledgement, a reset) does not wait: it is refused at once with the reason, and
//! leaves the queue as a `refused` entry, so that the journal never says later that something was done which the
//! operator was told was not.
//! Invariant: [`JournalQueue::push`] never waits for the disk.
//! Invariant: at most [`MOST_WAITING`] entries wait; what comes beyond is counted, and told by one `gap` entry.

use super::Journal;
use super::line::{is_act, log_act};
use crate::engine::{Entry, Event, Input, JournalState, Plan, Ticket};
use crate::time::{Clock, Now, Utc};
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc;

/// Entries that may wait in memory for the disk.
pub const MOST_WAITING: usize = 1_000_000;

/// Entries in one transaction: more than a person acknowledges at once, so that such an act is on disk whole or not at all.
const BATCH: usize = 10_000;

/// Between two tries while the disk refuses.
const RETRY: Duration = Duration::from_secs(1);

/// Between two looks whether the journal is still there, while nothing is written.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Tries at the end, [`RETRY`] apart, before what waits is given up.
const LAST_TRIES: u32 = 3;

/// What a writer writes to: the journal, or in tests a disk that refuses.
pub trait Store: Send {
    /// Whether what was and will be written is found by the next start. Asked at least once a second.
    fn check_place(&mut self) -> Result<(), String>;
    /// Writes these entries durably, all or none.
    fn append(&mut self, entries: &[&Entry]) -> Result<(), String>;
    /// Writes what bounds the next start, where it is worth it or `closing`.
    fn checkpoint(&mut self, now: Utc, closing: bool) -> Result<(), String>;
    /// Cuts a step of what is older than it is to be kept, if anything is.
    fn keep_step(&mut self, _now: Now) -> Result<(), String> {
        Ok(())
    }
    /// Gives the tags and alarms of another plan their permanent ids; memories follow their names.
    fn adopt(&mut self, _plan: &Arc<Plan>, _now: Utc) -> Result<(), String> {
        Ok(())
    }
    /// Entries in it.
    fn entries(&self) -> u64;
    /// Its size on disk.
    fn bytes(&self) -> u64;
}

impl Store for Journal {
    fn check_place(&mut self) -> Result<(), String> {
        Self::check_place(self).map_err(|e| e.to_string())
    }

    fn append(&mut self, entries: &[&Entry]) -> Result<(), String> {
        Self::append(self, entries).map_err(|e| e.to_string())
    }

    fn checkpoint(&mut self, now: Utc, closing: bool) -> Result<(), String> {
        if closing || self.checkpoint_due() { Self::checkpoint(self, now).map_err(|e| e.to_string()) } else { Ok(()) }
    }

    fn keep_step(&mut self, now: Now) -> Result<(), String> {
        Self::keep_step(self, now).map_err(|e| e.to_string())
    }

    fn adopt(&mut self, plan: &Arc<Plan>, now: Utc) -> Result<(), String> {
        for rename in Self::adopt(self, plan, now).map_err(|e| e.to_string())? {
            tracing::info!("{} is now {}; its state follows", rename.from, rename.to);
        }
        Ok(())
    }

    fn entries(&self) -> u64 {
        Self::entries(self)
    }

    fn bytes(&self) -> u64 {
        Self::bytes(self)
    }
}

/// The engine's end: hands entries over without ever waiting for the disk.
#[derive(Debug, Clone)]
pub struct JournalQueue(Arc<Shared>);

/// How long a writer that is dropped without [`Writer::close`] is waited for, so that nobody opens its journal meanwhile.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// The writer's thread.
#[derive(Debug)]
pub struct Writer {
    queue: JournalQueue,
    ended: Receiver<u64>,
}

#[derive(Debug, Default)]
struct Shared {
    /// A plain mutex, held for moments by the engine's thread and the writer's, never across I/O.
    inbox: Mutex<Inbox>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Inbox {
    entries: VecDeque<Item>,
    /// Entries the writer has taken and not yet written.
    taken: usize,
    limit: usize,
    /// Lost since the last gap entry, and in all.
    lost_now: u64,
    lost: u64,
    /// Acts that found no room: to be refused.
    refused: Vec<Ticket>,
    /// A plan whose names are to be taken over before anything else is written; the newest counts.
    adopt: Option<Arc<Plan>>,
    closing: bool,
}

#[derive(Debug)]
struct Item {
    ticket: Option<Ticket>,
    entry: Entry,
}

impl JournalQueue {
    /// Hands an entry to the writer. `ticket` is answered by `Durable` or `JournalFailed`.
    pub fn push(&self, ticket: Option<Ticket>, entry: Entry) {
        self.push_all([(ticket, entry)]);
    }

    /// Hands entries of one moment to the writer, which writes them in one transaction where they are no more than it takes.
    pub fn push_all(&self, entries: impl IntoIterator<Item = (Option<Ticket>, Entry)>) {
        let mut inbox = self.0.lock();
        for (ticket, entry) in entries {
            inbox.push(ticket, entry);
        }
        drop(inbox);
        self.0.arrived.notify_one();
    }

    /// Another plan is in force: what is written from now on is about its tags and alarms.
    pub fn adopt(&self, plan: Arc<Plan>) {
        self.0.lock().adopt = Some(plan);
    }
}

impl Inbox {
    fn push(&mut self, ticket: Option<Ticket>, entry: Entry) {
        if self.entries.len() + self.taken >= self.limit {
            self.lost_now += 1;
            self.lost += 1;
            self.refused.extend(ticket.filter(|_| is_act(&entry)));
            return;
        }
        if self.lost_now > 0 {
            let gap = gap(std::mem::take(&mut self.lost_now), entry.time);
            self.entries.push_back(Item { ticket: None, entry: gap });
        }
        self.entries.push_back(Item { ticket, entry });
    }
}

impl Shared {
    /// A thread that panicked while it held the inbox left it whole: every change of it is one statement.
    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    /// Starts the thread. It answers on `answers`; a closed receiver is no fault.
    pub fn start(store: impl Store + 'static, answers: mpsc::Sender<Input>, clock: Clock) -> std::io::Result<Self> {
        Self::start_with_limit(store, answers, clock, MOST_WAITING)
    }

    /// The same with another bound on what may wait.
    pub fn start_with_limit(
        store: impl Store + 'static,
        answers: mpsc::Sender<Input>,
        clock: Clock,
        limit: usize,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { inbox: Mutex::new(Inbox { limit, ..Inbox::default() }), ..Shared::default() });
        let (end, ended) = sync_channel(1);
        let desk = Desk {
            store,
            shared: shared.clone(),
            answers,
            clock,
            waiting: VecDeque::new(),
            state: JournalState::default(),
        };
        thread::Builder::new().name("journal".to_owned()).spawn(move || {
            let left = desk.run();
            // Nobody may be waiting for the end any more.
            let _unheard = end.send(left);
        })?;
        Ok(Self { queue: JournalQueue(shared), ended })
    }

    /// For whoever writes entries.
    pub fn queue(&self) -> JournalQueue {
        self.queue.clone()
    }

    /// Writes what waits, a last checkpoint, and ends. `Err` says how many entries could not be written, or that the
    /// writer did not end within `patience`.
    pub fn close(self, patience: Duration) -> Result<(), String> {
        self.end(patience)
    }

    fn end(&self, patience: Duration) -> Result<(), String> {
        let was_closing = std::mem::replace(&mut self.queue.0.lock().closing, true);
        if was_closing {
            return Ok(());
        }
        self.queue.0.arrived.notify_one();
        match self.ended.recv_timeout(patience) {
            Ok(0) => Ok(()),
            Ok(left) => Err(format!("{left} journal entries could not be written")),
            Err(RecvTimeoutError::Timeout) => Err(format!("the journal did not end within {} s", patience.as_secs())),
            Err(RecvTimeoutError::Disconnected) => Err("the journal's writer had ended before".to_owned()),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Err(why) = self.end(LAST_PATIENCE) {
            tracing::error!("{why}");
        }
    }
}

fn gap(lost: u64, time: Utc) -> Entry {
    let mut entry = Entry::new(time, Event::Gap);
    entry.note = Some(format!("{lost} entries were lost: the disk refused, and no more could wait in memory").into());
    entry
}

/// What the thread owns.
struct Desk<S> {
    store: S,
    shared: Arc<Shared>,
    answers: mpsc::Sender<Input>,
    clock: Clock,
    waiting: VecDeque<Item>,
    /// As last told.
    state: JournalState,
}

impl<S: Store> Desk<S> {
    /// Until closed. Returns how many entries could not be written.
    fn run(mut self) -> u64 {
        let mut fault: Option<Arc<str>> = None;
        self.tell(None);
        let mut last_tries = LAST_TRIES;
        loop {
            let closing = self.take(fault.is_some());
            let was_quiet = self.waiting.is_empty();
            match self.write_all() {
                Ok(()) => {
                    if fault.take().is_some() {
                        tracing::info!("the journal is written again, and nothing of it was left out");
                    }
                }
                Err(reason) => {
                    if fault.as_deref() != Some(reason.as_str()) {
                        tracing::error!(waiting = self.waiting.len(), "could not write the journal: {reason}");
                    }
                    fault = Some(reason.into());
                }
            }
            if let Some(reason) = &fault {
                self.refuse_acts(reason);
            }
            // Nobody waits for it, so it waits for everybody: at most a step a turn in which nothing was written.
            if fault.is_none()
                && was_quiet
                && !closing
                && let Err(reason) = self.store.keep_step(self.clock.now())
            {
                tracing::warn!("could not cut what is too old off the journal: {reason}");
            }
            self.tell(fault.clone());
            if !closing {
                continue;
            }
            if fault.is_none() {
                if self.shared.lock().entries.is_empty() {
                    break;
                }
            } else {
                last_tries -= 1;
                if last_tries == 0 {
                    break;
                }
            }
        }
        if fault.is_none()
            && let Err(reason) = self.store.checkpoint(self.clock.now().utc, true)
        {
            tracing::warn!(
                "could not write the journal's last checkpoint: {reason}; the next start reads further back"
            );
        }
        let left = self.waiting.len() as u64;
        if left > 0 {
            tracing::error!(entries = left, "the journal ends without what could not be written");
        }
        left
    }

    /// Waits for something to write, at most [`LOOK_EVERY`], or, while the disk refuses, for the next try; an act that arrives is tried at once,
    /// because somebody waits for its answer. Returns whether the end was asked for.
    fn take(&mut self, failing: bool) -> bool {
        let mut inbox = self.shared.lock();
        inbox.taken = self.waiting.len();
        let quiet = |inbox: &mut Inbox| {
            let urgent =
                if failing { inbox.entries.iter().any(|i| is_act(&i.entry)) } else { !inbox.entries.is_empty() };
            !urgent && inbox.refused.is_empty() && !inbox.closing && (failing || inbox.lost_now == 0)
        };
        let mut inbox = if failing && !inbox.closing {
            let (inbox, _) =
                self.shared.arrived.wait_timeout_while(inbox, RETRY, quiet).unwrap_or_else(PoisonError::into_inner);
            inbox
        } else if failing {
            drop(inbox);
            thread::sleep(RETRY);
            self.shared.lock()
        } else {
            let (inbox, _) = self
                .shared
                .arrived
                .wait_timeout_while(inbox, LOOK_EVERY, quiet)
                .unwrap_or_else(PoisonError::into_inner);
            inbox
        };
        self.waiting.append(&mut inbox.entries);
        if inbox.lost_now > 0 && self.waiting.len() < inbox.limit {
            let lost = std::mem::take(&mut inbox.lost_now);
            self.waiting.push_back(Item { ticket: None, entry: gap(lost, self.clock.now().utc) });
        }
        inbox.taken = self.waiting.len();
        let refused = std::mem::take(&mut inbox.refused);
        let closing = inbox.closing;
        drop(inbox);
        for ticket in refused {
            self.answer(Input::JournalFailed(
                ticket,
                "the journal cannot be written, and too much waits for it".into(),
            ));
        }
        closing
    }

    /// Writes what waits, a transaction for each [`BATCH`].
    fn write_all(&mut self) -> Result<(), String> {
        self.store.check_place()?;
        let adopt = self.shared.lock().adopt.clone();
        if let Some(plan) = adopt {
            self.store.adopt(&plan, self.clock.now().utc)?;
            let mut inbox = self.shared.lock();
            // Unless another came meanwhile.
            inbox.adopt = inbox.adopt.take().filter(|newer| !Arc::ptr_eq(newer, &plan));
        }
        while !self.waiting.is_empty() {
            let count = self.waiting.len().min(BATCH);
            let batch: Vec<&Entry> = self.waiting.iter().take(count).map(|item| &item.entry).collect();
            self.store.append(&batch)?;
            batch.iter().filter(|entry| is_act(entry)).for_each(|entry| log_act(entry));
            let last = self.waiting.drain(..count).filter_map(|item| item.ticket).max();
            self.shared.lock().taken = self.waiting.len();
            if let Some(ticket) = last {
                self.answer(Input::Durable(ticket));
            }
            if let Err(reason) = self.store.checkpoint(self.clock.now().utc, false) {
                tracing::warn!("could not write a journal checkpoint: {reason}");
            }
        }
        Ok(())
    }

    /// Refuses what somebody waits for. What was asked stays written down, as refused.
    fn refuse_acts(&mut self, reason: &Arc<str>) {
        let mut refused = Vec::new();
        for item in &mut self.waiting {
            if !is_act(&item.entry) {
                continue;
            }
            let asked = item.entry.event.word();
            item.entry.event = Event::Refused;
            item.entry.note = Some(format!("{asked}: could not be recorded: {reason}").into());
            log_act(&item.entry);
            refused.extend(item.ticket.take());
        }
        for ticket in refused {
            self.answer(Input::JournalFailed(ticket, reason.clone()));
        }
    }

    /// Says how the journal fares, where that changed.
    fn tell(&mut self, fault: Option<Arc<str>>) {
        let (waiting, lost) = {
            let inbox = self.shared.lock();
            (self.waiting.len() + inbox.entries.len(), inbox.lost)
        };
        let state = JournalState {
            entries: self.store.entries(),
            waiting: waiting as u64,
            lost,
            fault,
            bytes: self.store.bytes(),
        };
        if state != self.state {
            self.state = state.clone();
            self.answer(Input::Journal(state));
        }
    }

    /// The engine never waits for the writer, so the writer may wait for the engine. A closed channel: the engine has ended.
    fn answer(&self, input: Input) {
        let _unheard = self.answers.blocking_send(input);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Actor;
    use std::fmt::Write as _;

    /// A disk that takes what it is given, or says why not.
    struct Disk(Result<(), String>);

    impl Store for Disk {
        fn check_place(&mut self) -> Result<(), String> {
            Ok(())
        }

        fn append(&mut self, _: &[&Entry]) -> Result<(), String> {
            self.0.clone()
        }

        fn checkpoint(&mut self, _: Utc, _: bool) -> Result<(), String> {
            Ok(())
        }

        fn entries(&self) -> u64 {
            0
        }

        fn bytes(&self) -> u64 {
            0
        }
    }

    /// Hears the log of the thread it is set for.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<String>>);

    impl tracing::field::Visit for Lines {
        fn record_debug(&mut self, _field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
            writeln!(self.0.lock().unwrap(), "{value:?}").unwrap();
        }
    }

    impl tracing::Subscriber for Lines {
        fn enabled(&self, _metadata: &tracing::Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
            tracing::span::Id::from_u64(1)
        }

        fn record(&self, _span: &tracing::span::Id, _values: &tracing::span::Record<'_>) {}

        fn record_follows_from(&self, _span: &tracing::span::Id, _follows: &tracing::span::Id) {}

        fn event(&self, event: &tracing::Event<'_>) {
            event.record(&mut self.clone());
        }

        fn enter(&self, _span: &tracing::span::Id) {}

        fn exit(&self, _span: &tracing::span::Id) {}
    }

    #[test]
    fn the_log_says_acknowledged_only_of_what_is_on_disk() {
        for (outcome, told, untold) in [
            (Ok(()), "tank1.level/high acknowledged by anna", "refused"),
            (Err("no room".to_owned()), "tank1.level/high refused by anna", "/high acknowledged"),
        ] {
            let mut entry = Entry::new(Utc(0), Event::Acknowledged);
            entry.alarm = Some("tank1.level/high".into());
            entry.by = Some(Actor { user: "anna".into(), computer: "desk-1".into(), desk: None });
            let (answers, _heard) = mpsc::channel(4);
            let mut desk = Desk {
                store: Disk(outcome),
                shared: Arc::default(),
                answers,
                clock: Clock::new(Now::default),
                waiting: VecDeque::from([Item { ticket: Some(Ticket(1)), entry }]),
                state: JournalState::default(),
            };
            let lines = Lines::default();
            tracing::subscriber::with_default(lines.clone(), || {
                if let Err(reason) = desk.write_all() {
                    desk.refuse_acts(&reason.into());
                }
            });
            let lines = lines.0.lock().unwrap().clone();
            assert!(lines.contains(told) && !lines.contains(untold), "{lines}");
        }
    }
}

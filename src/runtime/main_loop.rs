//! The thread that owns the engine: waits for inputs, people, the disk and the next deadline, and applies them in turn.
//!
//! Order at one moment: answers of journal and historian, then people, then the field, so that an acknowledgement never queues
//! behind a burst of samples. The field's queue is bounded; while it is full, drivers wait (and poll later).
//! Snapshots: the first change after quiet is published at once, then at most one every [`PUBLISH_INTERVAL`], and none
//! while nothing changed or nobody looks. What wants to be heard goes to the horn at the same pace, without a picture.

use super::samples::Samples;
use crate::engine::{Annunciation, Command, Effect, Engine, Entry, Event, Input, Plan, Snapshot, Ticket};
use crate::historian::JournalQueue;
use crate::historian::line::log_handed_over;
use crate::time::{Clock, Mono, Now, Span};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot, watch};

/// Between two snapshots.
pub const PUBLISH_INTERVAL: Span = Span::from_millis(50);

/// A jump of the wall clock against the monotonic one, from which on it is journaled.
pub const CLOCK_STEP: Span = Span::from_secs(1);

/// The loop looks at the clocks at least this often, so that a step of the wall clock is found soon after it happens.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Inputs applied before people and the journal are heard again.
const BATCH: usize = 64;

/// Where the engine's journal effects go.
#[derive(Debug, Clone)]
pub enum Recorder {
    /// To the writer, which answers.
    Journal(JournalQueue),
    /// Nowhere, and everything counts at once: a look that records nothing.
    Nowhere,
    /// Nowhere, because of this: what a person does is refused.
    Refused(Arc<str>),
}

/// So many effects are carried out before further inputs are applied, so that a burst needs no room of its own.
const MOST_EFFECTS: usize = 1_024;

/// What the loop owns.
#[derive(Debug)]
pub struct MainLoop {
    /// The plant.
    pub engine: Engine,
    /// The clock.
    pub clock: Clock,
    /// From drivers; [`crate::drivers::INPUT_QUEUE`].
    pub inputs: mpsc::Receiver<Input>,
    /// From people; [`crate::link::COMMAND_QUEUE`].
    pub commands: mpsc::Receiver<Command>,
    /// From the journal's writer, which waits while it is full, and from the historian's recorder, which does not.
    pub answers: mpsc::Receiver<Input>,
    /// To screens.
    pub snapshots: watch::Sender<Arc<Snapshot>>,
    /// To the horn.
    pub annunciation: watch::Sender<Annunciation>,
    /// Somebody new looks: publish what changed while nobody did.
    pub looked: Arc<Notify>,
    /// Where journal entries go.
    pub recorder: Recorder,
    /// Where samples go; `None`: the engine asks for none to be recorded.
    pub samples: Option<Samples>,
    /// The same, where the history could not be opened yet.
    pub late_samples: Option<oneshot::Receiver<Samples>>,
}

/// Publishing and the watch over the wall clock.
#[derive(Debug)]
struct Pace {
    screens: Publication,
    horn: Publication,
    wall_offset: i64,
}

/// What is handed on when it has changed, but not too often.
#[derive(Debug, Default)]
struct Publication {
    changed: bool,
    last: Option<Mono>,
}

impl Publication {
    /// When it is due; `None`: it has not changed, or is due at once.
    fn due(&self) -> Option<Mono> {
        self.last.filter(|_| self.changed).map(|at| at + PUBLISH_INTERVAL)
    }

    /// Whether it is to be handed on now; then it is taken as done.
    fn take(&mut self, now: Mono) -> bool {
        let takes = self.changed && self.last.is_none_or(|at| now - at >= PUBLISH_INTERVAL);
        if takes {
            *self = Self { changed: false, last: Some(now) };
        }
        takes
    }
}

impl Pace {
    const fn change(&mut self) {
        self.screens.changed = true;
        self.horn.changed = true;
    }
}

impl MainLoop {
    /// Runs until `stop` is sent or dropped. Queues that all senders left stay silent.
    pub async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        let now = self.clock.now();
        let publication = || Publication { changed: true, last: None };
        let mut pace = Pace { screens: publication(), horn: publication(), wall_offset: now.utc.0 - now.mono.0 };
        let (mut answers, mut commands, mut inputs) =
            (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
        let mut effects = Vec::new();
        loop {
            let pause = self.pause(&pace);
            let looked = self.looked.clone();
            tokio::select! {
                biased;
                _stop = &mut stop => break,
                true = some(self.answers.recv_many(&mut answers, BATCH)) => {}
                true = some(self.commands.recv_many(&mut commands, BATCH)) => {}
                true = some(self.inputs.recv_many(&mut inputs, BATCH)) => {}
                () = looked.notified() => {}
                samples = late(&mut self.late_samples) => {
                    self.late_samples = None;
                    if let Some(mut samples) = samples {
                        let now = self.clock.now();
                        // They were numbered for the plan of the start.
                        samples.follow(self.engine.plan(), now.utc);
                        self.samples = Some(samples);
                        self.engine.begin_recording(now, &mut effects);
                    }
                }
                () = tokio::time::sleep(pause) => {}
            }
            let now = self.clock.now();
            self.watch_wall_clock(now, &mut pace);
            for input in answers.drain(..).chain(commands.drain(..).map(Input::Command)).chain(inputs.drain(..)) {
                if let Input::Replace(plan, _) = &input {
                    self.follow(now, plan, &mut effects);
                }
                self.engine.apply(now, input, &mut effects);
                pace.change();
                if effects.len() >= MOST_EFFECTS {
                    self.carry_out(now, &mut effects);
                }
            }
            if self.engine.next_deadline().is_some_and(|at| at <= now.mono) {
                self.engine.apply(now, Input::Tick, &mut effects);
                pace.change();
            }
            self.carry_out(now, &mut effects);
            self.publish(now, &mut pace);
        }
        // What a person did before the end was asked for is still theirs: "window closed" among it.
        let now = self.clock.now();
        while let Ok(command) = self.commands.try_recv() {
            self.engine.apply(now, Input::Command(command), &mut effects);
        }
        self.engine.finish(&mut effects);
        self.carry_out(now, &mut effects);
    }

    /// Another plan comes into force: what was asked for before is carried out by the ids of the one before.
    fn follow(&mut self, now: Now, plan: &Arc<Plan>, effects: &mut Vec<Effect>) {
        self.carry_out(now, effects);
        if let Recorder::Journal(queue) = &self.recorder {
            queue.adopt(Arc::clone(plan));
        }
        if let Some(samples) = &mut self.samples {
            samples.follow(plan, now.utc);
        }
    }

    /// How long nothing needs to be done unless something happens.
    fn pause(&self, pace: &Pace) -> Duration {
        let now = self.clock.now().mono;
        let deadline = self.engine.next_deadline();
        let publish = pace.screens.due().filter(|_| self.snapshots.receiver_count() > 0);
        let announce = pace.horn.due().filter(|_| self.annunciation.receiver_count() > 0);
        let next = [deadline, publish, announce].into_iter().flatten().min();
        next.map_or(LONGEST_SLEEP, |at| (at - now).to_std().min(LONGEST_SLEEP))
    }

    fn publish(&mut self, now: Now, pace: &mut Pace) {
        if self.annunciation.receiver_count() > 0 && pace.horn.take(now.mono) {
            let wanted = self.engine.annunciation();
            self.annunciation.send_if_modified(|told| std::mem::replace(told, wanted) != wanted);
        }
        if self.snapshots.receiver_count() > 0 && pace.screens.take(now.mono) {
            self.snapshots.send_replace(Arc::new(self.engine.snapshot(now)));
        }
    }

    /// Hands effects on. Where nothing is recorded the engine gets its answer here, which may bring further effects.
    fn carry_out(&mut self, now: Now, effects: &mut Vec<Effect>) {
        while !effects.is_empty() {
            let mut entries: Vec<(Ticket, Entry)> = Vec::new();
            for effect in effects.drain(..) {
                match effect {
                    Effect::Journal(ticket, entry) => entries.push((ticket, *entry)),
                    Effect::Record(record) => {
                        if let Some(samples) = &mut self.samples {
                            samples.gather(record);
                        }
                    }
                }
            }
            let answers = self.record(entries);
            for answer in answers {
                self.engine.apply(now, answer, effects);
            }
        }
        if let Some(samples) = &mut self.samples {
            samples.hand_over();
        }
    }

    /// Entries of one moment: of one act among them, which is on disk whole or not at all.
    fn record(&self, entries: Vec<(Ticket, Entry)>) -> Vec<Input> {
        match &self.recorder {
            Recorder::Journal(queue) => {
                if !entries.is_empty() {
                    entries.iter().map(|(_, entry)| entry).for_each(log_handed_over);
                    queue.push_all(entries.into_iter().map(|(ticket, entry)| (Some(ticket), entry)));
                }
                Vec::new()
            }
            Recorder::Nowhere => entries.into_iter().map(|(ticket, _)| Input::Durable(ticket)).collect(),
            Recorder::Refused(why) => {
                entries.into_iter().map(|(ticket, _)| Input::JournalFailed(ticket, why.clone())).collect()
            }
        }
    }

    /// Delays and ages run on the monotonic clock and do not notice a step; people reading the journal must.
    fn watch_wall_clock(&self, now: Now, pace: &mut Pace) {
        let offset = now.utc.0 - now.mono.0;
        let step = Span(offset - pace.wall_offset);
        pace.wall_offset = offset;
        if step.0.abs() > CLOCK_STEP.0
            && let Recorder::Journal(queue) = &self.recorder
        {
            let mut entry = Entry::new(now.utc, Event::ClockStepped);
            entry.note = Some(format!("by {:+.3} s", step.as_secs_f64()).into());
            log_handed_over(&entry);
            queue.push(None, entry);
        }
    }
}

/// `false` disables the branch of a select: all senders of that queue are gone.
async fn some(received: impl Future<Output = usize>) -> bool {
    received.await > 0
}

/// Waits for ever where nothing is awaited. `None`: it will not come any more.
async fn late<T>(awaited: &mut Option<oneshot::Receiver<T>>) -> Option<T> {
    match awaited {
        Some(receiver) => receiver.await.ok(),
        None => std::future::pending().await,
    }
}

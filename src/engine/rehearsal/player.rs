//! A scenario before an audience: played at a speed, stopped, stepped and wound to a line.
//!
//! What a person does meanwhile, such as to acknowledge, goes to the play's engine and its journal.
//! Invariant: real time is an argument and says how far to play, nothing else: what happens at which virtual instant is the
//! scenario's alone.

use super::scenario::{Fault, Line, lines};
use super::stage::{LONGEST, START, Stage};
use super::too_many;
use crate::engine::{Command, EngineOptions, Entry, Quality, Snapshot, TagView};
use crate::project::Project;
use crate::time::{Mono, Span};
use std::sync::Arc;

/// Points of recent past that screens get: 24 bytes each.
const TAIL_POINTS: usize = 500_000;
/// Most journal entries of one play: they are kept in memory.
const MOST_ENTRIES: u64 = 100_000;
/// Real time that a computer may be behind the speed that is asked for.
const LAG: Span = Span::from_secs(2);

/// What a person does with a play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Time runs.
    Play,
    /// Time stands.
    Pause,
    /// So many seconds in a second.
    Speed(u32),
    /// On to the next line, or to the next entry of the journal, and no further.
    Step,
    /// To just before this line, by its place in the list; back to an earlier one is a new play from the start.
    Jump(usize),
    /// From the start.
    Restart,
}

/// What a play is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Time stands.
    Paused,
    /// Time runs.
    Playing,
    /// On to the next event or to a line, as fast as it can be computed.
    Winding,
}

/// What came of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Its place in the list.
    pub line: usize,
    /// Whether what it expects held; a line that is at fault is not kept.
    pub kept: bool,
    /// What held, or was instead.
    pub words: Arc<str>,
}

/// How far a play is, for its screen.
#[derive(Debug, Clone)]
pub struct Standing {
    /// All lines.
    pub lines: Arc<[Line]>,
    /// Place of the line that comes next; as many as there are: none does.
    pub next: usize,
    /// Time since the start.
    pub at: Span,
    /// Seconds in a second.
    pub speed: u32,
    /// What it is doing.
    pub course: Course,
    /// What came of the expectations so far, in order.
    pub judged: Arc<Vec<Judged>>,
    /// Why it stands, where that is not by hand.
    pub why: Option<Arc<str>>,
    /// Counts the starts.
    pub start: u64,
}

#[derive(Debug, Clone, Copy)]
enum Pace {
    Paused,
    /// Since this real instant, at which virtual time was so far.
    Playing(Mono, Mono),
    /// Until one more line is played or one more entry is made than now.
    Stepping(usize, u64),
    /// Until this line is next.
    Jumping(usize),
}

/// How a stretch of play ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    There,
    /// There is more to compute.
    Busy,
    /// It stops by itself.
    Stops,
}

/// See the module.
#[derive(Debug)]
pub struct Player {
    project: Arc<Project>,
    lines: Arc<[Line]>,
    stage: Stage,
    next: usize,
    judged: Arc<Vec<Judged>>,
    pace: Pace,
    speed: u32,
    why: Option<Arc<str>>,
    start: u64,
    seen: Vec<Seen>,
}

/// A page as the engine had it, and the same with its values marked.
type Seen = (Arc<Vec<TagView>>, Arc<Vec<TagView>>);

const OPTIONS: EngineOptions = EngineOptions { tail_points: TAIL_POINTS, record: false, restarted: false };

impl Player {
    /// A play that stands at its start.
    ///
    /// # Errors
    /// The first line of the scenario that is none.
    pub fn new(project: Arc<Project>, scenario: &str) -> Result<Self, Fault> {
        let lines: Arc<[Line]> = lines(scenario)?.into();
        Ok(Self {
            stage: Stage::new(Arc::clone(&project), OPTIONS),
            project,
            lines,
            next: 0,
            judged: Arc::default(),
            pace: Pace::Paused,
            speed: 1,
            why: None,
            start: 1,
            seen: Vec::new(),
        })
    }

    /// A person's hand on the play, at this real instant.
    pub fn control(&mut self, control: Control, real: Mono) {
        self.why = None;
        self.pace = match control {
            Control::Play => Pace::Playing(real, self.stage.now.mono),
            Control::Pause => Pace::Paused,
            Control::Speed(speed) => {
                // What has gone by went by at the speed before.
                self.turn(real, 0);
                self.speed = speed.max(1);
                match self.pace {
                    Pace::Playing(..) => Pace::Playing(real, self.stage.now.mono),
                    other => other,
                }
            }
            Control::Step => Pace::Stepping(self.next, self.stage.entries),
            Control::Jump(line) => {
                if line < self.next {
                    self.restart();
                }
                Pace::Jumping(line.min(self.lines.len()))
            }
            Control::Restart => {
                self.restart();
                Pace::Paused
            }
        };
    }

    fn restart(&mut self) {
        self.stage = Stage::new(Arc::clone(&self.project), OPTIONS);
        self.next = 0;
        self.judged = Arc::default();
        self.start += 1;
        self.seen.clear();
    }

    /// A person acts on the play, as an operator would.
    pub fn command(&mut self, command: Command) {
        self.stage.command(command);
    }

    /// Plays on to where it should be at this real instant. `most`: so many events at once; `true`: there is more to compute.
    pub fn turn(&mut self, real: Mono, most: usize) -> bool {
        let mut left = most;
        let reached = match self.pace {
            Pace::Paused => return false,
            Pace::Playing(since, from) => {
                let gone = (real - since).0.max(0).saturating_mul(i64::from(self.speed));
                let target = (from + Span(gone)).min(START.mono + LONGEST);
                let reached = self.play_to(target, &mut left);
                match reached {
                    // What could not be computed for so long is not made up for.
                    Reached::Busy if (target - self.stage.now.mono).0 > LAG.0 * i64::from(self.speed) => {
                        self.pace = Pace::Playing(real, self.stage.now.mono);
                    }
                    Reached::There if target >= START.mono + LONGEST => {
                        self.stop(&format!("a play lasts {LONGEST} at most"));
                    }
                    Reached::Busy | Reached::There | Reached::Stops => {}
                }
                reached
            }
            Pace::Stepping(next, entries) => self.step(next, entries, &mut left),
            Pace::Jumping(to) => self.jump(to, &mut left),
        };
        if self.stage.entries > MOST_ENTRIES {
            self.stop(&too_many(MOST_ENTRIES));
            return false;
        }
        reached == Reached::Busy
    }

    fn stop(&mut self, why: &str) {
        self.pace = Pace::Paused;
        self.why = Some(why.into());
    }

    /// Plays all lines up to an instant, and what falls due before it.
    fn play_to(&mut self, target: Mono, left: &mut usize) -> Reached {
        while self.next < self.lines.len() {
            match self.next_line(Some(target), left) {
                Some(Reached::There) => {}
                Some(other) => return other,
                None => break,
            }
        }
        let then = START + (target - START.mono);
        if self.stage.reach(then, left) { Reached::There } else { Reached::Busy }
    }

    /// Plays the next line, unless it comes after `until`: then `None`.
    fn next_line(&mut self, until: Option<Mono>, left: &mut usize) -> Option<Reached> {
        let lines = Arc::clone(&self.lines);
        let line = lines.get(self.next)?;
        let outcome = match self.stage.time_of(line) {
            Ok(then) if until.is_some_and(|until| then.mono > until) => return None,
            Ok(then) => {
                if !self.stage.reach(then, left) {
                    return Some(Reached::Busy);
                }
                self.stage.play(line)
            }
            Err(fault) => Err(fault),
        };
        let place = self.next;
        self.next += 1;
        let mut reached = Reached::There;
        match outcome {
            Ok(()) if line.verb == "expect" => {
                let words = format!("{} is {}", line.target, line.value.trim());
                self.judge(place, true, words.into());
            }
            Ok(()) => {}
            Err(words) => {
                self.judge(place, false, words.into());
                if !matches!(self.pace, Pace::Jumping(_)) {
                    self.stop("it stands where an expectation was not kept");
                    reached = Reached::Stops;
                }
            }
        }
        if self.next == self.lines.len() {
            self.stage.settle();
            self.stop("the scenario has ended");
            reached = Reached::Stops;
        }
        Some(reached)
    }

    fn judge(&mut self, line: usize, kept: bool, words: Arc<str>) {
        Arc::make_mut(&mut self.judged).push(Judged { line, kept, words });
    }

    fn step(&mut self, next: usize, entries: u64, left: &mut usize) -> Reached {
        if self.next >= self.lines.len() {
            self.stop("the scenario has ended");
            return Reached::Stops;
        }
        while *left > 0 {
            // One event at a time: an entry of the journal ends the step.
            let mut one = 1;
            match self.next_line(None, &mut one) {
                Some(Reached::Stops) | None => return Reached::Stops,
                Some(Reached::There | Reached::Busy) => {}
            }
            if self.next > next || self.stage.entries > entries {
                self.pace = Pace::Paused;
                return Reached::Stops;
            }
            *left -= 1;
        }
        Reached::Busy
    }

    fn jump(&mut self, to: usize, left: &mut usize) -> Reached {
        while self.next < to {
            match self.next_line(None, left) {
                Some(Reached::There) => {}
                Some(other) => return other,
                None => break,
            }
        }
        self.pace = Pace::Paused;
        Reached::Stops
    }

    /// Whether its time runs, or is wound on.
    pub const fn is_running(&self) -> bool {
        !matches!(self.pace, Pace::Paused)
    }

    /// What was journaled since it was asked for last.
    pub fn take_journal(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.stage.journal)
    }

    /// So many entries can be read by now.
    pub fn journaled(&mut self, entries: u64) {
        self.stage.journaled(entries);
    }

    /// As a screen may see it: no value passes for a device's.
    pub fn snapshot(&mut self) -> Snapshot {
        let mut snapshot = self.stage.snapshot();
        self.seen.truncate(snapshot.pages.len());
        for (place, page) in snapshot.pages.iter_mut().enumerate() {
            match self.seen.get(place) {
                Some((as_it_was, marked)) if Arc::ptr_eq(as_it_was, page) => *page = Arc::clone(marked),
                _ => {
                    let mut views = page.as_ref().clone();
                    for view in &mut views {
                        if view.quality == Quality::GOOD {
                            view.quality = Quality::SIMULATED;
                        }
                    }
                    let marked = Arc::new(views);
                    let as_it_was = std::mem::replace(page, Arc::clone(&marked));
                    match self.seen.get_mut(place) {
                        Some(seen) => *seen = (as_it_was, marked),
                        None => self.seen.push((as_it_was, marked)),
                    }
                }
            }
        }
        snapshot
    }

    /// How far it is.
    pub fn standing(&self) -> Standing {
        Standing {
            lines: Arc::clone(&self.lines),
            next: self.next,
            at: self.stage.now.mono - START.mono,
            speed: self.speed,
            course: match self.pace {
                Pace::Paused => Course::Paused,
                Pace::Playing(..) => Course::Playing,
                Pace::Stepping(..) | Pace::Jumping(_) => Course::Winding,
            },
            judged: Arc::clone(&self.judged),
            why: self.why.clone(),
            start: self.start,
        }
    }
}

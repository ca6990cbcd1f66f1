//! What lies behind the live end: asked of the historian beside the frame, and shown until something newer is there.
//!
//! Every picture of time (a trend, a spark, the last hour of a faceplate) is made of one [`Known`] for each pen: the
//! historian's points up to a seam, the snapshot's own tail from there on. Where the tail reaches back to the left edge,
//! nothing is asked.
//!
//! Invariant: no frame waits; a question is asked, and its answer is found in a later frame. Invariant: a time that no
//! answer covers is drawn as nothing, never as a line from what is known before it to what is known behind it.

mod ask;
mod known;
#[cfg(test)]
mod tests;

use crate::engine::TailView;
use crate::historian::history::query::{Gap, Picture};
use crate::time::{Span, Utc};
use crate::ui::wake;
pub use ask::{Answer, History, Pending, PendingTrial, Question, Trying, Verdict, Wake};
use eframe::egui::Context;
pub use known::{Known, Part};
use std::sync::Arc;
use std::time::Duration;

/// An answer under way for longer is told of.
const TOLD_AFTER_SECS: f64 = 0.3;
/// A question is left in peace for so long, or a view that moves with every frame would never get an answer.
const PEACE_SECS: f64 = 0.15;
/// How far beyond the view is asked for on either side, in lengths of the view.
const MARGIN: f64 = 0.5;
/// A live end that the tail alone has drawn for less is not worth a question.
const LEAST_NEW: Span = Span::from_secs(1);

/// What a picture of time wants to be able to draw.
#[derive(Debug, Clone, Copy)]
pub struct Need<'a> {
    /// The tags, by name as the historian has them, each with its tail.
    pub pens: &'a [(&'a str, Option<&'a TailView>)],
    /// Left edge.
    pub from: Utc,
    /// Right edge.
    pub to: Utc,
    /// Pixel columns between them.
    pub columns: usize,
    /// The instant of the frame.
    pub now: Utc,
}

/// History for the pens of one picture.
#[derive(Debug, Default)]
pub struct Past {
    asked: Option<Asked>,
    shown: Option<Shown>,
    serial: u64,
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    pens: Arc<[Arc<str>]>,
    from: Utc,
    to: Utc,
    /// Microseconds of a pixel column.
    column: i64,
}

/// A question under way.
#[derive(Debug)]
struct Asked {
    wanted: Wanted,
    /// When, in seconds of the window and in the plant's time.
    at: f64,
    now: Utc,
    /// What is shown serves until it is there: the next frame of the clock is soon enough.
    no_hurry: bool,
    pending: Box<dyn Pending>,
}

/// An answer that is shown.
#[derive(Debug)]
struct Shown {
    wanted: Wanted,
    /// Another number for every answer.
    serial: u64,
    /// When it was asked for.
    asked: Utc,
    recorded_to: Utc,
    /// `None`: a pen that came after it was asked.
    pens: Vec<Option<Result<Picture, String>>>,
}

impl Past {
    /// Takes an answer that has come, and asks for what this view needs and has not. To be called once a frame.
    pub fn follow(&mut self, ctx: &Context, history: Option<&dyn History>, need: &Need<'_>) {
        let Some(history) = history else {
            *self = Self { serial: self.serial, ..Self::default() };
            return;
        };
        if let Some(answer) = self.asked.as_mut().and_then(|asked| asked.pending.take())
            && let Some(asked) = self.asked.take()
        {
            self.serial += 1;
            self.shown = Some(Shown {
                wanted: Wanted { from: answer.from, to: answer.to, ..asked.wanted },
                serial: self.serial,
                asked: asked.now,
                // Where nothing was ever recorded, nothing is as true as of this instant.
                recorded_to: answer.recorded_to.unwrap_or(asked.now),
                pens: answer.pens.into_iter().map(Some).collect(),
            });
        }
        if self.shown.as_ref().is_some_and(|s| !s.wanted.is_of(need)) {
            self.shown = self.shown.take().and_then(|shown| shown.of_pens(need));
            self.serial += 1;
            if let Some(shown) = &mut self.shown {
                shown.serial = self.serial;
            }
        }
        let time = ctx.input(|i| i.time);
        match &self.asked {
            Some(asked) if asked.wanted.serves(need) => self.tell_later(ctx, time),
            // Where it has nothing to do with what is seen any more, it is given up at once, else after a while.
            Some(asked) if asked.wanted.touches(need) && time - asked.at < PEACE_SECS => {
                ctx.request_repaint_after(Duration::from_secs_f64((asked.at + PEACE_SECS - time).clamp(0.005, 1.0)));
            }
            _ => {
                self.asked = None;
                if need.is_beyond_tails() && !self.serves(need) {
                    self.ask(ctx, history, need, time);
                    self.tell_later(ctx, time);
                }
            }
        }
    }

    fn ask(&mut self, ctx: &Context, history: &dyn History, need: &Need<'_>, time: f64) {
        let column = need.column();
        let margin = ((need.to - need.from).0 as f64 * MARGIN) as i64;
        // On whole columns, so that a spike stays in its column while a person pans.
        let from = need.from.0.saturating_sub(margin).div_euclid(column).saturating_mul(column);
        let to = need.to.0.saturating_add(margin).div_euclid(column).saturating_add(1).saturating_mul(column);
        let pens: Arc<[Arc<str>]> = need.pens.iter().map(|(name, _)| Arc::from(*name)).collect();
        let wanted = Wanted { pens: pens.clone(), from: Utc(from), to: Utc(to), column };
        let question = Question {
            pens: pens.to_vec(),
            from: wanted.from,
            to: wanted.to,
            columns: (to.saturating_sub(from) / column).max(1) as usize,
        };
        let no_hurry = self.shown.as_ref().is_some_and(|s| s.is_whole() && s.wanted.serves(need));
        let wake = if no_hurry { Arc::new(|| {}) } else { wake::on_answer(ctx) };
        let pending = history.ask(question, wake);
        self.asked = Some(Asked { wanted, at: time, now: need.now, no_hurry, pending });
    }

    /// Asks for the frame that says that an answer is late.
    fn tell_later(&self, ctx: &Context, time: f64) {
        if let Some(asked) = self.asked.as_ref().filter(|asked| !asked.no_hurry) {
            let left = asked.at + TOLD_AFTER_SECS - time;
            if left > 0.0 {
                ctx.request_repaint_after(Duration::from_secs_f64(left.clamp(0.005, 1.0) + 0.005));
            }
        }
    }

    /// Whether what is shown is as good as a new answer.
    fn serves(&self, need: &Need<'_>) -> bool {
        let Some(shown) = self.shown.as_ref().filter(|s| s.is_whole() && s.wanted.serves(need)) else { return false };
        // The tail draws from `recorded_to` on, and forgets: asked again long before it has forgotten that far.
        let fresh = |first: Option<Utc>| {
            let drawn = need.now - shown.recorded_to;
            let kept = first.map_or(Span(need.column()), |first| need.now - first);
            // A recorder that stands still is asked again, but not with every frame.
            let due = Span((kept.0 / 4).max(LEAST_NEW.0));
            drawn <= LEAST_NEW || drawn.0 <= kept.0 / 2 || need.now - shown.asked < due
        };
        need.to <= shown.recorded_to || need.firsts().all(fresh)
    }

    /// What is known of a pen in a picture that begins at `from`.
    pub fn known<'a>(&'a self, pen: usize, tail: Option<&'a Arc<TailView>>, from: Utc) -> Known<'a> {
        let alone = Known { tail, ..Known::default() };
        let first = tail.and_then(|t| t.points().next()).map(|p| p.time);
        if first.is_some_and(|first| first <= from) {
            return alone;
        }
        match self.shown.as_ref().map(|shown| (shown, shown.pens.get(pen))) {
            Some((shown, Some(Some(Ok(picture))))) => Known {
                points: &picture.points,
                gaps: &picture.gaps,
                reach: Some([shown.wanted.from, shown.wanted.to.min(shown.recorded_to)]),
                recorded_to: shown.recorded_to,
                serial: shown.serial,
                column: shown.wanted.column,
                exact: picture.exact,
                ..alone
            },
            _ => alone,
        }
    }

    /// Whether an answer has been under way long enough to be told of.
    pub fn is_reading(&self, ctx: &Context) -> bool {
        self.asked.as_ref().is_some_and(|asked| ctx.input(|i| i.time) - asked.at >= TOLD_AFTER_SECS)
    }

    /// Whether an answer is under way.
    pub const fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// Why the history of a pen could not be read; the first such pen with its reason.
    pub fn fault(&self) -> Option<(usize, &str)> {
        let mut pens = self.shown.iter().flat_map(|s| s.pens.iter().enumerate());
        pens.find_map(|(i, pen)| Some((i, pen.as_ref()?.as_ref().err()?.as_str())))
    }

    /// Whether the answer that is shown says what was recorded from this instant on.
    pub fn covers(&self, from: Utc) -> bool {
        self.shown.as_ref().is_some_and(|s| s.is_whole() && s.wanted.from <= from)
    }
}

impl Shown {
    /// Whether it is an answer for every pen.
    fn is_whole(&self) -> bool {
        self.pens.iter().all(Option::is_some)
    }

    /// For other pens: those that it has keep their picture until there is a new one. `None`: it has none of them.
    fn of_pens(mut self, need: &Need<'_>) -> Option<Self> {
        let before = std::mem::take(&mut self.wanted.pens);
        let mut place = |name: &str| {
            let at = before.iter().position(|other| **other == *name)?;
            self.pens.get_mut(at)?.take()
        };
        let pens: Vec<_> = need.pens.iter().map(|(name, _)| place(name)).collect();
        self.wanted.pens = need.pens.iter().map(|(name, _)| Arc::from(*name)).collect();
        pens.iter().any(Option::is_some).then_some(Self { pens, ..self })
    }
}

impl Need<'_> {
    fn column(&self) -> i64 {
        ((self.to - self.from).0 / self.columns.max(1) as i64).max(1)
    }

    /// Where each tail begins.
    fn firsts(&self) -> impl Iterator<Item = Option<Utc>> {
        self.pens.iter().map(|(_, tail)| tail.and_then(|t| t.points().next()).map(|p| p.time))
    }

    /// Whether anything is seen that a tail does not have.
    fn is_beyond_tails(&self) -> bool {
        self.from < self.now && self.firsts().any(|first| first.is_none_or(|first| first > self.from))
    }
}

impl Wanted {
    /// Whether it is of the same pens.
    fn is_of(&self, need: &Need<'_>) -> bool {
        self.pens.len() == need.pens.len() && self.pens.iter().zip(need.pens).all(|(a, (b, _))| **a == **b)
    }

    /// Whether it shows something of the view.
    fn touches(&self, need: &Need<'_>) -> bool {
        self.is_of(need) && self.from < need.to && need.from < self.to
    }

    /// Whether it holds the whole view at about its scale; a little coarser or finer is not seen.
    fn serves(&self, need: &Need<'_>) -> bool {
        let column = need.column();
        let alike = self.column <= column.saturating_add(column / 10) && self.column >= column / 3;
        self.is_of(need) && alike && self.from <= need.from && need.to.min(need.now) <= self.to
    }
}

/// A gap with all that is known of it: the historian's where it covers this instant, with its reason in words.
pub fn gap_at<'a>(known: &Known<'a>, at: Utc) -> Option<&'a Gap> {
    let before = known.gaps.partition_point(|gap| gap.from <= at);
    known.gaps.get(..before)?.iter().rev().take(4).find(|gap| at < gap.to)
}

//! A plant that no file has yet: what is chosen so far, run beside the window, so that its values are seen before they are
//! written anywhere.

use crate::engine::Snapshot;
use crate::link::{BeginLink, Looking, PlantLink};
use crate::project::new::NewProject;
use crate::time::Now;
use crate::ui::Frame;
use crate::ui::wizard::Surroundings;
use eframe::egui::Context;
use std::path::PathBuf;
use std::time::Duration;

/// What is chosen rests so long before a device is asked anew, in seconds: a name is not typed in one frame.
const SETTLED: f64 = 0.5;

/// A look is looked at so often.
const EVERY: Duration = Duration::from_millis(250);

/// See the module.
#[derive(Debug, Default)]
pub struct Live {
    /// What runs: its text, and the look.
    looking: Option<(String, Looking)>,
    /// What is to run next, and since when nothing of it changed.
    next: Option<(f64, String)>,
    /// Why it was not begun.
    refused: Option<String>,
}

impl Live {
    /// Runs what is chosen. Only what a device is asked for counts: an alarm is none of it.
    pub fn follow(&mut self, ctx: &Context, begin: Option<&BeginLink>, new: &NewProject, path: PathBuf) {
        ctx.request_repaint_after(EVERY);
        let text = new.written().text;
        if self.looking.as_ref().is_some_and(|(running, _)| *running == text) {
            self.next = None;
            return;
        }
        let now = ctx.input(|i| i.time);
        let since = match &self.next {
            Some((since, next)) if *next == text => *since,
            _ => now,
        };
        if self.looking.is_some() && now - since < SETTLED {
            self.next = Some((since, text));
            return;
        }
        let Some(begin) = begin else {
            self.refused = Some("this program cannot ask devices".to_owned());
            return;
        };
        // The one before ends first: its line may be the same.
        self.looking = None;
        self.next = None;
        match begin.look(&text, path) {
            Ok(looking) => {
                self.refused = None;
                self.looking = Some((text, looking));
            }
            Err(why) => self.refused = Some(why),
        }
    }

    /// Nothing is looked at any more.
    pub fn rest(&mut self) {
        *self = Self::default();
    }

    /// Why nothing is seen, where that is known.
    pub fn why_not(&self) -> Option<String> {
        let failed = self.looking.as_ref().and_then(|(_, looking)| looking.plant()?.err());
        self.refused.clone().or(failed)
    }

    /// The plant as it is in this frame.
    pub fn plant(&self, now: Now) -> Option<(PlantLink, Snapshot)> {
        let plant = self.looking.as_ref()?.1.plant()?.ok()?;
        let newest = plant.snapshots.borrow().clone();
        let now = if now.mono > newest.now.mono { now } else { newest.now };
        let snapshot = Snapshot { now, ..(*newest).clone() };
        Some((plant, snapshot))
    }
}

/// What a view of that plant reads.
pub fn frame<'a>(around: Surroundings<'a>, plant: &'a PlantLink, snapshot: &'a Snapshot) -> Frame<'a> {
    Frame {
        snapshot,
        about: &plant.about,
        theme: around.theme,
        zone: around.zone,
        blink_on: true,
        chosen: None,
        desk: None,
        history: None,
        journal: None,
    }
}

//! The editor's way to the disk and to the plant: what was asked for is taken up when it has come, and nothing is waited for.

use super::acts::Act;
use super::{Editor, Over, Saving, State, Told};
use crate::link::{DeployAsk, DeployPlan, DeskRequest, EditAnswer, EditJob, EditLink, Opened, ReadAsk, SaveError};
use crate::ui::{Action, Frame, Outbox};
use eframe::egui::Context;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Whether the file said what the plant does not do, when it was read.
fn is_not_in_force(opened: &Opened, frame: &Frame<'_>) -> bool {
    frame.about.in_force.as_ref().is_some_and(|in_force| *in_force != opened.fingerprint)
}

/// The answer of the plant is looked for so often.
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl Editor {
    /// Another project has another draft; what has come from disk and plant is taken up.
    pub(super) fn follow(&mut self, ctx: &Context, frame: &Frame<'_>, outbox: &mut Outbox) {
        if self.path != frame.about.path {
            *self = Self {
                link: self.link.take(),
                is_told: self.is_told,
                path: frame.about.path.clone(),
                came_from: self.came_from.take(),
                wanted: std::mem::take(&mut self.wanted),
                heard_of: frame.about.file_now.clone(),
                review_wanted: self.review_wanted,
                ..Self::default()
            };
        }
        let (Some(link), Some(path)) = (self.link.clone(), self.path.clone()) else {
            self.state = State::Failed("this program was started without a way to edit".to_owned());
            return;
        };
        if !std::mem::replace(&mut self.is_told, true) {
            let ctx = ctx.clone();
            link.when_told(move || ctx.request_repaint());
        }
        if matches!(self.state, State::Closed) {
            self.state = match link.ask(EditJob::Open(path.clone())) {
                Ok(()) => State::Reading,
                Err(why) => State::Failed(why),
            };
        }
        if !self.take_aside(ctx) {
            // What comes meanwhile waits: it is for the draft as it will be.
            return;
        }
        while let Some(answer) = link.answer() {
            self.take(ctx, answer, frame, outbox);
            if self.aside.is_some() {
                return;
            }
        }
        self.look_at_file(&link, &path, frame);
        if let Some(answer) = self.applying.as_ref().map(|told| told.get().cloned()) {
            match answer {
                None => ctx.request_repaint_after(LOOK_EVERY),
                Some(answer) => self.applied(answer),
            }
        }
        let State::Open(draft) = &mut self.state else { return };
        if self.followed != Some(draft.version()) {
            self.followed = Some(draft.version());
            let text = Arc::clone(draft.text());
            link.read(ReadAsk { version: draft.version(), text, path: Some(path.clone()) });
            if !matches!(self.over, Over::Found(_)) {
                link.keep(path, draft.kept());
            }
        }
        if let Some(reading) = link.reading() {
            Arc::make_mut(&mut self.judged).follow(draft, &reading);
        }
    }

    /// What came from the disk.
    fn take(&mut self, ctx: &Context, answer: EditAnswer, frame: &Frame<'_>, outbox: &mut Outbox) {
        match answer {
            EditAnswer::Opened(path, opened) if Some(&path) == self.path.as_ref() => match &self.state {
                State::Open(_) => self.opened_again(ctx, opened, frame),
                _ => self.opened(opened, frame),
            },
            EditAnswer::Saved(path, saved) if Some(&path) == self.path.as_ref() => {
                self.saved(ctx, saved, frame, outbox);
            }
            EditAnswer::Beside(words) => self.said = Some(words),
            EditAnswer::NotKept(why) => self.said = Some(format!("The draft is not kept for the next start: {why}")),
            EditAnswer::Snapshots(list) => self.earlier_listed(list),
            EditAnswer::Snapshot(of, text) => self.earlier_read(ctx, &of, text, frame),
            EditAnswer::Opened(..) | EditAnswer::Saved(..) => {}
        }
    }

    /// Somebody has written the file: what stands there now is read.
    fn look_at_file(&mut self, link: &EditLink, path: &Path, frame: &Frame<'_>) {
        let file = &frame.about.file_now;
        let idle = matches!((&self.state, &self.over), (State::Open(_), Over::Nothing)) && !self.is_busy();
        if idle && file.is_some() && self.heard_of != *file && link.ask(EditJob::Open(path.to_owned())).is_ok() {
            self.heard_of.clone_from(file);
        }
    }

    /// The file once more, beside a draft of it.
    fn opened_again(&mut self, ctx: &Context, opened: Result<Opened, String>, frame: &Frame<'_>) {
        let (State::Open(draft), Ok(opened)) = (&self.state, opened) else { return };
        // What this program has written itself is known.
        if draft.saved_bytes() == opened.text || self.saving.is_some() {
            return;
        }
        if draft.is_changed() {
            self.said = Some("The file was changed by somebody else: a save shows both sides".to_owned());
            return;
        }
        self.not_in_force = is_not_in_force(&opened, frame);
        self.act(ctx, Act::Follow(opened.text));
    }

    fn opened(&mut self, opened: Result<Opened, String>, frame: &Frame<'_>) {
        self.not_in_force = opened.as_ref().is_ok_and(|opened| is_not_in_force(opened, frame));
        if let Ok(Opened { beside: Some(words), .. }) = &opened {
            self.said = Some(words.clone());
        }
        match opened {
            Ok(Opened { edited, draft, .. }) => {
                self.state = State::Open(Arc::from(edited));
                self.over = draft.map_or(Over::Nothing, |found| Over::Found(Box::new(found)));
            }
            Err(why) => self.state = State::Failed(why),
        }
    }

    fn saved(&mut self, ctx: &Context, saved: Result<(), SaveError>, frame: &Frame<'_>, outbox: &mut Outbox) {
        let Some(saving) = self.saving.take() else { return };
        match saved {
            Ok(()) => {
                if let State::Open(draft) = &mut self.state {
                    Arc::make_mut(draft).mark_saved(&saving.written);
                }
                self.not_in_force = true;
                self.said = Some("Saved; the plant runs on as it was".to_owned());
                if saving.apply {
                    self.apply(saving.written.bytes().into(), frame, outbox);
                }
            }
            Err(SaveError::Changed(_, theirs)) => self.act(ctx, Act::Compare(theirs)),
            Err(error) => self.said = Some(format!("Not saved: {error}")),
        }
    }

    /// Puts what stands in the file into force.
    pub(super) fn apply(&mut self, text: Arc<[u8]>, frame: &Frame<'_>, outbox: &mut Outbox) {
        let answer = Told::default();
        self.applying = Some(Arc::clone(&answer));
        let ask = DeployAsk { text, apply: true, by: frame.actor(), answer };
        outbox.action(Action::AskDesk(DeskRequest::Deploy(Box::new(ask))));
    }

    fn applied(&mut self, answer: Result<Arc<DeployPlan>, String>) {
        self.applying = None;
        self.over = Over::Nothing;
        self.said = Some(match answer {
            Ok(plan) => {
                self.not_in_force = false;
                if let State::Open(draft) = &mut self.state {
                    Arc::make_mut(draft).mark_in_force();
                }
                format!("Saved, and in force: {}", plan.summary)
            }
            // It is written: from here on there is nothing to refuse, only when it counts.
            Err(why) => format!("Saved; it counts at the next start: {why}"),
        });
    }

    /// Whether the file is being written, or put into force.
    pub(super) const fn is_busy(&self) -> bool {
        self.saving.is_some() || self.applying.is_some()
    }

    /// Writes the file; `apply`: and puts it into force.
    pub(super) fn save(&mut self, apply: bool) {
        let (State::Open(draft), Some(link), Some(path)) = (&self.state, &self.link, &self.path) else { return };
        if self.is_busy() {
            self.said = Some("It is being saved already".to_owned());
            return;
        }
        let written = draft.kept();
        if !draft.is_changed() && !apply {
            return;
        }
        // Of one that is not changed it is looked whether it still stands in the file: that is what is put into force.
        let job = EditJob::Save { path: path.clone(), before: written.saved_bytes(), after: written.bytes() };
        let saving = Saving { written, apply };
        match link.ask(job) {
            Ok(()) => self.saving = Some(saving),
            Err(why) => self.said = Some(format!("Not saved: {why}")),
        }
    }
}

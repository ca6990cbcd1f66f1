//! Changes of the draft that take longer than a frame may: they are worked out aside, on a copy of it, and taken up whole.
//!
//! Invariant: until then every sheet shows the draft as it was, and it is said what is being done; nothing else changes the
//! draft. Keys that are pressed meanwhile wait, and come in their order when it is there.

use super::acts::{Act, Outcome, Seen};
use super::sheets::{SheetKind, View};
use super::{Editor, State};
use crate::project::edit::Draft;
use eframe::egui::{Context, Event, Ui};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

/// Events of the keyboard that may wait; what comes on top is left out, and told.
const MOST_HELD: usize = 1_000;
/// Acts that may wait.
const MOST_ACTS: usize = 64;

/// A change on its way.
#[derive(Debug)]
pub struct Aside {
    /// The draft with the change: sent once. Closed without it: the work broke down, and nothing was changed.
    worked: Receiver<Worked>,
    /// Where the draft from before is put, so that no frame takes its thousands of parts to pieces.
    old: SyncSender<Arc<Draft>>,
    sheet: SheetKind,
    /// Keys that wait, and how many were too many.
    held: VecDeque<Event>,
    left_out: usize,
    /// Acts that wait.
    acts: VecDeque<Act>,
    /// When the editor was painted last: keys that were meant for it come to nothing else.
    seen: u64,
}

/// What was worked out.
#[derive(Debug)]
struct Worked {
    draft: Arc<Draft>,
    view: View,
    outcome: Outcome,
}

impl Editor {
    /// The act, unless another one is being worked out: then it waits.
    pub(super) fn put_off(&mut self, act: Act) -> Option<Act> {
        let Some(aside) = &mut self.aside else { return Some(act) };
        if aside.acts.len() < MOST_ACTS {
            aside.acts.push_back(act);
        } else {
            self.said = Some("Not changed: too much is being worked out; try again".to_owned());
        }
        None
    }

    /// Begins to work it out.
    pub(super) fn begin_aside(&mut self, ctx: &Context, act: Act) {
        let State::Open(draft) = &self.state else { return };
        let (tell, worked) = sync_channel(1);
        let (old, bin) = sync_channel::<Arc<Draft>>(1);
        let (sheet, shows_made) = (self.sheet, !self.hides_made);
        self.said = Some(act.words(draft));
        let (shared, judged, ctx_of_work) = (Arc::clone(draft), Arc::clone(&self.judged), ctx.clone());
        let mut view = self.sheets.entry(sheet.title()).or_default().0.clone();
        let work = move || {
            let mut draft = Draft::clone(&shared);
            drop(shared);
            let outcome = act.done(&mut draft, Seen { kind: sheet, judged: &judged, view: &view });
            view.follow(sheet, &draft, &judged.made, shows_made);
            drop(judged);
            if tell.send(Worked { draft: Arc::new(draft), view, outcome }).is_ok() {
                ctx_of_work.request_repaint();
                drop(bin.recv());
            }
        };
        match std::thread::Builder::new().name("edit".to_owned()).spawn(work) {
            Ok(_) => {
                let (held, acts, seen) = (VecDeque::new(), VecDeque::new(), ctx.cumulative_pass_nr());
                self.aside = Some(Aside { worked, old, sheet, held, left_out: 0, acts, seen });
            }
            Err(error) => self.said = Some(format!("Not changed: the system gives no thread to work it out ({error})")),
        }
    }

    /// Takes up what was worked out. Whether nothing is being worked out any more.
    pub(super) fn take_aside(&mut self, ctx: &Context) -> bool {
        let Some(mut aside) = self.aside.take() else { return true };
        match aside.worked.try_recv() {
            Err(TryRecvError::Empty) => {
                self.aside = Some(aside);
                return false;
            }
            Ok(Worked { draft, view, outcome }) => {
                if let State::Open(own) = &mut self.state {
                    // It lies in a place of one, and nothing is waited for.
                    let _is_gone = aside.old.try_send(std::mem::replace(own, draft));
                }
                let (shown, _) = self.sheets.entry(aside.sheet.title()).or_default();
                shown.take_up(view);
                self.take_outcome(outcome);
            }
            Err(TryRecvError::Disconnected) => {
                self.said = Some("Not changed: it could not be worked out; the draft is as it was".to_owned());
            }
        }
        if aside.left_out > 0 {
            let said = self.said.take().unwrap_or_default();
            self.said = Some(format!("{said} ({} keys were pressed too early, and did nothing)", aside.left_out));
        }
        if aside.seen + 1 >= ctx.cumulative_pass_nr() {
            ctx.input_mut(|i| {
                aside.held.extend(i.events.drain(..));
                i.events.extend(aside.held.drain(..));
            });
        }
        while let Some(act) = aside.acts.pop_front() {
            self.act(ctx, act);
        }
        self.aside.is_none()
    }

    /// While something is being worked out nothing can be pressed, and the keys wait.
    pub(super) fn wait_ui(&mut self, ui: &mut Ui) {
        let Some(aside) = &mut self.aside else { return };
        aside.seen = ui.ctx().cumulative_pass_nr();
        ui.input_mut(|i| {
            for event in std::mem::take(&mut i.events) {
                if !is_of_keys(&event) {
                    i.events.push(event);
                } else if aside.held.len() < MOST_HELD {
                    aside.held.push_back(event);
                } else {
                    aside.left_out += 1;
                }
            }
        });
        // It is over within a blink most of the time: nothing fades for that.
        ui.visuals_mut().disabled_alpha = 1.0;
        ui.disable();
    }
}

const fn is_of_keys(event: &Event) -> bool {
    matches!(event, Event::Key { .. } | Event::Text(_) | Event::Paste(_) | Event::Copy | Event::Cut | Event::Ime(_))
}

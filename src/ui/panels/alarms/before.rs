//! What became of an alarm before: its last occurrences, asked of the journal beside the frame.

use crate::engine::AlarmView;
use crate::engine::plan::{AlarmPlan, Subject, TagPlan};
use crate::historian::journal::ask::{Answer, Pending};
use crate::historian::read::{Occurrence, OccurrencesOf};
use crate::ui::faceplate::fact_ui;
use crate::ui::tree::heading_ui;
use crate::ui::{Frame, wake, widgets, words};
use eframe::egui::{Label, RichText, Role, Ui};
use std::sync::Arc;

/// Occurrences shown.
const MOST: usize = 8;

/// What is known, and what is under way.
#[derive(Debug, Default)]
pub struct Before {
    asked: Option<Asked>,
    pending: Option<Pending<Vec<Occurrence>>>,
    shown: Option<Answer<Vec<Occurrence>>>,
}

/// Where one of these is another, the journal knows more.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Asked {
    alarm: Arc<str>,
    occurrence: u64,
    active: bool,
    acknowledged: bool,
}

impl Before {
    /// Asks where there may be news, and takes an answer that has come.
    fn follow(&mut self, ui: &Ui, frame: &Frame<'_>, alarm: &AlarmPlan, view: Option<&AlarmView>) {
        let Some(journal) = frame.journal else {
            *self = Self::default();
            return;
        };
        let asked = Asked {
            alarm: Arc::clone(&alarm.name),
            occurrence: view.map_or(0, |v| v.occurrence),
            active: view.is_some_and(|v| v.active),
            acknowledged: view.is_some_and(|v| v.acknowledged.is_some()),
        };
        if self.asked.as_ref() != Some(&asked) {
            if self.asked.as_ref().is_none_or(|before| before.alarm != asked.alarm) {
                self.shown = None;
            }
            let of = OccurrencesOf { names: vec![Arc::clone(&alarm.name)], most: MOST, ..OccurrencesOf::default() };
            self.pending = Some(journal.occurrences(of, wake::on_answer(ui.ctx())));
            self.asked = Some(asked);
        }
        if let Some(answer) = self.pending.as_ref().and_then(Pending::take) {
            self.shown = Some(answer);
            self.pending = None;
        }
    }

    /// The section of the detail.
    pub fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, alarm: &AlarmPlan, view: Option<&AlarmView>) {
        self.follow(ui, frame, alarm, view);
        if frame.journal.is_none() {
            return;
        }
        heading_ui(ui, frame, "Last occurrences");
        let muted = |words: &str| Label::new(RichText::new(words).color(frame.theme.muted)).wrap();
        match &self.shown {
            None => {
                ui.add(muted("Reading the journal…"));
            }
            Some(Err(why)) => {
                ui.add(muted(&format!("The journal could not be read: {why}")));
            }
            Some(Ok(found)) if found.is_empty() => {
                ui.add(muted("None in the journal"));
            }
            Some(Ok(found)) => {
                let tag = match alarm.subject {
                    Subject::Tag(id) => frame.snapshot.plan.tag(id),
                    Subject::Device(_) | Subject::System => None,
                };
                for (i, occurrence) in found.iter().enumerate() {
                    occurrence_ui(ui, frame, tag, occurrence, i == 0);
                }
            }
        }
    }
}

/// When, how long, at what value; below it who acknowledged it and with what words.
fn occurrence_ui(ui: &mut Ui, frame: &Frame<'_>, tag: Option<&TagPlan>, occurrence: &Occurrence, newest: bool) {
    let now = frame.snapshot.now.utc;
    let time = |at| words::instant(at, now, frame.zone);
    let lasted = match occurrence.returned {
        Some(returned) => format!("for {}", words::duration(returned - occurrence.raised)),
        None if newest => "stands".to_owned(),
        // It never returned: it was hidden meanwhile, and raised anew.
        None => "raised anew".to_owned(),
    };
    let value = match (&occurrence.value, tag) {
        (Some(value), Some(tag)) => format!("{}, {lasted}", words::value_with_unit(value, &tag.tag)),
        _ => lasted,
    };
    let name = format!("{}  {}", words::count(occurrence.occurrence), time(occurrence.raised));
    fact_ui(ui, frame.theme, &name, &value);
    let seen = match &occurrence.acknowledged {
        Some(seen) => {
            let note = seen.note.as_deref().map(|note| format!(": “{note}”")).unwrap_or_default();
            format!("acknowledged {} by {}{note}", time(seen.at), seen.by)
        }
        None => "not acknowledged".to_owned(),
    };
    let label = ui.add(Label::new(RichText::new(&seen).color(frame.theme.muted)).wrap());
    widgets::tell(&label, Role::Status, &format!("Occurrence {}", occurrence.occurrence), || seen.clone());
}

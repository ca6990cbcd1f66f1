//! The sheet that forgets a topic that was found: says which tags go with it, and what stays.

use crate::link::{DeskRequest, Forget};
use crate::project::Member;
use crate::project::Source;
use crate::project::family::tags_of;
use crate::ui::Frame;
use crate::ui::fonts::{self, size};
use crate::ui::theme::STEP;
use crate::ui::words::say;
use eframe::egui::{Button, Label, RichText, Role, Ui, WidgetInfo, vec2};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The answer is looked for so often; the plant's next picture comes sooner.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Names of tags that are told; more would not be read.
const MOST_NAMES: usize = 12;

/// The sheet while it is open.
#[derive(Debug)]
pub struct Forgetting {
    tag: Arc<str>,
    asked: Option<Arc<OnceLock<Result<String, String>>>>,
    /// Why nothing was forgotten last time.
    refused: Option<String>,
}

/// What came of a frame of it.
#[derive(Debug)]
pub enum Outcome {
    /// It goes on.
    Open,
    /// Nothing is to be forgotten.
    Keep,
    /// This is asked for.
    Ask(DeskRequest),
    /// It is forgotten; what there is to say.
    Gone(String),
}

impl Forgetting {
    /// For the topic that this tag was found by.
    pub const fn new(tag: Arc<str>) -> Self {
        Self { tag, asked: None, refused: None }
    }

    /// The heading.
    pub fn title(&self) -> String {
        format!("Forget the topic of {}?", self.tag)
    }

    /// The sheet's content.
    pub fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>) -> Outcome {
        if let Some(answer) = self.asked.as_ref().and_then(|asked| asked.get().cloned()) {
            self.asked = None;
            match answer {
                Ok(said) => return Outcome::Gone(sentence(&said)),
                Err(why) => self.refused = Some(why),
            }
        }
        let waits = self.asked.is_some();
        if waits {
            ui.ctx().request_repaint_after(LOOK_EVERY);
        }
        let theme = frame.theme;
        let goes = what_goes(frame, &self.tag);
        let words = goes.clone().unwrap_or_else(|| "It is gone already".to_owned());
        ui.add(Label::new(RichText::new(words).font(fonts::strong(size::BODY))).wrap());
        ui.add_space(2.0 * STEP);
        let stays = "What was recorded and journaled of them stays. The next message of the topic finds it again, and so does \
                     one that the broker retains. The broker's connection is made anew; nothing else is stopped";
        ui.add(Label::new(RichText::new(stays).color(theme.muted)).wrap());
        if let Some(why) = &self.refused {
            let words = format!("Not forgotten: {why}");
            let label = ui.add(Label::new(RichText::new(&words).font(fonts::strong(size::BODY))).wrap());
            label.widget_info(|| WidgetInfo::labeled(Role::Alert, true, words.as_str()));
        }
        ui.add_space(3.0 * STEP);
        let mut outcome = Outcome::Open;
        ui.horizontal(|ui| {
            let keep = ui.add(Button::new(say::KEEP).min_size(vec2(110.0, 28.0)));
            if ui.memory(|m| m.focused().is_none()) {
                keep.request_focus();
            }
            if keep.clicked() {
                outcome = Outcome::Keep;
            }
            let words = if waits { "Being forgotten" } else { say::FORGET };
            if ui.add_enabled(goes.is_some() && !waits, Button::new(words).min_size(vec2(110.0, 28.0))).clicked() {
                let answer = Arc::default();
                self.asked = Some(Arc::clone(&answer));
                self.refused = None;
                let asked = Forget { tag: Arc::clone(&self.tag), by: frame.actor(), answer };
                outcome = Outcome::Ask(DeskRequest::Forget(Box::new(asked)));
            }
        });
        outcome
    }
}

/// As it stands on a screen.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// `site/a/state of site, with 2 tags and their alarms: a.wind, a.rain`. `None`: there is no such tag any more.
fn what_goes(frame: &Frame<'_>, tag: &str) -> Option<String> {
    let project = &frame.snapshot.plan.project;
    let tag = project.members().iter().find(|one| one.name == tag)?;
    let Source::Topic(source) = &tag.source else { return None };
    let member = Member { device: source.device.as_str().into(), topic: source.topic.as_str().into() };
    let tags = tags_of(project, &member);
    let names: Vec<&str> = tags.iter().take(MOST_NAMES).map(|tag| tag.name.as_str()).collect();
    let more = tags.len().saturating_sub(MOST_NAMES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (plural, their) = if tags.len() == 1 { ("", "its") } else { ("s", "their") };
    let topic = crate::text::visible(&source.topic);
    Some(format!(
        "{topic} of {}, with {} tag{plural} and {their} alarms: {}{more}",
        source.device,
        tags.len(),
        names.join(", ")
    ))
}

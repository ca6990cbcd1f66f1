//! A tag's value, as a person is told it: text, unit, quality, reason, age and alarm, with nothing left to look up.

use crate::engine::{Quality, Snapshot, TagId, TagView, Value, snapshot::TagAlarm};
use crate::project::Tag;
use crate::time::Now;
use crate::ui::theme::Theme;
use crate::ui::words;
use eframe::egui::Color32;

/// A value to be painted.
#[derive(Debug, Clone)]
pub struct Reading<'a> {
    /// Name of the tag.
    pub name: &'a str,
    /// The tag as written.
    pub tag: &'a Tag,
    /// Its picture.
    pub view: &'a TagView,
    /// The value in words, without unit; while bad, the last good one. `None`: there never was one.
    pub text: Option<String>,
    /// The unit; empty where the value is a word.
    pub unit: &'a str,
    /// The value as a number, for scales.
    pub number: Option<f64>,
    /// How far to be trusted.
    pub quality: Quality,
    /// How old, in words, where worth a word.
    pub age: Option<String>,
    /// The mark it bears.
    pub alarm: Option<TagAlarm>,
    now: Now,
}

impl<'a> Reading<'a> {
    /// Of a tag in a snapshot. `None`: an id of another plan.
    pub fn new(snapshot: &'a Snapshot, id: TagId) -> Option<Self> {
        let plan = snapshot.plan.tag(id)?;
        let view = snapshot.tag(id)?;
        let word = view.value.as_ref().is_some_and(|v| words::is_word(v, &plan.tag));
        Some(Self {
            name: &plan.name,
            tag: &plan.tag,
            view,
            text: view.value.as_ref().map(|v| words::value(v, &plan.tag)),
            unit: if word { "" } else { &plan.unit },
            number: view.value.as_ref().and_then(Value::as_f64),
            quality: view.quality,
            age: words::age(view, snapshot.now),
            alarm: view.alarm,
            now: snapshot.now,
        })
    }

    /// Whether there is no value to be trusted at all.
    pub fn is_bad(&self) -> bool {
        self.quality.is_bad()
    }

    /// The number to point at on a scale: none while bad and never measured.
    pub fn pointer(&self) -> Option<f64> {
        self.number
    }

    /// The value's text, or the dash for none.
    pub fn text_or_dash(&self) -> &str {
        self.text.as_deref().unwrap_or(words::say::NO_VALUE)
    }

    /// Whether the value is shown as a word or a text rather than as a number.
    pub fn is_word(&self) -> bool {
        self.view.value.as_ref().is_some_and(|v| words::is_word(v, self.tag))
    }

    /// Why it is not good, in words; empty where it is.
    pub fn reason(&self) -> String {
        if self.quality.is_good() { String::new() } else { words::quality(self.quality) }
    }

    /// Colour of the number: dimmed where bad, faded where stale, else that of words.
    pub fn ink(&self, theme: &Theme) -> Color32 {
        if self.is_bad() || self.quality == Quality::STALE { theme.muted } else { theme.text }
    }

    /// As a screen reader tells it.
    pub fn spoken(&self) -> String {
        words::spoken_value(self.view, self.tag, self.now)
    }
}

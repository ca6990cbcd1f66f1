//! The last entries of one tag, on its faceplate.

use super::row;
use crate::engine::Event;
use crate::historian::journal::ask::{Answer, Pending};
use crate::historian::read::{Order, Page};
use crate::historian::{Row, Search};
use crate::text::visible;
use crate::time::Utc;
use crate::ui::fonts::{self, size};
use crate::ui::tree::heading_ui;
use crate::ui::widgets::{tell, text};
use crate::ui::{Frame, wake, words};
use eframe::egui::{Align2, Label, Rect, RichText, Role, Sense, Ui, pos2, vec2};
use std::sync::Arc;

/// Entries shown.
const MOST: usize = 6;
const ROW: f32 = 19.0;

/// What is known, and what is under way.
#[derive(Debug, Default)]
pub struct Beside {
    /// The tag, and how many entries the journal had.
    asked: Option<(Arc<str>, u64)>,
    pending: Option<Pending<Page>>,
    shown: Option<Answer<Page>>,
}

impl Beside {
    fn follow(&mut self, ui: &Ui, frame: &Frame<'_>, tag: &Arc<str>) {
        let Some(journal) = frame.journal else {
            *self = Self::default();
            return;
        };
        let asked = (tag.clone(), frame.snapshot.journal.entries);
        if self.pending.is_none() && self.asked.as_ref() != Some(&asked) {
            if self.asked.as_ref().is_none_or(|(before, _)| before != tag) {
                self.shown = None;
            }
            let search = Search { names: vec![tag.clone()], ..Search::default() };
            let wake = wake::on_answer(ui.ctx());
            self.pending = Some(journal.entries(search, Order::NewestFirst, None, MOST, wake));
            self.asked = Some(asked);
        }
        if let Some(answer) = self.pending.as_ref().and_then(Pending::take) {
            self.shown = Some(answer);
            self.pending = None;
        }
    }

    /// The section of the faceplate.
    pub fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, tag: &Arc<str>) {
        self.follow(ui, frame, tag);
        if frame.journal.is_none() {
            return;
        }
        heading_ui(ui, frame, "In the journal");
        let muted = |words: &str| Label::new(RichText::new(words).color(frame.theme.muted)).wrap();
        match &self.shown {
            None => {
                ui.add(muted("Reading the journal…"));
            }
            Some(Err(why)) => {
                ui.add(muted(&format!("The journal cannot be read: {why}")));
            }
            Some(Ok(page)) if page.rows.is_empty() => {
                ui.add(muted("Nothing yet"));
            }
            Some(Ok(page)) => page.rows.iter().for_each(|entry| line_ui(ui, frame, entry)),
        }
    }
}

fn line_ui(ui: &mut Ui, frame: &Frame<'_>, entry: &Row) {
    let theme = frame.theme;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::hover());
    let spoken = row::spoken(frame, entry);
    tell(&response, Role::Label, &format!("entry {}", entry.seq), || spoken.clone());
    let font = fonts::regular(size::BODY);
    let time = words::instant(Utc(entry.time), frame.snapshot.now.utc, frame.zone);
    let drawn = text::paint(ui.painter(), rect, Align2::RIGHT_CENTER, time, font.clone(), theme.muted);
    let short = entry.alarm.as_deref().and_then(|alarm| alarm.split_once('/')).map_or("", |(_, short)| short);
    let who = entry.desk.as_deref().or(entry.user.as_deref()).map(|who| format!(" by {who}")).unwrap_or_default();
    let value = match Event::parse(&entry.event) {
        Some(Event::Raised) => format!(" at {}", row::value_words(frame, entry)),
        _ => String::new(),
    };
    let words = format!("{short} {}{value}{who}", row::event_words(entry));
    let room = Rect::from_min_max(rect.min, pos2(drawn.left() - 8.0, rect.bottom()));
    text::paint(ui.painter(), room, Align2::LEFT_CENTER, visible(words.trim()), font, theme.text);
    response.on_hover_text(spoken);
}

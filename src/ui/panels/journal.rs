//! `journal`: what happened and what people did, the newest on top.
//!
//! Invariant: no row moves under the pointer, nor while somebody reads further down: what comes waits above with a count.
//! Invariant: no frame waits for the disk; pages come when they are there.

pub mod beside;
mod book;
mod detail;
mod filter;
mod row;

use super::table;
use super::{Aside, Cx, PanelView, grid};
use crate::ui::theme::STEP;
use crate::ui::widgets::{Brush, button, press, tell};
use crate::ui::{Frame, Outbox, words};
use book::Book;
use eframe::egui::{Id, Key, Modifiers, Rect, Role, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};
use filter::Filter;

/// Room that the scroll bar may take.
const SCROLL_BAR: f32 = 10.0;
/// The next page is asked for when so many rows are left below.
const AHEAD: usize = 60;
/// Height of the line that says what came meanwhile.
const NEW: f32 = 26.0;

/// See the module.
#[derive(Debug, Default)]
pub struct JournalPanel {
    list: JournalList,
}

impl PanelView for JournalPanel {
    fn aside(&self, cx: &Cx<'_>) -> Aside {
        Aside::quiet(aside(cx.frame))
    }

    fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Outbox) {
        self.list.ui(ui, cx.rect, cx.frame, &cx.panel.tags, out);
    }
}

/// How many entries there are, for the title bar.
pub fn aside(frame: &Frame<'_>) -> String {
    match frame.snapshot.journal.entries {
        0 => String::new(),
        1 => "1 entry".to_owned(),
        entries => format!("{} entries", words::count(entries)),
    }
}

/// What a list remembers from frame to frame.
#[derive(Debug, Default)]
pub struct JournalList {
    filter: Filter,
    book: Book,
    chosen: Option<u64>,
    /// The newest row is in view, and nobody points at the list.
    follows: bool,
    /// To be scrolled by so many rows, or to the top.
    scroll: Option<f32>,
    offset: f32,
    /// What the ids of its rows are made of: there may be two lists in one window.
    base: Option<Id>,
}

impl JournalList {
    /// Paints the journal into `rect`; `tags`: only of these, where there are any.
    pub fn ui(&mut self, ui: &mut Ui, rect: Rect, frame: &Frame<'_>, tags: &[String], out: &mut Outbox) {
        self.base = Some(ui.scope_id().with("journal entry"));
        let Some(link) = frame.journal else {
            grid::say(ui, rect, "This window has no journal of this plant", frame.theme);
            return;
        };
        let line = rect.with_max_y(rect.top() + filter::HEIGHT);
        if let Some(search) = self.filter.ui(ui, line, frame, tags, self.book.wanted()) {
            self.book.search(search);
            self.scroll = Some(0.0);
            self.chosen = None;
        }
        self.book.follow(ui.ctx(), link, frame.snapshot.journal.entries);
        if self.follows && self.book.waiting().0 > 0 {
            self.show_new();
        }
        let below = Rect::from_min_max(pos2(rect.left(), line.bottom() + STEP), rect.max);
        if let Some(why) = self.filter.fault() {
            grid::say(ui, below, &why, frame.theme);
            return;
        }
        if self.book.rows().is_empty() {
            grid::say(ui, below, &self.nothing(frame), frame.theme);
            return;
        }
        let chosen = self.chosen.and_then(|seq| self.book.rows().iter().find(|row| row.seq == seq)).cloned();
        let detail = if chosen.is_some() { detail::HEIGHT.min(below.height() * 0.45) } else { 0.0 };
        let told = Rect::from_min_max(pos2(below.left(), below.bottom() - detail), below.max);
        self.list_ui(ui, below.with_max_y(told.top()), frame);
        if let Some(row) = chosen {
            detail::ui(ui, told, frame, &row, out);
        }
        self.book_reads_on(ui, link);
    }

    fn book_reads_on(&mut self, ui: &Ui, link: &crate::historian::JournalLink) {
        let left = self.book.rows().len() as f32 - self.offset / row::HEIGHT;
        if left < (AHEAD * 2) as f32 {
            self.book.read_on(ui.ctx(), link);
        }
    }

    /// Why there is no row.
    fn nothing(&self, frame: &Frame<'_>) -> String {
        if let Some(why) = self.book.fault() {
            return format!("The journal cannot be read: {why}");
        }
        if self.book.is_reading() {
            return "Reading the journal…".to_owned();
        }
        if self.filter.is_active() {
            return "No entry fits the filter".to_owned();
        }
        match &frame.snapshot.journal.fault {
            Some(why) => format!("Nothing is in the journal yet, and it cannot be written: {why}"),
            None => "Nothing has happened yet".to_owned(),
        }
    }

    fn show_new(&mut self) {
        let count = self.book.show_new();
        if count > 0 && self.offset > 1.0 {
            self.scroll = Some(0.0);
        }
    }

    fn list_ui(&mut self, ui: &mut Ui, rect: Rect, frame: &Frame<'_>) {
        let theme = frame.theme;
        let (waiting, more) = self.book.waiting();
        let has_line = waiting > 0 || more || self.book.is_cut() || self.book.fault().is_some();
        let places = table::places(&row::COLUMNS, rect.width() - SCROLL_BAR);
        let head = rect.with_max_y(rect.top() + 18.0);
        table::heads(ui.painter(), head, &row::COLUMNS, &places, theme);
        let line = Rect::from_min_size(head.left_bottom(), vec2(rect.width(), if has_line { NEW } else { 0.0 }));
        if has_line {
            self.line_ui(ui, line, frame, waiting, more);
        }
        let body = Rect::from_min_max(line.left_bottom(), rect.max);
        self.keys(ui);
        let rows = self.book.rows().len();
        let end = usize::from(self.book.is_whole());
        let mut scrolled = None;
        ui.scope_builder(UiBuilder::new().max_rect(body).id_salt("entries"), |ui| {
            grid::plain_scrolling(ui);
            let mut area = ScrollArea::vertical().auto_shrink(false).id_salt("journal");
            if let Some(offset) = self.scroll.take() {
                area = area.vertical_scroll_offset(offset);
            }
            let output = area.show_rows(ui, row::HEIGHT, rows + end, |ui, shown| {
                for index in shown {
                    self.row_ui(ui, frame, index, &places);
                }
            });
            scrolled = Some(output.state.clamped_offset().y);
        });
        self.offset = scrolled.unwrap_or(self.offset);
        self.follows = self.offset < row::HEIGHT && !ui.rect_contains_pointer(rect) && self.chosen.is_none();
    }

    /// What came meanwhile, and the way to it.
    fn line_ui(&mut self, ui: &Ui, rect: Rect, frame: &Frame<'_>, waiting: usize, more: bool) {
        let brush = Brush { theme: frame.theme, blink_on: frame.blink_on };
        let words = match (self.book.fault(), waiting) {
            (Some(why), _) => format!("The journal cannot be read on: {why}"),
            (None, _) if more || self.book.is_cut() => "Back to the newest".to_owned(),
            (None, 1) => "1 new above".to_owned(),
            (None, count) => format!("{} new above", words::count(count as u64)),
        };
        let place = Rect::from_center_size(rect.center(), vec2(rect.width().min(260.0), NEW - 4.0));
        let id = ui.scope_id().with("new entries");
        let pressed = button(ui, place, id, &words, &format!("Show {words}"), &brush).clicked();
        if pressed {
            self.chosen = None;
            self.book.show_new();
            self.scroll = Some(0.0);
        }
    }

    /// Up and Down choose; Home goes to the newest.
    fn keys(&mut self, ui: &Ui) {
        let focus = ui.memory(eframe::egui::Memory::focused);
        if self.chosen.is_none_or(|seq| Some(self.row_id(seq)) != focus) {
            return;
        }
        let pressed = |key| ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
        if pressed(Key::Home) {
            self.scroll = Some(0.0);
        }
        if pressed(Key::Escape) {
            self.chosen = None;
        }
    }

    fn row_id(&self, seq: u64) -> Id {
        self.base.unwrap_or_else(|| Id::unique("journal")).with(seq)
    }

    fn row_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, index: usize, places: &row::Places) {
        let theme = frame.theme;
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), row::HEIGHT), Sense::hover());
        let Some(entry) = self.book.rows().get(index) else {
            let words = match (self.filter.is_active(), &frame.about.bundle) {
                (true, _) => "Nothing before this fits",
                (false, None) => "The journal begins here",
                (false, Some(_)) => "The bundle begins here; what came before is in the plant's own journal",
            };
            let font = crate::ui::fonts::regular(crate::ui::fonts::size::BODY);
            crate::ui::widgets::text::paint(
                ui.painter(),
                rect,
                eframe::egui::Align2::CENTER_CENTER,
                words,
                font,
                theme.muted,
            );
            return;
        };
        let seq = entry.seq;
        let brush = Brush { theme, blink_on: frame.blink_on };
        if self.chosen == Some(seq) {
            ui.painter().rect_filled(rect, 3.0, theme.raised);
        }
        let response = press(ui, rect, self.row_id(seq), &brush, 3.0);
        tell(&response, Role::Row, &format!("entry {seq}"), || row::spoken(frame, entry));
        row::paint(ui.painter(), rect, frame, entry, places);
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, theme.border());
        if response.clicked() {
            self.chosen = if self.chosen == Some(seq) { None } else { Some(seq) };
            return;
        }
        if response.hovered() && self.chosen != Some(seq) {
            let spoken = row::spoken(frame, entry);
            response.on_hover_text(spoken);
        }
    }
}

/// The journal over the whole of `ui`.
pub fn whole_ui(ui: &mut Ui, frame: &Frame<'_>, list: &mut JournalList, out: &mut Outbox) {
    let rect = ui.available_rect_before_wrap();
    ui.advance_cursor_after_rect(rect);
    let inner = grid::chrome(ui, rect, words::say::JOURNAL, &Aside::quiet(aside(frame)), frame.theme);
    list.ui(ui, inner, frame, &[], out);
}

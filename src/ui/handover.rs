//! The hand-over in the window: what the next shift has to know, and the page of it to print or to keep.

use super::keep::Table;
use super::panels::{Aside, grid};
use super::theme::STEP;
use super::widgets::{symbol, tell};
use super::words::{self, say};
use super::{Action, Frame, Outbox, fonts, wake};
use crate::engine::handover::{Act, Handed, Handover as Written, Heading, Listed, Outage, html};
use crate::engine::shift::on_duty;
use crate::engine::{AlarmState, Event, TagId};
use crate::historian::Search;
use crate::historian::journal::ask::{Answer, Pending};
use crate::historian::read::{Order, Page};
use crate::text::visible;
use crate::time::{Span, Utc};
use crate::ui::notlive::mode_word;
use eframe::egui::{
    Align, Align2, Button, Context, Label, Layout, Rect, RichText, Role, ScrollArea, Sense, TextEdit, Ui, UiBuilder,
    WidgetInfo, pos2, vec2,
};
use fonts::size;

/// Written anew when so much time went by.
const AGAIN: Span = Span::from_secs(15);

/// Since when it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Since {
    /// The shift on duty began; eight hours, where the project has none.
    #[default]
    Shift,
    /// This user closed a window last.
    LastHere,
    /// So many hours ago.
    Hours(i64),
}

/// What the view remembers.
#[derive(Debug, Default)]
pub struct Handover {
    since: Since,
    to: String,
    /// When this user closed a window last, as the journal says.
    last_here: Option<Utc>,
    asking_last_here: Option<Pending<Page>>,
    asked: Option<(Since, Utc)>,
    pending: Option<Pending<Written>>,
    shown: Option<Answer<Written>>,
}

impl Handover {
    fn instant(&self, frame: &Frame<'_>) -> Utc {
        let now = frame.snapshot.now.utc;
        let hours = |hours: i64| now + Span::from_secs(-hours * 3_600);
        match self.since {
            Since::Shift => {
                let shifts = &frame.snapshot.plan.project.shifts;
                on_duty(shifts, now, frame.zone).map_or_else(|| hours(8), |duty| duty.began)
            }
            Since::LastHere => self.last_here.unwrap_or_else(|| hours(8)),
            Since::Hours(count) => hours(count),
        }
    }

    fn follow(&mut self, ctx: &Context, frame: &Frame<'_>) {
        let Some(journal) = frame.journal else { return };
        let wake = || wake::on_answer(ctx);
        if self.asked.is_none() {
            let by = frame.about.actor.user.to_string();
            let search = Search { by, events: vec![Event::WindowClosed], ..Search::default() };
            self.asking_last_here = Some(journal.entries(search, Order::NewestFirst, None, 1, wake()));
        }
        if let Some(answer) = self.asking_last_here.as_ref().and_then(Pending::take) {
            self.asking_last_here = None;
            // Where it cannot be read, neither can the hand-over, which says why.
            self.last_here = answer.ok().and_then(|page| page.rows.first().map(|row| Utc(row.time)));
        }
        let now = frame.snapshot.now.utc;
        let other = self.asked.is_some_and(|(since, _)| since != self.since);
        if other || self.asked.is_none_or(|(_, at)| now - at >= AGAIN && self.pending.is_none()) {
            let plan = frame.snapshot.plan.clone();
            self.pending = Some(journal.handover(self.instant(frame), now, plan, wake()));
            self.asked = Some((self.since, now));
        }
        if let Some(answer) = self.pending.as_ref().and_then(Pending::take) {
            self.pending = None;
            self.shown = Some(answer);
        }
    }

    /// The view over the whole of `ui`.
    pub fn ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, out: &mut Outbox) {
        self.follow(ui.ctx(), frame);
        let rect = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(rect);
        let inner = grid::chrome(ui, rect, say::HANDOVER, &Aside::default(), frame.theme);
        let head = inner.with_max_y(inner.top() + 30.0);
        ui.scope_builder(
            UiBuilder::new().max_rect(head).layout(Layout::left_to_right(Align::Center)).id_salt("head"),
            |ui| self.head_ui(ui, frame, out),
        );
        let body = Rect::from_min_max(pos2(inner.left(), head.bottom() + STEP), inner.max);
        if frame.journal.is_none() {
            grid::say(ui, body, "This window has no journal of this plant", frame.theme);
            return;
        }
        match &self.shown {
            None => grid::say(ui, body, "Reading the journal…", frame.theme),
            Some(Err(why)) => grid::say(ui, body, &format!("The journal cannot be read: {why}"), frame.theme),
            Some(Ok(written)) => {
                ui.scope_builder(UiBuilder::new().max_rect(body).id_salt("handover"), |ui| {
                    ui.spacing_mut().scroll.fade.strength = 0.0;
                    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| page_ui(ui, frame, written, out));
                });
            }
        }
    }

    fn head_ui(&mut self, ui: &mut Ui, frame: &Frame<'_>, out: &mut Outbox) {
        let duty = on_duty(&frame.snapshot.plan.project.shifts, frame.snapshot.now.utc, frame.zone);
        let shift = duty.as_ref().map_or_else(|| "8 hours".to_owned(), |duty| format!("Shift {}", duty.name));
        let mut choices = vec![(Since::Shift, shift)];
        if self.last_here.is_some() {
            choices.push((Since::LastHere, "I was here last".to_owned()));
        }
        choices.extend([(Since::Hours(24), "24 hours".to_owned()), (Since::Hours(7 * 24), "1 week".to_owned())]);
        for (since, words) in choices {
            let chosen = self.since == since;
            let button = ui.add(Button::selectable(chosen, words.as_str()));
            button.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, format!("Since {words}")));
            if button.clicked() {
                self.since = since;
                ui.ctx().request_repaint();
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let written = self.shown.as_ref().and_then(|shown| shown.as_ref().ok());
            let save = ui.add_enabled(written.is_some(), Button::new("Save page…"));
            save.widget_info(|| WidgetInfo::labeled(Role::Button, written.is_some(), "Save hand-over as a page"));
            if let (true, Some(written)) =
                (save.on_hover_text("One file of HTML, to print or to keep").clicked(), written)
            {
                out.action(self.saved(frame, written, duty.map(|duty| duty.name)));
            }
            let room = (ui.available_width() - 40.0).clamp(40.0, 180.0);
            let edit = TextEdit::singleline(&mut self.to)
                .id(ui.scope_id().with("to"))
                .hint_text("Name")
                .align(Align2::LEFT_CENTER)
                .desired_width(room)
                .char_limit(80);
            let edit = ui.add(edit);
            edit.widget_info(|| WidgetInfo {
                current_text_value: Some(self.to.clone()),
                ..WidgetInfo::labeled(Role::TextInput, true, "Hand over to")
            });
            ui.label(RichText::new("to").color(frame.theme.muted));
        });
    }

    fn saved(&self, frame: &Frame<'_>, written: &Written, shift: Option<String>) -> Action {
        let actor = frame.actor();
        let heading = Heading {
            plant: frame.snapshot.plan.project.name.clone(),
            mark: mode_word(frame.snapshot.mode).map(str::to_owned),
            shift,
            from: actor.desk.as_deref().unwrap_or(&actor.user).to_owned(),
            to: self.to.trim().to_owned(),
        };
        let stamp: String = written.until.to_rfc3339().chars().take(16).filter(|c| *c != ':').collect();
        let page = html(written, &heading, frame.zone);
        Action::SaveTable(Table { name: format!("handover-{stamp}.html"), bytes: page.into_bytes().into() })
    }
}

fn page_ui(ui: &mut Ui, frame: &Frame<'_>, written: &Written, out: &mut Outbox) {
    let now = frame.snapshot.now.utc;
    let time = |at: Utc| words::instant(at, now, frame.zone);
    let muted = |words: String| Label::new(RichText::new(words).color(frame.theme.muted)).wrap();
    let alarms = written.annunciated;
    let came = format!("{} {} came", words::count(alarms), if alarms == 1 { "alarm" } else { "alarms" });
    let period = words::duration(written.until - written.since);
    ui.add(muted(format!("Since {}, {period}: {came}", time(written.since))));
    alarms_ui(ui, frame, "Standing from before", &written.standing, "No alarm stands from before", out);
    alarms_ui(ui, frame, "New", &written.new, "No alarm came", out);
    alarms_ui(ui, frame, "Shelved, suppressed, out of service", &written.hidden, "No alarm is hidden", out);
    head_ui(ui, frame, "What people did", &written.acts, "Nobody wrote anything to an alarm");
    for act in &written.acts.first {
        act_ui(ui, frame, act, &time(act.time));
    }
    if written.silent_acknowledgements > 0 {
        let count = words::count(written.silent_acknowledgements);
        ui.add(muted(format!("{count} acknowledged without a word")));
    }
    for (title, list, none) in [
        ("Links lost", &written.links, "No link was lost"),
        ("Gaps in the records", &written.gaps, "Nothing is missing from the records"),
    ] {
        head_ui(ui, frame, title, list, none);
        for outage in &list.first {
            line_ui(ui, frame, [&visible(&outage.what), &lasted(outage, written.until, &time), &visible(&outage.why)]);
        }
        more_ui(ui, frame, list);
    }
    if written.system.all() > 0 {
        head_ui(ui, frame, "Project, clock and files", &written.system, "");
        for (at, event, note) in &written.system.first {
            line_ui(ui, frame, [&event.word().replace('-', " "), &time(*at), &visible(note)]);
        }
        more_ui(ui, frame, &written.system);
    }
    ui.add_space(2.0 * STEP);
}

fn lasted(outage: &Outage, until: Utc, time: &dyn Fn(Utc) -> String) -> String {
    match (outage.from, outage.to) {
        (Some(from), Some(to)) => format!("{} for {}", time(from), words::duration(to - from)),
        (Some(from), None) => format!("since {}, {}", time(from), words::duration(until - from)),
        (None, Some(to)) => format!("until {}", time(to)),
        (None, None) => String::new(),
    }
}

fn head_ui<T>(ui: &mut Ui, frame: &Frame<'_>, title: &str, list: &Listed<T>, none: &str) {
    ui.add_space(3.0 * STEP);
    let count = words::count(list.all());
    let head = ui.horizontal(|ui| {
        ui.label(RichText::new(title).font(fonts::strong(size::TITLE)));
        ui.label(RichText::new(&count).color(frame.theme.muted).font(fonts::regular(size::TITLE)));
    });
    let response = ui.interact(head.response.rect, ui.scope_id().with(title), Sense::hover());
    tell(&response, Role::Status, title, || count.clone());
    if list.all() == 0 {
        ui.add(Label::new(RichText::new(none).color(frame.theme.muted)).wrap());
    }
}

fn more_ui<T>(ui: &mut Ui, frame: &Frame<'_>, list: &Listed<T>) {
    if list.more > 0 {
        let words = format!("and {} more, which the journal has", words::count(list.more));
        ui.label(RichText::new(words).color(frame.theme.muted));
    }
}

fn alarms_ui(ui: &mut Ui, frame: &Frame<'_>, title: &str, list: &Listed<Handed>, none: &str, out: &mut Outbox) {
    head_ui(ui, frame, title, list, none);
    for handed in &list.first {
        alarm_ui(ui, frame, handed, out);
    }
    more_ui(ui, frame, list);
}

/// What state it is in, and by whom.
fn state_words(handed: &Handed, time: &dyn Fn(Utc) -> String) -> String {
    let mut words =
        if handed.state == AlarmState::Normal { "gone".to_owned() } else { handed.state.word().replace('-', " ") };
    if let Some(hidden) = &handed.hidden {
        if let Some(until) = hidden.until {
            words.extend([" until ", &time(until)]);
        }
        if let Some(by) = &hidden.by {
            words.extend([", by ", by]);
        }
        if let Some(reason) = &hidden.reason {
            words.extend([": ", reason]);
        }
    } else if let Some((by, at)) = handed.acknowledged.as_ref().filter(|_| handed.state == AlarmState::Acknowledged) {
        words.extend([" by ", by, ", ", &time(*at)]);
    }
    words
}

fn alarm_ui(ui: &mut Ui, frame: &Frame<'_>, handed: &Handed, out: &mut Outbox) {
    let theme = frame.theme;
    let now = frame.snapshot.now.utc;
    let time = |at: Utc| words::instant(at, now, frame.zone);
    let tag: Option<TagId> = handed.alarm.split_once('/').and_then(|(tag, _)| frame.snapshot.plan.tag_id(tag));
    let state = state_words(handed, &time);
    let times = if handed.raised > 1 { format!(", {} times", words::count(handed.raised)) } else { String::new() };
    let raised = format!("{}{times}", time(handed.last_raised));
    let row = ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 1.5 * STEP;
        let (mark, _) = ui.allocate_exact_size(vec2(14.0, 16.0), Sense::hover());
        if let Some(priority) = handed.priority {
            // As everywhere: filled is what stands.
            let filled = handed.state.stands();
            symbol::mark(ui.painter(), priority, mark.center(), 11.0, theme.muted, filled);
        }
        let name = RichText::new(visible(&handed.alarm)).font(fonts::strong(size::BODY));
        if tag.is_some() {
            if ui.add(Button::new(name).frame(false)).clicked() {
                out.actions.extend(tag.map(Action::OpenFaceplate));
            }
        } else {
            ui.label(name);
        }
        let state = RichText::new(visible(&state));
        let asks = handed.state.needs_acknowledgement();
        ui.label(if asks { state.font(fonts::strong(size::BODY)) } else { state });
        ui.label(RichText::new(&raised).color(theme.muted));
        if !handed.value.is_empty() {
            ui.label(RichText::new(visible(&handed.value)).color(theme.muted));
        }
    });
    let response = ui.interact(row.response.rect, ui.scope_id().with(("handed", &handed.alarm)), Sense::hover());
    tell(&response, Role::ListItem, &format!("alarm {}", handed.alarm), || format!("{state}, {raised}"));
    let mut below = Vec::new();
    if !handed.message.is_empty() {
        below.push(handed.message.to_string());
    }
    if let Some(response) = handed.response.as_ref().filter(|_| handed.state != AlarmState::Normal) {
        below.push(format!("to do: {response}"));
    }
    if let Some(note) = &handed.note {
        below.push(format!("“{note}”"));
    }
    if !below.is_empty() {
        ui.horizontal(|ui| {
            ui.add_space(20.0);
            ui.add(Label::new(RichText::new(visible(&below.join("; "))).color(theme.muted)).wrap());
        });
    }
}

fn act_ui(ui: &mut Ui, frame: &Frame<'_>, act: &Act, time: &str) {
    let what = act.event.word().replace('-', " ");
    let alarm = act.alarm.as_deref().unwrap_or_default();
    let note = act.note.as_deref().map(|note| format!(": “{note}”")).unwrap_or_default();
    line_ui(ui, frame, [&visible(&format!("{what} {alarm}")), time, &visible(&format!("{}{note}", act.by))]);
}

fn line_ui(ui: &mut Ui, frame: &Frame<'_>, [what, when, words]: [&str; 3]) {
    let row = ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0 * STEP;
        ui.label(what);
        ui.label(RichText::new(when).color(frame.theme.muted));
        ui.label(words);
    });
    let spoken = format!("{when}, {words}");
    tell(&row.response, Role::ListItem, what, || spoken.clone());
}

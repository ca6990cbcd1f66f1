//! Alarms of the pens over the time that is shown: a symbol along the foot of the plot where each was raised, and a line
//! from there to where it returned.
//!
//! Those that are not normal now come from the snapshot of the frame. Those that came and went are asked of the journal
//! beside the frame; what was told before stays until the new answer is there. Only what is not normal now has a colour.

use super::super::Cx;
use super::Pen;
use crate::engine::AlarmView;
use crate::engine::plan::Subject;
use crate::historian::journal::ask::{Answer, Pending};
use crate::historian::read::{Occurrence, OccurrencesOf};
use crate::project::Priority;
use crate::time::{Span, Utc};
use crate::ui::fonts::{self, size};
use crate::ui::widgets::pen::View;
use crate::ui::widgets::symbol::{self, Symbol};
use crate::ui::widgets::{tell, text};
use crate::ui::{wake, words};
use eframe::egui::{Align2, Rect, Role, Sense, Ui, pos2, vec2};
use std::sync::Arc;
use std::time::Duration;

/// Symbols closer than this are one, of the most urgent.
const NEAR: f32 = 11.0;
/// Occurrences asked for: the newest of the time that is shown. More than a plot has room for.
const MOST: usize = 400;
/// Occurrences told of one symbol.
const TOLD: usize = 6;
/// How often the journal is asked anew for a view that stands, as alarms come and go, in seconds of the window.
const ANEW_SECS: f64 = 1.0;
/// A question is left in peace for so long, or a view that moves with every frame would never get an answer.
const PEACE_SECS: f64 = 0.15;

/// What the journal told, and what it is being asked.
#[derive(Debug, Default)]
pub struct Occurrences {
    asked: Option<Asked>,
    pending: Option<Pending<Vec<Occurrence>>>,
    shown: Option<(Asked, Answer<Vec<Occurrence>>)>,
}

#[derive(Debug, Clone)]
struct Asked {
    names: Vec<Arc<str>>,
    from: Utc,
    to: Utc,
    /// As they stood: where they are others by now, there is news.
    alarms: Arc<Vec<AlarmView>>,
    /// In seconds of the window.
    at: f64,
}

impl Asked {
    /// Whether an answer to it is one for this view.
    fn serves(&self, pens: &[Pen<'_>], view: &View, now: Utc) -> bool {
        let (length, asked) = ((view.to - view.from).0, (self.to - self.from).0);
        self.names.iter().map(|name| &**name).eq(names(pens))
            && self.from <= view.from
            && view.to.min(now) <= self.to
            && asked <= length.saturating_mul(8)
    }
}

impl Occurrences {
    /// Takes an answer that has come, and asks for what this view needs. To be called once a frame.
    fn follow(&mut self, ui: &Ui, cx: &Cx<'_>, pens: &[Pen<'_>], view: &View) {
        let Some(journal) = cx.frame.journal.filter(|_| names(pens).next().is_some()) else {
            *self = Self::default();
            return;
        };
        if let Some(answer) = self.pending.as_ref().and_then(Pending::take) {
            self.pending = None;
            self.shown = self.asked.clone().map(|asked| (asked, answer));
        }
        let snapshot = cx.frame.snapshot;
        let time = ui.input(|i| i.time);
        let (now, alarms) = (snapshot.now.utc, &snapshot.alarms);
        if let Some(asked) = &self.asked {
            let serves = asked.serves(pens, view, now);
            let due = if serves { ANEW_SECS } else { PEACE_SECS } - (time - asked.at);
            let news = !serves || !Arc::ptr_eq(&asked.alarms, alarms);
            if !news {
                return;
            }
            if due > 0.0 {
                ui.ctx().request_repaint_after(Duration::from_secs_f64(due.clamp(0.01, ANEW_SECS)));
                return;
            }
        }
        // Beyond the view on both sides, so that a person who pans sees the next ones at once.
        let margin = Span((view.to - view.from).0 / 2);
        let asked = Asked {
            names: names(pens).map(Arc::from).collect(),
            from: view.from + Span(-margin.0),
            to: view.to + margin,
            alarms: Arc::clone(alarms),
            at: time,
        };
        let of = OccurrencesOf { names: asked.names.clone(), from: Some(asked.from), to: Some(asked.to), most: MOST };
        self.pending = Some(journal.occurrences(of, wake::on_answer(ui.ctx())));
        self.asked = Some(asked);
    }

    /// Paints them, and tells of each under the pointer.
    pub fn ui(&mut self, ui: &Ui, view: &View, cx: &Cx<'_>, pens: &[Pen<'_>]) {
        self.follow(ui, cx, pens, view);
        let mut seen = now(cx, pens);
        let mut fault = None;
        match &self.shown {
            Some((asked, Ok(past))) => {
                for occurrence in past.iter().filter(|o| !is_hidden(&o.alarm, pens)) {
                    let same =
                        |s: &&mut Seen<'_>| *s.alarm == *occurrence.alarm && s.occurrence == occurrence.occurrence;
                    match seen.iter_mut().find(same) {
                        // The journal knows more of it; its state is the snapshot's.
                        Some(known) => {
                            known.past = Some(occurrence);
                            known.until = known.until.and(occurrence.returned.or(known.until));
                        }
                        None => seen.push(Seen::of(occurrence)),
                    }
                }
                if past.len() >= MOST
                    && let Some(oldest) = past.iter().map(|o| o.raised).min().filter(|at| *at > asked.from)
                {
                    let at = words::instant(oldest, cx.frame.snapshot.now.utc, cx.frame.zone);
                    fault = (oldest > view.from).then(|| format!("alarms before {at} are more than are shown"));
                }
            }
            Some((_, Err(why))) => fault = Some(format!("alarms of the past cannot be read: {why}")),
            None => {}
        }
        seen.retain(|s| s.raised <= view.to && s.until.is_none_or(|until| until >= view.from));
        seen.sort_by(|a, b| (a.raised, a.alarm).cmp(&(b.raised, b.alarm)));
        for one in &seen {
            one.paint_line(ui, view, cx);
        }
        let mut marks: Vec<(f32, Vec<&Seen<'_>>)> = Vec::new();
        for one in seen.iter().filter(|s| s.raised >= view.from) {
            let x = view.x(one.raised);
            match marks.last_mut() {
                Some((at, cluster)) if x - *at < NEAR => cluster.push(one),
                _ => marks.push((x, vec![one])),
            }
        }
        for (x, cluster) in &marks {
            mark_ui(ui, view, cx, *x, cluster);
        }
        if let Some(fault) = fault {
            let row = Rect::from_min_max(pos2(view.rect.left() + 6.0, view.rect.bottom() - 32.0), view.rect.max);
            let row = row.with_max_y(row.top() + size::SMALL * 1.3);
            let response = ui.interact(row, ui.scope_id().with("alarms not shown"), Sense::hover());
            tell(&response, Role::Label, &fault, String::new);
            let font = fonts::regular(size::SMALL);
            text::paint(ui.painter(), row, Align2::LEFT_CENTER, fault, font, cx.frame.theme.muted);
        }
    }
}

/// Names of the tags whose alarms are shown.
fn names<'a>(pens: &'a [Pen<'_>]) -> impl Iterator<Item = &'a str> {
    pens.iter().filter(|p| !p.hidden && p.id.is_some()).map(|p| p.name)
}

/// One occurrence. Its words are made only for whoever reads them.
#[derive(Debug, Clone, Copy)]
struct Seen<'a> {
    alarm: &'a str,
    occurrence: u64,
    priority: Priority,
    raised: Utc,
    /// When it returned; `None`: it stands.
    until: Option<Utc>,
    /// Its condition holds now.
    stands: bool,
    /// As it is now, where it is not normal.
    view: Option<&'a AlarmView>,
    /// What the journal knows of it.
    past: Option<&'a Occurrence>,
}

/// What is not normal now.
fn now<'a>(cx: &Cx<'a>, pens: &[Pen<'_>]) -> Vec<Seen<'a>> {
    let snapshot = cx.frame.snapshot;
    let shown = |id| pens.iter().any(|p| p.id == Some(id) && !p.hidden);
    let alarms = snapshot.alarms.iter().filter(|alarm| !alarm.state.is_hidden());
    let seen = alarms.filter_map(|alarm| {
        let plan = snapshot.plan.alarm(alarm.id)?;
        matches!(plan.subject, Subject::Tag(id) if shown(id)).then(|| Seen {
            alarm: &plan.name,
            occurrence: alarm.occurrence,
            priority: plan.priority,
            raised: alarm.raised,
            // When it returned, the journal knows.
            until: (!alarm.active).then_some(alarm.raised),
            stands: alarm.active,
            view: Some(alarm),
            past: None,
        })
    });
    seen.collect()
}

/// Whether an alarm is of a pen that is not drawn; of one with an earlier name of its tag, nobody knows.
fn is_hidden(alarm: &str, pens: &[Pen<'_>]) -> bool {
    let tag = alarm.rsplit_once('/').map_or(alarm, |(tag, _)| tag);
    pens.iter().any(|p| p.hidden && p.name.eq_ignore_ascii_case(tag))
}

/// An occurrence as a person is told it: when, at what value, until when, and who has acknowledged it.
fn told(cx: &Cx<'_>, occurrence: &Occurrence, stands: bool) -> String {
    let time = |at| words::instant(at, cx.frame.snapshot.now.utc, cx.frame.zone);
    let tag = occurrence.alarm.rsplit_once('/').and_then(|(tag, _)| cx.frame.snapshot.plan.tag_id(tag));
    let tag = tag.and_then(|id| cx.frame.snapshot.plan.tag(id));
    let value = match (&occurrence.value, tag) {
        (Some(value), Some(tag)) => format!(" at {}", words::value_with_unit(value, &tag.tag)),
        _ => String::new(),
    };
    let until = match occurrence.returned {
        Some(at) => format!("returned {}, after {}", time(at), words::duration(at - occurrence.raised)),
        None if stands => "stands".to_owned(),
        None => "no return is journaled".to_owned(),
    };
    let seen = match &occurrence.acknowledged {
        Some(seen) => {
            let note = seen.note.as_deref().map(|note| format!(": “{note}”")).unwrap_or_default();
            format!("acknowledged {} by {}{note}", time(seen.at), seen.by)
        }
        None => "not acknowledged".to_owned(),
    };
    format!("{} raised {}{value}, {until}, {seen}", occurrence.alarm, time(occurrence.raised))
}

impl<'a> Seen<'a> {
    /// Of the journal.
    fn of(occurrence: &'a Occurrence) -> Self {
        Self {
            alarm: &occurrence.alarm,
            occurrence: occurrence.occurrence,
            priority: occurrence.priority.unwrap_or(Priority::Low),
            raised: occurrence.raised,
            // Without a return it is a point: nobody knows how long it stood.
            until: occurrence.returned.or(Some(occurrence.raised)),
            stands: false,
            view: None,
            past: Some(occurrence),
        }
    }

    /// As a person is told it.
    fn told(&self, cx: &Cx<'_>) -> String {
        match (self.past, self.view) {
            (Some(past), _) => told(cx, past, self.stands),
            (None, Some(view)) => {
                let raised = words::instant(self.raised, cx.frame.snapshot.now.utc, cx.frame.zone);
                format!("{} raised {raised}, {}", self.alarm, words::state(view))
            }
            (None, None) => self.alarm.to_owned(),
        }
    }

    /// The more urgent, and among equals what stands: that one's symbol is painted.
    fn rank(&self) -> (bool, Priority, bool) {
        (self.view.is_none(), self.priority, !self.stands)
    }

    /// From where it was raised to where it returned, with a foot there; to now where it stands.
    fn paint_line(&self, ui: &Ui, view: &View, cx: &Cx<'_>) {
        let now = cx.frame.snapshot.now.utc;
        let until = self.until.unwrap_or(now).min(view.to);
        let (left, right) = (view.x(self.raised).max(view.rect.left()), view.x(until).min(view.rect.right()));
        if right - left < 1.0 {
            return;
        }
        let ink = if self.stands { cx.frame.theme.priority_words(self.priority) } else { cx.frame.theme.muted };
        let y = view.rect.bottom() - 2.0;
        ui.painter().hline(left..=right, y, (2.0, ink));
        if self.until.is_some_and(|until| until <= view.to) {
            ui.painter().vline(right, y - 4.0..=y + 1.0, (1.0, ink));
        }
    }
}

/// A symbol where some were raised.
fn mark_ui(ui: &Ui, view: &View, cx: &Cx<'_>, x: f32, cluster: &[&Seen<'_>]) {
    let Some(first) = cluster.iter().min_by_key(|s| s.rank()) else { return };
    let (theme, center) = (cx.frame.theme, pos2(x, view.rect.bottom() - 8.0));
    match first.view {
        Some(view) => {
            let symbol = Symbol { unacknowledged: false, ..Symbol::from_state(first.priority, view.state) };
            symbol.paint(ui.painter(), theme, center, 10.0, cx.frame.blink_on);
        }
        // Long gone: no colour while nothing is wrong.
        None => symbol::mark(ui.painter(), first.priority, center, 9.0, theme.muted, false),
    }
    let said = |between: &str| {
        let mut said: Vec<String> = cluster.iter().take(TOLD).map(|s| s.told(cx)).collect();
        if cluster.len() > TOLD {
            said.push(format!("and {} more", cluster.len() - TOLD));
        }
        said.join(between)
    };
    let rect = Rect::from_center_size(center, vec2(NEAR, NEAR));
    let id = ui.scope_id().with(("occurrence", first.alarm, first.occurrence));
    let response = ui.interact(rect, id, Sense::hover());
    tell(&response, Role::Image, &format!("occurrence of {}", first.alarm), || said("; "));
    if response.hovered() {
        let _shown = response.on_hover_text(said("\n"));
    }
}

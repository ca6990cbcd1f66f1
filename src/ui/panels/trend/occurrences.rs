//! Alarms of the pens where they were raised, as their symbols along the foot of the plot.
//!
//! These are the alarms that are not normal now, from the snapshot of the frame. Those that came and went are in the journal.

use super::super::Cx;
use super::Pen;
use crate::engine::AlarmView;
use crate::engine::plan::Subject;
use crate::ui::widgets::pen::View;
use crate::ui::widgets::symbol::Symbol;
use crate::ui::widgets::tell;
use crate::ui::words;
use eframe::egui::{Rect, Role, Sense, Ui, pos2, vec2};

/// Symbols closer than this are one, of the most urgent.
const NEAR: f32 = 11.0;

/// What stands at one place.
struct Mark<'a> {
    x: f32,
    alarms: Vec<&'a AlarmView>,
}

/// See the module.
pub fn ui(ui: &Ui, view: &View, cx: &Cx<'_>, pens: &[Pen<'_>]) {
    let snapshot = cx.frame.snapshot;
    let of_a_pen = |alarm: &&AlarmView| {
        let subject = snapshot.plan.alarm(alarm.id).map(|plan| plan.subject);
        let shown = |id| pens.iter().any(|p| p.id == Some(id) && !p.hidden);
        matches!(subject, Some(Subject::Tag(id)) if shown(id))
    };
    let seen = |alarm: &&AlarmView| view.from <= alarm.raised && alarm.raised <= view.to && !alarm.state.is_hidden();
    let mut alarms: Vec<&AlarmView> = snapshot.alarms.iter().filter(seen).filter(of_a_pen).collect();
    alarms.sort_by_key(|alarm| (alarm.raised, alarm.id));
    let mut marks: Vec<Mark<'_>> = Vec::new();
    for alarm in alarms {
        let x = view.x(alarm.raised);
        match marks.last_mut() {
            Some(last) if x - last.x < NEAR => last.alarms.push(alarm),
            _ => marks.push(Mark { x, alarms: vec![alarm] }),
        }
    }
    for mark in &marks {
        mark_ui(ui, view, cx, mark);
    }
}

fn mark_ui(ui: &Ui, view: &View, cx: &Cx<'_>, mark: &Mark<'_>) {
    let snapshot = cx.frame.snapshot;
    let plan = |alarm: &AlarmView| snapshot.plan.alarm(alarm.id);
    let urgent = mark.alarms.iter().filter_map(|alarm| Some((plan(alarm)?, *alarm))).min_by_key(|(p, _)| p.priority);
    let Some((urgent, alarm)) = urgent else { return };
    let center = pos2(mark.x, view.rect.bottom() - 7.0);
    let symbol = Symbol { unacknowledged: false, ..Symbol::from_state(urgent.priority, alarm.state) };
    ui.painter().vline(mark.x, center.y + 5.0..=view.rect.bottom(), (1.0, cx.frame.theme.text));
    symbol.paint(ui.painter(), cx.frame.theme, center, 10.0, cx.frame.blink_on);
    let said: Vec<String> = mark
        .alarms
        .iter()
        .filter_map(|alarm| {
            let raised = words::instant(alarm.raised, snapshot.now.utc, cx.frame.zone);
            Some(format!("{} raised {raised}, {}", plan(alarm)?.name, words::state(alarm)))
        })
        .collect();
    let rect = Rect::from_center_size(center, vec2(NEAR, NEAR));
    let response = ui.interact(rect, ui.scope_id().with(("occurrence", alarm.id)), Sense::hover());
    tell(&response, Role::Image, &format!("occurrence of {}", urgent.name), || said.join("; "));
    let _shown = response.on_hover_text(said.join("\n"));
}

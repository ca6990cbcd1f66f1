//! One file for each kind of panel, and the registry: a new kind is one file and one line in [`view`].
//!
//! A panel reads the plant through [`Cx`] and asks through the [`Outbox`]; it can do nothing else. What it remembers
//! from frame to frame (a zoom, a chosen row) is in its own value, kept by [`Panels`] as long as the plan stands.

pub mod alarms;
pub mod bar;
pub mod devices;
pub mod gauge;
pub mod grid;
pub mod image;
pub mod index;
pub mod journal;
pub mod lamp;
pub mod mimic;
mod recent;
pub mod spark;
pub mod table;
pub mod text;
pub mod trend;
pub mod value;

use super::{Action, Frame, Outbox, hand};
use crate::engine::TagId;
use crate::engine::plan::PanelPlan;
use crate::project::{Display, Panel, PanelKind};
use crate::ui::widgets::bar::Form;
use crate::ui::widgets::{Brush, Reading};
use eframe::egui::{Rect, Response, Ui};
pub use grid::display_ui;
use index::AlarmIndex;
use std::collections::BTreeMap;
use std::sync::Arc;
pub use trend::free::FreeTrends;

/// A kind of panel, with what it remembers. A window of its own takes its panels along.
pub trait PanelView: std::fmt::Debug + Send {
    /// Paints itself into `cx.rect`, which is inside the panel's frame and below its title.
    fn ui(&mut self, ui: &mut Ui, cx: &Cx<'_>, out: &mut Outbox);

    /// What stands at the right of the title.
    fn aside(&self, _cx: &Cx<'_>) -> Aside {
        Aside::default()
    }

    /// Whether it paints title and frame itself.
    fn bare(&self, _cx: &Cx<'_>) -> bool {
        false
    }
}

/// What stands at the right of a title.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aside {
    /// In the colour of words.
    pub plain: String,
    /// Muted, behind it.
    pub quiet: String,
}

impl Aside {
    /// Muted words alone.
    pub fn quiet(words: String) -> Self {
        Self { plain: String::new(), quiet: words }
    }
}

/// The registry.
pub fn view(kind: PanelKind) -> Box<dyn PanelView> {
    match kind {
        PanelKind::Value => Box::<value::ValuePanel>::default(),
        PanelKind::Gauge => Box::new(gauge::GaugePanel),
        PanelKind::Bar => Box::new(bar::BarPanel { form: Form::Bar }),
        PanelKind::Tank => Box::new(bar::BarPanel { form: Form::Tank }),
        PanelKind::Lamp => Box::new(lamp::LampPanel),
        PanelKind::Spark => Box::<spark::SparkPanel>::default(),
        PanelKind::Trend => Box::<trend::TrendPanel>::default(),
        PanelKind::Alarms => Box::<alarms::AlarmsPanel>::default(),
        PanelKind::Devices => Box::<devices::DevicesPanel>::default(),
        PanelKind::Text => Box::new(text::TextPanel),
        PanelKind::Journal => Box::<journal::JournalPanel>::default(),
        PanelKind::Image => Box::<image::ImagePanel>::default(),
        PanelKind::Mimic => Box::<mimic::MimicPanel>::default(),
    }
}

/// What a panel may read while it paints.
#[derive(Debug, Clone, Copy)]
pub struct Cx<'a> {
    /// The plant and the tokens.
    pub frame: &'a Frame<'a>,
    /// The panel as written.
    pub panel: &'a Panel,
    /// Its names, resolved.
    pub plan: &'a PanelPlan,
    /// Alarms of this frame by id.
    pub alarms: &'a AlarmIndex,
    /// Where it paints.
    pub rect: Rect,
}

impl<'a> Cx<'a> {
    /// What widgets paint with.
    pub fn brush(&self) -> Brush<'a> {
        Brush { theme: self.frame.theme, blink_on: self.frame.blink_on }
    }

    /// The panel's tags with their names as written; of one that does not exist, the name alone.
    pub fn tags(&self) -> impl Iterator<Item = (&'a str, Option<Reading<'a>>, Option<TagId>)> + 'a {
        let (snapshot, panel, plan) = (self.frame.snapshot, self.panel, self.plan);
        panel.tags.iter().enumerate().map(move |(i, name)| {
            let id = plan.tags.get(i).copied().flatten();
            (name.as_str(), id.and_then(|id| Reading::new(snapshot, id)), id)
        })
    }

    /// The title written in the project, or else the name of the only tag.
    pub fn title(&self) -> String {
        match (&self.panel.title, self.panel.tags.as_slice()) {
            (Some(title), _) => title.clone(),
            (None, [tag]) => tag.clone(),
            (None, _) => {
                let mut letters = self.panel.kind.word().chars();
                letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
            }
        }
    }
}

/// Opens the faceplate of a tag that was pressed, and lets the tag be dragged.
pub fn open_faceplate(response: &Response, tag: Option<TagId>, out: &mut Outbox) {
    let Some(tag) = tag else { return };
    hand::can_be_taken(response, tag);
    if response.clicked() {
        out.actions.push(Action::OpenFaceplate(tag));
    }
}

/// The panels of a display.
type Views = Vec<Box<dyn PanelView>>;

/// What the panels of all displays remember, and what is worked out once for a snapshot.
#[derive(Debug, Default)]
pub struct Panels {
    /// Each with what it is of: a display that another plan has as well stays as it was.
    displays: BTreeMap<usize, (Arc<Display>, Views)>,
    alarms: AlarmIndex,
    /// The alarm list over the whole middle.
    list: alarms::AlarmList,
    /// The devices over the whole middle.
    devices: devices::DevicesPanel,
    /// Trends that a person has opened.
    trends: FreeTrends,
}

impl Panels {
    /// The panels of a display, made when it is first shown; those of another display are forgotten.
    fn of(&mut self, frame: &Frame<'_>, display: usize) -> Option<(&mut Views, &AlarmIndex)> {
        let shown = &frame.snapshot.plan.displays.get(display)?.display;
        self.alarms.follow(frame.snapshot);
        let made = || (Arc::clone(shown), shown.panels.iter().map(|p| view(p.kind)).collect());
        let (of, views) = self.displays.entry(display).or_insert_with(made);
        if !Arc::ptr_eq(of, shown) {
            if **of != **shown {
                *views = made().1;
            }
            *of = Arc::clone(shown);
        }
        Some((views, &self.alarms))
    }
}

/// The alarm list over the whole of `ui`.
pub fn alarm_list_ui(ui: &mut Ui, frame: &Frame<'_>, panels: &mut Panels, out: &mut Outbox) {
    panels.alarms.follow(frame.snapshot);
    let Panels { alarms, list, .. } = panels;
    let rect = ui.available_rect_before_wrap();
    ui.advance_cursor_after_rect(rect);
    let inner = grid::chrome(ui, rect, crate::ui::words::say::ALARMS, &Aside::quiet(alarms::aside(frame)), frame.theme);
    list.ui(ui, inner, frame, alarms, out);
}

impl Panels {
    /// Opens the flood console over the alarm list; `leaves`: where it is open, it is left.
    pub fn show_flood(&mut self, leaves: bool) {
        let open = self.list.has_console();
        if !open || leaves {
            self.list.show_console(!open);
        }
    }
}

impl Panels {
    /// Opens the detail of a device in the list of all.
    pub fn open_device(&mut self, name: Arc<str>) {
        self.devices.open(name);
    }

    /// Trends that a person has opened.
    pub const fn trends(&mut self) -> &mut FreeTrends {
        &mut self.trends
    }
}

/// A trend that a person has opened, over the whole of `ui`.
pub fn free_trend_ui(ui: &mut Ui, frame: &Frame<'_>, trend: u32, panels: &mut Panels, out: &mut Outbox) {
    panels.alarms.follow(frame.snapshot);
    panels.trends.ui(ui, frame, trend, &panels.alarms, out);
}

/// The devices over the whole of `ui`.
pub fn device_list_ui(ui: &mut Ui, frame: &Frame<'_>, panels: &mut Panels, out: &mut Outbox) {
    panels.alarms.follow(frame.snapshot);
    let Panels { alarms, devices, .. } = panels;
    let rect = ui.available_rect_before_wrap();
    ui.advance_cursor_after_rect(rect);
    let panel = Panel::of(PanelKind::Devices);
    let cx = Cx { frame, panel: &panel, plan: &PanelPlan::default(), alarms, rect };
    let inner = grid::chrome(ui, rect, crate::ui::words::say::DEVICES, &devices.aside(&cx), frame.theme);
    devices.ui(ui, &Cx { rect: inner, ..cx }, out);
}

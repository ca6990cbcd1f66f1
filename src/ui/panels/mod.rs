//! One file for each kind of panel, and the registry: a new kind is one file and one line in [`view`].
//!
//! A panel reads the plant through [`Cx`] and asks through the [`Outbox`]; it can do nothing else. What it remembers
//! from frame to frame (a zoom, a chosen row) is in its own value, kept by [`Panels`] as long as the plan stands.

pub mod alarms;
pub mod bar;
pub mod devices;
pub mod gauge;
pub mod grid;
pub mod index;
pub mod lamp;
mod recent;
pub mod spark;
pub mod table;
pub mod text;
pub mod trend;
pub mod value;

use super::{Action, Frame, Outbox};
use crate::engine::plan::PanelPlan;
use crate::engine::{Generation, TagId};
use crate::project::{Panel, PanelKind};
use crate::ui::widgets::{Brush, Reading};
use eframe::egui::{Rect, Response, Ui};
pub use grid::display_ui;
use index::AlarmIndex;
use std::collections::BTreeMap;

/// A kind of panel, with what it remembers.
pub trait PanelView: std::fmt::Debug {
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

/// The registry. `None`: this version does not serve the kind, and its panel says so.
pub fn view(kind: PanelKind) -> Option<Box<dyn PanelView>> {
    match kind {
        PanelKind::Value => Some(Box::<value::ValuePanel>::default()),
        PanelKind::Gauge => Some(Box::new(gauge::GaugePanel)),
        PanelKind::Bar => Some(Box::new(bar::BarPanel)),
        PanelKind::Lamp => Some(Box::new(lamp::LampPanel)),
        PanelKind::Spark => Some(Box::<spark::SparkPanel>::default()),
        PanelKind::Trend => Some(Box::<trend::TrendPanel>::default()),
        PanelKind::Alarms => Some(Box::<alarms::AlarmsPanel>::default()),
        PanelKind::Devices => Some(Box::new(devices::DevicesPanel)),
        PanelKind::Text => Some(Box::new(text::TextPanel)),
        PanelKind::Tank | PanelKind::Journal | PanelKind::Image | PanelKind::Mimic => None,
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

/// Opens the faceplate of a tag that was pressed.
pub fn open_faceplate(response: &Response, tag: Option<TagId>, out: &mut Outbox) {
    if let (true, Some(tag)) = (response.clicked(), tag) {
        out.actions.push(Action::OpenFaceplate(tag));
    }
}

/// What the panels of all displays remember, and what is worked out once for a snapshot.
#[derive(Debug, Default)]
pub struct Panels {
    generation: Generation,
    displays: BTreeMap<usize, Vec<Option<Box<dyn PanelView>>>>,
    alarms: AlarmIndex,
    /// The alarm list over the whole middle.
    list: alarms::AlarmList,
}

impl Panels {
    /// The panels of a display, made when it is first shown; those of an older plan are forgotten.
    fn of(&mut self, frame: &Frame<'_>, display: usize) -> (&mut Vec<Option<Box<dyn PanelView>>>, &AlarmIndex) {
        let plan = &frame.snapshot.plan;
        if self.generation != plan.generation {
            self.generation = plan.generation;
            self.displays.clear();
            self.list = alarms::AlarmList::default();
        }
        self.alarms.follow(frame.snapshot);
        let views = self.displays.entry(display).or_insert_with(|| {
            let panels = plan.displays.get(display).map(|d| d.display.panels.as_slice()).unwrap_or_default();
            panels.iter().map(|p| view(p.kind)).collect()
        });
        (views, &self.alarms)
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

/// The devices over the whole of `ui`.
pub fn device_list_ui(ui: &mut Ui, frame: &Frame<'_>, panels: &mut Panels, out: &mut Outbox) {
    panels.alarms.follow(frame.snapshot);
    let rect = ui.available_rect_before_wrap();
    ui.advance_cursor_after_rect(rect);
    let panel = Panel {
        kind: PanelKind::Devices,
        at: [0; 4],
        tags: Vec::new(),
        title: None,
        span: crate::time::Span::ZERO,
        pens: Vec::new(),
        text: String::new(),
        places: crate::project::Places::default(),
    };
    let cx = Cx { frame, panel: &panel, plan: &PanelPlan::default(), alarms: &panels.alarms, rect };
    let mut devices = devices::DevicesPanel;
    let inner = grid::chrome(ui, rect, crate::ui::words::say::DEVICES, &devices.aside(&cx), frame.theme);
    devices.ui(ui, &Cx { rect: inner, ..cx }, out);
}

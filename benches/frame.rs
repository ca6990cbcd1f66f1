//! A frame, built and tessellated, at 1920×1080: 200 gauges, 8 trends of 8 pens of 1,000 points, an alarm list; through the
//! program's own panels, and as the same parts measured bare (plain shapes, `egui_plot`, rows of labels) in the same run.
//!
//! `cargo bench --bench frame`; the figure to reach is at most 1.5 times the bare parts. Every frame shows other values
//! than the one before, so that no text is found laid out already. Then the whole window over 5,000 alarms that are others with
//! every frame, folded and one by one, where a click is to be answered within 100 ms. Last, the trends over a year and panned
//! through a history of two, with a sample each minute of each of 64 tags, on the disk, while the historian's readers answer
//! beside: to be under 5 ms, nothing waited for. Before it the sheet of 10,000 tags: no frame over 16 ms.

#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]

#[path = "parts/filling.rs"]
#[expect(dead_code, reason = "each bench takes what it needs")]
mod filling;

#[path = "parts/engineered.rs"]
mod engineered;

#[path = "parts/sheets.rs"]
mod sheets;

use criterion::{Criterion, criterion_group, criterion_main};
use eframe::egui::{
    self, Align2, Color32, Context, Event, FontId, Key, Modifiers, Pos2, RawInput, Rect, ScrollArea, Sense, Shape,
    Stroke, Ui, pos2, vec2,
};
use egui_plot::{Line, Plot, PlotPoint, PlotPoints};
use filling::Filling;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use watchkeeper::engine::{Command, Snapshot};
use watchkeeper::historian::history::ask::HistoryLink;
use watchkeeper::link::{Desk, PlantLink};
use watchkeeper::time::{Span, Utc};
use watchkeeper::ui::panels::{Panels, display_ui};
use watchkeeper::ui::past::{Answer, History, Pending, PendingTrial, Question, Trying, Wake};
use watchkeeper::ui::sample::{self, Sample};
use watchkeeper::ui::settings::Settings;
use watchkeeper::ui::shell::{Place, Shell};
use watchkeeper::ui::theme::Theme;
use watchkeeper::ui::{Frame, Outbox};

const GAUGES: usize = 200;
const TRENDS: usize = 8;
const PENS: usize = 8;
const POINTS: i64 = 1_000;

/// One project that has all parts on one display, and each part on one of its own.
fn project_text() -> String {
    let mut text = String::from(
        "watchkeeper = 1\nname = \"bench\"\n[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"127.0.0.1:502\"\n",
    );
    for i in 0..GAUGES {
        let limit = if i % 2 == 0 { 90.0 } else { 30.0 };
        write!(
            text,
            "[[tag]]\nname = \"g{i}\"\ndevice = \"plc1\"\nregister = \"holding:{}\"\ntype = \"f32\"\nunit = \"bar\"\ndecimals = 1\n\
             range = [0, 100]\nnormal = [20, 80]\nalarm = [{{ kind = \"high\", limit = {limit}, priority = \"medium\" }}]\n",
            2 * i
        )
        .expect("writing to a string");
    }
    for i in 0..TRENDS * PENS {
        write!(
            text,
            "[[tag]]\nname = \"p{i}\"\ndevice = \"plc1\"\nregister = \"holding:{}\"\ntype = \"f32\"\nunit = \"m\"\ndecimals = 2\nrange = [0, 40]\n",
            1_000 + 2 * i
        )
        .expect("writing to a string");
    }
    let gauges = (0..GAUGES)
        .map(|i| {
            format!("  {{ kind = \"gauge\", at = [{}, {}, 2, 2], tag = \"g{i}\" }},\n", 2 * (i % 20), 2 * (i / 20))
        })
        .collect::<Vec<_>>()
        .concat();
    let trends = (0..TRENDS)
        .map(|t| {
            let pens: Vec<String> = (0..PENS).map(|p| format!("{{ tag = \"p{}\" }}", t * PENS + p)).collect();
            let (x, y) = (40 + 20 * (t % 2), 5 * (t / 2));
            format!(
                "  {{ kind = \"trend\", at = [{x}, {y}, 20, 5], span = \"1000s\", pens = [{}] }},\n",
                pens.join(", ")
            )
        })
        .collect::<Vec<_>>()
        .concat();
    let alarms = "  { kind = \"alarms\", at = [0, 20, 80, 7] },\n";
    for (name, panels) in [
        ("all", format!("{gauges}{trends}{alarms}")),
        ("gauges", gauges),
        ("trends", trends),
        ("alarms", alarms.to_owned()),
    ] {
        write!(text, "[[display]]\nname = \"{name}\"\ncolumns = 80\npanel = [\n{panels}]\n")
            .expect("writing to a string");
    }
    text
}

fn value(tag: &str, at: i64, shift: f64) -> Option<f64> {
    let number: f64 = tag[1..].parse().ok()?;
    let t = at as f64 + shift;
    Some(if tag.starts_with('g') {
        50.0 + 9.0 * (number * 0.37 + t * 0.2).sin()
    } else {
        let unrest = ((at * 7_919 + number as i64 * 31).rem_euclid(97)) as f64 * 0.05;
        20.0 + (t * 0.013 + number).sin() * 10.0 + unrest
    })
}

/// Ours: two snapshots in turn, so that values change from frame to frame.
struct Ours {
    ctx: Context,
    theme: Theme,
    samples: [Sample; 2],
    panels: Panels,
    turn: usize,
}

impl Ours {
    fn new() -> Self {
        let text = project_text();
        let samples = [0.0, 0.4].map(|shift| sample::of(&text, POINTS, 1, |tag, at| value(tag, at, shift)));
        assert!(
            samples[0].about.issues.iter().all(|i| i.severity == watchkeeper::project::Severity::Warning),
            "{:?}",
            samples[0].about.issues
        );
        assert_eq!(samples[0].snapshot.alarms.len(), GAUGES / 2);
        let (ctx, theme) = (Context::default(), Theme::dark());
        theme.install(&ctx);
        Self { ctx, theme, samples, panels: Panels::default(), turn: 0 }
    }

    fn frame(&mut self, display: usize) -> usize {
        self.frame_with(display, Vec::new(), None)
    }

    fn frame_with(&mut self, display: usize, events: Vec<Event>, history: Option<&dyn History>) -> usize {
        self.turn += 1;
        let Self { ctx, theme, samples, panels, turn } = self;
        let sample = &samples[*turn % 2];
        let frame = Frame {
            snapshot: &sample.snapshot,
            about: &sample.about,
            theme,
            zone: &sample.zone,
            blink_on: true,
            chosen: None,
            desk: None,
            history,
            journal: None,
        };
        let mut out = Outbox::default();
        paint(ctx, *turn, events, |ui| display_ui(ui, &frame, display, panels, &mut out))
    }
}

/// The historian, with what was asked and how long answers took.
#[derive(Debug)]
struct Watched {
    link: HistoryLink,
    asked: AtomicU32,
    took: Arc<Mutex<Vec<Duration>>>,
}

impl History for Watched {
    #[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
    fn ask(&self, question: Question, wake: Wake) -> Box<dyn Pending> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let (took, asked) = (self.took.clone(), Instant::now());
        let answered = move || {
            took.lock().unwrap_or_else(PoisonError::into_inner).push(asked.elapsed());
            wake();
        };
        Box::new(Taken(self.link.ask(question, Arc::new(answered))))
    }

    fn backtest(&self, trying: Trying, wake: Wake) -> Box<dyn PendingTrial> {
        Box::new(self.link.backtest(trying, wake))
    }
}

#[derive(Debug)]
struct Taken(watchkeeper::historian::history::ask::Pending);

impl Pending for Taken {
    fn take(&mut self) -> Option<Answer> {
        self.0.take()
    }
}

/// The trends' display over a year, panned by a two-hundredth of the view with each frame, sixty frames a second, so that
/// every line is drawn anew in each, and a new answer is taken up whenever the margin is used up.
struct Panned {
    ours: Ours,
    history: Watched,
    /// The end of the record.
    end: Utc,
    step: i64,
}

/// A year, and how much of one is recorded.
const YEAR: i64 = 365 * filling::DAY;
const RECORDED: i64 = 2 * YEAR;
/// Between two samples of a tag.
const EVERY: i64 = 60 * filling::SECOND;
/// Steps of a pan there and back: through a year.
const STEPS: i64 = 200;
const FRAMES: usize = 2_000;

impl Panned {
    fn new(folder: &std::path::Path) -> Self {
        let ours = Ours::new();
        let end = ours.samples[0].snapshot.now.utc;
        let history = folder.join("history");
        let begin = end.0 - RECORDED;
        let mut filling = Filling::new(&history, &filling::names('p', TRENDS * PENS), begin, end.0);
        filling.top = 400;
        for tag in 0..TRENDS * PENS {
            filling.fill(tag, begin, EVERY, RECORDED / EVERY);
        }
        let bytes = filling.settle();
        println!(
            "panned: {} million samples of {} tags, {:.0} MB",
            RECORDED / EVERY * 64 / 1_000_000,
            TRENDS * PENS,
            bytes as f64 / 1e6
        );
        let link = HistoryLink::start(&history, Some(Arc::default())).expect("readers");
        let history = Watched { link, asked: AtomicU32::new(0), took: Arc::default() };
        let mut panned = Self { ours, history, end, step: 0 };
        // A year on every trend, by its key.
        for trend in 0..TRENDS {
            let at = pos2(1_080.0 + 478.0 * (trend % 2) as f32, 110.0 + 267.0 * (trend / 2) as f32);
            let press = |pressed| Event::Key {
                key: Key::Num8,
                physical_key: None,
                pressed,
                repeat: false,
                modifiers: Modifiers::NONE,
            };
            for events in [vec![Event::PointerMoved(at)], vec![press(true)], vec![press(false)]] {
                panned.ours.frame_with(2, events, Some(&panned.history));
            }
        }
        panned.ours.frame_with(2, vec![Event::PointerGone], Some(&panned.history));
        panned
    }

    fn frame(&mut self) -> usize {
        self.step += 1;
        let back = (self.step % (2 * STEPS) - STEPS).abs();
        for sample in &mut self.ours.samples {
            sample.snapshot.now.utc = self.end + Span(-back * YEAR / STEPS);
        }
        self.ours.frame_with(2, Vec::new(), Some(&self.history))
    }

    /// What a frame costs while the readers answer beside.
    #[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
    fn measure(&mut self) {
        let mut wall = Vec::with_capacity(FRAMES);
        let mut busy = Vec::with_capacity(FRAMES);
        let mut vertices = 0;
        for warm_up in [true, false] {
            (wall, busy, vertices) = (Vec::new(), Vec::new(), 0);
            let frames = if warm_up { FRAMES / 10 } else { FRAMES };
            self.history.took.lock().unwrap_or_else(PoisonError::into_inner).clear();
            self.history.asked.store(0, Ordering::Relaxed);
            for _ in 0..frames {
                let (begun, before) = (Instant::now(), thread_time());
                vertices += self.frame();
                wall.push(begun.elapsed());
                busy.push(thread_time().saturating_sub(before));
                std::thread::sleep(Duration::from_millis(16).saturating_sub(begun.elapsed()));
            }
        }
        let of = |times: &mut Vec<Duration>| {
            times.sort();
            let at = |share: f64| {
                times.get((times.len() as f64 * share) as usize).map_or(f64::NAN, |t| t.as_secs_f64() * 1e3)
            };
            (at(0.5), at(0.99), times.last().map_or(f64::NAN, |t| t.as_secs_f64() * 1e3))
        };
        let (median, most, worst) = of(&mut wall);
        let (busy_median, busy_most, busy_worst) = of(&mut busy);
        let asked = self.history.asked.load(Ordering::Relaxed);
        let mut took = self.history.took.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let answers = took.len();
        let (answer, _, slowest) = of(&mut took);
        println!(
            "8 trends of 8 pens panned through a recorded year, {FRAMES} frames of {} vertices: median {median:.2} ms, 99 of 100 within {most:.2} ms, worst {worst:.2} ms; \
             of the frame's own processor time {busy_median:.2}, {busy_most:.2}, {busy_worst:.2} ms (to reach: 5 ms)",
            vertices / FRAMES
        );
        println!(
            "  beside it {asked} questions of 8 pens, {answers} answered: median {answer:.1} ms, slowest {slowest:.1} ms"
        );
        assert!(answers >= 2 * TRENDS, "every trend asks for its years");
    }
}

/// Processor time of this thread; wall time where the system does not tell.
#[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn thread_time() -> Duration {
    thread_local!(static BEGIN: Instant = Instant::now());
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.as_deref().and_then(|text| text.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| BEGIN.with(Instant::elapsed), Duration::from_nanos)
}

/// Builds and tessellates one frame; gives back its vertices.
fn paint(ctx: &Context, turn: usize, events: Vec<Event>, add: impl FnMut(&mut Ui)) -> usize {
    let mut output = ctx.run_ui(input(turn, events), add);
    output.textures_delta.clear();
    let primitives = ctx.tessellate(output.shapes, output.pixels_per_point);
    let vertices = |p: &egui::ClippedPrimitive| match &p.primitive {
        egui::epaint::Primitive::Mesh(mesh) => mesh.vertices.len(),
        egui::epaint::Primitive::Callback(_) => 0,
    };
    primitives.iter().map(vertices).sum()
}

fn input(turn: usize, events: Vec<Event>) -> RawInput {
    RawInput {
        screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1920.0, 1080.0))),
        time: Some(turn as f64 / 60.0),
        events,
        ..RawInput::default()
    }
}

/// The same parts, as one would paint them with nothing but egui and `egui_plot`.
struct Bare {
    ctx: Context,
    lines: Vec<Vec<PlotPoint>>,
    turn: usize,
}

const INK: [Color32; 4] = [Color32::LIGHT_BLUE, Color32::LIGHT_GREEN, Color32::KHAKI, Color32::WHITE];

impl Bare {
    fn new() -> Self {
        let ctx = Context::default();
        Theme::dark().install(&ctx);
        let line = |i: usize| {
            (0..POINTS).map(|at| PlotPoint::new(at as f64, value(&format!("p{i}"), at, 0.0).unwrap_or(0.0))).collect()
        };
        Self { ctx, lines: (0..TRENDS * PENS).map(line).collect(), turn: 0 }
    }

    fn frame(&mut self, parts: &[Part]) -> usize {
        self.turn += 1;
        let Self { ctx, lines, turn } = self;
        paint(ctx, *turn, Vec::new(), |ui| {
            for part in parts {
                match part {
                    Part::Gauges => gauges(ui, *turn),
                    Part::Trends => trends(ui, lines),
                    Part::Alarms => alarms(ui, *turn),
                }
            }
        })
    }
}

#[derive(Clone, Copy)]
enum Part {
    Gauges,
    Trends,
    Alarms,
}

/// An arc for the scale, one for the value, a pointer, nine ticks, a number and a name.
fn gauges(ui: &Ui, turn: usize) {
    for i in 0..GAUGES {
        let rect =
            Rect::from_min_size(pos2(10.0 + 47.0 * (i % 20) as f32, 80.0 * (i / 20) as f32 + 30.0), vec2(46.0, 46.0));
        let _response = ui.interact(rect, ui.scope_id().with(i), Sense::click());
        let share = value(&format!("g{i}"), turn as i64, 0.0).unwrap_or(0.0) as f32 / 100.0;
        let (painter, center, radius) = (ui.painter(), rect.center(), 19.0);
        let arc = |from: f32, to: f32| -> Vec<Pos2> {
            (0..=24).map(|n| center + radius * egui::Vec2::angled(from + (to - from) * n as f32 / 24.0)).collect()
        };
        let (start, end) = (0.75 * std::f32::consts::PI, 2.25 * std::f32::consts::PI);
        let at = start + (end - start) * share;
        painter.rect_filled(rect, 3.0, Color32::BLACK);
        painter.add(Shape::line(arc(start, end), Stroke::new(4.0, Color32::DARK_GRAY)));
        painter.add(Shape::line(arc(start, at), Stroke::new(4.0, Color32::LIGHT_BLUE)));
        painter
            .line_segment([center, center + 0.8 * radius * egui::Vec2::angled(at)], Stroke::new(2.0, Color32::WHITE));
        for tick in 0..=8 {
            let away = egui::Vec2::angled(start + (end - start) * tick as f32 / 8.0);
            painter.line_segment(
                [center + away * radius * 0.85, center + away * radius * 0.95],
                Stroke::new(1.0, Color32::GRAY),
            );
        }
        let number = format!("{:.1}", share * 100.0);
        painter.text(
            center + vec2(0.0, 10.0),
            Align2::CENTER_CENTER,
            number,
            FontId::proportional(10.0),
            Color32::WHITE,
        );
        painter.text(
            center + vec2(0.0, 19.0),
            Align2::CENTER_CENTER,
            "TIC-101",
            FontId::proportional(8.0),
            Color32::GRAY,
        );
    }
}

fn trends(ui: &mut Ui, lines: &[Vec<PlotPoint>]) {
    for (index, lines) in lines.chunks(PENS).enumerate() {
        let rect = Rect::from_min_size(
            pos2(960.0 + 480.0 * (index % 2) as f32, 200.0 * (index / 2) as f32),
            vec2(470.0, 190.0),
        );
        ui.scope_builder(egui::UiBuilder::new().max_rect(rect), |ui| {
            Plot::new(("plot", index)).width(rect.width()).height(rect.height()).show(ui, |plot| {
                for (pen, line) in lines.iter().enumerate() {
                    plot.line(Line::new(format!("p{pen}"), PlotPoints::Borrowed(line)).color(INK[pen % 4]).width(1.5));
                }
            });
        });
    }
}

/// Rows of seven labels and a button.
fn alarms(ui: &mut Ui, turn: usize) {
    let rect = Rect::from_min_size(pos2(0.0, 810.0), vec2(1920.0, 260.0));
    ui.scope_builder(egui::UiBuilder::new().max_rect(rect), |ui| {
        ScrollArea::vertical().auto_shrink(false).show_rows(ui, 22.0, GAUGES / 2, |ui, rows| {
            for row in rows {
                ui.horizontal(|ui| {
                    ui.label("3");
                    ui.label("14:03:22");
                    ui.label(format!("{} s", row + turn));
                    ui.label("g17/high");
                    ui.label("unacknowledged");
                    ui.label(format!("{:.1} bar", (row + turn) as f64 * 0.31));
                    ui.label("g17 is high");
                    let _button = ui.button("Acknowledge");
                });
            }
        });
    });
}

/// The whole window over the list of 5,000 alarms that wait, as in a flood: every frame is of another snapshot.
struct Flooded {
    ctx: Context,
    shell: Shell,
    desk: Desk,
    snapshots: watch::Sender<Arc<Snapshot>>,
    samples: [Arc<Snapshot>; 2],
    _commands: mpsc::Receiver<Command>,
    turn: usize,
}

impl Flooded {
    const ALARMS: usize = 5_000;

    fn new() -> Self {
        let samples = [sample::flood(Self::ALARMS), sample::flood(Self::ALARMS)];
        let about = Arc::new(samples[0].about.clone());
        let samples = samples.map(|sample| Arc::new(sample.snapshot));
        // Two plans that are one, as in a plant that runs.
        let second = Snapshot { plan: Arc::clone(&samples[0].plan), ..(*samples[1]).clone() };
        let samples = [Arc::clone(&samples[0]), Arc::new(second)];
        let (snapshots, pictures) = watch::channel(Arc::clone(&samples[0]));
        let (commands, received) = mpsc::channel(256);
        let link = PlantLink { snapshots: pictures, commands, history: None, journal: None, about, refused: None };
        let mut shell = Shell::new(Settings::default());
        let ctx = Context::default();
        shell.install(&ctx);
        shell.open(Place::Alarms, None);
        Self { ctx, shell, desk: Desk::Plant(link), snapshots, samples, _commands: received, turn: 0 }
    }

    fn frame(&mut self, events: Vec<Event>) -> usize {
        self.turn += 1;
        self.snapshots.send_replace(Arc::clone(&self.samples[self.turn % 2]));
        let Self { ctx, shell, desk, samples, turn, .. } = self;
        let now = samples[0].now;
        paint(ctx, *turn, events, |ui| {
            shell.ui(ui, desk, now);
        })
    }

    fn key(&mut self, key: Key) {
        for pressed in [true, false] {
            let modifiers = Modifiers::NONE;
            self.frame(vec![Event::Key { key, physical_key: None, pressed, repeat: false, modifiers }]);
        }
    }

    /// The frames of a click on a row: the button goes down, and up.
    fn click(&mut self) {
        let pos = pos2(700.0, 400.0 + 26.0 * (self.turn % 8) as f32);
        for pressed in [true, false] {
            let button = egui::PointerButton::Primary;
            let press = Event::PointerButton { pos, button, pressed, modifiers: Modifiers::NONE };
            self.frame(vec![Event::PointerMoved(pos), press]);
        }
    }
}

fn frames(criterion: &mut Criterion) {
    watchkeeper::ui::memory::keep_what_a_frame_frees();
    let (mut ours, mut bare) = (Ours::new(), Bare::new());
    let cases: [(&str, usize, &[Part]); 4] = [
        ("all", 0, &[Part::Gauges, Part::Trends, Part::Alarms]),
        ("gauges", 1, &[Part::Gauges]),
        ("trends", 2, &[Part::Trends]),
        ("alarms", 3, &[Part::Alarms]),
    ];
    let mut group = criterion.benchmark_group("frame");
    group
        .sample_size(50)
        .measurement_time(std::time::Duration::from_secs(3))
        .warm_up_time(std::time::Duration::from_secs(1));
    for (name, display, parts) in cases {
        group.bench_function(format!("{name}, ours"), |b| b.iter(|| ours.frame(display)));
        group.bench_function(format!("{name}, bare"), |b| b.iter(|| bare.frame(parts)));
    }
    let mut flooded = Flooded::new();
    group.bench_function("window in a flood of 5,000 alarms, folded", |b| b.iter(|| flooded.frame(Vec::new())));
    group.bench_function("click in it", |b| b.iter(|| flooded.click()));
    flooded.key(Key::F4);
    group.bench_function("window over 5,000 alarms, one by one", |b| b.iter(|| flooded.frame(Vec::new())));
    group.bench_function("click in it, one by one", |b| b.iter(|| flooded.click()));
    group.finish();
    sheets::Sheets::new().measure();
    let folder = tempfile::tempdir().expect("a folder");
    Panned::new(folder.path()).measure();
}

criterion_group!(benches, frames);
criterion_main!(benches);

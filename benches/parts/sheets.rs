//! The editor's sheet of 10,000 tags, in the whole window: every frame of opening it, scrolling, sorting, filtering and typing.
//! No frame is to take longer than 16 ms.

use super::{engineered, paint, thread_time};
use eframe::egui::accesskit::{Node, NodeId};
use eframe::egui::{Context, Event, Key, Modifiers, PointerButton, Pos2, pos2};
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use watchkeeper::engine::{Command, Mode};
use watchkeeper::link::{Desk, PlantLink};
use watchkeeper::runtime::clock::system_clock;
use watchkeeper::runtime::editing;
use watchkeeper::ui::sample;
use watchkeeper::ui::settings::Settings;
use watchkeeper::ui::shell::{Place, Shell};

/// Frames that are watched after an act: the sheet is read and judged beside them.
const AFTER: usize = 60;

pub struct Sheets {
    ctx: Context,
    shell: Shell,
    desk: Desk,
    now: watchkeeper::time::Now,
    turn: usize,
    took: Vec<Duration>,
    /// Of the frames' own thread, whatever else the computer does.
    busy: Vec<Duration>,
    _commands: mpsc::Receiver<Command>,
    _folder: tempfile::TempDir,
}

impl Sheets {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bench.toml");
        fs::write(&path, engineered::text()).expect("a file");
        let mut sample = sample::riverside();
        sample.about.path = Some(path);
        sample.snapshot.mode = Mode::Live;
        let now = sample.snapshot.now;
        let (_snapshots, pictures) = watch::channel(Arc::new(sample.snapshot));
        let (commands, received) = mpsc::channel(256);
        let about = Arc::new(sample.about);
        let link = PlantLink { snapshots: pictures, commands, history: None, journal: None, about, refused: None };
        let mut shell = Shell::new(Settings::default());
        let ctx = Context::default();
        shell.install(&ctx);
        shell.set_editing(Some(editing::serve(system_clock()).expect("a thread")));
        let desk = Desk::Plant(link);
        Self {
            ctx,
            shell,
            desk,
            now,
            turn: 0,
            took: Vec::new(),
            busy: Vec::new(),
            _commands: received,
            _folder: folder,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
    fn frame(&mut self, events: Vec<Event>) {
        self.turn += 1;
        let Self { ctx, shell, desk, now, turn, .. } = self;
        let (begun, busy) = (Instant::now(), thread_time());
        paint(ctx, *turn, events, |ui| {
            shell.ui(ui, desk, *now);
        });
        self.took.push(begun.elapsed());
        self.busy.push(thread_time().saturating_sub(busy));
    }

    fn frames(&mut self, count: usize) {
        for _ in 0..count {
            self.frame(Vec::new());
            // As a screen does; the sheet is judged meanwhile.
            let rest = Duration::from_millis(16).saturating_sub(self.took.last().copied().unwrap_or_default());
            std::thread::sleep(rest);
        }
    }

    fn key(&mut self, key: Key, modifiers: Modifiers) {
        for pressed in [true, false] {
            self.frame(vec![Event::Key { key, physical_key: None, pressed, repeat: false, modifiers }]);
        }
    }

    /// Where something of this name is; a screen reader is told that, so a frame is painted as for one, and not counted.
    fn place(&mut self, name: &str) -> Option<Pos2> {
        self.ctx.enable_accesskit();
        let Self { ctx, shell, desk, now, turn, .. } = self;
        let mut nodes: Vec<(NodeId, Node)> = Vec::new();
        for _ in 0..2 {
            *turn += 1;
            let input = super::input(*turn, Vec::new());
            let mut output = ctx.run_ui(input, |ui| {
                shell.ui(ui, desk, *now);
            });
            output.textures_delta.clear();
            nodes = output.platform_output.accesskit_update.map(|update| update.nodes).unwrap_or_default();
        }
        self.ctx.disable_accesskit();
        let is_named = |node: &Node| node.label() == Some(name);
        let bounds = nodes.iter().find(|(_, node)| is_named(node))?.1.bounds()?;
        Some(pos2((bounds.x0 + bounds.x1) as f32 / 2.0, (bounds.y0 + bounds.y1) as f32 / 2.0))
    }

    fn click(&mut self, name: &str) {
        let pos = self.place(name).unwrap_or_else(|| panic!("there is no {name}"));
        for pressed in [true, false] {
            let press =
                Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE };
            self.frame(vec![Event::PointerMoved(pos), press]);
        }
    }

    fn told(&mut self, what: &str) {
        let frames = self.took.len();
        let worst = |mut took: Vec<Duration>| {
            took.sort();
            let at = |nth: usize| took.get(nth).map_or(f64::NAN, |t| t.as_secs_f64() * 1e3);
            (at(frames / 2), at(frames.saturating_sub(1)))
        };
        let (median, longest) = worst(std::mem::take(&mut self.took));
        let (own, own_longest) = worst(std::mem::take(&mut self.busy));
        println!(
            "  {what}: {frames} frames, median {median:.2} ms, longest {longest:.2} ms; own processor time {own:.2}, {own_longest:.2} ms"
        );
    }

    /// Every act, and what its frames took.
    pub fn measure(mut self) {
        println!("the sheet of 10,000 tags, in the whole window (to reach: no frame over 16 ms)");
        self.frames(AFTER);
        self.told("before it is opened");
        self.shell.open(Place::Edit, None);
        let mut tries = 0;
        while self.place("cell name of area0.loop0").is_none() {
            tries += 1;
            assert!(tries < 500, "the sheet does not open");
            self.frames(1);
        }
        self.frames(AFTER);
        self.told("opened and judged");
        self.click("cell name of area0.loop0");
        for _ in 0..100 {
            self.key(Key::PageDown, Modifiers::NONE);
        }
        self.key(Key::End, Modifiers::COMMAND);
        self.key(Key::Home, Modifiers::COMMAND);
        self.told("scrolled");
        for column in ["description", "register", "name", "name", "name"] {
            self.click(&format!("Sort by {column}"));
            self.frames(10);
        }
        self.told("sorted by three columns, one of them both ways");
        self.click("Filter rows");
        for letter in "loop77".chars() {
            self.frame(vec![Event::Text(letter.to_string())]);
            self.frames(5);
        }
        self.told("filtered, a letter at a time");
        for _ in 0..6 {
            self.key(Key::Backspace, Modifiers::NONE);
        }
        self.told("filter taken away");
        self.click("cell register of area0.loop0");
        self.key(Key::Enter, Modifiers::NONE);
        for letter in "kelvin".chars() {
            self.frame(vec![Event::Text(letter.to_string())]);
            self.frames(20);
        }
        self.key(Key::Enter, Modifiers::NONE);
        self.frames(2 * AFTER);
        self.told("typed into a cell, and judged");
        let paste = "m\n".repeat(engineered::TAGS);
        self.click("cell register of area0.loop0");
        self.frame(vec![Event::Paste(paste)]);
        self.told("a column of 10,000 rows pasted");
        self.frames(3 * AFTER);
        self.told("and judged");
        self.key(Key::Z, Modifiers::COMMAND);
        self.told("undone");
        self.frames(3 * AFTER);
        self.told("and judged");
    }
}

//! Displays in windows of their own, beside the main one.
//!
//! Each is a whole [`Shell`], with the banner, the border of what is no plant, and its own dialogs, so that whoever looks at
//! one alone misses nothing. What concerns the program, such as its settings, another project or the editor, is done by the
//! main window, which is raised for it.
//!
//! Invariant: a window of its own is painted for itself: when its own data is due, or its own pointer moves. All paint the
//! same snapshot. Invariant: closing one ends nothing; closing the main one ends all.

mod kept;

use super::settings::Settings;
use super::shell::{Shell, Wishes};
use super::wake::{self, Pace};
use super::{Action, actions};
use crate::link::{Desk, DeskReader};
use crate::time::Clock;
use eframe::egui::{Context, Rect, Ui, UiBuilder, ViewportBuilder, ViewportCommand, ViewportId, pos2, vec2};
pub use kept::{Arrangement, KeptWindow, MOST};
use kept::{in_sight, screen_of};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Which windows are to be painted when there is news, each with when it was painted last. Shared with the thread that
/// watches the plant, which holds it for a moment.
#[derive(Debug, Clone, Default)]
pub struct Painted(Arc<Mutex<Vec<(ViewportId, Pace)>>>);

impl Painted {
    fn list(&self) -> MutexGuard<'_, Vec<(ViewportId, Pace)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a frame of each, as its news deserve it.
    pub fn wake(&self, ctx: &Context, urgency: wake::Urgency) {
        for (id, pace) in self.list().iter() {
            if let Some(delay) = pace.delay(urgency) {
                ctx.request_repaint_after_for(delay, *id);
            }
        }
    }
}

/// All windows of their own.
#[derive(Debug)]
pub struct Windows {
    desk: DeskReader,
    clock: Clock,
    /// Of which project; none while no plant is shown.
    project: Option<PathBuf>,
    list: Vec<OwnWindow>,
    opened: u64,
    painted: Painted,
    /// They are not as they are kept, since the frame before.
    is_stirred: bool,
}

/// One of them.
#[derive(Debug)]
struct OwnWindow {
    id: ViewportId,
    /// As it was opened: what is asked for anew in each frame moves no window.
    builder: ViewportBuilder,
    inner: Arc<Mutex<Inner>>,
}

/// What a window has for itself. The main window and its own frame hold it by turns, on one thread.
#[derive(Debug)]
struct Inner {
    shell: Shell,
    pace: Pace,
    /// Where it stands.
    place: KeptWindow,
    title: String,
    /// What the main window is to do.
    asked: Vec<Action>,
    closed: bool,
}

/// Why there can be none here; none: there can.
fn impossible(ctx: &Context) -> Option<&'static str> {
    ctx.embed_viewports().then_some("this desktop gives the program one window")
}

impl Windows {
    /// None yet.
    pub fn new(desk: DeskReader, clock: Clock, painted: Painted) -> Self {
        Self { desk, clock, project: None, list: Vec::new(), opened: 0, painted, is_stirred: false }
    }

    /// Opens a display in a window of its own; one that has one already is raised.
    ///
    /// # Errors
    /// Why not, in words for the screen.
    pub fn open(&mut self, ctx: &Context, display: &str, settings: &Settings) -> Result<(), String> {
        if let Some(why) = impossible(ctx) {
            return Err(format!("No window of its own for {display}: {why}"));
        }
        if let Some(there) = self.list.iter().find(|window| window.lock().place.display == display) {
            ctx.send_viewport_cmd_to(there.id, ViewportCommand::Minimized(false));
            ctx.send_viewport_cmd_to(there.id, ViewportCommand::Focus);
            return Ok(());
        }
        if self.list.len() >= MOST {
            return Err(format!("No window of its own for {display}: {MOST} are the most; close one"));
        }
        let place = KeptWindow { display: display.to_owned(), ..KeptWindow::default() };
        self.add(place, &[], settings);
        Ok(())
    }

    fn add(&mut self, place: KeptWindow, screens: &[Rect], settings: &Settings) {
        self.opened += 1;
        let id = ViewportId::from_hash_of(("a window of its own", self.opened));
        let builder = builder(&place, screens, self.list.len(), settings.zoom());
        let pace = Pace::new(self.clock.clone());
        self.painted.list().push((id, pace.clone()));
        let shell = Shell::beside(settings.clone(), place.display.clone());
        let inner = Inner { shell, pace, place, title: String::new(), asked: Vec::new(), closed: false };
        self.list.push(OwnWindow { id, builder, inner: Arc::new(Mutex::new(inner)) });
    }

    /// To be called in each frame of the main window. `screens`: where they are, in points at 100 %. Gives back what the main
    /// window is to do, and whether the arrangement is to be saved.
    pub fn show(
        &mut self,
        ctx: &Context,
        settings: &mut Settings,
        screens: impl FnOnce() -> Vec<Rect>,
    ) -> (Vec<Action>, bool) {
        let desk = self.desk.borrow().clone();
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_e| path.clone());
        let project = match &desk {
            Desk::Plant(plant) => Some(plant.about.file().map(absolute).unwrap_or_default()),
            Desk::Empty | Desk::Opening(_) | Desk::Failed { .. } => None,
        };
        if project != self.project {
            self.list.clear();
            self.painted.list().clear();
            let kept = settings.windows.iter().find(|kept| Some(&kept.project) == project.as_ref()).cloned();
            self.project = project;
            if let (Some(kept), None) = (kept, impossible(ctx)) {
                let screens = screens();
                for place in kept.windows {
                    self.add(place, &screens, settings);
                }
            }
        }
        let mut asked = Vec::new();
        for window in &self.list {
            let mut inner = window.lock();
            asked.append(&mut inner.asked);
            inner.shell.take_settings(settings);
        }
        let closed: Vec<ViewportId> = self.list.iter().filter(|w| w.lock().closed).map(|w| w.id).collect();
        if !closed.is_empty() {
            self.list.retain(|window| !closed.contains(&window.id));
            self.painted.list().retain(|(id, _)| !closed.contains(id));
        }
        for window in &self.list {
            let (inner, desk) = (Arc::clone(&window.inner), self.desk.clone());
            ctx.show_viewport_deferred(window.id, window.builder.clone(), move |ui, _class| {
                inner.lock().unwrap_or_else(PoisonError::into_inner).ui(ui, &desk.borrow().clone());
            });
        }
        (asked, self.keep(settings))
    }

    /// Writes into the settings where all of them stand. Whether they are to be saved: a window that is being moved is not
    /// saved in each frame, but when it stands.
    pub fn keep(&mut self, settings: &mut Settings) -> bool {
        let Some(project) = self.project.clone() else { return false };
        let windows: Vec<KeptWindow> = self.list.iter().map(|window| window.lock().place.clone()).collect();
        let known = settings.windows.iter().position(|kept| kept.project == project);
        let same = match known {
            Some(known) => settings.windows[known].windows == windows,
            None => windows.is_empty(),
        };
        if same {
            return std::mem::take(&mut self.is_stirred);
        }
        if let Some(known) = known {
            settings.windows.remove(known);
        }
        settings.windows.insert(0, Arrangement { project, windows });
        settings.windows.truncate(super::settings::RECENT);
        self.is_stirred = true;
        false
    }
}

impl OwnWindow {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a window is opened.
fn builder(place: &KeptWindow, screens: &[Rect], nth: usize, zoom: f32) -> ViewportBuilder {
    let [width, height] = place.size.map(f32::from);
    let mut builder = ViewportBuilder::default()
        .with_title(place.display.clone())
        .with_app_id("watchkeeper")
        .with_min_inner_size([320.0, 240.0]);
    let mut size = vec2(width, height);
    if let Some([x, y]) = place.position {
        let stood = Rect::from_min_size(pos2(x as f32, y as f32), size);
        let seen = in_sight(stood, screens, nth);
        size = seen.size();
        builder = builder.with_position(pos2(seen.min.x / zoom, seen.min.y / zoom));
        if let (true, Some(screen)) = (place.full_screen, screen_of(seen, screens)) {
            builder = builder.with_monitor(screen);
        }
    }
    builder.with_inner_size(size / zoom).with_fullscreen(place.full_screen)
}

impl Inner {
    fn ui(&mut self, ui: &mut Ui, desk: &Desk) {
        let ctx = ui.ctx().clone();
        let now = self.pace.painted();
        let (full, closes) = ctx.input(|i| {
            let window = i.viewport();
            (window.fullscreen.unwrap_or(false), window.close_requested())
        });
        self.follow_place(&ctx, full);
        // Two windows of one display are two: what they remember is their own.
        let scope = UiBuilder::new().id_salt(ctx.viewport_id()).max_rect(ui.max_rect());
        let wishes = self.shell.ui(&mut ui.new_child(scope), desk, now);
        let Wishes { close, toggle_full_screen, mut for_main, request, .. } = wishes;
        for_main.extend(request.map(Action::AskDesk));
        if toggle_full_screen {
            ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!full));
        }
        if for_main.iter().any(actions::is_answered_in_the_main_window) {
            ctx.send_viewport_cmd_to(ViewportId::ROOT, ViewportCommand::Minimized(false));
            ctx.send_viewport_cmd_to(ViewportId::ROOT, ViewportCommand::Focus);
        }
        if !for_main.is_empty() {
            self.asked.extend(for_main);
            ctx.request_repaint_of(ViewportId::ROOT);
        }
        if closes || close {
            self.closed = true;
            ctx.request_repaint_of(ViewportId::ROOT);
        }
        if let Some(display) = self.shell.shown_display()
            && display != self.place.display
        {
            self.place.display = display.to_owned();
        }
        let title = format!("{} - {}", self.place.display, Shell::title(desk));
        if title != self.title {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
        let blinking = matches!(desk, Desk::Plant(plant) if Shell::blinks(&plant.snapshots.borrow()));
        ctx.request_repaint_after(wake::until_tick(now, blinking).max(Duration::from_millis(1)));
    }

    /// Where it stands. While it fills the screen, the place that it comes back to is the one before.
    fn follow_place(&mut self, ctx: &Context, full: bool) {
        let zoom = ctx.zoom_factor();
        let (outer, inner) = ctx.input(|i| (i.viewport().outer_rect, i.viewport().inner_rect));
        self.place.full_screen = full;
        let Some(inner) = inner else { return };
        if let Some(outer) = outer {
            // Filling another screen, it is on that one the next time, too.
            self.place.position = Some([(outer.min.x * zoom).round() as i32, (outer.min.y * zoom).round() as i32]);
        }
        if !full {
            let size = inner.size() * zoom;
            self.place.size = [size.x.round() as u16, size.y.round() as u16];
        }
    }
}

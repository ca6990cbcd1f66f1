//! The window on the screen: eframe, the renderer, and when to paint.

use super::explorer::Explorer;
use super::horn::HornDesk;
use super::notify::{Notifier, Watch};
use super::playing::PlayStart;
use super::scanner::Scanner;
use super::settings::{self, Settings};
use super::shell::{Shell, Wishes};
use super::theme::ThemeChoice;
use super::wake::{self, Pace, Urgency};
use super::windows::{Painted, Windows};
use super::wizard::Wizard;
use crate::engine::{Actor, Command, Mode, Snapshot};
use crate::link::{Desk, DeskLink, News};
use crate::project::Priority;
use crate::time::{Clock, Now};
use eframe::egui::{self, UserAttentionType, ViewportBuilder, ViewportCommand};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Which way to the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Renderer {
    /// OpenGL on Linux and its like, wgpu on Windows and macOS; where that fails, the other.
    #[default]
    Auto,
    /// OpenGL.
    Glow,
    /// Vulkan, Metal or Direct3D; not compiled in on Linux.
    Wgpu,
}

/// How the window opens.
#[derive(Debug, Clone)]
pub struct WindowOptions {
    /// Which way to the screen.
    pub renderer: Renderer,
    /// For this run, against what the settings say.
    pub theme: Option<ThemeChoice>,
    /// Inner size in points; `None`: as last used, else 1440 by 900.
    pub size: Option<[f32; 2]>,
    /// Fills the screen from the start.
    pub full_screen: bool,
    /// Where the settings lie; `None`: nothing is kept.
    pub settings_path: Option<PathBuf>,
    /// Tells the time of each frame.
    pub clock: Clock,
    /// A scenario to be played at once, and who acts in it.
    pub play: Option<(PlayStart, Actor)>,
}

impl WindowOptions {
    /// As the settings of this user say.
    pub fn new(clock: Clock) -> Self {
        Self {
            renderer: Renderer::Auto,
            theme: None,
            size: None,
            full_screen: false,
            settings_path: settings::default_path(),
            clock,
            play: None,
        }
    }
}

/// Why there is no window, in one sentence with its mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {mend}")]
pub struct WindowError {
    /// What is missing.
    pub what: String,
    /// What would mend it.
    pub mend: String,
}

/// After a request, a frame that shows what became of it where the desk says nothing yet.
const SOON: Duration = Duration::from_millis(300);

/// Packages that a window needs on Debian, each proven by taking its library away.
const PACKAGES: &str = "apt-get install libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon0 libxkbcommon-x11-0 libgl1 libegl1 libgl1-mesa-dri";

/// Whether a window can be tried at all, before a plant is started behind it.
///
/// # Errors
/// Where there is no display.
pub fn is_possible() -> Result<(), WindowError> {
    #[cfg(not(any(windows, target_os = "macos")))]
    if ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"]
        .iter()
        .all(|name| std::env::var_os(name).is_none_or(|v| v.is_empty()))
    {
        return Err(WindowError {
            what: "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)".to_owned(),
            mend: "start it in a desktop session, or use \"watchkeeper run\" without a window".to_owned(),
        });
    }
    Ok(())
}

/// Opens the window and stays until it is closed. The plant is untouched by that.
///
/// # Errors
/// Where there is no display, or the system lacks a library for windows.
#[expect(clippy::needless_pass_by_value, reason = "the window keeps both to its end; nobody else may")]
pub fn run(desk: DeskLink, options: WindowOptions) -> Result<(), WindowError> {
    is_possible()?;
    super::memory::keep_what_a_frame_frees();
    let opened = Arc::new(AtomicBool::new(false));
    let mut last = None;
    for renderer in renderers(options.renderer) {
        match attempt(renderer, &desk, &options, &opened) {
            Ok(()) => return Ok(()),
            Err(error) => {
                tracing::warn!(renderer = %renderer, error = %error.what, "no window with this renderer");
                last.get_or_insert(error);
                // A window that was open and then failed is not opened a second time behind the operator's back.
                if opened.load(Ordering::Relaxed) {
                    break;
                }
            }
        }
    }
    Err(last.unwrap_or_else(|| WindowError {
        what: "this program was built without a renderer for windows".to_owned(),
        mend: "use \"watchkeeper run\" without a window".to_owned(),
    }))
}

/// What to try, in order.
fn renderers(wanted: Renderer) -> Vec<eframe::Renderer> {
    #[cfg(not(any(windows, target_os = "macos")))]
    {
        if wanted == Renderer::Wgpu {
            tracing::warn!("this program was built with OpenGL alone; wgpu is not in it");
        }
        vec![eframe::Renderer::Glow]
    }
    #[cfg(any(windows, target_os = "macos"))]
    match wanted {
        Renderer::Auto | Renderer::Wgpu => vec![eframe::Renderer::Wgpu, eframe::Renderer::Glow],
        Renderer::Glow => vec![eframe::Renderer::Glow, eframe::Renderer::Wgpu],
    }
}

fn attempt(
    renderer: eframe::Renderer,
    desk: &DeskLink,
    options: &WindowOptions,
    opened: &Arc<AtomicBool>,
) -> Result<(), WindowError> {
    let kept = options.settings_path.as_deref().map(Settings::load).unwrap_or_default().window_size;
    let size = options.size.or_else(|| kept.map(|size| size.map(f32::from)));
    let viewport = ViewportBuilder::default()
        .with_title(Shell::title(&desk.desk.borrow()))
        .with_app_id("watchkeeper")
        .with_inner_size(size.unwrap_or([1440.0, 900.0]))
        .with_min_inner_size([640.0, 400.0])
        .with_fullscreen(options.full_screen)
        .with_drag_and_drop(true);
    let native = eframe::NativeOptions { viewport, renderer, persist_window: false, ..Default::default() };
    let (desk, options, opened) = (desk.clone(), options.clone(), opened.clone());
    // winit panics where libxkbcommon is missing; that is the world's fault and has a mend, like any other missing library.
    let outcome = catch_unwind(AssertUnwindSafe(move || {
        eframe::run_native(
            "watchkeeper",
            native,
            Box::new(move |creation| {
                let app = App::new(&creation.egui_ctx, desk, options)?;
                opened.store(true, Ordering::Relaxed);
                Ok(Box::new(app))
            }),
        )
    }));
    match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(explain(&error.to_string())),
        Err(panic) => {
            let words = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()))
                .unwrap_or_else(|| "the window failed".to_owned());
            Err(explain(&words))
        }
    }
}

/// From a library's words to one sentence with its mend.
fn explain(error: &str) -> WindowError {
    let first = error.lines().next().unwrap_or_default().trim_end_matches('.');
    let what = if error.contains("xkbcommon") {
        "the library libxkbcommon-x11 for windows is missing".to_owned()
    } else if error.contains("LibraryOpenError") || error.contains("could not be loaded") {
        format!("a library for windows is missing ({first})")
    } else if error.contains("NoGlutinConfigs") || error.contains("OpenGL") || error.contains("glutin") {
        format!("OpenGL is missing ({first})")
    } else if error.contains("XOpenDisplay") || error.contains("NotSupported") || error.contains("onnect") {
        format!("the display cannot be reached ({first})")
    } else {
        format!("no window can be opened ({first})")
    };
    let mend = if cfg!(target_os = "linux") {
        format!("on Debian: {PACKAGES}; or use \"watchkeeper run\" without a window")
    } else {
        "use \"watchkeeper run\" without a window".to_owned()
    };
    WindowError { what, mend }
}

/// The window as eframe sees it.
struct App {
    desk: DeskLink,
    shell: Shell,
    settings_path: Option<PathBuf>,
    pace: Pace,
    /// The program ends: the window closes and asks nothing.
    ending: Arc<AtomicBool>,
    /// The person said that it may close.
    closing: bool,
    title: String,
    /// What the settings say of the theme, where this run was told another one: that is for this run alone.
    kept_theme: Option<ThemeChoice>,
    /// The name at the desk, for the entries that another thread makes.
    desk_name: DeskName,
    notifier: Notifier,
    /// Displays beside this window.
    windows: Windows,
    /// As the command line asked; such a size is not remembered.
    asked_size: bool,
}

impl App {
    fn new(ctx: &egui::Context, desk: DeskLink, options: WindowOptions) -> std::io::Result<Self> {
        let mut settings = options.settings_path.as_deref().map(Settings::load).unwrap_or_default();
        let kept_theme = options.theme.map(|theme| std::mem::replace(&mut settings.theme, theme));
        let raised = ctx.clone();
        let raise = move || {
            raised.send_viewport_cmd_to(egui::ViewportId::ROOT, ViewportCommand::Minimized(false));
            raised.send_viewport_cmd_to(egui::ViewportId::ROOT, ViewportCommand::Focus);
        };
        let notifier = Notifier::start(settings.notifications, options.clock.clone(), raise)?;
        let painted = Painted::default();
        let windows = Windows::new(desk.desk.clone(), options.clock.clone(), painted.clone());
        let now = options.clock.now();
        let pace = Pace::new(options.clock);
        let ending = Arc::new(AtomicBool::new(false));
        let desk_name = DeskName::default();
        desk_name.set(settings.desk_name.as_deref());
        watch(ctx, &desk, pace.clone(), ending.clone(), desk_name.clone(), notifier.clone(), painted)?;
        let mut shell = Shell::new(settings);
        shell.horn = HornDesk::new(desk.horn.clone());
        shell.scanner = Scanner::new(desk.scans.clone());
        shell.explorer = Explorer::new(desk.scans.clone());
        shell.wizard = Wizard::new(desk.scans.clone(), desk.begin.clone());
        shell.set_editing(desk.editing.clone());
        shell.set_plays(desk.plays.clone());
        shell.set_opening(desk.opening.clone());
        if let Some((play, actor)) = options.play {
            shell.start_play(ctx, now, play, actor);
        }
        shell.install(ctx);
        Ok(Self {
            desk,
            shell,
            settings_path: options.settings_path,
            pace,
            ending,
            closing: false,
            title: String::new(),
            kept_theme,
            desk_name,
            notifier,
            windows,
            asked_size: options.size.is_some(),
        })
    }

    fn carry_out(&mut self, ctx: &egui::Context, now: Now, wishes: Wishes) {
        if let Some(request) = wishes.request {
            // A bundle that takes long is seen to take long.
            ctx.request_repaint_after(SOON);
            if let Err(refused) = self.desk.requests.try_send(request) {
                tracing::warn!("a request was not taken; another one is being carried out");
                refused.into_inner().refuse("the program is busy; try again");
            }
        }
        if wishes.save {
            self.desk_name.set(self.shell.settings.desk_name.as_deref());
            self.notifier.want(self.shell.settings.notifications);
            if wishes.theme_chosen {
                self.kept_theme = None;
            }
            self.save_settings();
        }
        for display in wishes.windows {
            match self.windows.open(ctx, &display, &self.shell.settings) {
                Ok(()) => ctx.request_repaint(),
                Err(why) => self.shell.tell(now, why),
            }
        }
        if wishes.toggle_full_screen {
            let full = ctx.input(|i| i.viewport().fullscreen.unwrap_or(false));
            ctx.send_viewport_cmd(ViewportCommand::Fullscreen(!full));
        }
        if wishes.close {
            self.closing = true;
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
    }

    /// A project that could be opened is one to come back to.
    fn remember(&mut self, desk: &Desk) {
        if let Desk::Plant(plant) = desk
            && matches!(plant.snapshots.borrow().mode, Mode::Live | Mode::Bundle)
            && let Some(path) = plant.about.file()
        {
            self.shell.settings.remember(std::path::absolute(path).unwrap_or_else(|_e| path.to_owned()));
            self.save_settings();
        }
    }

    fn save_settings(&self) {
        let Some(path) = &self.settings_path else { return };
        let mut settings = self.shell.settings.clone();
        settings.theme = self.kept_theme.unwrap_or(settings.theme);
        if let Err(error) = settings.save(path) {
            tracing::warn!(path = %path.display(), %error, "the window's settings could not be saved");
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        // Here, and not where it is painted: a window that is covered or minimised is not painted at all.
        let front = ctx.input(|i| {
            // Whoever looks at a window beside this one sees the same alarms.
            let mut windows = i.raw.viewports.values();
            windows.any(|window| window.focused.unwrap_or(true) && window.visible().unwrap_or(true))
        });
        if self.notifier.set_front(front) {
            ctx.send_viewport_cmd(ViewportCommand::RequestUserAttention(UserAttentionType::Reset));
        }
        if self.ending.load(Ordering::Relaxed) && !self.closing {
            self.closing = true;
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        let now = self.pace.painted();
        let desk = self.desk.desk.borrow().clone();
        if ctx.input(|i| i.viewport().close_requested()) && !self.closing && !self.shell.may_close(&desk) {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
        }
        self.shell.notes_fault = self.notifier.fault();
        let title = Shell::title(&self.shell.shown_desk(&desk));
        if title != self.title {
            self.remember(&desk);
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
        let full = ctx.input(|i| i.viewport().fullscreen.unwrap_or(false));
        if let (false, false, Some(inner)) = (self.asked_size, full, ctx.input(|i| i.viewport().inner_rect)) {
            let size = inner.size() * ctx.zoom_factor();
            self.shell.settings.window_size = Some([size.x as u16, size.y as u16]);
        }
        let (asked, stand) = self.windows.show(&ctx, &mut self.shell.settings, || screens(frame));
        if stand {
            self.save_settings();
        }
        self.shell.ask(asked);
        let wishes = self.shell.ui(ui, &desk, now);
        self.carry_out(&ctx, now, wishes);
        ctx.request_repaint_after(wake::until_tick(now, self.shell.is_blinking(&desk)));
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        // Where the program ends, the plant has stopped and journaled so already.
        if !self.ending.load(Ordering::Relaxed) {
            journal_window(&self.desk.desk.borrow(), &self.desk_name, false);
        }
        self.windows.keep(&mut self.shell.settings);
        self.save_settings();
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}

/// The screens of this computer, in points at 100 %.
fn screens(frame: &eframe::Frame) -> Vec<egui::Rect> {
    let Some(window) = frame.winit_window() else { return Vec::new() };
    let monitors = window.available_monitors().map(|monitor| {
        let scale = monitor.scale_factor();
        let (corner, size) = (monitor.position().to_logical::<f32>(scale), monitor.size().to_logical::<f32>(scale));
        egui::Rect::from_min_size(egui::pos2(corner.x, corner.y), egui::vec2(size.width, size.height))
    });
    monitors.collect()
}

/// The name typed at the desk, shared between the window and the thread that watches the desk.
#[derive(Debug, Clone, Default)]
struct DeskName(Arc<Mutex<Option<Arc<str>>>>);

impl DeskName {
    fn set(&self, name: Option<&str>) {
        // Held for a moment by two threads that cannot fail meanwhile.
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = name.map(Arc::from);
    }

    fn get(&self) -> Option<Arc<str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The window's opening and closing stand in the journal of the plant that it shows.
fn journal_window(desk: &Desk, desk_name: &DeskName, opened: bool) {
    if let Desk::Plant(plant) = desk
        && plant.about.bundle.is_none()
    {
        let by = Actor { desk: desk_name.get(), ..plant.about.actor.clone() };
        if plant.commands.try_send(Command::Window { by, opened }).is_err() {
            tracing::warn!(opened, "the plant did not take the window's entry for the journal");
        }
    }
}

/// Asks for frames as the plant's news deserve it, from a thread of its own.
fn watch(
    ctx: &egui::Context,
    desk: &DeskLink,
    pace: Pace,
    ending: Arc<AtomicBool>,
    desk_name: DeskName,
    notifier: Notifier,
    painted: Painted,
) -> std::io::Result<()> {
    let ctx = ctx.clone();
    let mut alarms = Watch::default();
    let mut last: Option<Arc<Snapshot>> = None;
    desk.watch(move |news| {
        let urgency = match news {
            News::Desk(desk) => {
                // The window is often there before its plant, and outlives it. A plant that stays is not opened anew.
                if !matches!(desk, Desk::Plant(plant) if plant.refused.is_some()) {
                    journal_window(desk, &desk_name, true);
                }
                last = None;
                alarms.forget();
                Urgency::Now
            }
            News::Snapshot(new) => {
                let urgency = last.as_ref().map_or(Urgency::Now, |old| wake::urgency(old, new));
                if urgency == Urgency::Now {
                    tell_outside(&ctx, &notifier, new, &mut alarms);
                }
                last = Some(new.clone());
                urgency
            }
            News::End => {
                ending.store(true, Ordering::Relaxed);
                Urgency::Now
            }
        };
        if let Some(delay) = pace.delay(urgency) {
            ctx.request_repaint_after_for(delay, egui::ViewportId::ROOT);
        }
        painted.wake(&ctx, urgency);
        true
    })
}

/// Where the window is not in front, the taskbar and the desktop tell what is new.
fn tell_outside(ctx: &egui::Context, notifier: &Notifier, snapshot: &Snapshot, alarms: &mut Watch) {
    let news = alarms.news(snapshot);
    let Some(worst) = news.iter().map(|alarm| alarm.priority).min() else { return };
    if notifier.is_front() {
        return;
    }
    let attention =
        if worst == Priority::Critical { UserAttentionType::Critical } else { UserAttentionType::Informational };
    ctx.send_viewport_cmd_to(egui::ViewportId::ROOT, ViewportCommand::RequestUserAttention(attention));
    notifier.tell(snapshot, news);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_library_is_told_in_one_sentence_with_its_mend() {
        for (error, what) in [
            ("Library libxkbcommon-x11.so could not be loaded.", "the library libxkbcommon-x11 for windows is missing"),
            (
                "winit EventLoopError: os error: XNotSupported(LibraryOpenError(OpenError))",
                "a library for windows is missing",
            ),
            ("NoGlutinConfigs(ConfigTemplate { .. })", "OpenGL is missing"),
        ] {
            let error = explain(error);
            assert!(error.what.starts_with(what), "{error}");
            assert!(error.to_string().lines().count() == 1);
            assert!(!cfg!(target_os = "linux") || error.mend.contains("libxkbcommon-x11-0"), "{error}");
        }
    }
}

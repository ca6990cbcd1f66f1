//! Arguments, logging, wiring.

use clap::Parser as _;
use std::path::Path;
use std::process::ExitCode;
#[cfg(feature = "window")]
use std::time::Duration;
use watchkeeper::cli::rehearse::RehearseArguments;
use watchkeeper::cli::{self, Arguments, Command, Exit, WindowArguments};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let play = match arguments.command {
        Some(Command::Rehearse(play)) if play.window => Some(play),
        Some(command) => return cli::carry_out(command).into(),
        None => None,
    };
    cli::start_logging(cli::USUAL_LOG);
    match play {
        Some(play) => show_play(&arguments.window, &play).into(),
        None => desk(arguments.project.as_deref(), &arguments.window).into(),
    }
}

#[cfg(not(feature = "window"))]
const NO_WINDOW: &str = "this build has no window; build it with the feature \"window\" for one";

#[cfg(not(feature = "window"))]
fn desk(project: Option<&Path>, _window: &WindowArguments) -> Exit {
    cli::without_window(NO_WINDOW, project)
}

#[cfg(not(feature = "window"))]
fn show_play(_window: &WindowArguments, _play: &RehearseArguments) -> Exit {
    cli::say(NO_WINDOW);
    Exit::World
}

/// A plant behind a window. The plant runs before the window opens, and whatever the window does.
#[cfg(feature = "window")]
fn desk(project: Option<&Path>, window: &WindowArguments) -> Exit {
    use watchkeeper::link::DeskRequest;

    let first = project.map_or(DeskRequest::OpenDemo, |path| DeskRequest::Open(path.to_owned()));
    show(Some(first), window, None).unwrap_or_else(|why| match why {
        NotShown::Window(why) => cli::without_window(&why, project),
        NotShown::Start(why) => {
            cli::say(&why);
            Exit::World
        }
    })
}

/// A scenario on the displays of a project, with no plant behind it.
#[cfg(feature = "window")]
fn show_play(window: &WindowArguments, play: &RehearseArguments) -> Exit {
    use watchkeeper::ui::playing::PlayStart;

    if let Err(exit) = cli::rehearse::look_before_a_window(play) {
        return exit;
    }
    let RehearseArguments { project, scenario, speed, .. } = play.clone();
    show(None, window, Some(PlayStart { project, scenario, speed })).unwrap_or_else(|why| {
        let (NotShown::Window(why) | NotShown::Start(why)) = why;
        cli::say(&why);
        Exit::World
    })
}

/// Why nothing was shown.
#[cfg(feature = "window")]
enum NotShown {
    /// There is no window.
    Window(String),
    /// Nothing could be started behind it.
    Start(String),
}

#[cfg(feature = "window")]
fn show(
    first: Option<watchkeeper::link::DeskRequest>,
    window: &WindowArguments,
    play: Option<watchkeeper::ui::playing::PlayStart>,
) -> Result<Exit, NotShown> {
    use watchkeeper::runtime::{Supervisor, clock::system_clock, field_runtime, horn::Horn, local_actor};
    use watchkeeper::ui::{app, settings};

    app::is_possible().map_err(|why| NotShown::Window(why.to_string()))?;
    let clock = system_clock();
    let started = field_runtime().and_then(|runtime| {
        let settings = settings::default_path().as_deref().map(settings::Settings::load).unwrap_or_default();
        let horn = Horn::start(settings.horn_choice(None), clock.clone())?;
        let runs_on = runtime.handle().clone();
        let (desk, supervisor) = Supervisor::start(first, runs_on, local_actor(), clock.clone(), Some(horn))?;
        Ok((runtime, desk, supervisor))
    });
    let (runtime, desk, supervisor) = started.map_err(|error| NotShown::Start(format!("could not start: {error}")))?;
    let stop = supervisor.stopper();
    runtime.spawn(async move {
        cli::signals::stop_asked().await;
        stop();
    });
    let mut options = window_options(window, clock);
    options.play = play.map(|play| (play, local_actor()));
    let shown = app::run(desk, options);
    supervisor.stop();
    // Not in the background: the ports of the demo plant are free again when this returns.
    runtime.shutdown_timeout(Duration::from_secs(2));
    shown.map(|()| Exit::Done).map_err(|why| NotShown::Window(why.to_string()))
}

#[cfg(feature = "window")]
fn window_options(window: &WindowArguments, clock: watchkeeper::time::Clock) -> watchkeeper::ui::app::WindowOptions {
    use watchkeeper::cli::{Renderer, ThemeChoice};
    use watchkeeper::ui::{app, theme};

    let mut options = app::WindowOptions::new(clock);
    options.renderer = match window.renderer {
        Renderer::Auto => app::Renderer::Auto,
        Renderer::Glow => app::Renderer::Glow,
        Renderer::Wgpu => app::Renderer::Wgpu,
    };
    options.theme = window.theme.map(|theme| match theme {
        ThemeChoice::Dark => theme::ThemeChoice::Dark,
        ThemeChoice::Light => theme::ThemeChoice::Light,
    });
    options.size = window.size;
    options
}

//! Arguments, logging, wiring.

use clap::Parser as _;
use std::process::ExitCode;
#[cfg(feature = "window")]
use std::time::Duration;
use watchkeeper::cli::{self, Arguments, Exit};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(command) = arguments.command {
        return cli::carry_out(command).into();
    }
    cli::start_logging(cli::USUAL_LOG);
    desk(&arguments).into()
}

#[cfg(not(feature = "window"))]
fn desk(arguments: &Arguments) -> Exit {
    let why = "this build has no window; build it with the feature \"window\" for one";
    cli::without_window(why, arguments.project.as_deref())
}

/// A plant behind a window. The plant runs before the window opens, and whatever the window does.
#[cfg(feature = "window")]
fn desk(arguments: &Arguments) -> Exit {
    use watchkeeper::link::DeskRequest;
    use watchkeeper::runtime::{Supervisor, clock::system_clock, field_runtime, horn::Horn, local_actor};
    use watchkeeper::ui::{app, settings};

    let project = arguments.project.clone();
    if let Err(why) = app::is_possible() {
        return cli::without_window(&why.to_string(), project.as_deref());
    }
    let clock = system_clock();
    let started = field_runtime().and_then(|runtime| {
        let first = project.clone().map_or(DeskRequest::OpenDemo, DeskRequest::Open);
        let settings = settings::default_path().as_deref().map(settings::Settings::load).unwrap_or_default();
        let horn = Horn::start(settings.horn_choice(None), clock.clone())?;
        let runs_on = runtime.handle().clone();
        let (desk, supervisor) = Supervisor::start(first, runs_on, local_actor(), clock.clone(), Some(horn))?;
        Ok((runtime, desk, supervisor))
    });
    let (runtime, desk, supervisor) = match started {
        Ok(started) => started,
        Err(error) => {
            cli::say(&format!("could not start: {error}"));
            return Exit::World;
        }
    };
    let stop = supervisor.stopper();
    runtime.spawn(async move {
        cli::signals::stop_asked().await;
        stop();
    });
    let shown = app::run(desk, window_options(arguments, clock));
    supervisor.stop();
    // Not in the background: the ports of the demo plant are free again when this returns.
    runtime.shutdown_timeout(Duration::from_secs(2));
    match shown {
        Ok(()) => Exit::Done,
        Err(why) => cli::without_window(&why.to_string(), project.as_deref()),
    }
}

#[cfg(feature = "window")]
fn window_options(arguments: &Arguments, clock: watchkeeper::time::Clock) -> watchkeeper::ui::app::WindowOptions {
    use watchkeeper::cli::{Renderer, ThemeChoice};
    use watchkeeper::ui::{app, theme};

    let mut options = app::WindowOptions::new(clock);
    options.renderer = match arguments.window.renderer {
        Renderer::Auto => app::Renderer::Auto,
        Renderer::Glow => app::Renderer::Glow,
        Renderer::Wgpu => app::Renderer::Wgpu,
    };
    options.theme = arguments.window.theme.map(|theme| match theme {
        ThemeChoice::Dark => theme::ThemeChoice::Dark,
        ThemeChoice::Light => theme::ThemeChoice::Light,
    });
    options.size = arguments.window.size;
    options
}

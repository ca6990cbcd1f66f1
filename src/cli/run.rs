//! `run`: acquires, alarms and records without a window until stopped.

use super::{Exit, live, open_project, open_runtime, parse_span, say, signals};
use crate::drivers::demo::{self, Demo};
use crate::engine::Mode;
use crate::link::HornChoice;
use crate::project::{Issue, Severity};
use crate::runtime::clock::system_clock;
use crate::runtime::horn::Horn;
use crate::runtime::{Loaded, Station, StationConfig, WhenHeld, local_actor, supervisor};
use crate::time::{Clock, Span};
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;

/// `run`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  watchkeeper run projects/demo.toml --for 30s\n\nLogs to standard error; WATCHKEEPER_LOG=warn says less, debug more."
)]
pub struct RunArguments {
    /// Project file
    #[arg(required_unless_present = "demo")]
    pub project: Option<PathBuf>,
    /// Serve the demo plant and watch it, instead of a project
    #[arg(long, conflicts_with = "project")]
    pub demo: bool,
    /// Stop by itself after this time, such as 30s
    #[arg(long = "for", value_name = "TIME", value_parser = parse_span)]
    pub duration: Option<Span>,
    /// Sound no horn: for a gateway that nobody stands beside
    #[arg(long)]
    pub silent: bool,
}

/// Runs the command.
pub fn run(arguments: &RunArguments) -> Exit {
    super::start_logging(super::USUAL_LOG);
    watch(arguments.project.as_deref(), arguments.duration, arguments.silent)
}

/// Watches a project, or the demo plant, without a screen until asked to stop.
pub fn watch(project: Option<&Path>, duration: Option<Span>, silent: bool) -> Exit {
    let horn = HornChoice { off: silent.then(|| "run with --silent".into()), player: None };
    let ended = Ground::open(project, WhenHeld::Refuse, 0, horn).map(|ground| {
        let Ground { runtime, station, .. } = &ground;
        let died = station.died();
        let asked = runtime.block_on(async {
            tokio::select! {
                () = signals::stop_asked() => true,
                () = signals::after(duration) => true,
                () = died => false,
            }
        });
        if !asked {
            say("the main loop ended unexpectedly; this is a fault of the program");
        }
        let exit = ground.close();
        if asked { exit } else { Exit::World }
    });
    ended.unwrap_or_else(|exit| exit)
}

/// Watches a project, or the demo plant, as a live table on the terminal until asked to stop.
pub fn watch_live(project: Option<&Path>) -> Exit {
    let ended = Ground::open(project, WhenHeld::Show, 0, HornChoice::default()).map(|ground| {
        super::mute_logging();
        let shown = ground.runtime.block_on(live::show(ground.station.link(), ground.clock.clone()));
        match ground.close() {
            Exit::Done => shown,
            exit => exit,
        }
    });
    ended.unwrap_or_else(|exit| exit)
}

/// A running station with what it stands on.
struct Ground {
    runtime: Runtime,
    station: Station,
    clock: Clock,
    horn: Horn,
    /// Its devices, where it is the demo plant.
    _demo: Option<Demo>,
}

impl Ground {
    /// Starts a project, or the demo plant. What is at fault in it is logged, the rest runs. `Err` has told why not.
    fn open(project: Option<&Path>, when_held: WhenHeld, tail_points: usize, horn: HornChoice) -> Result<Self, Exit> {
        let clock = system_clock();
        let runtime = open_runtime()?;
        let refused = |error: &dyn std::fmt::Display| {
            say(&error.to_string());
            Exit::World
        };
        let demo = match project {
            Some(_) => None,
            None => Some(supervisor::serve_demo(runtime.handle(), clock.clone()).map_err(|e| refused(&e))?),
        };
        let (loaded, mode, data_folder) = match (project, &demo) {
            (Some(path), _) => (open_project(path)?, Mode::Live, None),
            (None, demo) => {
                let text = demo.as_ref().map(demo::project).unwrap_or_default();
                (Loaded::from_bytes(&text, None), Mode::Demo, Some(supervisor::demo_folder()))
            }
        };
        if loaded.is_empty() {
            log_issues(&loaded.issues, project);
            say("nothing in this project can run; its faults are above");
            return Err(Exit::Project);
        }
        let config = StationConfig {
            loaded,
            mode,
            data_folder,
            record: true,
            when_held,
            tail_points,
            client_id_suffix: None,
            actor: local_actor(),
            clock: clock.clone(),
        };
        let station = Station::start(config, runtime.handle()).map_err(|e| refused(&e))?;
        log_issues(&station.about().issues, project);
        let (horn, _chosen_for_good) = Horn::start(horn, clock.clone()).map_err(|e| refused(&e))?;
        horn.attach(station.horn_feed());
        Ok(Self { runtime, station, clock, horn, _demo: demo })
    }

    fn close(self) -> Exit {
        let Self { runtime, station, horn, .. } = self;
        drop(horn);
        let faults = station.stop();
        runtime.shutdown_background();
        if faults.is_empty() { Exit::Done } else { Exit::World }
    }
}

/// Every fault of a project as a line of the log.
pub(super) fn log_issues(issues: &[Issue], path: Option<&Path>) {
    let path = path.map_or_else(|| "demo".to_owned(), |p| p.display().to_string());
    for issue in issues {
        match issue.severity {
            Severity::Error => tracing::error!("{path}:{issue}"),
            Severity::Warning => tracing::warn!("{path}:{issue}"),
        }
    }
}

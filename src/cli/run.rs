//! `run`: acquires, alarms and records without a window until stopped.

use super::{Exit, live, metrics, open_project, open_runtime, parse_span, say, signals, trace};
use crate::drivers::demo::{self, Demo};
use crate::drivers::monitor::Monitor;
use crate::engine::Mode;
use crate::link::HornChoice;
use crate::project::{Issue, Severity};
use crate::runtime::clock::system_clock;
use crate::runtime::horn::Horn;
use crate::runtime::{Loaded, Station, StationConfig, WhenHeld, Wiring, load, local_actor, supervisor};
use crate::time::{Clock, Span};
use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;

/// `run`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  watchkeeper run projects/demo.toml --for 30s\n\nLogs to standard error; WATCHKEEPER_LOG=warn says less, debug more. SIGHUP reads the project again: without an error in it, it is put into force while the plant runs."
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
    /// Serve figures for Prometheus over HTTP at this address, such as 127.0.0.1:9100; a port alone is this computer's own
    #[arg(long, value_name = "ADDR", value_parser = metrics::parse_address)]
    pub metrics: Option<SocketAddr>,
    /// Write every byte of every connection to a file that Wireshark opens, up to 256 MiB
    #[arg(long, value_name = "FILE", conflicts_with = "demo")]
    pub trace: Option<PathBuf>,
}

/// How a project is watched without a screen.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// Stop by itself after this time.
    pub duration: Option<Span>,
    /// Sound no horn.
    pub silent: bool,
    /// Where figures are served.
    pub metrics: Option<SocketAddr>,
    /// Where every byte is written, too.
    pub trace: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &RunArguments) -> Exit {
    super::start_logging(super::USUAL_LOG);
    let RunArguments { project, duration, silent, metrics, trace, .. } = arguments;
    let watch_so = Watch { duration: *duration, silent: *silent, metrics: *metrics, trace: trace.clone() };
    watch(project.as_deref(), &watch_so)
}

/// Watches a project, or the demo plant, without a screen until asked to stop.
pub fn watch(project: Option<&Path>, how: &Watch) -> Exit {
    let horn = HornChoice { off: how.silent.then(|| "run with --silent".into()), player: None };
    let duration = how.duration;
    let traced = match trace::begin(how.trace.as_deref(), project.unwrap_or(Path::new(""))) {
        Ok(traced) => traced,
        Err(exit) => return exit,
    };
    let ended = Ground::open(project, WhenHeld::Refuse, traced.monitor(), horn).map(|mut ground| {
        let Ground { runtime, station, reload, .. } = &mut ground;
        if let Some(address) = how.metrics {
            match runtime.block_on(metrics::listen(address)) {
                Ok(listener) => drop(runtime.spawn(metrics::serve(listener, station.peek()))),
                Err(why) => {
                    say(&why);
                    ground.close();
                    return Exit::World;
                }
            }
        }
        let died = station.died();
        let asked = runtime.block_on(async {
            let ended = async {
                tokio::select! {
                    () = signals::stop_asked() => true,
                    () = signals::after(duration) => true,
                    () = died => false,
                }
            };
            tokio::pin!(ended);
            loop {
                tokio::select! {
                    ended = &mut ended => return ended,
                    // The terminal has closed: nobody watches it any more.
                    () = reload.next() => match project {
                        _ if io::stdin().is_terminal() => return true,
                        Some(path) => read_again(station, path),
                        None => tracing::warn!("asked to read the project again, and the demo plant has none"),
                    },
                }
            }
        });
        if !asked {
            say("the main loop ended unexpectedly; this is a fault of the program");
        }
        let exit = ground.close();
        if asked { exit } else { Exit::World }
    });
    traced.end();
    ended.unwrap_or_else(|exit| exit)
}

/// Puts the project's file into force as it is now, where it is without an error. What comes of it is logged; the version
/// before goes on where it is not taken.
fn read_again(station: &mut Station, path: &Path) {
    let shown = path.display();
    let kept = "the version in force goes on";
    let loaded = match load(path) {
        Ok(loaded) => loaded,
        Err(error) => return tracing::error!("not read again: {error}; {kept}"),
    };
    if loaded.fingerprint == station.fingerprint() {
        return tracing::info!("{shown} is the version that is in force");
    }
    let issues = loaded.faults();
    log_issues(&issues, Some(path));
    let errors = issues.iter().filter(|issue| issue.severity == Severity::Error).count();
    if errors > 0 {
        let plural = if errors == 1 { "" } else { "s" };
        return tracing::error!("{shown} is not put into force, for it has {errors} error{plural}, above; {kept}");
    }
    match station.deploy(&loaded, local_actor(), "read again, as asked by SIGHUP") {
        Ok(impact) => {
            tracing::info!("{shown} is in force as it is now");
            impact.words().iter().for_each(|line| tracing::info!("{line}"));
        }
        Err(why) => tracing::error!("{shown} is not put into force: {why}; {kept}"),
    }
}

/// Watches a project, or the demo plant, as a live table on the terminal until asked to stop.
pub fn watch_live(project: Option<&Path>) -> Exit {
    let ended = Ground::open(project, WhenHeld::Show, Monitor::default(), HornChoice::default()).map(|ground| {
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
    reload: signals::AskedToReload,
    /// Its devices, where it is the demo plant.
    _demo: Option<Demo>,
}

impl Ground {
    /// Starts a project, or the demo plant. What is at fault in it is logged, the rest runs. `Err` has told why not.
    fn open(project: Option<&Path>, when_held: WhenHeld, monitor: Monitor, horn: HornChoice) -> Result<Self, Exit> {
        let clock = system_clock();
        let runtime = open_runtime()?;
        // Before anything runs, so that no signal comes too early. A table on a terminal ends with that.
        let reload = match when_held {
            WhenHeld::Refuse => runtime.block_on(async { signals::AskedToReload::listen() }),
            WhenHeld::Show => signals::AskedToReload::default(),
        };
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
            tail_points: 0,
            client_id_suffix: None,
            actor: local_actor(),
            clock: clock.clone(),
        };
        let wiring = Wiring { monitor, ..Wiring::default() };
        let station = Station::start_wired(config, runtime.handle(), wiring).map_err(|e| refused(&e))?;
        log_issues(&station.about().issues, project);
        let (horn, _chosen_for_good) = Horn::start(horn, clock.clone()).map_err(|e| refused(&e))?;
        horn.attach(station.horn_feed());
        Ok(Self { runtime, station, clock, horn, reload, _demo: demo })
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

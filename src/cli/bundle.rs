//! `bundle`: one file for a colleague, made beside whoever records; and what is told of it.

use super::when::instant;
use super::{Exit, open_project, parse_span, say, signals};
use crate::historian::bundle::{Made, MakeError, Since, Wanted, Working, make};
use crate::runtime::Loaded;
use crate::text::visible;
use crate::time::Span;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

/// `bundle`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example:\n  watchkeeper bundle plant.toml --last 8h -o night.bundle.zip\n  watchkeeper night.bundle.zip                to look at it\n\nA time is RFC 3339 (2026-11-20T14:00:00Z), a date or a local time of the project (2026-11-20, 2026-11-20T14:00),\nnow, or how long ago (30m, 2h, 7d)."
)]
pub struct BundleArguments {
    /// Project file
    pub project: PathBuf,
    /// Write into this file, whole or not at all
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Samples and entries from this time on
    #[arg(long, value_name = "TIME", conflicts_with = "last")]
    pub from: Option<String>,
    /// Up to before this time; default: all that is recorded
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// Of so long before the end; default: 24h
    #[arg(long, value_name = "TIME", value_parser = parse_span)]
    pub last: Option<Span>,
    /// Replace a file that is there already
    #[arg(long)]
    pub force: bool,
}

/// How much, where nothing is said.
const USUAL: Span = Span::from_secs(24 * 3_600);

/// Between two pictures of how far it is.
const PICTURE_EVERY: Duration = Duration::from_millis(100);

/// How long a signal waits for the step under way.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs the command.
pub fn bundle(arguments: &BundleArguments) -> Exit {
    super::start_logging("warn");
    prepare(arguments).and_then(|job| job.run(arguments)).unwrap_or_else(|exit| exit)
}

/// All that was asked for, looked up.
struct Job {
    loaded: Loaded,
    since: Since,
    to: Option<crate::time::Utc>,
}

fn prepare(arguments: &BundleArguments) -> Result<Job, Exit> {
    let loaded = open_project(&arguments.project)?;
    let (zone, now) = (loaded.project.time_zone.as_deref(), loaded.now());
    let time = |text: &Option<String>| {
        instant(text.as_deref(), zone, now).map_err(|why| {
            say(&why);
            Exit::Call
        })
    };
    let (from, to) = (time(&arguments.from)?, time(&arguments.to)?);
    if let Some((from, to)) = from.zip(to).filter(|(from, to)| from >= to) {
        say(&format!("--from {} is not before --to {}", from.to_rfc3339_exact(), to.to_rfc3339_exact()));
        return Err(Exit::Call);
    }
    let since = from.map_or_else(|| Since::Last(arguments.last.unwrap_or(USUAL)), Since::Time);
    Ok(Job { loaded, since, to })
}

impl Job {
    /// Works on a thread of its own, so that a signal ends it between two steps, and nothing is left of it.
    fn run(self, arguments: &BundleArguments) -> Result<Exit, Exit> {
        let runtime = super::open_runtime()?;
        let working = Arc::new(Working::default());
        let (end, mut ended) = oneshot::channel();
        let (output, force, seen) = (arguments.output.clone(), arguments.force, working.clone());
        let work = move || {
            // Nobody waits for it after a signal and some patience.
            let _unheard = end.send(self.make(&output, force, &seen));
        };
        let started = thread::Builder::new().name("bundle".to_owned()).spawn(work);
        if let Err(error) = started {
            say(&format!("could not start: {error}"));
            return Err(Exit::World);
        }
        let shown = io::stderr().is_terminal();
        let done = runtime.block_on(async {
            let stop = signals::stop_asked();
            tokio::pin!(stop);
            loop {
                tokio::select! {
                    done = &mut ended => return done.ok(),
                    () = &mut stop => break,
                    () = tokio::time::sleep(PICTURE_EVERY), if shown => {
                        let _unseen = write!(io::stderr(), "\r{}\x1b[K", line(&working));
                    }
                }
            }
            working.stop.store(true, Ordering::Relaxed);
            tokio::time::timeout(PATIENCE, ended).await.ok()?.ok()
        });
        runtime.shutdown_background();
        if shown {
            let _unseen = write!(io::stderr(), "\r\x1b[K");
        }
        Ok(match done {
            Some(Ok(made)) => tell(&made, arguments),
            Some(Err(error)) => {
                let mend = if matches!(error, MakeError::There(_)) { ", or write --force to replace it" } else { "" };
                say(&format!("{error}{mend}"));
                exit_of(&error)
            }
            None => {
                say(&MakeError::Stopped.to_string());
                Exit::Done
            }
        })
    }

    fn make(&self, output: &std::path::Path, replace: bool, working: &Working) -> Result<Made, MakeError> {
        let Loaded { project, issues, text, .. } = &self.loaded;
        let name = project.path.as_deref().and_then(|path| path.file_name());
        let wanted = Wanted {
            text,
            project,
            issues,
            name: &name.unwrap_or_default().to_string_lossy(),
            data_folder: &project.data_folder().unwrap_or_default(),
            since: self.since,
            to: self.to,
            output,
            replace,
            now: self.loaded.now(),
        };
        make(&wanted, working)
    }
}

fn exit_of(error: &MakeError) -> Exit {
    match error {
        MakeError::Stopped => Exit::Done,
        MakeError::Asked(_) | MakeError::There(_) => Exit::Call,
        MakeError::Secret(_) => Exit::Project,
        MakeError::Nothing(_) | MakeError::File(_) | MakeError::Disk { .. } => Exit::World,
    }
}

/// Says what is in it, and what is not.
fn tell(made: &Made, arguments: &BundleArguments) -> Exit {
    let Made { manifest, bytes, damaged } = made;
    for left in &manifest.left_out {
        say(&format!("left out: {} ({})", visible(&left.file), left.why));
    }
    let (samples, tags, entries) = (manifest.samples, manifest.tags, manifest.entries);
    say(&format!(
        "{samples} samples of {tags} tags and {entries} journal entries, {} to {}, are in {} ({} kB)",
        manifest.from,
        manifest.to,
        visible(&arguments.output.display().to_string()),
        bytes.div_ceil(1_000),
    ));
    if *damaged > 0 {
        say(&format!("{damaged} parts of the history are damaged; each is told as a gap, bad:damaged"));
        return Exit::World;
    }
    Exit::Done
}

fn line(working: &Working) -> String {
    let count = |number: &std::sync::atomic::AtomicU64| number.load(Ordering::Relaxed);
    format!("tag {} of {}, {} samples", count(&working.tags), count(&working.of), count(&working.samples))
}

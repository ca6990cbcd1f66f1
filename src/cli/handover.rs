//! `handover`: what the next shift has to know, as one page of HTML that prints well.

use super::journal::open_reader;
use super::when::instant;
use super::{Exit, end_of_output, open_recorded, say};
use crate::engine::handover::{Heading, html};
use crate::engine::shift::on_duty;
use crate::engine::{Generation, Mode, Plan};
use crate::historian::history::query::grid::zone_named;
use crate::time::Span;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

/// Since when, where the project has no shifts.
const EIGHT_HOURS: Span = Span::from_secs(8 * 3_600);

/// `handover`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  watchkeeper handover plant.toml --by \"Anna\" --to \"Bert\" -o handover.html\n\nA time is RFC 3339 (2026-11-20T14:00:00Z), a date or a local time of the project (2026-11-20, 2026-11-20T14:00),\nor how long ago (30m, 2h, 7d)."
)]
pub struct HandoverArguments {
    /// Project file, or a bundle
    pub project: PathBuf,
    /// What happened from this time on; default: since the present shift began, or for eight hours without shifts
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Who hands over; default: a line to be filled in
    #[arg(long, value_name = "NAME", default_value = "")]
    pub by: String,
    /// To whom; default: a line to be filled in
    #[arg(long, value_name = "NAME", default_value = "")]
    pub to: String,
    /// Write into this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Runs the command.
pub fn handover(arguments: &HandoverArguments) -> Exit {
    super::start_logging("warn");
    let loaded = match open_recorded(&arguments.project) {
        Ok(loaded) => loaded.with_members(),
        Err(exit) => return exit,
    };
    let zone_name = loaded.project.time_zone.as_deref();
    let zone = zone_named(zone_name);
    let now = loaded.now();
    let duty = on_duty(&loaded.project.shifts, now, &zone);
    let since = match instant(arguments.since.as_deref(), zone_name, now) {
        Ok(Some(since)) => since,
        Ok(None) => duty.as_ref().map_or(now + Span(-EIGHT_HOURS.0), |duty| duty.began),
        Err(why) => {
            say(&why);
            return Exit::Call;
        }
    };
    let reader = match open_reader(&loaded) {
        Ok(reader) => reader,
        Err(exit) => return exit,
    };
    let (plan, _) = Plan::compile(loaded.project.clone(), Generation(1), Mode::Live);
    let handover = match reader.handover(since, now, &plan, &AtomicBool::new(false)) {
        Ok(handover) => handover.unwrap_or_default(),
        Err(error) => {
            say(&error.to_string());
            return Exit::World;
        }
    };
    let heading = Heading {
        plant: loaded.project.name.clone(),
        mark: None,
        shift: duty.map(|duty| duty.name),
        from: arguments.by.clone(),
        to: arguments.to.clone(),
    };
    let page = html(&handover, &heading, &zone);
    match &arguments.output {
        Some(path) => match std::fs::write(path, page) {
            Ok(()) => Exit::Done,
            Err(error) => {
                say(&format!("could not write {}: {error}", path.display()));
                Exit::World
            }
        },
        None => {
            let mut out = io::stdout().lock();
            out.write_all(page.as_bytes())
                .and_then(|()| out.flush())
                .map_or_else(|error| end_of_output(&error), |()| Exit::Done)
        }
    }
}

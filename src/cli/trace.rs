//! `--trace FILE.pcap`, of the commands that have it.

use super::{Exit, say};
use crate::drivers::monitor::Monitor;
use crate::drivers::trace::{Trace, TraceFile};
use std::path::Path;

/// A trace that may have been asked for.
#[derive(Debug, Default)]
pub(super) struct Traced {
    under_way: Option<(Trace, TraceFile)>,
}

/// Begins the file; one that is there is written over, but never the project.
pub(super) fn begin(path: Option<&Path>, project: &Path) -> Result<Traced, Exit> {
    let Some(path) = path else { return Ok(Traced::default()) };
    let same = |a: &Path, b: &Path| a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b);
    if same(path, project) {
        say("--trace names the project itself; name another file");
        return Err(Exit::Call);
    }
    match Trace::create(path) {
        Ok(under_way) => Ok(Traced { under_way: Some(under_way) }),
        Err(why) => {
            say(&format!("--trace {}: {why}", path.display()));
            Err(Exit::World)
        }
    }
}

impl Traced {
    /// What the drivers tell.
    pub(super) fn monitor(&self) -> Monitor {
        self.under_way.as_ref().map_or_else(Monitor::default, |(trace, _)| Monitor::tracing(trace.clone()))
    }

    /// Writes what is left.
    pub(super) fn end(self) {
        let Some((trace, file)) = self.under_way else { return };
        drop(trace);
        match file.finish() {
            0 => {}
            dropped => say(&format!("--trace: the disk was too slow for {dropped} records: there are gaps")),
        }
    }
}

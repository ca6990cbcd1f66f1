//! `export --format scenario`: a stretch of the past, for `rehearse`.

use super::output::Output;
use super::{Exit, ExportArguments, ExportFormat, Failed, Job, STOPPED, say};
use crate::historian::export::scenario::{ScenarioError, Stretch, scenario};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64};

/// Whether a scenario is asked for: in words, or by the name of the file.
pub fn is_wanted(arguments: &ExportArguments) -> bool {
    let by_name = || {
        let name = arguments.output.as_deref().and_then(|path| path.file_name());
        name.is_some_and(|name| name.to_string_lossy().to_lowercase().ends_with(".rehearsal.csv"))
    };
    arguments.format.map_or_else(by_name, |format| format == ExportFormat::Scenario)
}

impl Job {
    /// All of it in memory, for its lines are in order of time and not of tags; it has a greatest size.
    pub(super) fn write_scenario(
        &self,
        arguments: &ExportArguments,
        mut output: Output,
        stop: &AtomicBool,
    ) -> Result<Exit, Failed> {
        let stretch = Stretch { project: &self.loaded.project, tags: &arguments.tags, range: self.range.clone() };
        let made = match scenario(&self.reader, &stretch, stop, &AtomicU64::new(0)) {
            Ok(made) => made,
            Err(ScenarioError::Stopped) => {
                say(STOPPED);
                return Ok(Exit::Done);
            }
            Err(ScenarioError::Read(error)) => return Err(Failed::Read(error)),
            Err(error @ ScenarioError::Nothing) => {
                say(&error.to_string());
                return Ok(Exit::World);
            }
            Err(error) => return Err(Failed::Asked(error.to_string())),
        };
        output.write_all(made.text.as_bytes())?;
        output.keep()?;
        if let Some(path) = &arguments.output {
            let (lines, tags) = (made.lines, made.tags);
            say(&format!("{lines} lines of {tags} tags, over {}, are in {}", made.lasts, path.display()));
        }
        if made.damaged > 0 {
            say(&format!("{} parts of the history are damaged; each is told as a gap, bad:damaged", made.damaged));
            return Ok(Exit::World);
        }
        Ok(Exit::Done)
    }
}

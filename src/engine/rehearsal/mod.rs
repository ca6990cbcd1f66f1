//! A scenario, played through the engine in virtual time: at once, or before an audience.
//!
//! Lines of one instant are played in the file's order. Deadlines that fall on an instant come after its inputs, and
//! before an expectation that follows. `set` holds: the device is taken to go on answering with that value until `stop`.
//!
//! Invariant: played at once or by a [`Player`], at whatever speed and with whatever pauses, a scenario makes the same journal.

mod player;
mod scenario;
mod stage;
#[cfg(test)]
mod tests;

pub use player::{Control, Course, Judged, Player, Standing};
pub use scenario::{Fault, Line, lines};

use super::{EngineOptions, Entry};
use crate::project::Project;
use stage::Stage;
use std::sync::Arc;

/// Most journal lines kept of one rehearsal; a scenario that makes more is at fault.
const MOST_ENTRIES: u64 = 1_000_000;

/// What a rehearsal came to.
#[derive(Debug)]
pub struct Rehearsal {
    /// The journal, in order.
    pub journal: Vec<Entry>,
    /// The first expectation that did not hold, or fault of the scenario: its line and what is wrong.
    pub fault: Option<Fault>,
}

/// Plays a scenario at once.
pub fn play(project: Project, scenario: &str) -> Rehearsal {
    let mut stage = Stage::new(Arc::new(project), EngineOptions::default());
    let fault = lines(scenario).and_then(|lines| run(&mut stage, &lines)).err();
    Rehearsal { journal: stage.journal, fault }
}

fn run(stage: &mut Stage, lines: &[Line]) -> Result<(), Fault> {
    for line in lines {
        let told = |message| (line.number, message);
        let then = stage.time_of(line).map_err(told)?;
        // All of it: nobody waits.
        let mut left = usize::MAX;
        stage.reach(then, &mut left);
        stage.play(line).map_err(told)?;
        if stage.entries > MOST_ENTRIES {
            return Err(told(too_many(MOST_ENTRIES)));
        }
    }
    stage.settle();
    Ok(())
}

fn too_many(most: u64) -> String {
    format!("more than {most} journal entries")
}

/// A journal as JSON Lines.
pub fn json_lines(journal: &[Entry]) -> String {
    journal.iter().flat_map(|entry| [entry.json_line(None), "\n".to_owned()]).collect()
}

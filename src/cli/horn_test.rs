//! `horn-test`: the horn's sounds, played once each, so that a room knows them and knows that they can be heard.

use super::{Exit, end_of_output, open_runtime};
use crate::runtime::horn;
use std::io::{self, Write as _};

/// `horn-test`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  watchkeeper horn-test")]
pub struct HornTestArguments {
    /// Program that plays, with its arguments; {} stands for the file; default: the first of those that the system brings along
    #[arg(long, value_name = "COMMAND")]
    pub player: Option<String>,
}

/// Runs the command.
pub fn horn_test(arguments: &HornTestArguments) -> Exit {
    let runtime = match open_runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    let (mut silent, mut refused) = (false, None);
    runtime.block_on(horn::play_all(arguments.player.as_deref(), |sound, how| {
        let line = match how {
            Ok(player) => format!("{sound}: played by {player}"),
            Err(why) => {
                silent = true;
                format!("{sound}: cannot be heard: {why}")
            }
        };
        refused = refused.take().or(writeln!(io::stdout(), "{line}").err());
    }));
    match refused {
        Some(error) => end_of_output(&error),
        None if silent => Exit::World,
        None => Exit::Done,
    }
}

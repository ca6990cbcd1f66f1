//! `watchkeeper schema`: the JSON Schema of the project file, for editors that complete and check TOML.

use super::{Exit, end_of_output};
use std::io::{self, Write as _};

/// Made of the reader's list of keys and of docs/project-file.md by a test, which fails where it is older than they.
const SCHEMA: &str = include_str!("../../assets/watchkeeper.schema.json");

/// `schema`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  watchkeeper schema > watchkeeper.schema.json\n\nThen, as the first line of a project: #:schema ./watchkeeper.schema.json"
)]
pub struct SchemaArguments {}

/// Prints the schema.
pub fn schema(_arguments: &SchemaArguments) -> Exit {
    match io::stdout().write_all(SCHEMA.as_bytes()) {
        Ok(()) => Exit::Done,
        Err(error) => end_of_output(&error),
    }
}

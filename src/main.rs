//! Arguments, logging, wiring.
use clap::Parser as _;
use std::process::ExitCode;
use watchkeeper::cli::{self, Arguments};

fn main() -> ExitCode {
    let Arguments { project, window: _, command } = Arguments::parse();
    if let Some(command) = command {
        return cli::carry_out(command).into();
    }
    cli::start_logging("warn,watchkeeper=info");
    cli::without_window("this build has no window", project.as_deref()).into()
}

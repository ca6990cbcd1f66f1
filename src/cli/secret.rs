//! `watchkeeper secret`: sets, lists and removes what a project names as a secret. A value never stands on a command line,
//! where every user of the computer could read it, and is never printed.

use super::{Exit, end_of_output, say};
use crate::secrets::{LONGEST_BYTES, Place, Places, Secret, environment_variable};
use clap::{Args, Subcommand};
use std::io::{self, IsTerminal as _, Read as _, Write as _};

/// `secret`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  watchkeeper secret set site-broker\n\nA project then has: password = { secret = \"site-broker\" }"
)]
pub struct SecretArguments {
    /// What to do.
    #[command(subcommand)]
    pub act: SecretAct,
}

/// What can be done with secrets.
#[derive(Debug, Subcommand)]
pub enum SecretAct {
    /// Keep a secret: asks for it on a terminal, without showing it, or reads standard input
    Set {
        /// As the project has it: letters, digits, - and _
        name: String,
        /// Keep it in a file that only you can read, also where there is a key store
        #[arg(long)]
        file: bool,
    },
    /// Names of the secrets that are kept, and where
    List,
    /// Forget a secret
    Remove {
        /// Which
        name: String,
    },
}

/// Carries it out.
pub fn secret(arguments: &SecretArguments) -> Exit {
    let places = Places::of_this_user();
    match &arguments.act {
        SecretAct::Set { name, file } => set(&places, name, *file),
        SecretAct::List => list(&places, &mut io::stdout().lock()),
        SecretAct::Remove { name } => remove(&places, name),
    }
}

fn set(places: &Places, name: &str, file_only: bool) -> Exit {
    let secret = match read_value(name) {
        Ok(secret) => secret,
        Err((why, exit)) => {
            say(&why);
            return exit;
        }
    };
    match places.set(name, &secret, file_only) {
        Ok((place, why)) => {
            let why = why.map(|why| format!(" (not in the key store: {why})")).unwrap_or_default();
            say(&format!("{name} is kept in {}{why}", where_it_is(places, name, place)));
            warn_of_environment(places, name);
            Exit::Done
        }
        Err(why) => {
            say(&why);
            if why.starts_with("the name of a secret") { Exit::Call } else { Exit::World }
        }
    }
}

fn where_it_is(places: &Places, name: &str, place: Place) -> String {
    match (place, &places.folder) {
        (Place::File, Some(folder)) => format!("the file {}", folder.join(name).display()),
        (place, _) => format!("the {place}"),
    }
}

fn warn_of_environment(places: &Places, name: &str) {
    let variable = environment_variable(name);
    if (places.environment)(&variable).is_some() {
        say(&format!("note: {variable} is set here, and where it is, it is taken instead"));
    }
}

fn list(places: &Places, out: &mut dyn io::Write) -> Exit {
    let (kept, untold) = match places.list() {
        Ok(told) => told,
        Err(why) => {
            say(&why);
            return Exit::World;
        }
    };
    let width = kept.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let printed = kept.iter().try_for_each(|(name, place)| writeln!(out, "{name:width$}  {place}"));
    if let Err(error) = printed.and_then(|()| out.flush()) {
        return end_of_output(&error);
    }
    if let Some(why) = untold {
        say(&format!("the key store was not asked: {why}"));
    }
    Exit::Done
}

fn remove(places: &Places, name: &str) -> Exit {
    match places.remove(name) {
        Ok(from) if from.is_empty() => {
            say(&format!("there is no secret {name}; \"watchkeeper secret list\" tells which there are"));
            Exit::Call
        }
        Ok(from) => {
            let from: Vec<String> = from.iter().map(|place| format!("the {place}")).collect();
            say(&format!("{name} is removed from {}", from.join(" and ")));
            warn_of_environment(places, name);
            Exit::Done
        }
        Err(why) => {
            say(&why);
            if why.starts_with("the name of a secret") { Exit::Call } else { Exit::World }
        }
    }
}

/// The value, from a person or a pipe.
fn read_value(name: &str) -> Result<Secret, (String, Exit)> {
    let told = |why: &str| (format!("the secret {why}; nothing is kept"), Exit::Call);
    let failed = |error: io::Error| (format!("the secret could not be read: {error}; nothing is kept"), Exit::World);
    if !io::stdin().is_terminal() {
        let mut bytes = Vec::new();
        io::stdin().lock().take(LONGEST_BYTES as u64 + 3).read_to_end(&mut bytes).map_err(failed)?;
        return Secret::from_bytes(bytes).map_err(told);
    }
    let first = ask(&format!("{name}: ")).map_err(failed)?;
    let again = ask("the same again: ").map_err(failed)?;
    if first != again {
        return Err(told("was written in two ways"));
    }
    Secret::from_bytes(first).map_err(told)
}

/// A line of the terminal, which does not show it.
#[cfg(unix)]
fn ask(prompt: &str) -> io::Result<Vec<u8>> {
    use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

    /// Shows again what is written, however this ends.
    struct Shown(Termios);

    impl Drop for Shown {
        fn drop(&mut self) {
            let _terminal_is_gone = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0);
        }
    }

    let before = tcgetattr(io::stdin())?;
    let mut hidden = before.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    hidden.local_modes.insert(LocalModes::ECHONL);
    let shown = Shown(before);
    tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
    let mut error = io::stderr().lock();
    write!(error, "{prompt}")?;
    error.flush()?;
    let mut line = Vec::new();
    // Byte by byte: what is written behind the line's end belongs to whoever reads next.
    for byte in io::stdin().lock().take(LONGEST_BYTES as u64 + 3).bytes() {
        let byte = byte?;
        line.push(byte);
        if byte == b'\n' {
            break;
        }
    }
    drop(shown);
    Ok(line)
}

/// There is no way here to keep a terminal from showing what is written that the program could be sure of.
#[cfg(not(unix))]
fn ask(_prompt: &str) -> io::Result<Vec<u8>> {
    Err(io::Error::other("this system's terminal would show it; give it by a pipe, from a file or a password manager"))
}

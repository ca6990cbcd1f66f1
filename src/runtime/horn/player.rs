//! Programs that play a sound: which there are on this computer, and one of them at work as a child process.
//!
//! Invariant: no player outlives its sound by more than [`GRACE`]; what hangs is killed with all that it started.

use crate::text;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::process::{ChildStderr, Command};
use tokio::task::JoinHandle;
use tokio::time::{Sleep, sleep, timeout};

/// A sound must begin within this (alarms.md). No player tells when it begins, so it must have ended this long after its
/// length: only then did it begin in time.
pub const GRACE: Duration = Duration::from_secs(2);

/// How long a killed player may take to be gone, and the rest of its words to arrive.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Most bytes kept of what a player says; the rest is read and dropped, so that it never waits for us.
const WORDS_BYTES: usize = 4_096;

/// Most characters of it that are told.
const WORDS_CHARS: usize = 200;

/// Where the file's name is put into a command that somebody wrote.
const PLACE: &str = "{}";

/// The variable that names a player: for kiosks and tests, before what the settings say.
const VARIABLE: &str = "WATCHKEEPER_PLAYER";

/// What systems bring along, with the words before the file; the first that can play is taken.
#[cfg(not(any(windows, target_os = "macos")))]
const KNOWN: [(&str, &[&str]); 3] = [("pw-play", &[]), ("paplay", &[]), ("aplay", &["-q"])];
#[cfg(target_os = "macos")]
const KNOWN: [(&str, &[&str]); 1] = [("afplay", &[])];
/// The file comes in by a variable, so that no name can end the quotes of a script.
#[cfg(windows)]
const KNOWN: [(&str, &[&str]); 1] = [(
    "powershell.exe",
    &[
        "-NoProfile",
        "-NonInteractive",
        "-Command",
        "$ErrorActionPreference = 'Stop'; (New-Object System.Media.SoundPlayer $env:WATCHKEEPER_SOUND).PlaySync()",
    ],
)];

/// What would help where no player is found.
#[cfg(not(any(windows, target_os = "macos")))]
const MEND: &str = "on Debian: apt-get install pipewire-bin, pulseaudio-utils or alsa-utils";
#[cfg(any(windows, target_os = "macos"))]
const MEND: &str = "name one in the settings";

/// A program that plays a sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Player {
    /// As people call it: `aplay`.
    pub name: String,
    program: PathBuf,
    /// With [`PLACE`] where the file is wanted; without one it stands last.
    arguments: Vec<String>,
    /// The file is told by the variable alone.
    by_variable: bool,
}

/// The players to try, in order: the one that [`VARIABLE`] names, else the one that was chosen, else what is found.
///
/// # Errors
/// Why there is none, in words with a mend.
pub fn find(chosen: Option<&str>) -> Result<Vec<Player>, String> {
    let named = std::env::var(VARIABLE).ok().filter(|named| !named.trim().is_empty());
    find_on(&path(), named.as_deref().or(chosen))
}

/// The player that this command names, whatever [`VARIABLE`] says.
///
/// # Errors
/// Why it cannot be used, in words.
pub fn find_this(command: &str) -> Result<Vec<Player>, String> {
    find_on(&path(), Some(command))
}

fn path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

fn find_on(path: &OsStr, named: Option<&str>) -> Result<Vec<Player>, String> {
    if let Some(named) = named.map(str::trim).filter(|named| !named.is_empty()) {
        let mut words = words(named)?.into_iter();
        let program = words.next().ok_or("the player that was named has no name")?;
        let found = if Path::new(&program).components().count() > 1 {
            Some(PathBuf::from(&program)).filter(|program| can_run(program))
        } else {
            on_path(path, &program)
        };
        let found = found.ok_or_else(|| format!("the player \"{}\" was not found", text::visible(&program)))?;
        let name = Path::new(&program).file_stem().unwrap_or_default().to_string_lossy();
        let name = text::visible(&name).into_owned();
        return Ok(vec![Player { name, program: found, arguments: words.collect(), by_variable: false }]);
    }
    let known = KNOWN.iter().filter_map(|(name, arguments)| {
        let program = on_path(path, name)?;
        let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
        let name = name.trim_end_matches(".exe").to_owned();
        Some(Player { name, program, arguments, by_variable: cfg!(windows) })
    });
    let known: Vec<Player> = known.collect();
    if known.is_empty() {
        let names: Vec<&str> = KNOWN.iter().map(|(name, _)| *name).collect();
        return Err(format!("no program that plays sounds was found ({}); {MEND}", names.join(", ")));
    }
    Ok(known)
}

/// Words of a command, separated by spaces; between double quotes a space is a character like any other.
fn words(command: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    for c in command.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            c if c.is_whitespace() && !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    if quoted {
        return Err("the command of the player has a quote that is not closed".to_owned());
    }
    words.extend(word);
    Ok(words)
}

fn on_path(path: &OsStr, program: &str) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(program)).find(|found| can_run(found))
}

fn can_run(program: &Path) -> bool {
    let Ok(found) = std::fs::metadata(program) else { return false };
    #[cfg(unix)]
    let may = std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let may = true;
    found.is_file() && may
}

/// A player at work. Dropped, it is killed.
#[derive(Debug)]
pub struct Playing {
    name: String,
    child: tokio::process::Child,
    bound: Duration,
    /// Runs from the start, however often somebody begins to wait.
    late: Pin<Box<Sleep>>,
    words: Option<JoinHandle<Vec<u8>>>,
}

impl Player {
    /// Begins to play a file that sounds for `length`. Inside of a runtime.
    ///
    /// # Errors
    /// Why it could not be started, in words.
    pub fn start(&self, file: &Path, length: Duration) -> Result<Playing, String> {
        let mut command = Command::new(&self.program);
        command.args(self.arguments(file)).env("WATCHKEEPER_SOUND", file);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        // A group of its own, so that what it starts can be ended with it.
        #[cfg(unix)]
        command.process_group(0);
        // No black box that opens for every sound.
        #[cfg(windows)]
        command.creation_flags(0x0800_0000);
        let mut child = command.spawn().map_err(|error| format!("{} could not be started: {error}", self.name))?;
        let words = child.stderr.take().map(|pipe| tokio::spawn(listen(pipe)));
        let bound = length + GRACE;
        Ok(Playing { name: self.name.clone(), child, bound, late: Box::pin(sleep(bound)), words })
    }

    fn arguments(&self, file: &Path) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        let mut placed = self.by_variable;
        for word in &self.arguments {
            if word == PLACE {
                placed = true;
                arguments.push(file.into());
            } else {
                arguments.push(word.into());
            }
        }
        if !placed {
            arguments.push(file.into());
        }
        arguments
    }
}

impl Playing {
    /// Which player.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Waits until the sound was played. Can be given up at any await.
    ///
    /// # Errors
    /// Why it cannot have been heard, in words.
    pub async fn ended(&mut self) -> Result<(), String> {
        let ended = tokio::select! {
            biased;
            ended = self.child.wait() => Some(ended),
            () = &mut self.late => None,
        };
        match ended {
            Some(Ok(status)) if status.success() => Ok(()),
            Some(Ok(status)) => {
                let words = self.last_words(status).await;
                Err(format!("{}: {words}", self.name))
            }
            Some(Err(error)) => Err(format!("{}: {error}", self.name)),
            None => {
                self.kill().await;
                let seconds = self.bound.as_secs_f64();
                Err(format!("{} did not end within {seconds:.1} s, and was stopped", self.name))
            }
        }
    }

    /// Ends it in the middle.
    pub async fn stop(mut self) {
        self.kill().await;
    }

    async fn kill(&mut self) {
        self.end_group();
        // It is gone at once; what the system holds fast is left to it, and waited for behind our back.
        let _gone = timeout(LAST_WORDS, self.child.wait()).await;
    }

    /// Sends the end to the player and all that it started.
    fn end_group(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.child.id().and_then(|id| rustix::process::Pid::from_raw(id as i32)) {
            let _ended_by_itself = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ended_by_itself = self.child.start_kill();
    }

    /// What it said before it failed.
    async fn last_words(&mut self, status: ExitStatus) -> String {
        let heard = match &mut self.words {
            // What it started may hold the pipe open.
            Some(words) => timeout(LAST_WORDS, words).await.ok().and_then(Result::ok).unwrap_or_default(),
            None => Vec::new(),
        };
        self.words = None;
        telling_line(&String::from_utf8_lossy(&heard)).unwrap_or_else(|| format!("ended with {status}"))
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        self.end_group();
        if let Some(words) = &self.words {
            words.abort();
        }
    }
}

/// Reads what a player says to its end.
async fn listen(mut pipe: ChildStderr) -> Vec<u8> {
    let (mut heard, mut part) = (Vec::new(), [0; 512]);
    while let Ok(count @ 1..) = pipe.read(&mut part).await {
        let room = WORDS_BYTES - heard.len();
        heard.extend_from_slice(&part[..count.min(room)]);
    }
    heard
}

/// The line that says most: of sound systems the last, of a script on Windows the first.
fn telling_line(words: &str) -> Option<String> {
    let mut lines = words.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = if cfg!(windows) { lines.next() } else { lines.next_back() }?;
    let line = text::visible(line);
    let (shown, more) = text::bounded(&line, WORDS_CHARS);
    Some(if more > 0 { format!("{shown}…") } else { shown.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_its_words_its_quotes_and_the_place_of_the_file() {
        assert_eq!(words(r#" play  "a b" -v"1 2" "" "#).unwrap(), ["play", "a b", "-v1 2", ""]);
        assert_eq!(words("").unwrap(), [""; 0]);
        assert!(words("play \"a").unwrap_err().contains("quote"));
        let player = |arguments: &[&str]| Player {
            name: String::new(),
            program: PathBuf::new(),
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
            by_variable: false,
        };
        let file = Path::new("/a b/c.wav");
        assert_eq!(player(&["-q"]).arguments(file), ["-q", "/a b/c.wav"]);
        assert_eq!(player(&["-i", "{}", "-l"]).arguments(file), ["-i", "/a b/c.wav", "-l"]);
    }

    #[test]
    fn a_player_that_is_not_there_is_told_with_a_mend() {
        let why = find_on(OsStr::new("/no/such/folder"), None).unwrap_err();
        assert!(why.starts_with("no program that plays sounds was found ("), "{why}");
        let why = find_on(OsStr::new("/no/such/folder"), Some("blow --loud")).unwrap_err();
        assert_eq!(why, "the player \"blow\" was not found");
        assert!(find_on(OsStr::new(""), Some("/no/such/blow")).unwrap_err().contains("/no/such/blow"));
    }

    #[test]
    #[cfg(all(unix, not(target_os = "macos")))]
    fn players_are_found_in_the_order_of_their_worth_and_only_what_can_run() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        for (name, mode) in [("aplay", 0o755), ("pw-play", 0o755), ("paplay", 0o644), ("my horn", 0o755)] {
            let path = folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let names = |named| find_on(folder.path().as_os_str(), named).map(|p| p.into_iter().map(|p| p.name).collect());
        assert_eq!(names(None), Ok(vec!["pw-play".to_owned(), "aplay".to_owned()]));
        assert_eq!(names(Some("  ")), names(None), "nothing is named by spaces");
        assert_eq!(names(Some("\"my horn\" -1")), Ok(vec!["my horn".to_owned()]));
        let path = folder.path().join("aplay").to_string_lossy().into_owned();
        assert_eq!(names(Some(&format!("{path} -D default"))), Ok(vec!["aplay".to_owned()]));
    }

    #[test]
    fn the_telling_line_of_many_words_is_short_and_seen() {
        let said = "ALSA lib confmisc.c:855: cannot find card '0'\naplay: main:831: audio open error: No such file\n\n";
        let told = "aplay: main:831: audio open error: No such file";
        assert_eq!(
            telling_line(said).as_deref(),
            if cfg!(windows) { telling_line(said) } else { Some(told.into()) }.as_deref()
        );
        assert_eq!(telling_line("a\u{1b}[2Jb").as_deref(), Some("a\\u{1B}[2Jb"));
        assert_eq!(telling_line(" \n"), None);
        assert_eq!(telling_line(&"ä".repeat(1_000)).unwrap().chars().count(), WORDS_CHARS + 1);
    }
}

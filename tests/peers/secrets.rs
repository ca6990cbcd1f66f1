//! Secrets against a real key store (GNOME's keyring on a bus of its own), a real terminal and mosquitto: they sign in, and are
//! nowhere to be read.

use crate::mqtt::{Broker, missing, program};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_watchkeeper");
const PASSWORD: &str = "Correct-Horse-Battery-9";
/// The same as base64 has it, whatever stands before it: one of these three.
const ENCODED: [&str; 3] =
    ["Q29ycmVjdC1Ib3JzZS1CYXR0ZXJ5L", "NvcnJlY3QtSG9yc2UtQmF0dGVyeS", "Db3JyZWN0LUhvcnNlLUJhdHRlcnkt"];

/// A user's home of this test alone.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        for name in ["run", "plant"] {
            std::fs::create_dir(home.path(name)).unwrap();
        }
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(home.path("run"), private).unwrap();
        std::fs::write(home.path("password"), format!("{PASSWORD}\n")).unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path("plant")).stdin(Stdio::null());
        command
            .env("HOME", self.folder.path())
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("WATCHKEEPER_LOG", "trace");
        for name in
            ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "DBUS_SESSION_BUS_ADDRESS", "WATCHKEEPER_SECRET_SITE", "DISPLAY"]
        {
            command.env_remove(name);
        }
        command
    }

    /// Runs lines of a shell, `$W` being the program.
    fn shell(&self, lines: &str) -> Output {
        let mut shell = self.command("sh");
        shell.env("W", PROGRAM).args(["-ec", lines]);
        shell.output().unwrap()
    }

    /// The same in a session with a key store that is open.
    fn session(&self, lines: &str) -> Output {
        let unlock = "printf lock | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1";
        let mut shell = self.command("dbus-run-session");
        shell.env("W", PROGRAM).args(["--", "sh", "-ec", &format!("{unlock}\n{lines}")]);
        shell.output().unwrap_or_else(|e| missing("dbus-run-session", &e))
    }

    /// A project that signs in to this broker.
    fn project(&self, broker: &Broker) {
        let device = "user = \"control-room\"\npassword = { secret = \"site\" }";
        let tag = "[[tag]]\nname = \"a\"\ndevice = \"site\"\ntopic = \"a\"\n";
        let text = format!("watchkeeper = 1\n{}", broker.project(device, tag));
        std::fs::write(self.path("plant/plant.toml"), text).unwrap();
    }

    /// Every file below the home that holds the password, but those that are to.
    fn leaks(&self, but: &[&str]) -> Vec<PathBuf> {
        let (mut folders, mut found, mut looked) = (vec![self.folder.path().to_owned()], Vec::new(), 0);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() && !but.iter().any(|name| self.path(name) == entry.path()) {
                    looked += 1;
                    if tells(&std::fs::read(entry.path()).unwrap()) {
                        found.push(entry.path());
                    }
                }
            }
        }
        assert!(looked >= 3, "the run wrote its project, its journal and its history: {looked}");
        found
    }
}

/// Whether the password is in it, as it is or encoded.
fn tells(bytes: &[u8]) -> bool {
    let holds = |what: &str| bytes.windows(what.len()).any(|part| part == what.as_bytes());
    holds(PASSWORD) || ENCODED.iter().any(|part| holds(part))
}

fn signed_in(folder: &Path) -> Broker {
    let file = folder.join("mosquitto.passwords");
    let made = program("mosquitto_passwd").args(["-b", "-c"]).arg(&file).args(["control-room", PASSWORD]).status();
    assert!(made.unwrap_or_else(|e| missing("mosquitto_passwd", &e)).success());
    Broker::start(&format!("allow_anonymous false\npassword_file {}", file.display()))
}

/// What was said, after making sure that the password was not.
fn said(output: &Output) -> String {
    let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let text = String::from_utf8_lossy(&all).into_owned();
    assert!(!tells(&all), "the password was said: {text}");
    assert!(output.status.success(), "{text}");
    text
}

#[test]
fn a_secret_signs_in_from_wherever_it_is_kept_and_is_nowhere_to_be_read() {
    let passwords = tempfile::tempdir().unwrap();
    let broker = signed_in(passwords.path());
    let run = "$W run plant.toml --silent --for 4s 2>log.txt; $W journal plant.toml >journal.txt; grep -q ' connected' log.txt";
    let kept_in_file = ".config/watchkeeper/secrets/site";

    let home = Home::new();
    home.project(&broker);
    said(
        &home.shell(&format!("WATCHKEEPER_SECRET_SITE=\"$(cat ../password)\"; export WATCHKEEPER_SECRET_SITE; {run}")),
    );
    assert_eq!(home.leaks(&["password"]), Vec::<PathBuf>::new());

    let home = Home::new();
    home.project(&broker);
    let told = said(&home.shell(&format!("$W secret set site <../password; {run}; $W secret list")));
    assert!(told.contains(&format!("site is kept in the file {}", home.path(kept_in_file).display())), "{told}");
    assert!(told.contains("(not in the key store: there is none: ") && told.contains("site  file"), "{told}");
    assert_eq!(home.leaks(&["password", kept_in_file]), Vec::<PathBuf>::new());

    let home = Home::new();
    home.project(&broker);
    let told = said(&home.session(&format!(
        "$W secret set site --file <../password; $W secret set site <../password; $W secret list; {run}; $W secret remove site; echo left; $W secret list"
    )));
    assert!(told.contains("site is kept in the key store\n"), "{told}");
    assert!(told.contains("site  key store\nleft\n"), "in one place alone, and then in none: {told}");
    assert!(told.contains("site is removed from the key store"), "{told}");
    assert_eq!(
        home.leaks(&["password"]),
        Vec::<PathBuf>::new(),
        "the keyring keeps it encrypted, and the file is gone"
    );
}

#[test]
fn a_key_store_that_is_locked_says_so_and_a_file_is_taken_instead() {
    let home = Home::new();
    let told = said(&home.session(
        "$W secret set site <../password\n\
         dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets \
         org.freedesktop.Secret.Service.Lock array:objpath:/org/freedesktop/secrets/collection/login >/dev/null\n\
         printf '[[device]]\\nname = \"site\"\\nprotocol = \"mqtt\"\\naddress = \"mqtt://127.0.0.1:9\"\\nuser = \"a\"\\n\
         password = { secret = \"site\" }\\n' >device.txt\n\
         (echo watchkeeper = 1; cat device.txt) >plant.toml\n\
         $W run plant.toml --silent --for 2s\n$W secret set site <../password",
    ));
    assert!(
        told.contains("the key store was not asked: it is locked; unlock it by signing in to the desktop"),
        "{told}"
    );
    assert!(told.contains("site is kept in the file ") && told.contains("(not in the key store: "), "{told}");
}

#[test]
fn a_terminal_does_not_show_what_is_typed() {
    let home = Home::new();
    let mut terminal = home.command("script");
    terminal.args(["-qec", &format!("{PROGRAM} secret set site"), "/dev/null"]);
    terminal.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = terminal.spawn().unwrap_or_else(|e| missing("script", &e));
    let (mut keys, mut screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut shown = Vec::new();
    for prompt in ["site: ", "the same again: "] {
        while !shown.ends_with(prompt.as_bytes()) {
            let mut byte = [0];
            assert_eq!(screen.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&shown));
            shown.push(byte[0]);
        }
        writeln!(keys, "{PASSWORD}").unwrap();
    }
    screen.read_to_end(&mut shown).unwrap();
    drop(keys);
    let text = String::from_utf8_lossy(&shown);
    assert!(child.wait().unwrap().success() && !tells(&shown), "{text}");
    assert!(text.contains("site is kept in the file "), "{text}");
    let kept = std::fs::read_to_string(home.path(".config/watchkeeper/secrets/site")).unwrap();
    assert_eq!(kept, PASSWORD);
}

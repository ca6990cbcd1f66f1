//! A stage of its own for each story: X server, window manager, session bus with accessibility, home folder, and the
//! real program on it. Everything that was started is stopped when the stage is dropped.

use crate::tree::{Node, Tree};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The program under test; `WATCHKEEPER_PROGRAM` names another build of it, for figures of a release.
fn program() -> PathBuf {
    std::env::var_os("WATCHKEEPER_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_watchkeeper").into()).into()
}

/// How long anything may take that is not under test itself, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Where pictures are left to be looked at.
pub fn pictures() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/desktop");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// No title bars, so that a window has the size of the screen; Alt+F4 closes, as on any desktop.
const WINDOW_MANAGER: &str = r#"<?xml version="1.0"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <keyboard><keybind key="A-F4"><action name="Close"/></keybind></keyboard>
  <applications><application class="*"><decor>no</decor><focus>yes</focus><maximized>yes</maximized></application></applications>
</openbox_config>"#;

/// Real time: what is tested here is a running program, and only a clock on the wall can say that it was late.
#[expect(clippy::disallowed_methods, reason = "a running program is watched with the real clock")]
pub fn now() -> Instant {
    Instant::now()
}

/// The stage of one story.
pub struct Stage {
    name: String,
    home: TempDir,
    display: String,
    session_bus: String,
    /// Stopped in reverse order.
    helpers: Vec<Child>,
    reader: Reader,
    program: Option<Child>,
    starts: u32,
    player: PathBuf,
    /// Where the program looks for others, if not where everybody does.
    path: Option<PathBuf>,
}

struct Reader {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Stage {
    /// Sets the stage, 1440×900.
    pub fn new(name: &str) -> Self {
        let home = TempDir::with_prefix("watchkeeper-desktop-").unwrap();
        let runtime = home.path().join("run");
        std::fs::create_dir_all(&runtime).unwrap();
        std::fs::set_permissions(&runtime, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();

        let mut server = Command::new("Xvfb");
        server.args(["-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp", "-noreset", "+extension"]);
        server.arg("GLX");
        let (server, number) = start_and_read_line(&mut server, "Xvfb (Debian: xvfb)");
        let display = format!(":{number}");

        // Of this machine's desktop: who shows its dialogs is no part of this stage.
        let services = home.path().join(".local/share/dbus-1/services");
        std::fs::create_dir_all(&services).unwrap();
        let portal = "[D-BUS Service]\nName=org.freedesktop.portal.Desktop\nExec=/bin/false\n";
        std::fs::write(services.join("org.freedesktop.portal.Desktop.service"), portal).unwrap();

        let mut bus = Command::new("dbus-daemon");
        bus.args(["--session", "--nofork", "--nopidfile", "--print-address=1"]);
        surroundings(&mut bus, home.path());
        let (bus, session_bus) = start_and_read_line(&mut bus, "dbus-daemon (Debian: dbus-daemon)");
        switch_accessibility_on(&session_bus);

        let rules = home.path().join("openbox.xml");
        std::fs::write(&rules, WINDOW_MANAGER).unwrap();
        let mut manager = Command::new("openbox");
        surroundings(&mut manager, home.path());
        manager.arg("--config-file").arg(&rules).env("DISPLAY", &display);
        let manager = manager
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("openbox starts (Debian: openbox)");

        let reader = Reader::start(home.path(), &session_bus);
        let stage = Self {
            name: name.to_owned(),
            home,
            display,
            session_bus,
            helpers: vec![server, bus, manager],
            reader,
            program: None,
            starts: 0,
            // Plays nothing, so that no test is heard.
            player: "true".into(),
            path: None,
        };
        // The window manager has taken the screen as soon as it has said so on the root window.
        let from = now();
        while !stage.tool("xprop", &["-root", "_NET_SUPPORTING_WM_CHECK"]).contains("window id") {
            assert!(from.elapsed() < PATIENCE, "openbox did not take the screen");
            std::thread::sleep(Duration::from_millis(50));
        }
        stage
    }

    /// The user's home folder on this stage, for project files and the like.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file below the home folder.
    pub fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.home().join(file);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The program's command, in the surroundings of this stage.
    pub fn command(&self) -> Command {
        let mut command = Command::new(program());
        surroundings(&mut command, self.home());
        command
            .current_dir(self.home())
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.session_bus)
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .env("WATCHKEEPER_PLAYER", &self.player)
            .stdin(Stdio::null());
        command.envs(self.path.as_ref().map(|path| ("PATH", path)));
        command
    }

    /// The horn of the programs that are started from now on is played by this one.
    pub fn play_with(&mut self, player: &Path) {
        player.clone_into(&mut self.player);
    }

    /// The programs that are started from now on find no other program.
    pub fn hide_programs(&mut self) {
        self.path = Some(self.home().join("no-programs"));
    }

    /// A notification service that writes what it is asked to `log`; a file `press` presses its note.
    pub fn serve_notifications(&mut self, log: &Path, press: &Path) {
        let mut command = Command::new("/usr/bin/python3");
        surroundings(&mut command, self.home());
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/desktop/notifications.py"));
        command.arg(log).arg(press).env("DBUS_SESSION_BUS_ADDRESS", &self.session_bus);
        let service = command.stdin(Stdio::null()).process_group(0).spawn();
        self.helpers.push(service.expect("the system's Python starts (Debian: python3)"));
    }

    /// Lays another window over the program's.
    pub fn cover(&mut self) {
        let mut command = Command::new("xmessage");
        surroundings(&mut command, self.home());
        command.args(["-name", "cover", "another program"]).env("DISPLAY", &self.display);
        let cover = command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0).spawn();
        self.helpers.push(cover.expect("xmessage starts (Debian: x11-utils)"));
        let window = self.window();
        self.wait_until("another window is in front", PATIENCE, |stage| {
            let focused = stage.focused();
            !focused.is_empty() && focused != window
        });
    }

    /// The X number of the window that has the focus.
    pub fn focused(&self) -> String {
        self.tool("xdotool", &["getactivewindow"]).trim().to_owned()
    }

    /// Whether a window asks for attention.
    pub fn is_urgent(&self, window: &str) -> bool {
        self.tool("xprop", &["-id", window, "WM_HINTS", "_NET_WM_STATE"])
            .lines()
            .any(|line| line.contains("urgency hint bit is set") || line.contains("_NET_WM_STATE_DEMANDS_ATTENTION"))
    }

    /// Starts the program and waits until its window can be read.
    pub fn open(&mut self, arguments: &[&str]) {
        assert!(self.program.is_none(), "one program at a time");
        self.starts += 1;
        let log = std::fs::File::create(self.log_path()).unwrap();
        let child = self
            .command()
            .args(arguments)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        self.program = Some(child);
        self.wait("the window opens", PATIENCE, |tree| tree.nodes.iter().find(|node| node.role == "frame").map(|_| ()));
        let window = self.window();
        self.tool("xdotool", &["windowactivate", "--sync", &window]);
        // Out of the way: a pointer over a trend is its cursor.
        self.tool("xdotool", &["mousemove", "1439", "899"]);
    }

    fn log_path(&self) -> PathBuf {
        pictures().join(format!("{}-{}.log", self.name, self.starts))
    }

    /// What the program has written so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// The X number of the program's window.
    pub fn window(&self) -> String {
        let pid = self.pid().to_string();
        let found = self.tool("xdotool", &["search", "--onlyvisible", "--pid", &pid]);
        found.lines().last().unwrap_or_else(|| panic!("no window of the program: {}", self.log())).to_owned()
    }

    /// All windows of the program, each with its title.
    pub fn windows(&self) -> Vec<(String, String)> {
        let pid = self.pid().to_string();
        let found = self.tool("xdotool", &["search", "--onlyvisible", "--pid", &pid]);
        let title = |id: &str| self.tool("xdotool", &["getwindowname", id]).trim().to_owned();
        found.lines().map(|id| (id.to_owned(), title(id))).filter(|(_, title)| title.contains("Watchkeeper")).collect()
    }

    /// The window's title.
    pub fn title(&self) -> String {
        self.tool("xdotool", &["getwindowname", &self.window()]).trim().to_owned()
    }

    /// The program's process number.
    pub fn pid(&self) -> u32 {
        self.program.as_ref().expect("the program was started").id()
    }

    /// Clock ticks of processor time that the program has used so far (1/100 s each on Linux).
    pub fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let after_name = stat.rsplit_once(')').unwrap().1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }

    /// Sends a signal by name: `TERM`, `KILL`.
    pub fn signal(&self, name: &str) {
        let done = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status().unwrap();
        assert!(done.success());
    }

    /// Waits for the program's end.
    pub fn ended(&mut self, within: Duration) -> ExitStatus {
        let from = now();
        loop {
            if let Some(status) = self.program.as_mut().expect("the program was started").try_wait().unwrap() {
                self.program = None;
                return status;
            }
            if from.elapsed() > within {
                self.fail(&format!("the program did not end within {within:?}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether the program still runs.
    pub fn runs(&mut self) -> bool {
        self.program.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// What the window tells a screen reader now.
    pub fn tree(&mut self) -> Tree {
        // A screen reader knows a program by the name of its file.
        let program = program();
        let app = program.file_name().unwrap_or_default().to_string_lossy();
        let answer = self.reader.ask(&json!({"do": "tree", "app": app}));
        let nodes = answer["nodes"].as_array().cloned().unwrap_or_default();
        Tree { nodes: nodes.iter().enumerate().map(|(index, node)| Node::read(index, node)).collect() }
    }

    /// Reads the window until `found` finds what it looks for; fails with a picture and the whole tree after `within`.
    pub fn wait<T>(&mut self, what: &str, within: Duration, mut found: impl FnMut(&Tree) -> Option<T>) -> T {
        let from = now();
        loop {
            let tree = self.tree();
            if let Some(answer) = found(&tree) {
                return answer;
            }
            if from.elapsed() > within {
                self.fail(&format!("not within {within:?}: {what}"));
            }
            if !self.runs() {
                self.fail(&format!("the program ended while waiting: {what}"));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits for a node with this name whose description holds `part`.
    pub fn wait_for(&mut self, name: &str, part: &str, within: Duration) -> Node {
        self.wait(&format!("`{name}` tells `{part}`"), within, |tree| {
            tree.named(name).find(|node| node.told().contains(part)).cloned()
        })
    }

    /// Presses a node through the accessibility tree, by its exact name.
    pub fn click(&mut self, name: &str) {
        let node = self.wait(&format!("`{name}` can be pressed"), PATIENCE, |tree| {
            tree.named(name).find(|node| !node.actions.is_empty()).cloned()
        });
        let answer = self.reader.ask(&json!({"do": "click", "node": node.index}));
        if answer["done"] != json!(true) {
            self.fail(&format!("pressing `{name}` failed: {answer}"));
        }
    }

    /// Gives a node the keys through the accessibility tree, by its exact name.
    pub fn focus(&mut self, name: &str) {
        let node = self.wait(&format!("`{name}` is there"), PATIENCE, |tree| tree.named(name).next().cloned());
        let answer = self.reader.ask(&json!({"do": "focus", "node": node.index}));
        if answer["done"] != json!(true) {
            self.fail(&format!("`{name}` does not take the keys: {answer}"));
        }
    }

    /// Presses the mouse in the middle of a node.
    pub fn click_with_mouse(&mut self, node: &Node) {
        let Some([x, y, width, height]) = node.place else { self.fail(&format!("`{}` has no place", node.name)) };
        let (x, y) = ((x + width / 2).to_string(), (y + height / 2).to_string());
        self.tool("xdotool", &["mousemove", &x, &y, "click", "1"]);
    }

    /// Presses the mouse twice in the middle of a node, as fast as a hand can.
    pub fn double_click_with_mouse(&mut self, node: &Node) {
        let [x, y] = self.middle(node).map(|v| v.to_string());
        self.tool("xdotool", &["mousemove", &x, &y, "sleep", "0.1", "click", "1", "sleep", "0.12", "click", "1"]);
    }

    /// Takes hold of a node with the mouse and brings it over another; `seen` is called before it is let go.
    pub fn drag_with_mouse(&mut self, from: &Node, to: &Node, seen: impl FnOnce(&mut Self)) {
        let ([x, y], [to_x, to_y]) = (self.middle(from), self.middle(to));
        self.tool("xdotool", &["mousemove", &x.to_string(), &y.to_string(), "sleep", "0.3", "mousedown", "1"]);
        // What is pressed is found where the pointer is when a frame is made: on a busy machine that is a while after.
        for near in [2, 6, 10] {
            self.tool("xdotool", &["sleep", "0.3", "mousemove", &(x + near).to_string(), &(y + near).to_string()]);
        }
        for step in 1..=10 {
            let at = |from: i64, to: i64| (from + (to - from) * step / 10).to_string();
            self.tool("xdotool", &["mousemove", &at(x, to_x), &at(y, to_y), "sleep", "0.05"]);
        }
        seen(self);
        self.tool("xdotool", &["mouseup", "1", "sleep", "0.1", "mousemove", "1439", "899"]);
    }

    fn middle(&mut self, node: &Node) -> [i64; 2] {
        let Some([x, y, width, height]) = node.place else { self.fail(&format!("`{}` has no place", node.name)) };
        [x + width / 2, y + height / 2]
    }

    /// Presses a key or a chord: `ctrl+k`, `F1`, `Escape`.
    pub fn key(&self, chord: &str) {
        self.tool("xdotool", &["key", "--clearmodifiers", chord]);
    }

    /// Presses several, one after another.
    pub fn keys(&self, chords: &[&str]) {
        self.tool("xdotool", &[&["key", "--clearmodifiers", "--delay", "30"], chords].concat());
    }

    /// Types text.
    pub fn text(&self, text: &str) {
        self.tool("xdotool", &["type", "--delay", "30", text]);
    }

    /// Takes a picture of the whole screen to `target/desktop/NAME.png`.
    pub fn picture(&self, name: &str) {
        let path = pictures().join(format!("{name}.png"));
        self.tool("import", &["-window", "root", &path.to_string_lossy()]);
    }

    /// Size in pixels of the program's window.
    pub fn size(&self) -> (u32, u32) {
        let told = self.tool("xdotool", &["getwindowgeometry", "--shell", &self.window()]);
        let read = |key: &str| told.lines().find_map(|line| line.strip_prefix(key)).unwrap().parse().unwrap();
        (read("WIDTH="), read("HEIGHT="))
    }

    /// Whether the window manager counts the window as full screen.
    pub fn fills_the_screen(&self) -> bool {
        self.tool("xprop", &["-id", &self.window(), "_NET_WM_STATE"]).contains("_NET_WM_STATE_FULLSCREEN")
    }

    /// Waits for something that is not in the tree.
    pub fn wait_until(&mut self, what: &str, within: Duration, mut holds: impl FnMut(&mut Self) -> bool) {
        let from = now();
        while !holds(self) {
            if from.elapsed() > within {
                self.fail(&format!("not within {within:?}: {what}"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn tool(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(program)
            .args(arguments)
            .env("DISPLAY", &self.display)
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("could not run {program}: {error}; tests/all.sh installs it"));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Fails the story with all that helps to see why.
    pub fn fail(&mut self, why: &str) -> ! {
        self.picture(&format!("failed-{}", self.name));
        let tree = self.tree();
        panic!("{}: {why}\n\n{tree}\n\n{}", self.name, self.log());
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(mut program) = self.program.take() {
            stop(&mut program);
        }
        stop(&mut self.reader.child);
        for helper in self.helpers.iter_mut().rev() {
            stop(helper);
        }
    }
}

impl Reader {
    fn start(home: &Path, session_bus: &str) -> Self {
        let mut command = Command::new("/usr/bin/python3");
        surroundings(&mut command, home);
        let mut child = command
            .args(["-u", "-W", "ignore::DeprecationWarning"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/desktop/atspi.py"))
            .env("DBUS_SESSION_BUS_ADDRESS", session_bus)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the system's Python starts (Debian: python3)");
        let requests = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, requests, answers }
    }

    fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.requests, "{request}").expect("the reader of the window runs");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the reader of the window answers");
        serde_json::from_str(&line)
            .expect("the reader of the window answers; Debian: python3-gi, gir1.2-atspi-2.0; see its message above")
    }
}

/// Nothing of the machine's own session reaches the stage.
fn surroundings(command: &mut Command, home: &Path) {
    command.env_clear().envs(std::env::vars().filter(|(name, _)| name == "PATH"));
    command
        .env("HOME", home)
        .env("XDG_RUNTIME_DIR", home.join("run"))
        .env("XDG_CACHE_HOME", home.join(".cache"))
        .env("XDG_CONFIG_HOME", home.join(".config"))
        .env("XDG_DATA_HOME", home.join(".local/share"))
        .env("LANG", "C.UTF-8")
        .env("TZ", "UTC")
        .env("RUST_BACKTRACE", "1");
}

/// Starts a helper in a process group of its own and reads the one line it says when it is ready.
fn start_and_read_line(command: &mut Command, what: &str) -> (Child, String) {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap_or_else(|error| panic!("could not start {what}: {error}; tests/all.sh installs it"));
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(!line.trim().is_empty(), "{what} did not say that it is ready");
    (child, line.trim().to_owned())
}

/// Screen readers set this switch; programs build their tree only when it is set.
fn switch_accessibility_on(session_bus: &str) {
    let done = Command::new("dbus-send")
        .args(["--session", "--print-reply", "--dest=org.a11y.Bus", "/org/a11y/bus"])
        .args(["org.freedesktop.DBus.Properties.Set", "string:org.a11y.Status", "string:IsEnabled"])
        .arg("variant:boolean:true")
        .env("DBUS_SESSION_BUS_ADDRESS", session_bus)
        .output()
        .expect("dbus-send runs (Debian: dbus-bin)");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "accessibility could not be switched on (Debian: at-spi2-core): {said}");
}

/// Ends a process that this stage started, first politely.
fn stop(child: &mut Child) {
    let pid = child.id().to_string();
    let asked = Command::new("kill").arg("-TERM").arg(&pid).stderr(Stdio::null()).status();
    if asked.is_ok_and(|status| status.success()) {
        for _ in 0..100 {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    if child.kill().is_ok() {
        child.wait().expect("a killed process ends");
    }
}

//! The running program and a disk that answers with errors: of opening, of writing, of syncing, in the journal and in the
//! history. The program is under strace, which gives the errors; a disk that ails goes on ailing for a while, and then is well.

use crate::program::{Modbus, Running, ended, project, until, watchkeeper};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Calls, what they answer, and which of each thread do: some tries in the middle, and after that the disk is well. The last is a
/// file system that made itself read-only under the program.
const FAILING: [(&str, &str, &str); 4] = [
    ("fdatasync,fsync", "EIO", "3..7"),
    ("pwrite64", "ENOSPC", "9..16"),
    ("pwrite64", "EIO", "9..16"),
    ("pwrite64", "EROFS", "9..16"),
];

/// `run` under strace with these calls to these files failing.
fn under_strace(plant: &Path, files: &[PathBuf], inject: &str) -> Command {
    let run = watchkeeper(&["run"]);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", inject, "-e", "signal=none"]);
    for file in files {
        command.arg("-P").arg(file);
    }
    command.arg(run.get_program()).args(run.get_args()).arg(plant);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn rows(file: &Path, query: &str) -> Option<i64> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    rusqlite::Connection::open_with_flags(file, flags).ok()?.query_row(query, [], |r| r.get(0)).ok()
}

/// Both files are sound, and the journal's chain is whole.
fn check(plant: &Path, data: &Path, what: &str) {
    for name in ["journal.sqlite", "history.sqlite"] {
        let connection = rusqlite::Connection::open(data.join(name)).unwrap();
        let verdict: String = connection.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap();
        assert_eq!(verdict, "ok", "{what}: {name}");
    }
    let (code, out, error) = ended(&["journal", "--verify", plant.to_str().unwrap()]);
    assert_eq!(code, 0, "{what}: {out}{error}");
    let aside: Vec<_> = std::fs::read_dir(data).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!aside.iter().any(|name| name.to_string_lossy().contains("damaged")), "{what}: {aside:?}");
}

/// The child of strace: strace itself takes no signal from us.
fn tracee(strace: u32) -> u32 {
    let children = format!("/proc/{strace}/task/{strace}/children");
    until("the program under strace", || {
        std::fs::read_to_string(&children).ok()?.split_whitespace().next()?.parse().ok()
    })
}

#[test]
fn writes_and_syncs_that_fail_in_either_file_stop_nothing_and_damage_nothing() {
    // All at once: each waits for seconds.
    std::thread::scope(|scope| {
        for name in ["journal", "history"] {
            for (call, error, when) in FAILING {
                let case = move || fails_and_recovers(name, call, error, when);
                std::thread::Builder::new().name(format!("{name} {call} {error}")).spawn_scoped(scope, case).unwrap();
            }
        }
    });
}

fn fails_and_recovers(name: &str, call: &str, error: &str, when: &str) {
    let what = format!("{call} of the {name} with {error}");
    let modbus = Modbus::start(10);
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), modbus.address);
    let data = folder.path().join("plant.data");
    // The files are made before: a start that cannot make them is another matter.
    let mut command = watchkeeper(&["run"]);
    command.arg(&plant);
    let first = Running::start(command);
    until("the first run", || rows(&data.join("history.sqlite"), "SELECT count(*) FROM log").filter(|rows| *rows > 0));
    assert_eq!(first.terminate().0, 0);
    let file = data.join(format!("{name}.sqlite"));
    let files = ["", "-wal"].map(|suffix| data.join(format!("{name}.sqlite{suffix}")));
    let inject = format!("inject={call}:error={error}:when={when}");
    let mut running = Running::start(under_strace(&plant, &files, &inject));
    let (mut word, mut seen) = (0, 0);
    let count = "SELECT count(*) FROM ";
    let table = if name == "journal" { "entry" } else { "log" };
    // Alarms come and go, and values change, until much of both is on the disk.
    until(&what, || {
        word = if word == 196 { 20 + seen } else { 196 };
        seen = (seen + 2) % 100;
        modbus.set(0, &[word]);
        let before = modbus.requests();
        until("the device to be read", || (modbus.requests() >= before + 3).then_some(()));
        rows(&file, &format!("{count}{table}")).filter(|rows| *rows >= if name == "journal" { 60 } else { 5 })
    });
    modbus.set(0, &[42]);
    let before = modbus.requests();
    until("the last value", || (modbus.requests() >= before + 3).then_some(()));
    let program = tracee(running.child().id());
    let sent = Command::new("kill").args(["-TERM", &program.to_string()]).status().unwrap();
    assert!(sent.success());
    let status = until("its end", || running.child().try_wait().unwrap());
    assert_eq!(status.code(), Some(0), "{what}");
    let mut said = String::new();
    running.child().stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let told = if name == "journal" { "could not write the journal" } else { "could not record" };
    assert!(said.contains(told), "{what}: the disk did fail, and that was told: {said}");
    check(&plant, &data, &what);
    let (code, out, error) = ended(&["export", plant.to_str().unwrap(), "--tag", "tank1.level"]);
    assert_eq!(code, 0, "{what}: {error}");
    let lines: Vec<&str> = out.lines().collect();
    let [.., last, end] = lines.as_slice() else { panic!("{what}: {out}") };
    assert!(last.contains(",21,good") && end.ends_with(",,bad:not-running"), "{what}: {last} {end}");
    assert!(!out.contains("not-recorded"), "{what}: what had to wait found room: {out}");
}

#[test]
fn files_that_cannot_be_opened_are_told_and_the_next_start_has_them_whole() {
    for (name, starts) in [("journal", false), ("history", true)] {
        for error in ["EIO", "ENOSPC", "EMFILE"] {
            let what = format!("opening the {name} with {error}");
            let modbus = Modbus::start(10);
            modbus.set(0, &[40]);
            let folder = tempfile::tempdir().unwrap();
            let plant = project(folder.path(), modbus.address);
            let data = folder.path().join("plant.data");
            let record = |command: Command, when: &str| {
                let mut running = Running::start(command);
                let pid = running.child().id();
                let history = data.join("history.sqlite");
                until(when, || rows(&history, "SELECT count(*) FROM log").filter(|rows| *rows > 0));
                (running, pid)
            };
            let mut command = watchkeeper(&["run"]);
            command.arg(&plant);
            let (running, _) = record(command, "the first run");
            assert_eq!(running.terminate().0, 0);

            let inject = format!("inject=openat:error={error}:when=1+");
            let files = [data.join(format!("{name}.sqlite"))];
            let mut running = Running::start(under_strace(&plant, &files, &inject));
            if starts {
                // Without a history a plant is watched: its journal says so.
                let journal = data.join("journal.sqlite");
                let told = "SELECT count(*) FROM entry WHERE event = 'recording-fault'";
                until(&what, || rows(&journal, told).filter(|told| *told == 1));
                let program = tracee(running.child().id());
                assert!(Command::new("kill").args(["-TERM", &program.to_string()]).status().unwrap().success());
                until("its end", || running.child().try_wait().unwrap());
            } else {
                let status = until(&what, || running.child().try_wait().unwrap());
                assert_eq!(status.code(), Some(3), "{what}");
            }
            check(&plant, &data, &what);
            let mut command = watchkeeper(&["run"]);
            command.arg(&plant);
            let (running, _) = record(command, "the run after it");
            assert_eq!(running.terminate().0, 0);
            check(&plant, &data, &what);
        }
    }
}

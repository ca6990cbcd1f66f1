//! Scenarios that a window plays on its screens: each on a thread of its own, with an engine and a journal of its own.
//!
//! Invariant: a play touches no data folder, no device and no horn. Its journal is in memory, and goes with it.

use super::load;
use crate::drivers::monitor::Monitor;
use crate::engine::rehearsal::{Control, Player, Standing};
use crate::engine::{Command, Snapshot};
use crate::historian::{JournalError, JournalLink};
use crate::link::{
    About, COMMAND_QUEUE, CONTROL_QUEUE, Desk, PLAY_QUEUE, PlantLink, PlayAsk, PlayLink, PlayOf, PlaysLink,
};
use crate::project::Issue;
use crate::text::visible;
use crate::time::{Clock, Mono, Span};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

/// Between two pictures of a play, as a window paints data.
const PUBLISH: Span = Span::from_millis(250);
/// Events computed before a hand on the play is heard again.
const MOST_EVENTS: usize = 64;
/// The largest scenario that is read; a device file would never end.
const LARGEST_BYTES: u64 = 16 << 20;

/// Starts what plays, until the window's end of it is gone.
pub fn serve(runtime: &Handle, clock: Clock) -> PlaysLink {
    let (asks, mut asked) = mpsc::channel::<PlayAsk>(PLAY_QUEUE);
    let handle = runtime.clone();
    runtime.spawn(async move {
        while let Some(ask) = asked.recv().await {
            let (handle, clock) = (handle.clone(), clock.clone());
            let answer = Arc::clone(&ask.answer);
            let started = thread::Builder::new().name("play".to_owned()).spawn(move || show(ask, &handle, &clock));
            if let Err(error) = started {
                // Nobody else has it: this is its first answer.
                let _first = answer.set(Err(format!("no thread for the play could be started: {error}")));
            }
        }
    });
    PlaysLink { asks }
}

/// One play, from its question to its end.
fn show(ask: PlayAsk, runtime: &Handle, clock: &Clock) {
    let PlayAsk { of, scenario, speed, actor, answer, wake } = ask;
    let begun = player(&of, &scenario).and_then(|(mut player, issues)| {
        let about = About { issues, actor, monitor: Monitor::default(), ..About::default() };
        let (commands, asked) = mpsc::channel(COMMAND_QUEUE);
        let (controls, hand) = mpsc::channel(CONTROL_QUEUE);
        if let Some(speed) = speed {
            let now = clock.now().mono;
            player.control(Control::Speed(speed), now);
            player.control(Control::Play, now);
        }
        let standing = watch::Sender::new(Arc::new(player.standing()));
        let desk = watch::Sender::new(Desk::Empty);
        let link =
            PlayLink { name: name_of(&scenario), desk: desk.subscribe(), standing: standing.subscribe(), controls };
        let stage = Stage { player, about, commands, desk, standing, shown: None };
        Ok((stage.opened().map_err(|error| format!("its journal cannot be kept: {error}"))?, link, asked, hand))
    });
    match begun {
        Ok((stage, link, commands, controls)) => {
            give(answer, Ok(link));
            wake();
            runtime.block_on(stage.run(commands, controls, clock, &*wake));
        }
        Err(why) => {
            give(answer, Err(why));
            wake();
        }
    }
}

/// Answers. There is an end of the play in the answer: whoever plays may not keep it, or the play would never end.
#[expect(clippy::needless_pass_by_value, reason = "it is to be gone")]
fn give(answer: Arc<OnceLock<Result<PlayLink, String>>>, given: Result<PlayLink, String>) {
    // Asked and answered once.
    let _first = answer.set(given);
}

/// The scenario's name, as it is shown.
fn name_of(scenario: &Path) -> Arc<str> {
    visible(&scenario.file_name().unwrap_or(scenario.as_os_str()).to_string_lossy()).into()
}

type Read = (Player, Vec<Issue>);

fn player(of: &PlayOf, scenario: &PathBuf) -> Result<Read, String> {
    let (project, issues) = match of {
        PlayOf::Running(project) => (Arc::clone(project), Vec::new()),
        PlayOf::File(path) => {
            let loaded = load(path).map_err(|error| error.to_string())?.with_members();
            (loaded.project, loaded.issues)
        }
    };
    let shown = scenario.display();
    let mut bytes = Vec::new();
    File::open(scenario)
        .and_then(|file| file.take(LARGEST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| format!("{shown} cannot be read: {error}"))?;
    if bytes.len() as u64 > LARGEST_BYTES {
        return Err(format!("{shown} is larger than a scenario may be, 16 MiB"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_not_utf8| format!("{shown}:1: error: the scenario is not UTF-8; save it as CSV in UTF-8"))?;
    let player = Player::new(project, &text).map_err(|(line, why)| format!("{shown}:{line}: error: {why}"))?;
    Ok((player, issues))
}

/// What the thread owns.
struct Stage {
    player: Player,
    about: About,
    commands: mpsc::Sender<Command>,
    desk: watch::Sender<Desk>,
    standing: watch::Sender<Arc<Standing>>,
    shown: Option<Shown>,
}

/// The plant as the window is shown it now.
struct Shown {
    /// Which start it is of.
    start: u64,
    snapshots: watch::Sender<Arc<Snapshot>>,
    journal: JournalLink,
}

impl Stage {
    fn opened(mut self) -> Result<Self, JournalError> {
        self.open()?;
        Ok(self)
    }

    /// Shows the plant of a new start: nothing of the one before is on the screen any more.
    fn open(&mut self) -> Result<(), JournalError> {
        let journal = JournalLink::on_paper(&[])?;
        let snapshots = watch::Sender::new(Arc::new(self.player.snapshot()));
        let plant = PlantLink {
            snapshots: snapshots.subscribe(),
            commands: self.commands.clone(),
            history: None,
            journal: Some(journal.clone()),
            about: Arc::new(self.about.clone()),
            refused: None,
        };
        self.shown = Some(Shown { start: self.player.standing().start, snapshots, journal });
        self.desk.send_replace(Desk::Plant(plant));
        Ok(())
    }

    async fn run(
        mut self,
        mut commands: mpsc::Receiver<Command>,
        mut controls: mpsc::Receiver<Control>,
        clock: &Clock,
        wake: &(dyn Fn() + Send + Sync),
    ) {
        let mut published: Option<Mono> = None;
        let (mut heard, mut stirred) = (true, true);
        loop {
            let now = clock.now().mono;
            let ran = self.player.is_running();
            let busy = self.player.turn(now, MOST_EVENTS);
            let runs = self.player.is_running();
            stirred |= ran;
            // What a person did is seen at once; so is where the play stopped by itself.
            let at_once = heard || (ran && !runs);
            if stirred && (at_once || published.is_none_or(|at| now - at >= PUBLISH)) {
                if let Err(error) = self.publish() {
                    tracing::error!("the journal of a play cannot be kept, the play ends: {error}");
                    return;
                }
                (stirred, published) = (false, Some(now));
                wake();
            }
            let pause = match (runs, busy) {
                (false, _) => None,
                (true, true) => Some(Duration::ZERO),
                (true, false) => Some(PUBLISH.to_std()),
            };
            heard = tokio::select! {
                biased;
                control = controls.recv() => {
                    // None: the window has let go of the play.
                    let Some(control) = control else { return };
                    self.player.control(control, clock.now().mono);
                    true
                }
                Some(command) = commands.recv() => {
                    self.player.command(command);
                    true
                }
                () = some_time(pause) => false,
            };
            stirred |= heard;
        }
    }

    fn publish(&mut self) -> Result<(), JournalError> {
        let standing = self.player.standing();
        if self.shown.as_ref().is_none_or(|shown| shown.start != standing.start) {
            self.open()?;
        }
        if let Some(shown) = &self.shown {
            let entries = self.player.take_journal();
            if !entries.is_empty() {
                let count = shown.journal.write_on_paper(&entries)?;
                self.player.journaled(count);
            }
            shown.snapshots.send_replace(Arc::new(self.player.snapshot()));
        }
        self.standing.send_replace(Arc::new(standing));
        Ok(())
    }
}

/// Waits; for ever where there is nothing to wait for.
async fn some_time(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Mode;
    use crate::engine::rehearsal::Course;
    use crate::runtime::clock::system_clock;
    use std::sync::mpsc::sync_channel;

    const PROJECT: &str = r#"
watchkeeper = 1
[[device]]
name = "plc1"
protocol = "modbus-tcp"
address = "127.0.0.1:1"
[[tag]]
name = "tank1.level"
device = "plc1"
register = "holding:0"
type = "u16"
  [[tag.alarm]]
  kind = "high"
  limit = 95.0
  priority = "high"
"#;

    /// Asks, and waits for the answer.
    fn asked(
        link: &PlaysLink,
        project: &Path,
        scenario: &Path,
    ) -> (Result<PlayLink, String>, std::sync::mpsc::Receiver<()>) {
        let answer = Arc::new(OnceLock::new());
        let (told, tells) = sync_channel(100);
        let wake = Arc::new(move || {
            let _full = told.try_send(());
        });
        let ask = PlayAsk {
            of: PlayOf::File(project.to_owned()),
            scenario: scenario.to_owned(),
            speed: None,
            actor: crate::engine::Actor::default(),
            answer: Arc::clone(&answer),
            wake,
        };
        link.asks.try_send(ask).unwrap();
        tells.recv_timeout(Duration::from_secs(20)).unwrap();
        (answer.get().unwrap().clone(), tells)
    }

    #[test]
    fn a_play_has_a_plant_and_a_journal_of_its_own_and_ends_with_its_window() {
        let runtime = crate::runtime::field_runtime().unwrap();
        let link = serve(runtime.handle(), system_clock());
        let folder = tempfile::tempdir().unwrap();
        let (project, scenario) = (folder.path().join("plant.toml"), folder.path().join("storm.rehearsal.csv"));
        std::fs::write(&project, PROJECT).unwrap();
        std::fs::write(&scenario, "at,do,target,value\n0s,set,tank1.level,96\n9s,expect,tank1.level/high,normal\n")
            .unwrap();
        let (play, tells) = asked(&link, &project, &scenario);
        let play = play.unwrap();
        assert_eq!(&*play.name, "storm.rehearsal.csv");
        play.controls.try_send(Control::Jump(2)).unwrap();
        let ended = || {
            let standing = play.standing.borrow();
            standing.next == 2 && standing.course == Course::Paused
        };
        while !ended() {
            tells.recv_timeout(Duration::from_secs(20)).unwrap();
        }
        let Desk::Plant(plant) = play.desk.borrow().clone() else { panic!("it has a plant") };
        let snapshot = plant.snapshots.borrow().clone();
        assert_eq!(
            (snapshot.mode, snapshot.counts.unacknowledged, snapshot.journal.entries),
            (Mode::Rehearsal, [0, 1, 0, 0], 1)
        );
        assert!(!play.standing.borrow().judged[0].kept);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is written beside the project");
        let standing = play.standing.clone();
        drop((play, plant));
        runtime.block_on(async {
            let mut standing = standing;
            // The thread's end of it goes with the thread.
            while standing.changed().await.is_ok() {}
        });
    }

    #[test]
    fn what_cannot_be_played_is_told_with_its_place() {
        let runtime = crate::runtime::field_runtime().unwrap();
        let link = serve(runtime.handle(), system_clock());
        let folder = tempfile::tempdir().unwrap();
        let (project, scenario) = (folder.path().join("plant.toml"), folder.path().join("x.rehearsal.csv"));
        std::fs::write(&project, PROJECT).unwrap();
        let why = |scenario: &Path| asked(&link, &project, scenario).0.unwrap_err();
        assert!(why(&folder.path().join("none.csv")).contains("none.csv cannot be read"));
        std::fs::write(&scenario, "at,do,target,value\n5,set,tank1.level,1\n").unwrap();
        assert!(why(&scenario).contains("x.rehearsal.csv:2: error: "), "{}", why(&scenario));
        std::fs::write(&scenario, b"at,do,target,value\n1s,set,\xff,1\n").unwrap();
        assert!(why(&scenario).contains("UTF-8"));
    }
}

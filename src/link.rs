//! The wire between a screen and a plant: snapshots one way, commands the other. `ui` and `runtime` meet only here.

mod begin;
mod deploying;
mod editing;
mod playing;
mod scan;

pub use begin::{Answer, BEGIN_QUEUE, BeginAsk, BeginLink, LookAsk, Looking};
pub use deploying::{DeployAsk, DeployPlan};
pub use editing::{
    EarlierText, EditAnswer, EditDesk, EditJob, EditLink, EditNext, FoundDraft, JOB_QUEUE, Opened, ReadAsk, Reading,
    SaveError, edit_link,
};
pub use playing::{CONTROL_QUEUE, PLAY_QUEUE, PlayAsk, PlayLink, PlayOf, PlaysLink};
pub use scan::{SCAN_QUEUE, ScanAsk, ScanLink, Scanning};

use crate::drivers::monitor::Monitor;
use crate::engine::{Actor, Command, Snapshot};
use crate::historian::JournalLink;
use crate::historian::bundle::Unpacking;
use crate::historian::history::ask::HistoryLink;
use crate::project::{Issue, NewDisplay};
use crate::time::Utc;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tokio::sync::{mpsc, watch};

/// Commands that may wait for the plant; a full queue refuses at the button.
pub const COMMAND_QUEUE: usize = 256;

/// The screen's end of one running plant.
#[derive(Debug, Clone)]
pub struct PlantLink {
    /// The newest picture; published at once after quiet, then at most twenty times a second. Readers never block the plant.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    /// What people ask for. `try_send` only: full or closed means "refused", and is said where it was asked.
    pub commands: mpsc::Sender<Command>,
    /// What was recorded; `None` where nothing is kept (rehearsal, `values`).
    pub history: Option<HistoryLink>,
    /// What happened and what people did; `None` where nothing is kept.
    pub journal: Option<JournalLink>,
    /// What is known of the plant's project besides the plan.
    pub about: Arc<About>,
    /// Another project was asked for and could not be opened; this plant goes on, and stays on the screen.
    pub refused: Option<Arc<Refused>>,
}

/// A project that could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What was to be opened.
    pub what: String,
    /// Why it was not, and what to do.
    pub why: String,
}

/// What does not change while a plant runs.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The project's file, if it is one.
    pub path: Option<PathBuf>,
    /// All faults of the project: of its text and of its compilation.
    pub issues: Vec<Issue>,
    /// Where journal and history lie.
    pub data_folder: PathBuf,
    /// What a person should know of journal and history before they trust the past: each a sentence with its mend.
    pub notices: Vec<String>,
    /// Another process holds the plant: who. This one shows and does not acquire.
    pub held_by: Option<String>,
    /// Who held the plant has ended, and this window could not take it over: why. Nobody watches it.
    pub unwatched: Option<String>,
    /// It is no plant, but a bundle of one: nothing runs, and nothing can be done to it.
    pub bundle: Option<Arc<BundleShown>>,
    /// Who acts on this computer.
    pub actor: crate::engine::Actor,
    /// What was last said with the devices: copied only where somebody looks at one of them.
    pub monitor: Monitor,
    /// Which version of the project's file is in force, as its fingerprint; `None`: that is of no account here.
    pub in_force: Option<String>,
    /// Which version stood in the file when it was last looked at; `None`: it was not, or cannot be read.
    pub file_now: Option<String>,
}

/// Of a bundle that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleShown {
    /// Its file.
    pub file: PathBuf,
    /// From when on it tells.
    pub from: Utc,
    /// And up to when: this is the time of all that is shown.
    pub to: Utc,
}

impl About {
    /// Whether the project's file says what does not run yet.
    pub fn differs_from_the_file(&self) -> bool {
        self.held_by.is_none()
            && matches!((&self.in_force, &self.file_now), (Some(in_force), Some(file)) if in_force != file)
    }

    /// The file that was opened: that of the project, or of the bundle.
    pub fn file(&self) -> Option<&PathBuf> {
        self.bundle.as_ref().map(|bundle| &bundle.file).or(self.path.as_ref())
    }
}

/// What a window asks of the program around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeskRequest {
    /// Stop what runs, open this file.
    Open(PathBuf),
    /// Stop what runs, open the demo plant.
    OpenDemo,
    /// Write a display into the file of the project that runs, and show it; nothing is stopped.
    AddDisplay(Box<AddDisplay>),
    /// Forget a topic that was found, with its tags; nothing else is stopped.
    Forget(Box<Forget>),
    /// What another version of the project that runs would do, or to put it into force; nothing else is stopped.
    Deploy(Box<DeployAsk>),
}

impl DeskRequest {
    /// Answers a request that was not taken, where somebody waits for its answer.
    pub fn refuse(self, why: &str) {
        // Nobody else has it: this is its first answer.
        let _first = match self {
            Self::Open(_) | Self::OpenDemo => Ok(()),
            Self::AddDisplay(asked) => asked.answer.set(Err(why.to_owned())),
            Self::Forget(asked) => asked.answer.set(Err(why.to_owned())),
            Self::Deploy(asked) => return asked.refuse(why),
        };
    }
}

/// A topic that a person has forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forget {
    /// Name of a tag of it.
    pub tag: Arc<str>,
    /// Who wants it.
    pub by: Actor,
    /// Where the answer is found, once: what has gone, or why nothing has.
    pub answer: Arc<OnceLock<Result<String, String>>>,
}

/// A display that a person saves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddDisplay {
    /// What is to be written.
    pub display: NewDisplay,
    /// Who saves it.
    pub by: Actor,
    /// Where the answer is found, once: what there is to say of it, or why it was not written.
    pub answer: Arc<OnceLock<Result<String, String>>>,
}

/// What the window is shown: nothing yet, a plant, or why there is none.
#[derive(Debug, Clone, Default)]
pub enum Desk {
    /// Nothing is open.
    #[default]
    Empty,
    /// A project is being opened.
    Opening(String),
    /// A plant runs.
    Plant(PlantLink),
    /// It could not be opened at all (no such file, no right to read it, data folder at fault): why, and what to try.
    Failed {
        /// What was to be opened.
        what: String,
        /// Why it was not.
        why: String,
    },
}

/// What a person chose for the horn of this computer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HornChoice {
    /// It is switched off: by whom or how, in words.
    pub off: Option<Arc<str>>,
    /// The program that plays, with its arguments; `None`: the first of those that the system brings along. The variable
    /// `WATCHKEEPER_PLAYER` stands before it.
    pub player: Option<String>,
}

/// Tests of the horn that may wait.
pub const TEST_QUEUE: usize = 1;

/// The window's end of the horn.
#[derive(Debug, Clone)]
pub struct HornLink {
    /// What is chosen from now on.
    pub choice: watch::Sender<HornChoice>,
    /// Test tones that are asked for; at most [`TEST_QUEUE`] wait.
    pub tests: mpsc::Sender<HornTest>,
}

/// A test tone is asked for.
#[derive(Debug)]
pub struct HornTest(std::sync::mpsc::SyncSender<Result<Arc<str>, String>>);

impl HornTest {
    /// A test, and where its one answer comes: which program played it, or why it could not be heard.
    pub fn new() -> (Self, std::sync::mpsc::Receiver<Result<Arc<str>, String>>) {
        let (answer, told) = std::sync::mpsc::sync_channel(1);
        (Self(answer), told)
    }

    /// Tells how it went; whoever asked may be gone.
    pub fn answer(self, how: Result<Arc<str>, String>) {
        let _unheard = self.0.try_send(how);
    }
}

/// A bundle that is being opened: which, and how far it is.
#[derive(Debug)]
pub struct OpeningBundle {
    /// The file, as it is shown.
    pub what: String,
    /// How far it is; whoever sets its `stop` ends it.
    pub unpacking: Unpacking,
}

/// The bundle that is being opened now, if one is.
pub type OpeningReader = watch::Receiver<Option<Arc<OpeningBundle>>>;

/// What is on the desk now, for a reader that waits for nothing: each window of its own has one.
pub type DeskReader = watch::Receiver<Desk>;

/// The window's end of the program: which plant runs, and requests for another.
#[derive(Debug, Clone)]
pub struct DeskLink {
    /// What is open now.
    pub desk: watch::Receiver<Desk>,
    /// Requests; at most a few wait.
    pub requests: mpsc::Sender<DeskRequest>,
    /// The horn; `None`: this program has none.
    pub horn: Option<HornLink>,
    /// Looking for devices; `None`: this program cannot.
    pub scans: Option<ScanLink>,
    /// The disk of an editor; `None`: this program cannot edit.
    pub editing: Option<EditLink>,
    /// What plays scenarios; `None`: this program cannot.
    pub plays: Option<PlaysLink>,
    /// Beginning a project; `None`: this program cannot.
    pub begin: Option<BeginLink>,
    /// A bundle that is being opened; what is on the desk stays there meanwhile.
    pub opening: OpeningReader,
}

/// What the watcher of a desk has seen.
#[derive(Debug)]
pub enum News<'a> {
    /// Another plant, or none.
    Desk(&'a Desk),
    /// A newer picture of the plant that is open.
    Snapshot(&'a Arc<Snapshot>),
    /// The program ends: the desk is gone.
    End,
}

impl DeskLink {
    /// Tells `told` of every change, on a thread of its own that waits without a timer, until it answers `false` or the
    /// program ends. Pictures that come while it is busy are passed over: it is told of the newest.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn watch(&self, mut told: impl FnMut(News<'_>) -> bool + Send + 'static) -> std::io::Result<()> {
        let mut desk = self.desk.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let work = async move {
            loop {
                let now = desk.borrow_and_update().clone();
                if !told(News::Desk(&now)) {
                    return;
                }
                let mut plant = match now {
                    Desk::Plant(plant) => Some(plant.snapshots),
                    Desk::Empty | Desk::Opening(_) | Desk::Failed { .. } => None,
                };
                loop {
                    let published = async {
                        match &mut plant {
                            Some(snapshots) => snapshots.changed().await,
                            None => std::future::pending().await,
                        }
                    };
                    tokio::select! {
                        changed = desk.changed() => {
                            if changed.is_err() {
                                told(News::End);
                                return;
                            }
                            break;
                        },
                        published = published => match (published, &mut plant) {
                            (Ok(()), Some(snapshots)) => {
                                let snapshot = snapshots.borrow_and_update().clone();
                                if !told(News::Snapshot(&snapshot)) {
                                    return;
                                }
                            }
                            // The plant stopped; the desk will say what comes next.
                            _ => plant = None,
                        },
                    }
                }
            }
        };
        std::thread::Builder::new().name("desk-watch".to_owned()).spawn(move || runtime.block_on(work)).map(drop)
    }
}

//! The horn: a thread of the program that plays what wants to be heard, whatever the window does.
//!
//! It is fed by the main loop and not by pictures for a screen, so that a gateway pays nothing for it. What the sounds are
//! lies in `assets/`; they are played by a program that the system brings along, as a child process with its bounds, so
//! that nothing has to be installed to build this one. A sound that cannot be heard is told to the engine, which makes it
//! an alarm.
//!
//! ```text
//! conductor   when which sound is due; pure        sounds   the files       player   which program, and it at work
//! ```
//! Invariant: at most one sound is played at a time, and none when the program has ended.

mod conductor;
mod player;
mod sounds;

use crate::engine::{Annunciation, HornState, Input};
use crate::link::{HornChoice, HornLink, HornTest, TEST_QUEUE};
use crate::project::Priority;
use crate::time::{Clock, Mono, Span};
use conductor::{Conductor, Step};
use player::{Player, Playing};
use sounds::{Folder, Sound};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;
use std::{io, thread};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

/// How long the thread may take to end; a player that is killed is gone within this.
const PATIENCE: Duration = Duration::from_secs(2);

/// Between two trials whether a horn that was heard still can be, while nothing sounds anyway.
const TRIAL: Span = Span::from_secs(600);

/// The same of one that cannot be heard.
const TRIAL_OF_SILENT: Span = Span::from_secs(30);

/// What a full queue of the main loop is tried again after.
const TELL_AGAIN: Span = Span::from_millis(100);

/// After a fault of this program in the thread itself.
const START_AGAIN: Duration = Duration::from_secs(5);

/// Between two sounds that are played to be known.
const REST: Duration = Duration::from_millis(700);

/// One plant that the horn sounds for.
#[derive(Debug, Clone)]
pub struct Feed {
    /// What wants to be heard.
    pub annunciation: watch::Receiver<Annunciation>,
    /// Where it is told whether it can be.
    pub inputs: mpsc::Sender<Input>,
}

/// The thread. Dropped, it ends within seconds, and with it what plays.
#[derive(Debug)]
pub struct Horn {
    feed: watch::Sender<Option<Feed>>,
    stop: Option<oneshot::Sender<()>>,
    ended: Receiver<()>,
}

impl Horn {
    /// Starts the thread, which tries at once whether a sound can be played.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(choice: HornChoice, clock: Clock) -> io::Result<(Self, HornLink)> {
        let (feed, fed) = watch::channel(None);
        let (choice, chosen) = watch::channel(choice);
        let (tests, asked) = mpsc::channel(TEST_QUEUE);
        let (stop, mut stopped) = oneshot::channel();
        let (end, ended) = sync_channel(1);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut works = Works::new(Ears { fed, chosen, asked }, clock);
        thread::Builder::new().name("horn".to_owned()).spawn(move || {
            while catch_unwind(AssertUnwindSafe(|| runtime.block_on(works.run(&mut stopped)))).is_err() {
                works.fail(None, "a fault of the program; the log tells more".to_owned());
                thread::sleep(START_AGAIN);
            }
            drop(works);
            let _unheard = end.send(());
        })?;
        Ok((Self { feed, stop: Some(stop), ended }, HornLink { choice, tests }))
    }

    /// Sounds for this plant from now on; `None`: for none.
    pub fn attach(&self, feed: Option<Feed>) {
        self.feed.send_replace(feed);
    }
}

impl Drop for Horn {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ended_already = stop.send(());
        }
        if self.ended.recv_timeout(PATIENCE).is_err() {
            tracing::error!("the horn's thread did not end within {} s", PATIENCE.as_secs());
        }
    }
}

/// Plays every sound once, the test tone first, and tells of each who played it or why it could not be heard.
pub async fn play_all(named: Option<&str>, mut told: impl FnMut(&str, Result<&str, &str>)) {
    let mut folder = Folder::new();
    let sounds = Priority::ALL.map(Sound::Alarm);
    for sound in std::iter::once(Sound::Test).chain(sounds) {
        let ready = folder.as_mut().map_err(|e| e.to_string()).and_then(|f| f.file(sound).map_err(|e| e.to_string()));
        let players = named.map_or_else(|| player::find(None), player::find_this);
        let (file, players) = match (ready, players) {
            (Ok(file), Ok(players)) => (file, players),
            (Err(why), _) | (_, Err(why)) => {
                told(sound.name(), Err(&why));
                continue;
            }
        };
        let mut faults = Vec::new();
        let mut by = None;
        for player in players {
            let played = match player.start(&file, sound.length()) {
                Ok(mut playing) => playing.ended().await,
                Err(why) => Err(why),
            };
            match played {
                Ok(()) => {
                    by = Some(player.name);
                    break;
                }
                Err(why) => faults.push(why),
            }
        }
        told(sound.name(), by.as_deref().ok_or(&faults.join("; ")));
        tokio::time::sleep(REST).await;
    }
}

/// What the thread hears.
struct Ears {
    fed: watch::Receiver<Option<Feed>>,
    chosen: watch::Receiver<HornChoice>,
    asked: mpsc::Receiver<HornTest>,
}

/// What woke it.
enum News {
    Stop,
    Feed,
    Choice,
    Test(HornTest),
    /// What wants to be heard changed, or it is time.
    Look,
    /// The plant ended.
    NoFeed,
    Ended(Result<(), String>),
}

/// What a sound is played for.
enum Purpose {
    Alarm,
    Test(HornTest),
    Trial,
}

/// A sound at work: with the first player that could be started, and those that are left.
struct Performance {
    purpose: Purpose,
    sound: Sound,
    playing: Playing,
    left: VecDeque<Player>,
    faults: Vec<String>,
}

/// What the thread owns.
struct Works {
    ears: Ears,
    clock: Clock,
    choice: HornChoice,
    feed: Option<Feed>,
    conductor: Conductor,
    folder: Option<Folder>,
    state: HornState,
    /// What the plant was told last.
    told: Option<HornState>,
    at_work: Option<Performance>,
    waiting_test: Option<HornTest>,
    trial_due: Mono,
}

impl Works {
    fn new(mut ears: Ears, clock: Clock) -> Self {
        let choice = ears.chosen.borrow_and_update().clone();
        let mut works = Self {
            ears,
            trial_due: clock.now().mono,
            clock,
            choice: HornChoice::default(),
            feed: None,
            conductor: Conductor::default(),
            folder: None,
            state: HornState::Trying,
            told: None,
            at_work: None,
            waiting_test: None,
        };
        works.choose(choice);
        works
    }

    /// Runs until `stop` is sent or dropped.
    async fn run(&mut self, stop: &mut oneshot::Receiver<()>) {
        loop {
            let due = self.act().await;
            let tell_again = self.tell().then(|| self.clock.now().mono + TELL_AGAIN);
            match self.hear(stop, due.into_iter().chain(tell_again).min()).await {
                News::Stop => break,
                News::Feed => {
                    let feed = self.ears.fed.borrow_and_update().clone();
                    self.feed(feed).await;
                }
                News::NoFeed => self.feed(None).await,
                News::Choice => {
                    let choice = self.ears.chosen.borrow_and_update().clone();
                    self.choose(choice);
                }
                News::Test(test) => {
                    if let Some(before) = self.waiting_test.replace(test) {
                        before.answer(Err("it was asked for again".to_owned()));
                    }
                }
                News::Look => {}
                News::Ended(Ok(())) => self.heard(),
                News::Ended(Err(why)) => self.next_player(why),
            }
        }
        self.cut("the program ends").await;
    }

    /// Waits for what comes first.
    async fn hear(&mut self, stop: &mut oneshot::Receiver<()>, until: Option<Mono>) -> News {
        let pause = until.map(|until| (until - self.clock.now().mono).to_std());
        let Self { ears, feed, at_work, .. } = self;
        let wanted = async {
            match feed {
                Some(feed) => feed.annunciation.changed().await,
                None => std::future::pending().await,
            }
        };
        let ended = async {
            match at_work {
                Some(performance) => performance.playing.ended().await,
                None => std::future::pending().await,
            }
        };
        let time = async {
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _stop = stop => News::Stop,
            Ok(()) = ears.fed.changed() => News::Feed,
            Ok(()) = ears.chosen.changed() => News::Choice,
            wanted = wanted => if wanted.is_ok() { News::Look } else { News::NoFeed },
            ended = ended => News::Ended(ended),
            Some(test) = ears.asked.recv() => News::Test(test),
            () = time => News::Look,
        }
    }

    /// Does what is due now; when something is due next.
    async fn act(&mut self) -> Option<Mono> {
        loop {
            let now = self.clock.now().mono;
            let wanted = match &mut self.feed {
                Some(feed) if self.choice.off.is_none() => *feed.annunciation.borrow_and_update(),
                _ => Annunciation::default(),
            };
            match self.conductor.next(now, &wanted) {
                Step::Stop => {
                    self.cut("it was stopped").await;
                    self.conductor.stopped();
                }
                Step::Start(priority) => {
                    self.cut("an alarm sounded instead").await;
                    self.begin(Purpose::Alarm, Sound::Alarm(priority));
                }
                Step::Wait(due) if self.at_work.is_some() => return due,
                Step::Wait(due) => {
                    let tries = self.choice.off.is_none();
                    if let Some(test) = self.waiting_test.take() {
                        self.begin(Purpose::Test(test), Sound::Test);
                    } else if tries && self.trial_due <= now {
                        self.begin(Purpose::Trial, Sound::Probe);
                    } else {
                        return due.into_iter().chain(tries.then_some(self.trial_due)).min();
                    }
                }
            }
        }
    }

    async fn feed(&mut self, feed: Option<Feed>) {
        if self.conductor.playing().is_some() {
            self.cut("another plant was opened").await;
        }
        self.feed = feed;
        self.conductor = Conductor::default();
        self.told = None;
    }

    fn choose(&mut self, choice: HornChoice) {
        self.state = choice.off.clone().map_or(HornState::Trying, HornState::Off);
        self.trial_due = self.clock.now().mono;
        self.choice = choice;
    }

    /// Tells the plant how the horn fares, where that is news; `true`: it could not take it now.
    fn tell(&mut self) -> bool {
        let Some(feed) = &self.feed else { return false };
        if self.told.as_ref() == Some(&self.state) {
            return false;
        }
        if matches!(feed.inputs.try_send(Input::Horn(self.state.clone())), Err(TrySendError::Full(_))) {
            return true;
        }
        self.told = Some(self.state.clone());
        false
    }

    /// Stops what plays.
    async fn cut(&mut self, why: &str) {
        if let Some(Performance { purpose, playing, .. }) = self.at_work.take() {
            playing.stop().await;
            if let Purpose::Test(test) = purpose {
                test.answer(Err(why.to_owned()));
            }
        }
    }

    fn begin(&mut self, purpose: Purpose, sound: Sound) {
        match player::find(self.choice.player.as_deref()) {
            Ok(players) => {
                let mut left = VecDeque::from(players);
                // The one that could play last time comes first: trying the others costs seconds where they hang.
                if let HornState::Ready { player } = &self.state
                    && let Some(index) = left.iter().position(|one| *one.name == **player)
                {
                    left.rotate_left(index);
                }
                self.perform(purpose, sound, left, Vec::new());
            }
            Err(why) => self.fail(Some(purpose), why),
        }
    }

    /// Starts the first player that can be started.
    fn perform(&mut self, purpose: Purpose, sound: Sound, mut left: VecDeque<Player>, mut faults: Vec<String>) {
        let file = match self.file(sound) {
            Ok(file) => file,
            Err(error) => return self.fail(Some(purpose), error.to_string()),
        };
        while let Some(player) = left.pop_front() {
            match player.start(&file, sound.length()) {
                Ok(playing) => {
                    self.at_work = Some(Performance { purpose, sound, playing, left, faults });
                    return;
                }
                Err(why) => faults.push(why),
            }
        }
        self.fail(Some(purpose), faults.join("; "));
    }

    fn file(&mut self, sound: Sound) -> io::Result<PathBuf> {
        let folder = match &mut self.folder {
            Some(folder) => folder,
            none => none.insert(Folder::new()?),
        };
        folder.file(sound)
    }

    /// The player that was at work failed.
    fn next_player(&mut self, why: String) {
        if let Some(Performance { purpose, sound, left, mut faults, .. }) = self.at_work.take() {
            faults.push(why);
            self.perform(purpose, sound, left, faults);
        }
    }

    /// A sound was played to its end.
    fn heard(&mut self) {
        let Some(Performance { purpose, playing, .. }) = self.at_work.take() else { return };
        let (now, player) = (self.clock.now().mono, Arc::<str>::from(playing.name()));
        match purpose {
            Purpose::Alarm => self.conductor.ended(now),
            Purpose::Test(test) => test.answer(Ok(player.clone())),
            Purpose::Trial => {}
        }
        if self.choice.off.is_none() {
            self.state = HornState::Ready { player };
        }
        self.conductor.can_play(now);
        self.trial_due = now + TRIAL;
    }

    /// A sound could not be played by any player.
    fn fail(&mut self, purpose: Option<Purpose>, why: String) {
        let now = self.clock.now().mono;
        self.at_work = None;
        let why = Arc::<str>::from(why);
        match purpose {
            Some(Purpose::Test(test)) => test.answer(Err(why.to_string())),
            Some(Purpose::Trial) => {}
            Some(Purpose::Alarm) | None => self.conductor.failed(now),
        }
        if self.choice.off.is_none() {
            self.state = HornState::Silent(why);
        }
        self.trial_due = now + TRIAL_OF_SILENT;
    }
}

//! What the desktop tells while the window is not in front: new critical and high alarms, as one note that is replaced and
//! never as a hundred. What it says stands in the project's own words; nothing secret is in them.
//!
//! Where the desktop takes no notes (no notification service; Windows and macOS) the taskbar alone asks for attention.

#[cfg(all(unix, not(target_os = "macos")))]
mod bus;

use super::notlive::mode_word;
use super::words;
use crate::engine::{Plan, Snapshot};
use crate::project::Priority;
use crate::text::{bounded, visible};
use crate::time::{Clock, Mono, Span};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Least time between two notes; what comes meanwhile is folded into the next.
const PACE: Span = Span::from_secs(5);

/// Alarms told one by one in a note.
const SINGLE: usize = 3;

/// Most characters of one of them.
const LINE_CHARS: usize = 160;

/// News that may wait for the desktop; what finds no room is counted into the next.
const QUEUE: usize = 16;

/// A new alarm, as a note tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAlarm {
    /// How urgent: critical or high.
    pub priority: Priority,
    /// Its name and what has happened.
    pub words: String,
}

/// What a note says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// One line: which plant, and how many alarms of which priority.
    pub summary: String,
    /// The newest of the most urgent, one a line.
    pub body: String,
    /// A critical one is among them: it stays until somebody takes it away.
    pub critical: bool,
}

/// By the name of the alarm, which means the same in every plan.
type Occurrences = BTreeMap<Arc<str>, u64>;

/// Finds what is new from one picture to the next.
#[derive(Debug, Default)]
pub struct Watch {
    /// Critical and high alarms that waited for a person in the last picture, with their occurrences; `None`: there was none.
    before: Option<(Arc<Plan>, Occurrences)>,
}

impl Watch {
    /// Critical and high alarms that wait for a person in this picture and did not in the last. Of the first picture of a
    /// plan none: they are what somebody finds who opens it.
    pub fn news(&mut self, snapshot: &Snapshot) -> Vec<NewAlarm> {
        let plan = &snapshot.plan;
        let waiting = snapshot.alarms.iter().filter(|view| view.state.needs_acknowledgement());
        let urgent = waiting.filter_map(|view| {
            let rule = plan.alarm(view.id)?;
            (rule.priority <= Priority::High).then_some((view, rule))
        });
        let mut now = BTreeMap::new();
        let mut news = Vec::new();
        // One plant's plan may follow upon another while it runs, and its alarms are then the same by name.
        let same = |of: &Plan| of.project.path == plan.project.path && of.project.name == plan.project.name;
        let before = self.before.as_ref().filter(|(of, _)| same(of)).map(|(_, before)| before);
        for (view, rule) in urgent {
            now.insert(Arc::clone(&rule.name), view.occurrence);
            if before.is_some_and(|before| before.get(&rule.name) != Some(&view.occurrence)) {
                let words = format!("{}: {}", visible(&rule.name), visible(&rule.message));
                let (shown, more) = bounded(&words, LINE_CHARS);
                let words = if more > 0 { format!("{shown}…") } else { words };
                news.push(NewAlarm { priority: rule.priority, words });
            }
        }
        self.before = Some((plan.clone(), now));
        news
    }

    /// Another plant, or none, is shown.
    pub fn forget(&mut self) {
        self.before = None;
    }
}

/// News folded into one note, with time as an argument.
#[derive(Debug, Default)]
pub struct Fold {
    plant: String,
    counts: [u32; 2],
    /// The most urgent first, then the newest, at most [`SINGLE`].
    lines: Vec<NewAlarm>,
    changed: bool,
    told: Option<Mono>,
}

impl Fold {
    /// Adds what is new in a plant.
    pub fn add(&mut self, plant: &str, news: Vec<NewAlarm>) {
        plant.clone_into(&mut self.plant);
        for alarm in news {
            self.counts[alarm.priority as usize] += 1;
            let place = self.lines.iter().position(|line| line.priority >= alarm.priority).unwrap_or(self.lines.len());
            self.lines.insert(place, alarm);
            self.lines.truncate(SINGLE);
            self.changed = true;
        }
    }

    /// When the next note is due; `None`: there is nothing to tell.
    pub fn due(&self) -> Option<Mono> {
        self.changed.then(|| self.told.map_or(Mono(i64::MIN / 2), |told| told + PACE))
    }

    /// The note, where it is due now.
    pub fn take(&mut self, now: Mono) -> Option<Note> {
        self.due().filter(|due| *due <= now)?;
        self.changed = false;
        self.told = Some(now);
        let [critical, high] = self.counts;
        let told = [(Priority::Critical, critical), (Priority::High, high)].into_iter().filter(|(_, n)| *n > 0);
        let counts: Vec<String> = told.map(|(priority, n)| words::priority_count(priority, n)).collect();
        let noun = if critical + high == 1 { "alarm" } else { "alarms" };
        let mut body = String::new();
        for line in &self.lines {
            let gap = if body.is_empty() { "" } else { "\n" };
            let _written = write!(body, "{gap}{}", line.words);
        }
        let more = (critical + high) as usize - self.lines.len();
        if more > 0 {
            let _written = write!(body, "\nand {more} more");
        }
        let summary = format!("{}: {} {noun}", self.plant, counts.join(", "));
        Some(Note { summary, body, critical: critical > 0 })
    }

    /// Somebody looks at the window: all of it was seen.
    pub fn seen(&mut self) {
        *self = Self { told: self.told, ..Self::default() };
    }
}

/// The plant's name as a note and its title say it, with DEMO where it is no plant.
pub fn plant_name(snapshot: &Snapshot) -> String {
    let name = visible(&snapshot.plan.project.name);
    let name = if name.is_empty() { words::say::PROGRAM.into() } else { name };
    mode_word(snapshot.mode).map_or_else(|| name.to_string(), |mark| format!("{mark} {name}"))
}

/// How a desktop takes notes.
trait Desktop {
    /// Shows a note in the place of the last.
    fn show(&mut self, note: &Note) -> Result<(), String>;
    /// Takes it away.
    fn close(&mut self);
}

#[derive(Debug)]
enum News {
    Alarms(String, Vec<NewAlarm>),
    Seen,
}

/// The window's end: whether it is in front, whether notes are wanted, and the thread that gives them to the desktop.
#[derive(Debug, Clone)]
pub struct Notifier {
    front: Arc<AtomicBool>,
    wanted: Arc<AtomicBool>,
    news: SyncSender<News>,
    fault: Arc<Mutex<Option<String>>>,
}

impl Notifier {
    /// Starts the thread. `raise` brings the window to the front: somebody pressed a note.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(wanted: bool, clock: Clock, raise: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        let (news, heard) = sync_channel(QUEUE);
        let fault = Arc::new(Mutex::new(None));
        let told = fault.clone();
        let raise: Arc<dyn Fn() + Send + Sync> = Arc::new(raise);
        let work = move || {
            #[cfg(all(unix, not(target_os = "macos")))]
            deliver(&heard, &clock, &mut bus::Bus::new(raise), &told);
            #[cfg(not(all(unix, not(target_os = "macos"))))]
            {
                drop(raise);
                deliver(&heard, &clock, &mut Nowhere, &told);
            }
        };
        thread::Builder::new().name("notify".to_owned()).spawn(work)?;
        let front = Arc::new(AtomicBool::new(true));
        Ok(Self { front, wanted: Arc::new(AtomicBool::new(wanted)), news, fault })
    }

    /// Whether the window is in front, as the last frame knew.
    pub fn is_front(&self) -> bool {
        self.front.load(Ordering::Relaxed)
    }

    /// The window came to the front, or went; `true`: it came.
    pub fn set_front(&self, front: bool) -> bool {
        let came = front && !self.front.swap(front, Ordering::Relaxed);
        self.front.store(front, Ordering::Relaxed);
        if came {
            let _told_with_the_next = self.news.try_send(News::Seen);
        }
        came
    }

    /// Whether notes are wanted from now on.
    pub fn want(&self, wanted: bool) {
        self.wanted.store(wanted, Ordering::Relaxed);
        if !wanted {
            let _told_with_the_next = self.news.try_send(News::Seen);
        }
    }

    /// Tells the desktop what is new, where the window is not in front and notes are wanted.
    pub fn tell(&self, snapshot: &Snapshot, news: Vec<NewAlarm>) {
        if !self.is_front() && self.wanted.load(Ordering::Relaxed) && !news.is_empty() {
            let _desktop_hangs = self.news.try_send(News::Alarms(plant_name(snapshot), news));
        }
    }

    /// Why the desktop took no note the last time.
    pub fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Hands folded news to the desktop until nobody sends any more.
fn deliver(heard: &Receiver<News>, clock: &Clock, desktop: &mut dyn Desktop, fault: &Mutex<Option<String>>) {
    let mut fold = Fold::default();
    loop {
        let news = match fold.due() {
            Some(due) => heard.recv_timeout((due - clock.now().mono).to_std()),
            None => heard.recv().map_err(|_gone| RecvTimeoutError::Disconnected),
        };
        match news {
            Ok(News::Alarms(plant, news)) => fold.add(&plant, news),
            Ok(News::Seen) => {
                fold.seen();
                desktop.close();
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let Some(note) = fold.take(clock.now().mono) else { continue };
        let why = desktop.show(&note).err();
        let mut told = fault.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = why.as_ref().filter(|_| *told != why) {
            tracing::warn!("the desktop took no note of a new alarm: {why}");
        }
        *told = why;
    }
}

/// A system whose desktop takes no notes from us.
#[cfg(not(all(unix, not(target_os = "macos"))))]
struct Nowhere;

#[cfg(not(all(unix, not(target_os = "macos"))))]
impl Desktop for Nowhere {
    fn show(&mut self, _note: &Note) -> Result<(), String> {
        Err("this version gives no notes to the desktop of this system".to_owned())
    }

    fn close(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;

    fn alarm(priority: Priority, words: &str) -> NewAlarm {
        NewAlarm { priority, words: words.to_owned() }
    }

    fn at(seconds: f64) -> Mono {
        Mono((seconds * 1e6) as i64)
    }

    #[test]
    fn a_new_alarm_is_told_at_once_and_what_follows_is_folded_into_one_note() {
        let mut fold = Fold::default();
        assert_eq!((fold.due(), fold.take(at(1.0))), (None, None));
        fold.add("Riverside", vec![alarm(Priority::High, "p/high: pressure")]);
        let note = fold.take(at(1.0)).unwrap();
        assert_eq!(note.summary, "Riverside: 1 high alarm");
        assert_eq!((note.body.as_str(), note.critical), ("p/high: pressure", false));
        for i in 0..40 {
            fold.add("Riverside", vec![alarm(Priority::High, &format!("t{i}/high: hot"))]);
        }
        fold.add("Riverside", vec![alarm(Priority::Critical, "tank/high: overflow")]);
        assert_eq!((fold.take(at(5.9)), fold.due()), (None, Some(at(6.0))));
        let note = fold.take(at(6.0)).unwrap();
        assert_eq!(note.summary, "Riverside: 1 critical, 41 high alarms");
        assert_eq!(note.body, "tank/high: overflow\nt39/high: hot\nt38/high: hot\nand 39 more");
        assert!(note.critical);
        assert_eq!(fold.due(), None, "told once");
        fold.seen();
        fold.add("Riverside", vec![alarm(Priority::High, "a/high: b")]);
        assert_eq!(fold.take(at(20.0)).unwrap().summary, "Riverside: 1 high alarm", "what was seen is counted no more");
    }

    #[test]
    fn what_is_there_when_a_plant_is_opened_is_no_news_and_a_new_occurrence_is() {
        let mut watch = Watch::default();
        let mut snapshot = sample::riverside().snapshot;
        assert_eq!(watch.news(&snapshot), []);
        assert_eq!(watch.news(&snapshot), [], "nothing happened");
        let mut alarms = snapshot.alarms.to_vec();
        let first = snapshot.plan.alarm(alarms[0].id).unwrap().clone();
        assert_eq!(first.priority, Priority::Critical);
        alarms[0].occurrence += 1;
        // The others went: that is no news either.
        alarms.truncate(1);
        snapshot.alarms = Arc::new(alarms);
        let words = format!("{}: {}", first.name, first.message);
        assert_eq!(watch.news(&snapshot), [alarm(Priority::Critical, &words)]);
        assert_eq!(plant_name(&snapshot), snapshot.plan.project.name);
        snapshot.mode = crate::engine::Mode::Demo;
        assert!(plant_name(&snapshot).starts_with("DEMO "));
    }

    /// A desktop on paper.
    #[derive(Default)]
    struct Paper(Vec<String>);

    impl Desktop for Paper {
        fn show(&mut self, note: &Note) -> Result<(), String> {
            self.0.push(note.summary.clone());
            if self.0.len() > 1 { Err("no room".to_owned()) } else { Ok(()) }
        }

        fn close(&mut self) {
            self.0.push("closed".to_owned());
        }
    }

    #[test]
    fn a_desktop_that_takes_no_note_is_told_and_the_note_goes_when_the_window_is_seen() {
        let (sender, heard) = sync_channel(QUEUE);
        let news = |words: &str| News::Alarms("P".to_owned(), vec![alarm(Priority::High, words)]);
        sender.send(news("a")).unwrap();
        sender.send(News::Seen).unwrap();
        sender.send(news("b")).unwrap();
        drop(sender);
        let (mut paper, fault) = (Paper::default(), Mutex::default());
        // Each look at the clock is a minute after the last.
        let minutes = std::sync::atomic::AtomicI64::new(0);
        let clock = Clock::new(move || {
            let now = Mono(minutes.fetch_add(60_000_000, Ordering::Relaxed));
            crate::time::Now { mono: now, ..Default::default() }
        });
        deliver(&heard, &clock, &mut paper, &fault);
        assert_eq!(paper.0, ["P: 1 high alarm", "closed", "P: 1 high alarm"]);
        assert_eq!(fault.into_inner().unwrap().as_deref(), Some("no room"));
    }
}

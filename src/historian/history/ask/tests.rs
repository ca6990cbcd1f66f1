//! Questions against a real file, answered by the threads.

use super::super::super::questions::MOST_WAITING;
use super::super::store::Store;
use super::super::{Columns, Sample, TagRow, frame, runs::Run};
use super::*;
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// A history of one tag with a sample each second, all in the log.
fn recorded(folder: &Path, seconds: i64) {
    let mut store = Store::open(folder, Utc(0)).unwrap();
    let (series, name, unit) = (SeriesId(1), "Pump1.Flow".to_owned(), String::new());
    let tag = TagRow { series, since: Utc(1), name, unit, data_type: "f64".to_owned() };
    let before = TagRow { since: Utc(0), name: "old.flow".to_owned(), ..tag.clone() };
    let samples: Columns = (0..seconds).map(|i| Sample::good(Utc(i * 1_000_000), i as f64)).collect();
    let run = Run { alive: Utc(seconds * 1_000_000), ..Run::next(None, Utc(0)) };
    store.commit(&[before, tag], &[frame::encode([(series, &samples)].into_iter())], &[&run]).unwrap();
}

fn woken() -> (Wake, Receiver<()>) {
    let (sender, woken) = mpsc::channel();
    (Arc::new(move || sender.send(()).unwrap_or_default()), woken)
}

fn question(pens: &[&str], to: i64) -> Question {
    Question { pens: pens.iter().map(|p| Arc::from(*p)).collect(), from: Utc(0), to: Utc(to * 1_000_000), columns: 100 }
}

fn answer(link: &HistoryLink, question: Question) -> Answer {
    let (wake, woken) = woken();
    let pending = link.ask(question, wake);
    woken.recv_timeout(PATIENCE).unwrap();
    let answer = pending.take().unwrap();
    assert_eq!(pending.take(), None, "an answer is taken once");
    answer
}

#[test]
fn each_pen_has_its_picture_and_a_tag_without_a_past_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    recorded(folder.path(), 50);
    let link = HistoryLink::start(folder.path(), None).unwrap();
    let told = answer(&link, question(&["pump1.flow", "no.such", "old.flow"], 60));
    assert_eq!((told.from, told.to, told.recorded_to), (Utc(0), Utc(60_000_000), Some(Utc(49_000_000))));
    let pictures: Vec<Picture> = told.pens.into_iter().map(Result::unwrap).collect();
    assert_eq!(pictures[0].points.len(), 50);
    assert_eq!(pictures[1], Picture::default());
    assert_eq!(pictures[2], pictures[0], "the name before");
}

#[test]
fn a_folder_without_a_history_has_no_past_and_gets_one_when_it_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let link = HistoryLink::start(folder.path(), None).unwrap();
    let told = answer(&link, question(&["pump1.flow"], 10));
    assert_eq!((told.pens[0].clone().unwrap().points.len(), told.recorded_to), (0, None));
    recorded(folder.path(), 5);
    assert_eq!(answer(&link, question(&["pump1.flow"], 10)).pens[0].clone().unwrap().points.len(), 5);
}

#[test]
fn what_cannot_be_read_is_told_and_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(super::super::HISTORY_FILE);
    std::fs::write(&file, [0x5A; 9_000]).unwrap();
    let link = HistoryLink::start(folder.path(), None).unwrap();
    let told = answer(&link, question(&["pump1.flow"], 10));
    assert!(told.pens[0].as_ref().unwrap_err().contains("not a database"), "{told:?}");
    std::fs::remove_file(file).unwrap();
    recorded(folder.path(), 5);
    assert!(answer(&link, question(&["pump1.flow"], 10)).pens[0].is_ok());
}

#[test]
fn questions_have_a_bound_and_one_that_is_dropped_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let link = HistoryLink::start(folder.path(), None).unwrap();
    // Both readers stand in a wake, so that nothing is answered meanwhile.
    let (go, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let (standing, stands) = mpsc::channel();
    let wake: Wake = Arc::new(move || {
        standing.send(()).unwrap_or_default();
        gate.lock().unwrap().recv_timeout(PATIENCE).unwrap_or_default();
    });
    let held: Vec<Pending> = (0..READERS).map(|_| link.ask(question(&[], 1), wake.clone())).collect();
    stands.recv_timeout(PATIENCE).unwrap();
    stands.recv_timeout(PATIENCE).unwrap();
    let (wake, woken) = woken();
    let mut waiting: Vec<Pending> = (0..MOST_WAITING).map(|_| link.ask(question(&["a"], 1), wake.clone())).collect();
    assert!(woken.try_recv().is_err(), "none is answered yet");
    let refused = link.ask(question(&["a"], 1), wake.clone()).take().unwrap();
    assert!(refused.pens[0].as_ref().unwrap_err().contains("too many"));
    woken.recv_timeout(PATIENCE).unwrap();
    drop(waiting.pop());
    assert_eq!(link.ask(question(&["a"], 1), wake).take(), None, "it waits like the others");
    drop((held, waiting));
    drop(go);
}

#[test]
fn the_readers_end_with_the_last_link() {
    let folder = tempfile::tempdir().unwrap();
    let link = HistoryLink::start(folder.path(), None).unwrap();
    let shared = Arc::downgrade(&link.0.0);
    answer(&link, question(&["a"], 1));
    drop(link.clone());
    assert!(shared.upgrade().is_some());
    drop(link);
    let mut patience = 3_000;
    while shared.upgrade().is_some() && patience > 0 {
        patience -= 1;
        thread::sleep(Duration::from_millis(10));
    }
    assert!(shared.upgrade().is_none(), "a reader still holds it");
}

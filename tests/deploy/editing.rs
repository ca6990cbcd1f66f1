//! What an editor does to a plant that runs: told before, then done, through the wire that a window has.

use crate::support::{self, Modbus, until};
use std::fs;
use std::sync::Arc;
use watchkeeper::engine::{Actor, LinkState};
use watchkeeper::historian::JournalReader;
use watchkeeper::link::{DeployAsk, DeployPlan, Desk, DeskRequest, EditAnswer, EditJob, SaveError};
use watchkeeper::project::edit::{Draft, Edit, EntityKind, KeyPath, Value};
use watchkeeper::runtime::clock::system_clock;
use watchkeeper::runtime::{Supervisor, field_runtime};

fn anna() -> Actor {
    Actor { user: "anna".into(), computer: "desk-1".into(), desk: Some("Anna B.".into()) }
}

#[test]
fn a_limit_is_edited_reviewed_saved_and_put_into_force_without_a_new_connection() {
    let modbus = Modbus::start(10);
    modbus.set(0, &[200]);
    let folder = tempfile::tempdir().unwrap();
    let plant = support::project(folder.path(), modbus.address);
    let runtime = field_runtime().unwrap();
    let first = DeskRequest::Open(plant.clone());
    let (desk, supervisor) = Supervisor::start(first, runtime.handle().clone(), anna(), system_clock(), None).unwrap();
    let link = until("a plant", || match desk.desk.borrow().clone() {
        Desk::Plant(link) => Some(link),
        _ => None,
    });
    until("the device", || {
        let status = link.snapshots.borrow().devices.first()?.status.clone();
        (status.state == LinkState::Connected && status.answers > 0).then_some(())
    });
    let connections = modbus.connections();
    let disk = desk.editing.clone().unwrap();
    let answered = || until("an answer of the disk", || disk.answer());

    disk.ask(EditJob::Open(plant.clone())).unwrap();
    let EditAnswer::Opened(_, Ok(opened)) = answered() else { panic!("the file is there") };
    assert!(opened.draft.is_none());
    let mut draft = Draft::open(&opened.text).unwrap();
    let alarm = draft.index().blocks().iter().find(|block| block.kind == EntityKind::Alarm).unwrap().id;
    let limit = KeyPath::from("limit");
    let before = draft.shown(alarm, &limit).unwrap();
    draft.edit(&[Edit::Set { of: alarm, key: limit.clone(), value: Value::Whole(9_000) }]).unwrap();

    let deploy = |text: Vec<u8>, apply: bool| -> Result<Arc<DeployPlan>, String> {
        let answer = Arc::default();
        let ask = DeployAsk { text: text.into(), apply, by: anna(), answer: Arc::clone(&answer) };
        desk.requests.try_send(DeskRequest::Deploy(Box::new(ask))).unwrap();
        until("an answer of the plant", || answer.get().cloned())
    };
    let plan = deploy(draft.bytes(), false).unwrap();
    assert_eq!((plan.summary.as_str(), &plan.refused), ("1 limit", &None));
    assert!(plan.impact.iter().any(|line| line == "no device reconnects"), "{:?}", plan.impact);
    assert!(plan.impact.iter().any(|line| line.contains("tank1.level/high (limit)")), "{:?}", plan.impact);
    assert_eq!(fs::read(&plant).unwrap(), opened.text, "to tell is not to do");
    let in_force = || {
        let snapshot = link.snapshots.borrow().clone();
        format!("{:?}", snapshot.plan.project.alarms[0].kind).contains("9000")
    };
    assert!(!in_force());

    // Somebody else writes it meanwhile: nothing is lost, and nothing written.
    let theirs = [opened.text.as_slice(), b"# a note\n"].concat();
    fs::write(&plant, &theirs).unwrap();
    let save = |draft: &Draft| {
        let (before, after) = (draft.saved_bytes(), draft.bytes());
        disk.ask(EditJob::Save { path: plant.clone(), before, after }).unwrap();
    };
    save(&draft);
    let EditAnswer::Saved(_, Err(SaveError::Changed(_, now))) = answered() else { panic!("it was changed") };
    assert_eq!(now, theirs);
    let merge = draft.merged(&now).unwrap();
    assert!(merge.conflicts.is_empty(), "{:?}", merge.conflicts);
    draft.take_merge(&merge, &[], &now).unwrap();
    save(&draft);
    assert!(matches!(answered(), EditAnswer::Saved(_, Ok(()))));
    let (written, theirs) = (fs::read_to_string(&plant).unwrap(), String::from_utf8(theirs).unwrap());
    let other: Vec<(&str, &str)> =
        theirs.lines().map(str::trim).zip(written.lines().map(str::trim)).filter(|(a, b)| a != b).collect();
    assert_eq!(other, [(format!("limit = {before}").as_str(), "limit = 9000")].map(|(a, b)| (a, b)));

    let done = deploy(draft.bytes(), true).unwrap();
    assert_eq!(done.impact, plan.impact, "what was done is what was told");
    until("the limit", || in_force().then_some(()));
    assert_eq!(modbus.connections(), connections);

    // By hand, with another editor: the window is told, and the same review offers it.
    let differs = || match &*desk.desk.borrow() {
        Desk::Plant(link) => link.about.differs_from_the_file(),
        _ => false,
    };
    assert!(!differs());
    let by_hand = fs::read_to_string(&plant).unwrap().replace("limit = 9000", "limit = 9001");
    fs::write(&plant, &by_hand).unwrap();
    until("the file by hand", || differs().then_some(()));
    disk.ask(EditJob::Open(plant.clone())).unwrap();
    let EditAnswer::Opened(_, Ok(again)) = answered() else { panic!("the file is there") };
    assert_eq!(again.text, by_hand.as_bytes());
    let plan = deploy(again.text.clone(), false).unwrap();
    assert_eq!(plan.summary, "1 limit");
    // What is put into force without a change is what stands in the file.
    let stands = |text: &[u8]| {
        disk.ask(EditJob::Save { path: plant.clone(), before: text.to_vec(), after: text.to_vec() }).unwrap();
        answered()
    };
    assert!(matches!(stands(&opened.text), EditAnswer::Saved(_, Err(SaveError::Changed(..)))));
    assert!(matches!(stands(&again.text), EditAnswer::Saved(_, Ok(()))));
    deploy(again.text, true).unwrap();
    until("the file in force", || (!differs()).then_some(()));

    let refused = deploy(b"no project\n".to_vec(), false).unwrap();
    assert_eq!(refused.refused.as_deref(), Some("nothing in it can run"));
    assert!(deploy(b"no project\n".to_vec(), true).is_err());
    supervisor.stop();
    let mut notes = Vec::new();
    let each = |row: watchkeeper::historian::Row| {
        notes.extend(row.note.filter(|note| note.starts_with("edited in the window")));
        std::ops::ControlFlow::Continue(())
    };
    JournalReader::open(&folder.path().join("plant.data")).unwrap().unwrap().read(None, None, each).unwrap();
    assert_eq!(notes.len(), 2);
    assert!(notes[0].contains("tank1.level/high"), "{notes:?}");
}

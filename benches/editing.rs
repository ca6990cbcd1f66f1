//! The text under the editor, with 10,000 tags in it: what typing a letter, a paste over all of them and its undo, and a
//! save cost. To reach: undo of a 10,000-row paste in 100 ms, validation while typing in 50 ms; a save, and a diff and the plan of it, in 300 ms.
//!
//! `cargo bench --bench editing`

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use engineered::{TAGS, text};
use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::sync::Arc;
use watchkeeper::engine::{Generation, Mode, Plan};
use watchkeeper::project::edit::{Draft, Edit, EntityId, EntityKind, Search, Spot, Value, merge};
use watchkeeper::project::{diff, file};
use watchkeeper::runtime::impact::Impact;
use watchkeeper::runtime::save::save;

#[path = "parts/engineered.rs"]
mod engineered;

fn tags(draft: &Draft) -> Vec<EntityId> {
    draft.index().blocks().iter().filter(|block| block.kind == EntityKind::Tag).map(|block| block.id).collect()
}

fn set(of: EntityId, key: &str, value: Value) -> Edit {
    Edit::Set { of, key: key.into(), value }
}

/// Five columns over all tags, as a spreadsheet gives them.
fn paste(draft: &Draft) -> Vec<Edit> {
    let rows = tags(draft).into_iter().enumerate();
    rows.flat_map(|(nth, tag)| {
        [
            set(tag, "description", Value::Text(format!("Row {nth}"))),
            set(tag, "unit", "K".into()),
            set(tag, "range", Value::Raw(format!("[{nth}, {}]", nth + 100))),
            set(tag, "decimals", Value::Whole(1)),
            set(tag, "record-deadband", Value::Number(0.5)),
        ]
    })
    .collect()
}

fn editing(criterion: &mut Criterion) {
    let text = text();
    let draft = Draft::open(text.as_bytes()).expect("a draft");
    let (_project, issues) = draft.read();
    assert!(issues.is_empty(), "{issues:?}");
    let middle = tags(&draft)[TAGS / 2];
    let mut group = criterion.benchmark_group("editing");
    group.sample_size(20);
    group.bench_function("open: find where everything stands", |bencher| {
        bencher.iter(|| Draft::open(black_box(text.as_bytes())).expect("a draft"));
    });
    group.bench_function("validation: read the whole text", |bencher| {
        bencher.iter(|| file::read(black_box(text.as_bytes())));
    });
    let project = Arc::new(draft.read().0);
    group.bench_function("validation: compile", |bencher| {
        bencher.iter(|| Plan::compile(Arc::clone(&project), Generation(0), Mode::Live));
    });
    let mut typed = draft.clone();
    let mut nth = 0;
    group.bench_function("validation while typing: a letter, and what is wrong with its tag", |bencher| {
        bencher.iter(|| {
            nth += 1;
            typed.edit_as(None, Some(1), &[set(middle, "unit", Value::Text(format!("m{nth}")))]).expect("an edit");
            let issues = typed.glance(middle, &[]);
            assert!(issues.is_ok_and(|issues| issues.is_empty()));
        });
    });
    let edits = paste(&draft);
    group.bench_function("paste of 10,000 rows in five columns", |bencher| {
        let edited = |mut draft: Draft| {
            draft.edit(&edits).expect("an edit");
            draft
        };
        bencher.iter_batched(|| draft.clone(), edited, BatchSize::LargeInput);
    });
    let mut pasted = draft.clone();
    pasted.edit(&edits).expect("an edit");
    let undone = |mut draft: Draft| {
        draft.undo().expect("a step");
        draft
    };
    group.bench_function("undo of it", |bencher| {
        bencher.iter_batched(|| pasted.clone(), undone, BatchSize::LargeInput);
    });
    let rows: String = (0..TAGS).fold(String::new(), |mut rows, nth| {
        write!(rows, "[[tag]]\nname = \"new.t{nth}\"\nformula = \"area0.loop0 + {nth}\"\n\n").expect("a string");
        rows
    });
    let mut grown = draft.clone();
    let insert = [Edit::Insert { spot: Spot::Last, text: rows }];
    group.bench_function("paste of 10,000 new tags", |bencher| {
        let edited = |mut draft: Draft| {
            draft.edit(&insert).expect("an edit");
            draft
        };
        bencher.iter_batched(|| draft.clone(), edited, BatchSize::LargeInput);
    });
    grown.edit(&insert).expect("an edit");
    group.bench_function("undo of them", |bencher| {
        bencher.iter_batched(|| grown.clone(), undone, BatchSize::LargeInput);
    });
    group.bench_function("rename of a device that 500 tags name", |bencher| {
        let device = draft.index().blocks().iter().find(|block| block.kind == EntityKind::Device).expect("a device").id;
        let renamed = |mut draft: Draft| {
            draft.rename(device, "east").expect("a rename");
            draft
        };
        bencher.iter_batched(|| draft.clone(), renamed, BatchSize::LargeInput);
    });
    group.bench_function("find in all values", |bencher| {
        let search = Search { find: "loop77".into(), ..Search::default() };
        bencher.iter(|| draft.find(black_box(&search), "x"));
    });
    let theirs = text.replace("limit = 120.0", "limit = 125.0");
    group.bench_function("merge with a file in which every limit was changed", |bencher| {
        bencher.iter(|| merge(&text, pasted.text(), black_box(&theirs)));
    });
    let changed = Draft::open(theirs.as_bytes()).expect("a draft").read().0;
    group.bench_function("diff with a file in which every limit was changed, in words", |bencher| {
        bencher.iter(|| diff::words(&diff::compare(&project, black_box(&changed))));
    });
    let compiled = |project| Plan::compile(project, Generation(0), Mode::Live).0;
    let (before, after) = (compiled(Arc::clone(&project)), compiled(Arc::new(changed)));
    group.bench_function("plan of putting it into force, in words", |bencher| {
        bencher.iter(|| Impact::of(&before, black_box(&after)).words());
    });
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plant.toml");
    let (one, other) = (draft.bytes(), pasted.bytes());
    fs::write(&path, &one).expect("a file");
    let mut turn = false;
    group.bench_function("save", |bencher| {
        bencher.iter(|| {
            let (before, after) = if turn { (&other, &one) } else { (&one, &other) };
            save(&path, before, after).expect("saved");
            turn = !turn;
        });
    });
    group.finish();
}

criterion_group!(benches, editing);
criterion_main!(benches);

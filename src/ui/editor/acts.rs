//! What is done with the draft, and what is said of it: at once, or aside where a frame would be too short for it.

use super::grid::{Sheet as _, Wish, resolved};
use super::judge::Judged;
use super::review::Changed;
use super::sheets::{Rows, SheetKind, View};
use super::wanted::imported;
use super::{Editor, Over, State, refused, select};
use crate::link::FoundDraft;
use crate::project::edit::{Draft, Edit, EntityId, EntityKind, Hit, KeyPath, Refusal, Value};
use crate::ui::importing::Import;
use eframe::egui::{Context, Event, InputState, Key};
use select::Selection;
use std::sync::Arc;

/// What is to be done.
#[derive(Debug)]
pub enum Act {
    /// The last step is taken back.
    Undo,
    /// The step that was taken back last is made again.
    Redo,
    /// What a person wants of the sheet that is seen.
    Wishes(Vec<Wish>),
    /// Edits, as more of the step before where that has the same number.
    Edits(Option<u64>, Vec<Edit>),
    /// These places are to be replaced.
    Replace(Vec<Hit>),
    /// It becomes another text, by a step of this name; the words that are said then.
    Become(String, String, String),
    /// What somebody else wrote into the file is held against it: both are shown side by side.
    Compare(Vec<u8>),
    /// The same, of a draft that says what the file said: it follows.
    Follow(Vec<u8>),
    /// Both sides of a file that somebody else wrote are taken.
    Merge(Box<Changed>),
    /// The draft that an earlier run left is taken up.
    TakeUp(Box<FoundDraft>),
    /// What another program knows is put in.
    Import(Box<Import>),
}

/// The sheet that an act is about, as it was seen then.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Which.
    pub kind: SheetKind,
    /// What is wrong in it, and what templates make.
    pub judged: &'a Judged,
    /// Its rows.
    pub view: &'a View,
}

/// What came of an act.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What there is to say.
    pub said: Option<String>,
    /// What was edited: looked at before all is read.
    edits: Vec<Edit>,
    /// The first that is new.
    added: Option<EntityId>,
    /// What is chosen then.
    chosen: Option<Selection>,
    /// What somebody else wrote, to be asked about.
    asked: Option<Box<Changed>>,
}

/// Up to this many bytes of text are read anew, and this many cells put, within a frame.
const LONG_TEXT: usize = 256 << 10;
const MANY_CELLS: usize = 500;

impl Act {
    /// Whether a frame would be too short for it.
    pub fn is_long(&self, draft: &Draft, view: &View) -> bool {
        let is_long_text = draft.text().len() > LONG_TEXT;
        match self {
            Self::Undo => draft.reach_of_steps().0 > LONG_TEXT,
            Self::Redo => draft.reach_of_steps().1 > LONG_TEXT,
            Self::Wishes(wishes) => {
                let cells: usize = wishes.iter().map(Wish::reach).sum();
                // Of two cells one may stand at the text's beginning and the other at its end.
                let names = |wish: &Wish| match wish {
                    Wish::Put(cells) => cells.iter().any(|(at, _)| view.keys.get(at.column) == Some(&"name")),
                    _ => false,
                };
                cells > MANY_CELLS || is_long_text && (cells > 1 || wishes.iter().any(names))
            }
            Self::Edits(_, edits) => is_long_text && (edits.len() > 1 || edits.iter().any(names_anew)),
            Self::Replace(hits) => hits.len() > MANY_CELLS || is_long_text && hits.len() > 1,
            Self::Become(_, text, _) => is_long_text || text.len() > LONG_TEXT,
            Self::Compare(theirs) | Self::Follow(theirs) => is_long_text || theirs.len() > LONG_TEXT,
            Self::TakeUp(found) => is_long_text || found.text.len() > LONG_TEXT,
            Self::Import(import) => is_long_text || import.bytes() > LONG_TEXT,
            Self::Merge(_) => is_long_text,
        }
    }

    /// What is said while it is worked out.
    pub fn words(&self, draft: &Draft) -> String {
        let step = |name: Option<&str>| name.unwrap_or_default().to_owned();
        match self {
            Self::Undo => format!("Taking back: {}…", step(draft.undo_names().next())),
            Self::Redo => format!("Making again: {}…", step(draft.redo_names().next())),
            Self::Wishes(wishes) => {
                let many: usize = wishes.iter().map(Wish::reach).sum();
                match wishes.first() {
                    Some(Wish::Remove(_)) => format!("Removing {many} rows…"),
                    Some(Wish::Duplicate(_)) => format!("Copying {many} rows…"),
                    _ if many == 1 => "Changing the name wherever it is used…".to_owned(),
                    _ => format!("Putting {many} cells in…"),
                }
            }
            Self::Edits(_, edits) if edits.len() == 1 => "Changing the name wherever it is used…".to_owned(),
            Self::Edits(_, edits) => format!("Changing {} rows…", edits.len()),
            Self::Replace(hits) => format!("Replacing in {} places…", hits.len()),
            Self::Become(name, ..) => format!("{name}…"),
            Self::Compare(_) => "Comparing with what somebody else wrote…".to_owned(),
            Self::Follow(_) => "Taking over what somebody else wrote…".to_owned(),
            Self::Merge(_) => "Putting both together…".to_owned(),
            Self::TakeUp(_) => "Taking up the draft that was not saved…".to_owned(),
            Self::Import(import) => format!("Importing {}…", import.file),
        }
    }

    /// Does it.
    pub fn done(self, draft: &mut Draft, seen: Seen<'_>) -> Outcome {
        match self {
            Self::Undo => Outcome::said(draft.undo().map(|name| format!("Taken back: {name}"))),
            Self::Redo => Outcome::said(draft.redo().map(|name| format!("Made again: {name}"))),
            Self::Wishes(wishes) => {
                let mut outcome = Outcome::default();
                for wish in wishes {
                    let next = wished(draft, seen, wish);
                    outcome = Outcome { chosen: next.chosen.or(outcome.chosen), ..next };
                }
                outcome
            }
            Self::Edits(group, edits) => edited(draft, None, group, edits),
            Self::Replace(hits) => Outcome::said(draft.replace(&hits).err().map(|refusal| refused(&refusal))),
            Self::Become(name, text, said) => {
                draft.become_text(&name, &text);
                Outcome::said(Some(said))
            }
            Self::Compare(theirs) => compared(draft, &theirs),
            Self::Follow(theirs) => {
                let taken = Changed::new(draft, &theirs).and_then(|changed| changed.take(draft));
                Outcome::said(Some(match taken {
                    Ok(()) => "The file was changed by somebody else, and is shown as it is now".to_owned(),
                    Err(refusal) => {
                        format!("The file was changed by somebody else, and cannot be read now: {refusal}")
                    }
                }))
            }
            Self::Merge(changed) => Outcome::said(Some(match changed.take(draft) {
                Ok(()) => "Both are in the draft now: look at it, then save".to_owned(),
                Err(refusal) => refused(&refusal),
            })),
            Self::TakeUp(found) => match Draft::take_up(&found.base, &found.text) {
                Ok(taken) => {
                    let file = draft.saved_bytes();
                    *draft = taken;
                    // Both count, as with any other change from outside.
                    if found.file_changed { compared(draft, &file) } else { Outcome::default() }
                }
                Err(refusal) => Outcome::said(Some(refused(&refusal))),
            },
            Self::Import(import) => Outcome::said(Some(imported(draft, &import))),
        }
    }
}

/// Somebody else wrote the file: what they wrote is not lost, and neither is what is here.
fn compared(draft: &Draft, theirs: &[u8]) -> Outcome {
    match Changed::new(draft, theirs) {
        Ok(changed) => Outcome { asked: Some(Box::new(changed)), ..Outcome::default() },
        Err(refusal) => Outcome::said(Some(format!(
            "Not saved: the file was changed by somebody else, and cannot be read now: {refusal}"
        ))),
    }
}

impl Outcome {
    fn said(said: Option<String>) -> Self {
        Self { said, ..Self::default() }
    }
}

/// Whether an edit gives something a name: whoever bears it is looked for in the whole text.
fn names_anew(edit: &Edit) -> bool {
    matches!(edit, Edit::Set { key, value: Value::Text(_), .. } if *key == KeyPath::from("name"))
}

/// What a person wants of a sheet.
fn wished(draft: &mut Draft, seen: Seen<'_>, wish: Wish) -> Outcome {
    let Seen { kind, judged, view } = seen;
    let rows = Rows { kind, draft, judged, view };
    let own = |range: &std::ops::Range<usize>| view.ids(range.clone());
    // What templates make has rows, and no lines of its own.
    if let Wish::Remove(range) | Wish::Duplicate(range) = &wish
        && own(range).is_empty()
        && let Some(why) = rows.locked(select::At { row: range.start, column: 0 })
    {
        return Outcome::said(Some(why.into_owned()));
    }
    let (wish, chosen) = resolved(&rows, wish);
    let edits: Vec<Edit> = match wish {
        Wish::Put(cells) => rows.edits(&cells),
        Wish::Add(behind) => rows.added(behind).into_iter().collect(),
        Wish::Duplicate(range) => {
            let ids = own(&range);
            let names = rows.copy_names(&ids);
            ids.into_iter().zip(names).map(|(of, name)| Edit::Duplicate { of, name }).collect()
        }
        Wish::Remove(range) => own(&range).into_iter().map(|of| Edit::Remove { of }).collect(),
        Wish::Refused(why) => return Outcome::said(Some(why)),
        // Of the view, or resolved above.
        Wish::Sort(_) | Wish::Fill(..) | Wish::FillDown(_) | Wish::Paste(..) => Vec::new(),
    };
    if edits.is_empty() {
        return Outcome { chosen, ..Outcome::said(Some("Nothing to change here".to_owned())) };
    }
    Outcome { chosen, ..edited(draft, None, None, edits) }
}

/// Makes edits, and says why not where they cannot be made.
fn edited(draft: &mut Draft, name: Option<&str>, group: Option<u64>, edits: Vec<Edit>) -> Outcome {
    let made = with_renames(draft, &edits).and_then(|all| draft.edit_as(name, group, all.as_deref().unwrap_or(&edits)));
    match made {
        Ok(done) => Outcome { added: done.added.first().copied(), edits, ..Outcome::default() },
        Err(refusal) => Outcome::said(Some(refused(&refusal))),
    }
}

/// A name that changes is a rename: whoever bears it follows, and history does. None where there is no such edit.
fn with_renames(draft: &Draft, edits: &[Edit]) -> Result<Option<Vec<Edit>>, Refusal> {
    let name = KeyPath::from("name");
    let renamed = |edit: &Edit| match edit {
        Edit::Set { of, key, value: Value::Text(new) } if *key == name => {
            let kind = draft.index().block(*of)?.kind;
            let follows = match kind {
                EntityKind::Tag | EntityKind::Device | EntityKind::Display | EntityKind::Template => {
                    draft.shown(*of, &name).is_some()
                }
                // One without a name is called by its kind.
                EntityKind::Alarm => true,
                _ => false,
            };
            follows.then(|| (*of, new.clone()))
        }
        _ => None,
    };
    let wanted: Vec<(EntityId, String)> = edits.iter().filter_map(renamed).collect();
    if wanted.is_empty() {
        return Ok(None);
    }
    let rest = edits.iter().filter(|edit| renamed(edit).is_none()).cloned();
    Ok(Some(draft.rename_edits(&wanted)?.into_iter().chain(rest).collect()))
}

/// The next of the keys that take back or make again: each press is a step, though several come in one frame.
pub fn step_of_keys(input: &mut InputState) -> Option<Act> {
    let step = |event: &Event| match event {
        Event::Key { key, pressed: true, modifiers, .. } if modifiers.command && !modifiers.alt => match key {
            Key::Z if modifiers.shift => Some(Act::Redo),
            Key::Z => Some(Act::Undo),
            Key::Y => Some(Act::Redo),
            _ => None,
        },
        _ => None,
    };
    let at = input.events.iter().position(|event| step(event).is_some())?;
    step(&input.events.remove(at))
}

impl Editor {
    /// What a person wants of the sheet that is seen.
    pub(super) fn carry_out(&mut self, ctx: &Context, wishes: Vec<Wish>) {
        let mut rest = Vec::new();
        for wish in wishes {
            match wish {
                Wish::Sort(column) => self.sheets.entry(self.sheet.title()).or_default().0.sort_by(column),
                Wish::Refused(why) => self.said = Some(why),
                wish => rest.push(wish),
            }
        }
        if !rest.is_empty() {
            self.act(ctx, Act::Wishes(rest));
        }
    }

    /// Does something with the draft; where a frame would be too short for it, aside.
    pub(super) fn act(&mut self, ctx: &Context, act: Act) {
        if let Some(act) = self.put_off(act) {
            let State::Open(draft) = &mut self.state else { return };
            let (view, _) = self.sheets.entry(self.sheet.title()).or_default();
            if act.is_long(draft, view) {
                return self.begin_aside(ctx, act);
            }
            let outcome = act.done(Arc::make_mut(draft), Seen { kind: self.sheet, judged: &self.judged, view });
            self.take_outcome(outcome);
        }
    }

    /// Takes up what came of an act.
    pub(super) fn take_outcome(&mut self, outcome: Outcome) {
        let Outcome { said, edits, added, chosen, asked } = outcome;
        self.said = said;
        if let Some(changed) = asked {
            self.over = Over::Changed(changed);
        }
        if let State::Open(draft) = &self.state
            && !edits.is_empty()
        {
            Arc::make_mut(&mut self.judged).glance(draft, &edits);
        }
        if let Some(chosen) = chosen {
            let (_, grid) = self.sheets.entry(self.sheet.title()).or_default();
            grid.selection = chosen;
        }
        self.show(added);
    }

    /// Makes edits at once, as a step of this name. Gives back what is new.
    pub(super) fn edit_as(&mut self, name: Option<&str>, group: Option<u64>, edits: &[Edit]) -> Vec<EntityId> {
        if self.aside.is_some() {
            self.said = Some("Not changed: something else is being worked out; try again".to_owned());
            return Vec::new();
        }
        let State::Open(draft) = &mut self.state else { return Vec::new() };
        let draft = Arc::make_mut(draft);
        let made =
            with_renames(draft, edits).and_then(|all| draft.edit_as(name, group, all.as_deref().unwrap_or(edits)));
        match made {
            Ok(done) => {
                self.said = None;
                Arc::make_mut(&mut self.judged).glance(draft, edits);
                done.added
            }
            Err(refusal) => {
                self.said = Some(refused(&refusal));
                Vec::new()
            }
        }
    }
}

//! Permanent ids of tags and alarms in a data folder, with the history of their names: a rename carries what was known.

use super::journal::Memories;
use super::{Journal, JournalError};
use crate::engine::Plan;
use crate::time::Utc;
use rusqlite::{Connection, params};
use std::collections::HashMap;
use std::sync::Arc;

/// A tag or alarm that goes by another name than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    /// Its permanent id within its kind.
    pub id: u64,
    /// Its name until now.
    pub from: String,
    /// Its name from now on.
    pub to: String,
}

/// One kind's present names, by name in lower case: id and name as last written.
type Known = HashMap<String, (u64, String)>;

const TAG: &str = "tag";
const ALARM: &str = "alarm";

impl Journal {
    /// Gives every tag and alarm of the plan its permanent id, follows `was`, and lets the alarms' memories follow their
    /// names. Returns the alarms that were renamed.
    pub fn adopt(&mut self, plan: &Plan, now: Utc) -> Result<Vec<Rename>, JournalError> {
        let tags_known = known(&self.connection, TAG).map_err(|e| self.sqlite(e))?;
        let alarms_known = known(&self.connection, ALARM).map_err(|e| self.sqlite(e))?;
        let taken = |name: &str| plan.tag_id(name).is_some();
        let was = |name: &str| {
            let tag = plan.tag(plan.tag_id(name)?)?;
            // A name that another tag bears now was not given up.
            tag.tag.was.clone().filter(|was| !taken(was))
        };
        let tags = compare(&tags_known, plan.tags.iter().map(|t| (t.name.as_ref(), was(&t.name))));
        let alarms = compare(
            &alarms_known,
            plan.alarms.iter().map(|alarm| {
                let earlier = plan.names_of(alarm).into_iter().skip(1).find(|was| alarms_known.contains_key(was));
                (alarm.name.as_ref(), earlier)
            }),
        );
        if tags.is_empty() && alarms.is_empty() {
            return Ok(Vec::new());
        }
        let renames: Vec<Rename> = alarms
            .iter()
            .filter_map(|(id, from, to)| Some(Rename { id: *id, from: from.clone()?, to: to.clone() }))
            .collect();
        let memories = renamed(self.memories(), &renames);
        self.rename(memories, now, |transaction| {
            let mut insert = transaction
                .prepare_cached("INSERT OR REPLACE INTO identity (kind, id, name, since) VALUES (?1, ?2, ?3, ?4)")?;
            for (kind, rows) in [(TAG, &tags), (ALARM, &alarms)] {
                for (id, _, name) in rows {
                    insert.execute(params![kind, *id as i64, name, now.0])?;
                }
            }
            Ok(())
        })?;
        Ok(renames)
    }
}

/// The last name of each id. Rows of one id come in order of time, so the last read wins.
fn known(connection: &Connection, kind: &str) -> rusqlite::Result<Known> {
    let mut statement = connection.prepare("SELECT id, name FROM identity WHERE kind = ?1 ORDER BY id, since")?;
    let mut rows = statement.query([kind])?;
    let mut last: Option<(u64, String)> = None;
    let mut known = Known::new();
    while let Some(row) = rows.next()? {
        let next = (row.get::<_, i64>(0)? as u64, row.get::<_, String>(1)?);
        if let Some(done) = last.replace(next)
            && last.as_ref().is_some_and(|l| l.0 != done.0)
        {
            known.insert(done.1.to_lowercase(), done);
        }
    }
    known.extend(last.map(|done| (done.1.to_lowercase(), done)));
    Ok(known)
}

/// What has to be written: id, the name before (none: new here), the name now.
fn compare<'a>(
    known: &Known,
    names: impl Iterator<Item = (&'a str, Option<String>)>,
) -> Vec<(u64, Option<String>, String)> {
    let mut next = known.values().map(|(id, _)| *id).max().unwrap_or(0);
    let mut changes = Vec::new();
    for (name, was) in names {
        let present = known.get(&name.to_lowercase());
        let earlier = || was.and_then(|was| known.get(&was.to_lowercase()));
        match present.or_else(earlier) {
            Some((_, before)) if before == name => {}
            Some((id, before)) => changes.push((*id, Some(before.clone()), name.to_owned())),
            None => {
                next += 1;
                changes.push((next, None, name.to_owned()));
            }
        }
    }
    changes
}

fn renamed(memories: &Memories, renames: &[Rename]) -> Memories {
    let names: HashMap<&str, &str> = renames.iter().map(|r| (r.from.as_str(), r.to.as_str())).collect();
    memories
        .iter()
        .map(|(name, memory)| {
            let name: Arc<str> = names.get(name.as_ref()).map_or_else(|| name.clone(), |to| Arc::from(*to));
            (name, memory.clone())
        })
        .collect()
}

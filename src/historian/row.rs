//! An entry as it lies in the table: words for events and priorities, so that a row of a newer version can be read,
//! printed and verified even where its event is unknown here.

use crate::engine::{Actor, Entry, Event, Quality, Value};
use crate::project::Priority;
use crate::time::Utc;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use std::sync::Arc;

/// One row, without its hashes. Times are microseconds since 1970 UTC.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the fields of `Entry`, whose documentation holds")]
pub struct Row {
    pub seq: u64,
    pub time: i64,
    pub event: Arc<str>,
    pub alarm: Option<Arc<str>>,
    pub occurrence: Option<u64>,
    pub priority: Option<Arc<str>>,
    pub value: Option<Value>,
    pub quality: Option<u16>,
    pub unit: Option<Arc<str>>,
    pub user: Option<Arc<str>>,
    pub computer: Option<Arc<str>>,
    pub desk: Option<Arc<str>>,
    pub note: Option<Arc<str>>,
    pub began: Option<i64>,
    pub until: Option<i64>,
    pub subject: Option<Arc<str>>,
}

/// Columns in the order of [`Row::read`] and of the writer's statement.
pub const COLUMNS: &str = "seq, time, event, alarm, occurrence, priority, value_type, value, quality, unit, \
                           user, computer, desk, note, began, until, subject";

impl Row {
    /// The row of an entry with its lasting number.
    pub fn from_entry(seq: u64, entry: &Entry) -> Self {
        let by = entry.by.as_ref();
        Self {
            seq,
            time: entry.time.0,
            event: entry.event.word().into(),
            alarm: entry.alarm.clone(),
            occurrence: entry.occurrence,
            priority: entry.priority.map(|p| p.word().into()),
            value: entry.value.clone().and_then(storable),
            quality: entry.quality.map(Quality::number),
            unit: entry.unit.clone(),
            user: by.map(|a| a.user.clone()),
            computer: by.map(|a| a.computer.clone()),
            desk: by.and_then(|a| a.desk.clone()),
            note: entry.note.clone(),
            began: entry.began.map(|t| t.0),
            until: entry.until.map(|t| t.0),
            subject: entry.subject.clone(),
        }
    }

    /// The entry; `None` where this version does not know the event.
    pub fn to_entry(&self) -> Option<Entry> {
        Some(Entry {
            time: Utc(self.time),
            event: Event::parse(&self.event)?,
            alarm: self.alarm.clone(),
            occurrence: self.occurrence,
            priority: self.priority(),
            value: self.value.clone(),
            quality: self.quality.map(Quality::from_number),
            unit: self.unit.clone(),
            by: self.actor(),
            note: self.note.clone(),
            began: self.began.map(Utc),
            until: self.until.map(Utc),
            subject: self.subject.clone(),
        })
    }

    /// Its priority, where this version knows it.
    pub fn priority(&self) -> Option<Priority> {
        let word = self.priority.as_deref()?;
        Priority::ALL.into_iter().find(|p| p.word() == word)
    }

    /// Who did it.
    pub fn actor(&self) -> Option<Actor> {
        Some(Actor {
            user: self.user.clone()?,
            computer: self.computer.clone().unwrap_or_default(),
            desk: self.desk.clone(),
        })
    }

    /// Reads one from a query whose first columns are [`COLUMNS`].
    pub fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let kind: Option<String> = row.get(6)?;
        Ok(Self {
            seq: row.get::<_, i64>(0)? as u64,
            time: row.get(1)?,
            event: row.get(2)?,
            alarm: row.get(3)?,
            occurrence: row.get::<_, Option<i64>>(4)?.map(|v| v as u64),
            priority: row.get(5)?,
            value: value_from_columns(kind.as_deref(), row.get_ref(7)?),
            quality: row.get::<_, Option<u16>>(8)?,
            unit: row.get(9)?,
            user: row.get(10)?,
            computer: row.get(11)?,
            desk: row.get(12)?,
            note: row.get(13)?,
            began: row.get(14)?,
            until: row.get(15)?,
            subject: row.get(16)?,
        })
    }

    /// The value's type word and its column.
    pub fn value_columns(&self) -> (Option<&'static str>, Column<'_>) {
        let Some(value) = &self.value else { return (None, Column(None)) };
        let word = match value {
            Value::F64(_) => "f64",
            Value::I64(_) => "i64",
            Value::U64(_) => "u64",
            Value::Bool(_) => "bool",
            Value::Text(_) => "text",
        };
        (Some(word), Column(Some(value)))
    }
}

/// A value on its way into SQLite; unsigned ones keep their 64 bits in a signed column.
#[derive(Debug)]
pub struct Column<'a>(Option<&'a Value>);

impl ToSql for Column<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            None => ValueRef::Null,
            Some(Value::F64(v)) => ValueRef::Real(*v),
            Some(Value::I64(v)) => ValueRef::Integer(*v),
            Some(Value::U64(v)) => ValueRef::Integer(*v as i64),
            Some(Value::Bool(v)) => ValueRef::Integer(i64::from(*v)),
            Some(Value::Text(v)) => ValueRef::Text(v.as_bytes()),
        }))
    }
}

/// What can be read back bit for bit: SQLite has no NaN, and does not promise the sign of a zero.
fn storable(value: Value) -> Option<Value> {
    match value {
        Value::F64(v) if v.is_nan() => None,
        Value::F64(v) => Some(Value::F64(v + 0.0)),
        other => Some(other),
    }
}

/// A column that does not fit its type word is no value; the hash then does not fit either, and verification tells it.
fn value_from_columns(kind: Option<&str>, column: ValueRef<'_>) -> Option<Value> {
    match (kind?, column) {
        ("f64", ValueRef::Real(v)) => Some(Value::F64(v)),
        ("i64", ValueRef::Integer(v)) => Some(Value::I64(v)),
        ("u64", ValueRef::Integer(v)) => Some(Value::U64(v as u64)),
        ("bool", ValueRef::Integer(v)) => Some(Value::Bool(v != 0)),
        ("text", ValueRef::Text(v)) => Some(Value::Text(String::from_utf8_lossy(v).into())),
        _ => None,
    }
}

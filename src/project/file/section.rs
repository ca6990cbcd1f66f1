//! One table of the file while it is read: typed values by key, each wrong one told with its place and mend.

mod uses;

use super::keys::{Shape, Table};
use super::nearest::near;
use super::text::{FOUL, Text};
use crate::project::{Issue, Origin, Place, Places};
use crate::time::Span;
use std::collections::HashSet;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
pub(super) use uses::OfUse;

/// A value with its span.
pub(super) type Item<'i> = Spanned<DeValue<'i>>;

/// What the whole reading shares.
#[derive(Debug)]
pub(super) struct Reader<'i> {
    pub(super) text: Text<'i>,
    pub(super) issues: Vec<Issue>,
    /// Where lines begin that had a fault of syntax, in order.
    torn: Vec<usize>,
    /// Where lines begin that had bytes which are no UTF-8, in order.
    foul: Vec<usize>,
    /// Where lines with table headers begin; looked for only where lines are torn or foul.
    headers: Vec<usize>,
    /// Where in `issues` the errors are.
    errors: Vec<usize>,
    /// Of which use of a template what is being read is.
    pub(super) origin: Option<Arc<Origin>>,
}

impl<'i> Reader<'i> {
    /// `issues`: the faults of encoding and syntax, which were told already; `foul` and `torn`: where their lines begin,
    /// in order.
    pub(super) fn new(text: Text<'i>, issues: Vec<Issue>, torn: Vec<usize>, foul: Vec<usize>) -> Self {
        let headers = if torn.is_empty() && foul.is_empty() { Vec::new() } else { text.headers() };
        let errors = (0..issues.len()).collect();
        Self { text, issues, torn, foul, headers, errors, origin: None }
    }

    /// What a table takes in the text: from its header to the next, or its braces.
    fn extent(&self, span: &Range<usize>) -> Range<usize> {
        if !self.text.slice(span.clone()).starts_with('[') {
            return span.clone();
        }
        let next = self.headers.partition_point(|h| *h <= span.start);
        span.start..self.headers.get(next).map_or(self.text.str().len(), |h| *h)
    }

    /// Errors so far; a greater number after reading something means that it is at fault.
    pub(super) const fn errors(&self) -> usize {
        self.errors.len()
    }

    /// The first error after there were `before`, for the tag or device that cannot run because of it.
    pub(super) fn fault_since(&self, before: usize) -> Option<String> {
        let issue = self.issues.get(*self.errors.get(before)?)?;
        Some(format!("line {}: {}", issue.place.line, issue.message))
    }

    pub(super) fn error(&mut self, place: Place, subject: &str, message: impl Into<String>, mend: impl Into<String>) {
        self.errors.push(self.issues.len());
        self.issues.push(Issue::error(place, subject, message, mend));
    }

    pub(super) fn warning(&mut self, place: Place, subject: &str, message: impl Into<String>, mend: impl Into<String>) {
        self.issues.push(Issue::warning(place, subject, message, mend));
    }

    /// Forgets, of the issues from `first` on, those that say the same of the same place as one before them.
    pub(super) fn forget_repeated(&mut self, first: usize) {
        let mut seen = HashSet::new();
        let mut kept = Vec::with_capacity(self.issues.len());
        let mut errors = Vec::with_capacity(self.errors.len());
        for (index, issue) in self.issues.drain(..).enumerate() {
            if index >= first && !seen.insert((issue.place.line, issue.place.column, issue.message.clone())) {
                continue;
            }
            if self.errors.binary_search(&index).is_ok() {
                errors.push(kept.len());
            }
            kept.push(issue);
        }
        (self.issues, self.errors) = (kept, errors);
    }

    /// Whether a line with a fault of syntax begins in this span.
    fn is_torn(&self, span: &Range<usize>) -> bool {
        one_in(&self.torn, span)
    }

    /// Whether a line with bytes that are no UTF-8 begins in this span.
    fn is_foul(&self, span: &Range<usize>) -> bool {
        one_in(&self.foul, span)
    }
}

fn one_in(starts: &[usize], span: &Range<usize>) -> bool {
    let first = starts.partition_point(|t| *t < span.start);
    starts.get(first).is_some_and(|t| *t < span.end)
}

/// Whether the parser put a value here to go on where it found none: told already.
pub(super) fn is_stopgap(span: &Range<usize>) -> bool {
    *span == (0..0)
}

/// One table while it is read.
#[derive(Debug)]
pub(super) struct Section<'r, 't, 'i> {
    pub(super) reader: &'r mut Reader<'i>,
    table: &'t DeTable<'i>,
    kind: Table,
    /// What the entity is called in messages and lists; set as soon as its name is known.
    pub(super) subject: String,
    pub(super) places: Places,
    /// Whether a syntax fault in it may have swallowed keys: then none is called missing.
    torn: bool,
    /// Whether bytes that are no UTF-8 stand in it: all its keys are there, and one may not say what was meant.
    foul: bool,
}

impl<'r, 't, 'i> Section<'r, 't, 'i> {
    /// Opens a table and tells its unknown keys.
    pub(super) fn open(
        reader: &'r mut Reader<'i>,
        table: &'t DeTable<'i>,
        kind: Table,
        span: &Range<usize>,
        subject: &str,
    ) -> Self {
        let own = reader.text.place(span.start);
        let mut places = Places { own, keys: Vec::with_capacity(table.len()), origin: reader.origin.clone() };
        let extent = reader.extent(span);
        let (torn, foul) = (reader.is_torn(&extent), reader.is_foul(&extent));
        for (key, value) in table {
            let name: &str = key.get_ref();
            match kind.key(name) {
                Some(known) => {
                    let at = if value.span() == (0..0) { key.span() } else { value.span() };
                    places.keys.push((known.name, reader.text.place(at.start)));
                }
                None if is_stopgap(&key.span()) => {}
                None => {
                    let place = reader.text.place(key.span().start);
                    let mend = near(name, kind.keys.iter().map(|k| k.name)).map_or_else(
                        || format!("its keys are {}", kind.keys.iter().map(|k| k.name).collect::<Vec<_>>().join(", ")),
                        |known| format!("did you mean \"{known}\"?"),
                    );
                    let name = shortened(name);
                    reader.error(place, subject, format!("unknown key \"{name}\" in {}", kind.noun), mend);
                }
            }
        }
        Self { reader, table, kind, subject: subject.to_owned(), places, torn, foul }
    }

    /// A table inside this one, to be read before this one goes on.
    pub(super) fn inner(&mut self, table: &'t DeTable<'i>, kind: Table, span: &Range<usize>) -> Section<'_, 't, 'i> {
        Section::open(self.reader, table, kind, span, &self.subject)
    }

    /// Where a key's value stands, or the table.
    pub(super) fn place(&self, key: &str) -> Place {
        self.places.of(key)
    }

    pub(super) fn error_at(&mut self, place: Place, message: impl Into<String>, mend: impl Into<String>) {
        self.reader.error(place, &self.subject, message, mend);
    }

    pub(super) fn error(&mut self, key: &str, message: impl Into<String>, mend: impl Into<String>) {
        self.error_at(self.place(key), message, mend);
    }

    pub(super) fn warning(&mut self, key: &str, message: impl Into<String>, mend: impl Into<String>) {
        self.reader.warning(self.place(key), &self.subject, message, mend);
    }

    /// Tells that a key must be there, unless a fault of syntax may have swallowed it.
    pub(super) fn missing(&mut self, key: &str, mend: impl Into<String>) {
        if self.torn {
            return;
        }
        let message = format!("{} has no {key}", self.kind.noun);
        self.error_at(self.places.own, message, mend);
    }

    /// Whether a fault of syntax or of encoding stands in it: what its value hangs on may be lost.
    pub(super) const fn is_torn(&self) -> bool {
        self.torn || self.foul
    }

    /// Tells every written key that does not belong to this kind of device, tag, alarm or panel.
    pub(super) fn only(&mut self, word: &str, article: &str) {
        let foreign: Vec<&'static str> = self
            .kind
            .keys
            .iter()
            .filter(|k| !k.only.is_empty() && !k.only.contains(&word) && self.table.contains_key(k.name))
            .map(|k| k.name)
            .collect();
        for name in foreign {
            let Some((key, _)) = self.table.get_key_value(name) else { continue };
            let place = self.reader.text.place(key.span().start);
            let Some(known) = self.kind.key(name) else { continue };
            let mend = format!("leave it out; it belongs to {}", known.only.join(", "));
            self.error_at(place, format!("\"{name}\" does not belong to {article}"), mend);
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The value of a key; none where it was not written, or a fault of syntax swallowed it.
    pub(super) fn item(&self, key: &'static str) -> Option<&'t Item<'i>> {
        debug_assert!(self.kind.key(key).is_some(), "{key} is no key of {}", self.kind.noun);
        self.table.get(key).filter(|v| !is_stopgap(&v.span()))
    }

    /// Stops a debug build where the reader takes another value than the list of keys tells: the schema is made of that.
    fn expect(&self, key: &'static str, is: impl Fn(Shape) -> bool) {
        let known = self.kind.key(key);
        debug_assert!(known.is_none_or(|known| is(known.shape)), "{key} of {} is read otherwise", self.kind.noun);
    }

    /// Words as written.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.expect(key, |shape| matches!(shape, Shape::Text | Shape::Filled | Shape::Register | Shape::TimeOfDay));
        self.words(key)
    }

    fn words(&mut self, key: &'static str) -> Option<String> {
        let item = self.item(key)?;
        match item.get_ref() {
            // Bad bytes in it were told; what they stood for is not known.
            DeValue::String(text) if !self.reader.foul.is_empty() && text.contains(FOUL) => None,
            DeValue::String(text) => Some(text.clone().into_owned()),
            other => {
                let mend = format!("write words in quotes: {key} = \"…\"");
                self.error(key, format!("{key} is {}", kind_of(other)), mend);
                None
            }
        }
    }

    /// Words, at least one letter of them.
    pub(super) fn filled(&mut self, key: &'static str) -> Option<String> {
        self.expect(key, |shape| shape == Shape::Filled);
        let text = self.words(key)?;
        if text.trim().is_empty() {
            self.error(key, format!("{key} is empty"), "write it, or leave the key out");
            return None;
        }
        Some(text)
    }

    /// A formula. Where its letters stand in the file as they stand in the value, the place of the first is kept under
    /// `text_key`, so that a fault inside it can be pointed at.
    pub(super) fn formula(&mut self, key: &'static str, text_key: &'static str) -> Option<String> {
        let text = self.filled(key)?;
        let span = self.item(key)?.span();
        let raw = self.reader.text.slice(span.clone());
        if raw.get(1..raw.len().saturating_sub(1)) == Some(&text) {
            self.places.keys.push((text_key, self.reader.text.place(span.start + 1)));
        }
        Some(text)
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        self.expect(key, |shape| shape == Shape::Flag);
        let item = self.item(key)?;
        if let DeValue::Boolean(flag) = item.get_ref() {
            return Some(*flag);
        }
        self.error(
            key,
            format!("{key} is {}", kind_of(item.get_ref())),
            format!("write {key} = true or {key} = false"),
        );
        None
    }

    /// A finite number, whole or decimal.
    pub(super) fn number(&mut self, key: &'static str) -> Option<f64> {
        self.expect(key, |shape| matches!(shape, Shape::Number | Shape::NumberOrNone));
        let item = self.item(key)?;
        let number = number_from(item.get_ref());
        if number.is_none() && is_endless(item.get_ref()) {
            self.error(key, format!("{key} is not finite"), format!("write a finite number: {key} = 1.5"));
        } else if number.is_none() {
            let mend = format!("write a number without quotes: {key} = 1.5");
            self.error(key, format!("{key} is {}", kind_of(item.get_ref())), mend);
        }
        number
    }

    /// A whole number within a range.
    pub(super) fn whole(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let (least, most) = (*range.start(), *range.end());
        self.expect(key, |shape| shape == Shape::Whole(least, most));
        let item = self.item(key)?;
        match whole_from(item.get_ref()) {
            Some(n) if range.contains(&n) => return Some(n),
            Some(n) => {
                self.error(key, format!("{key} = {n} is out of range"), format!("write {least} to {most}"));
            }
            None => {
                let mend = format!("write a whole number from {least} to {most}");
                self.error(key, format!("{key} is {}", kind_of(item.get_ref())), mend);
            }
        }
        None
    }

    /// `[low, high]`; with `rising`, the first must be the smaller.
    pub(super) fn pair(&mut self, key: &'static str, rising: bool) -> Option<[f64; 2]> {
        self.expect(key, |shape| shape == Shape::Pair);
        let item = self.item(key)?;
        let numbers: Option<Vec<f64>> =
            item.get_ref().as_array().and_then(|list| list.iter().map(|v| number_from(v.get_ref())).collect());
        match numbers.as_deref() {
            Some([low, high]) if !rising || low < high => Some([*low, *high]),
            Some([low, high]) => {
                let mend = if low > high {
                    format!("write the smaller first: {key} = [{high}, {low}]")
                } else {
                    "write two numbers, the smaller first".to_owned()
                };
                self.error(key, format!("{key} = [{low}, {high}] does not rise"), mend);
                None
            }
            _ => {
                let what = if has_endless(item.get_ref()) { "two finite numbers" } else { "two numbers" };
                self.error(key, format!("{key} is not {what}"), format!("write {key} = [0.0, 100.0]"));
                None
            }
        }
    }

    /// A length of time, at least `least`.
    pub(super) fn duration(&mut self, key: &'static str, least: Span) -> Option<Span> {
        self.expect(key, |shape| shape == Shape::Duration);
        let item = self.item(key)?;
        let DeValue::String(text) = item.get_ref() else {
            let mend = match number_from(item.get_ref()) {
                Some(n) => format!("write it with its unit: {key} = \"{n}s\" for seconds"),
                None => format!("write it with its unit: {key} = \"5s\""),
            };
            self.error(key, format!("{key} is {}, without a unit of time", kind_of(item.get_ref())), mend);
            return None;
        };
        match Span::parse(text) {
            Ok(span) if span < least => {
                self.error(
                    key,
                    format!("{key} = \"{}\" is too short", shortened(text)),
                    format!("write \"{least}\" or more"),
                );
                None
            }
            Ok(span) => Some(span),
            Err(why) => {
                let (what, mend) = why.split_once("; ").unwrap_or((&why, "write it like \"5s\""));
                self.error(key, format!("{key}: {}", shortened(what)), shortened(mend));
                None
            }
        }
    }

    /// A number of bytes within a range.
    pub(super) fn size(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        self.expect(key, |shape| shape == Shape::Size);
        let item = self.item(key)?;
        let mend = format!("write it with its unit, in quotes: {key} = \"1MiB\" (B, KiB, MiB, GiB, TiB)");
        let Some(text) = item.get_ref().as_str() else {
            self.error(key, format!("{key} is {}, without a unit of size", kind_of(item.get_ref())), mend);
            return None;
        };
        match bytes_from(text) {
            Some(bytes) if range.contains(&bytes) => Some(bytes),
            Some(_) => {
                let (least, most) = (range.start(), range.end());
                self.error(
                    key,
                    format!("{key} = \"{}\" is out of range", shortened(text)),
                    format!("from {least} to {most} bytes"),
                );
                None
            }
            None => {
                self.error(key, format!("{key}: \"{}\" is no size", shortened(text)), mend);
                None
            }
        }
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, words: &[(T, &'static str)]) -> Option<T> {
        self.expect(
            key,
            |shape| matches!(shape, Shape::Word(known) if known.iter().eq(words.iter().map(|(_, word)| word))),
        );
        let text = self.words(key)?;
        if let Some((value, _)) = words.iter().find(|(_, w)| *w == text) {
            return Some(*value);
        }
        let mut mend =
            near(&text, words.iter().map(|(_, w)| *w)).map_or(String::new(), |w| format!("did you mean \"{w}\"? "));
        mend.push_str("it is one of ");
        mend.push_str(&words.iter().map(|(_, w)| *w).collect::<Vec<_>>().join(", "));
        self.error(key, format!("unknown {key} \"{}\"", shortened(&text)), mend);
        None
    }

    /// The table of a key, with its span.
    pub(super) fn table(&mut self, key: &'static str, mend: &str) -> Option<(&'t DeTable<'i>, Range<usize>)> {
        self.expect(key, |shape| matches!(shape, Shape::Table(_) | Shape::Labels));
        let item = self.item(key)?;
        if let DeValue::Table(table) = item.get_ref() {
            return Some((table, item.span()));
        }
        self.error(key, format!("{key} is {}", kind_of(item.get_ref())), mend);
        None
    }

    /// The entities of a list of tables: `[[tag]]`. A single table `[tag]` is told, and read as the one it is.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<(&'t DeTable<'i>, Range<usize>)> {
        self.expect(key, |shape| matches!(shape, Shape::Tables(_)));
        let Some(item) = self.item(key) else { return Vec::new() };
        let header = if self.kind.header.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.kind.header.trim_matches(['[', ']']))
        };
        let mut tables = Vec::new();
        match item.get_ref() {
            DeValue::Array(list) => {
                for entry in list {
                    match entry.get_ref() {
                        DeValue::Table(table) => tables.push((table, entry.span())),
                        other if !is_stopgap(&entry.span()) => {
                            let place = self.reader.text.place(entry.span().start);
                            self.error_at(
                                place,
                                format!("{} stands where a table must", kind_of(other)),
                                format!("write [[{header}]] and its keys below"),
                            );
                        }
                        _ => {}
                    }
                }
            }
            DeValue::Table(table) => {
                self.error(
                    key,
                    format!("[{header}] is one table, and there may be many"),
                    format!("write [[{header}]]"),
                );
                tables.push((table, item.span()));
            }
            other => {
                let message = format!("{key} is {}", kind_of(other));
                self.error(key, message, format!("write [[{header}]] and its keys below"));
            }
        }
        tables
    }

    /// A list of words.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        self.expect(key, |shape| shape == Shape::Texts);
        let item = self.item(key)?;
        let list: Option<Vec<String>> =
            item.get_ref().as_array().and_then(|l| l.iter().map(|v| v.get_ref().as_str().map(str::to_owned)).collect());
        if list.is_none() {
            self.error(key, format!("{key} is not a list of words"), format!("write {key} = [\"…\", \"…\"]"));
        }
        list
    }

    /// A list of numbers.
    pub(super) fn numbers(&mut self, key: &'static str) -> Option<Vec<f64>> {
        self.expect(key, |shape| shape == Shape::Numbers);
        let item = self.item(key)?;
        let list: Option<Vec<f64>> =
            item.get_ref().as_array().and_then(|l| l.iter().map(|v| number_from(v.get_ref())).collect());
        if list.is_none() {
            let what = if has_endless(item.get_ref()) { "finite numbers" } else { "numbers" };
            self.error(key, format!("{key} is not a list of {what}"), format!("write {key} = [-9999, 65535]"));
        }
        list
    }
}

/// What a value is, for "limit is …".
pub(super) const fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// A finite number.
pub(super) fn number_from(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(n) => i128::from_str_radix(n.as_str(), n.radix()).ok().map(|n| n as f64),
        DeValue::Float(x) => x.as_str().parse::<f64>().ok().filter(|x| x.is_finite()),
        _ => None,
    }
}

/// `nan` or `inf`: a number to the file, and none that anything could be measured by.
pub(super) fn is_endless(value: &DeValue<'_>) -> bool {
    matches!(value, DeValue::Float(_)) && number_from(value).is_none()
}

fn has_endless(list: &DeValue<'_>) -> bool {
    list.as_array().is_some_and(|list| list.iter().any(|v| is_endless(v.get_ref())))
}

/// A whole number.
pub(super) fn whole_from(value: &DeValue<'_>) -> Option<i64> {
    match value {
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok(),
        _ => None,
    }
}

/// Reads `512B`, `64KiB`, `1.5MiB`, `20GiB`; decimal units too.
fn bytes_from(text: &str) -> Option<u64> {
    let text = text.trim();
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: f64 = match &text[number.len()..] {
        "B" => 1.0,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        "TiB" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "TB" => 1e12,
        _ => return None,
    };
    let bytes = number.trim().parse::<f64>().ok()? * factor;
    (0.0..9e18).contains(&bytes).then_some(bytes as u64)
}

/// A word for a message: what was written may be a megabyte of anything.
pub(super) fn shortened(text: &str) -> String {
    const MOST: usize = 120;
    let (start, more) = crate::text::bounded(text, MOST);
    let mut short = crate::text::visible(start).into_owned();
    if more > 0 {
        short.push('…');
    }
    short
}

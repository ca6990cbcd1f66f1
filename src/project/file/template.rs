//! `[[template]]` and `[[use]]`: tags, alarms, panels and items of a mimic, written once with parameters and used many times.
//!
//! What a template makes is read by the same code as what is written by hand, from tables of the same shape: each is a copy
//! of the template's own, in which `{parameter}` is replaced. Its places are those of the template, so that a fault is told
//! in the line where it can be mended, with the use that it was found in.
//! Invariant: a project with templates is read as the same project written out by hand.

mod fill;
mod made;

use super::keys::{ALARM, ITEM, PANEL, TAG, TEMPLATE, Table, USE};
use super::nearest::near;
use super::section::{OfUse, Reader, Section, is_stopgap, kind_of, number_from, shortened, whole_from};
use super::text::Text;
use crate::project::{Origin, Place};
use fill::{Fill, is_plain, is_word, plain, written};
pub use made::WrittenOut;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Most tables that templates may make of one file.
const MOST: usize = 200_000;

/// What templates make of one file.
#[derive(Debug, Default)]
pub(super) struct Expansion<'i> {
    pub(super) tags: Vec<Made<'i>>,
    pub(super) alarms: Vec<Made<'i>>,
    /// By where the header of the display or panel stands that uses the template.
    below: HashMap<usize, Vec<Made<'i>>>,
    faults: Vec<Told>,
}

/// One table that a template makes.
#[derive(Debug)]
pub(super) struct Made<'i> {
    pub(super) table: DeTable<'i>,
    pub(super) span: Range<usize>,
    /// What it was made for; where that stands is [`Self::used_at`].
    origin: Origin,
    /// Where the use stands.
    used_at: usize,
}

/// A fault with where it stands in the text.
#[derive(Debug)]
struct Told {
    at: usize,
    subject: String,
    is_error: bool,
    message: String,
    mend: String,
}

impl<'i> Expansion<'i> {
    /// What the uses below a display or panel make, by where its table stands.
    pub(super) fn below(&self, span: &Range<usize>) -> &[Made<'i>] {
        self.below.get(&span.start).map_or(&[], Vec::as_slice)
    }

    /// Tells what is wrong with templates and their uses, and reads their own keys.
    pub(super) fn tell<'t>(&mut self, section: &mut Section<'_, 't, 'i>) {
        for (table, span) in section.tables("template") {
            let mut inner = section.inner(table, TEMPLATE, &span);
            inner.filled("name");
            inner.texts("parameters");
        }
        check_uses(section);
        for told in self.faults.drain(..) {
            let place = section.reader.text.place(told.at);
            if told.is_error {
                section.reader.error(place, &told.subject, told.message, told.mend);
            } else {
                section.reader.warning(place, &told.subject, told.message, told.mend);
            }
        }
    }
}

/// Tells unknown keys of the uses of a table, and names that are none.
pub(super) fn check_uses(section: &mut Section<'_, '_, '_>) {
    for (table, span) in section.tables("use") {
        section.inner(table, USE, &span).filled("template");
    }
}

/// Reads made tables, each with `read`, and tells a fault that several uses have in common once: in the template if it is one of
/// all of them, else at the use.
pub(super) fn read<'i>(
    reader: &mut Reader<'i>,
    made: &[Made<'i>],
    mut read: impl FnMut(&mut Reader<'i>, &DeTable<'i>, &Range<usize>),
) {
    let first = reader.issues.len();
    let mut of = Vec::new();
    let mut uses: HashMap<usize, HashSet<Place>> = HashMap::new();
    let around = reader.origin.take();
    for made in made {
        let before = reader.issues.len();
        let origin = made.origin(&reader.text);
        uses.entry(made.span.start).or_default().insert(origin.place);
        reader.origin = Some(Arc::clone(&origin));
        read(reader, &made.table, &made.span);
        let found = OfUse { origin, made_at: made.span.start };
        of.extend((before..reader.issues.len()).map(|_| found.clone()));
    }
    reader.origin = around;
    reader.told_of_uses(first, &of, &uses);
}

/// The sums that stand in parameters, as numbers are written, in the order in which [`expand`] comes by them. It borrows
/// them: a number of the parser's own can be had from text alone.
pub(super) fn sums(table: &DeTable<'_>) -> Vec<String> {
    if !table.contains_key("template") {
        return Vec::new();
    }
    let mut sums = Vec::new();
    let mut keep = |sum| {
        sums.push(sum);
        DeValue::Boolean(false)
    };
    let mut work = Work::new(table, &mut keep);
    work.run(table);
    drop(work);
    sums
}

/// What the templates of a file make, from the text as it was read and from its [`sums`].
pub(super) fn expand<'i>(table: &DeTable<'i>, sums: &'i [String]) -> Expansion<'i> {
    if !table.contains_key("template") && !table.contains_key("use") {
        return Expansion::default();
    }
    let mut sums = sums.iter();
    let mut number = |_sum: String| {
        let parsed = sums.next().and_then(|sum| DeValue::parse(sum).ok());
        parsed.map_or(DeValue::Boolean(false), Spanned::into_inner)
    };
    let mut work = Work::new(table, &mut number);
    work.run(table);
    work.into_expansion()
}

/// What the templates of a file make at its top: tags and alarms, in the order in which they are read.
pub(super) fn written_out(text: &Text<'_>, table: &DeTable<'_>) -> Vec<WrittenOut> {
    let sums = sums(table);
    let made = expand(table, &sums);
    let mut out = Vec::new();
    made.tags.iter().for_each(|made| made.written_out(text, false, &mut out));
    made.alarms.iter().for_each(|made| made.written_out(text, true, &mut out));
    out
}

/// A template as written.
struct Template<'t, 'i> {
    name: &'t str,
    table: &'t DeTable<'i>,
    at: usize,
    /// Names of its parameters, each with its default if it has one.
    parameters: BTreeMap<&'t str, Option<&'t Spanned<DeValue<'i>>>>,
    /// In the order in which they are written, with where: the first tells one use from another.
    order: Vec<(&'t str, usize)>,
    used: HashSet<String>,
    uses: usize,
    /// Whether a use of it was without fault.
    made: bool,
}

struct Work<'t, 'i, 'n> {
    templates: Vec<Template<'t, 'i>>,
    made: Expansion<'i>,
    count: usize,
    number: &'n mut dyn FnMut(String) -> DeValue<'i>,
}

/// What one use makes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Project,
    Display(usize),
    Panel(usize),
}

impl<'t, 'i, 'n> Work<'t, 'i, 'n> {
    fn new(table: &'t DeTable<'i>, number: &'n mut dyn FnMut(String) -> DeValue<'i>) -> Self {
        let mut work = Self { templates: Vec::new(), made: Expansion::default(), count: 0, number };
        for (table, span) in tables(table.get("template")) {
            work.template(table, span.start);
        }
        work
    }

    fn error(&mut self, at: usize, subject: &str, message: impl Into<String>, mend: impl Into<String>) {
        let (subject, message, mend) = (subject.to_owned(), message.into(), mend.into());
        self.made.faults.push(Told { at, subject, is_error: true, message, mend });
    }

    fn warning(&mut self, at: usize, subject: &str, message: impl Into<String>, mend: impl Into<String>) {
        let (subject, message, mend) = (subject.to_owned(), message.into(), mend.into());
        self.made.faults.push(Told { at, subject, is_error: false, message, mend });
    }

    fn template(&mut self, table: &'t DeTable<'i>, at: usize) {
        let Some(name) = table.get("name").and_then(|name| name.get_ref().as_str()) else {
            if !table.contains_key("name") {
                self.error(at, "", "a template has no name", "write name = \"pump\"");
            }
            return;
        };
        if self.templates.iter().any(|other| other.name.eq_ignore_ascii_case(name)) {
            let message = format!("there is a template \"{}\" already", shortened(name));
            self.error(at, name, message, "give one of them another name; upper and lower case count as the same");
            return;
        }
        let mut parameters = BTreeMap::new();
        let mut order = Vec::new();
        let written = table.get("parameters").and_then(|list| list.get_ref().as_array());
        let named = written.into_iter().flat_map(|list| list.iter());
        let named = named.filter_map(|item| Some((item.get_ref().as_str()?, item.span().start, None)));
        let defaults = table.get("defaults").and_then(|item| item.get_ref().as_table());
        let defaults = defaults.into_iter().flat_map(|table| table.iter());
        let defaults = defaults.map(|(key, item)| {
            let name: &'t str = key.get_ref();
            (name, key.span().start, Some(item))
        });
        for (parameter, at, default) in named.chain(defaults) {
            if !is_word(parameter) || matches!(parameter, "n" | "at") {
                let message = format!("\"{}\" cannot be the name of a parameter", shortened(parameter));
                let mend = "write a letter, then letters, digits, - and _; n and at mean something else already";
                self.error(at, name, message, mend);
                continue;
            }
            if default.is_some_and(|item| !is_plain(item.get_ref())) {
                let message = format!("the default of \"{}\" is no text, number or truth", shortened(parameter));
                self.error(at, name, message, "write defaults = { low = 50.0 }");
                continue;
            }
            match parameters.get(parameter) {
                Some(None) if default.is_none() => {
                    let message = format!("the parameter \"{}\" stands there twice", shortened(parameter));
                    self.error(at, name, message, "leave one of them out");
                }
                Some(_) => {
                    parameters.insert(parameter, default);
                }
                None => {
                    parameters.insert(parameter, default);
                    order.push((parameter, at));
                }
            }
        }
        self.templates.push(Template {
            name,
            table,
            at,
            parameters,
            order,
            used: HashSet::new(),
            uses: 0,
            made: false,
        });
    }

    fn run(&mut self, table: &'t DeTable<'i>) {
        for (item, span) in tables(table.get("use")) {
            self.uses(item, span.start, Where::Project);
        }
        for (display, place) in tables(table.get("display")) {
            for (item, span) in tables(display.get("use")) {
                self.uses(item, span.start, Where::Display(place.start));
            }
            for (panel, place) in tables(display.get("panel")) {
                for (item, span) in tables(panel.get("use")) {
                    self.uses(item, span.start, Where::Panel(place.start));
                }
            }
        }
        for index in 0..self.templates.len() {
            self.judge(index);
        }
    }

    /// What stands in a template for nothing.
    fn judge(&mut self, index: usize) {
        let Some(template) = self.templates.get(index) else { return };
        let (name, at) = (template.name, template.at);
        if template.uses == 0 {
            let mend = format!("write [[use]] with template = \"{name}\", or leave it out");
            self.warning(at, name, format!("the template \"{}\" is used nowhere", shortened(name)), mend);
            return;
        }
        if !template.made {
            return;
        }
        let idle: Vec<(&str, usize)> =
            template.order.iter().copied().filter(|(parameter, _)| !template.used.contains(*parameter)).collect();
        for (parameter, at) in idle {
            let message = format!("the parameter \"{parameter}\" stands nowhere in the template");
            self.warning(at, name, message, format!("write {{{parameter}}} where it belongs, or leave it out"));
        }
    }

    fn uses(&mut self, table: &'t DeTable<'i>, at: usize, place: Where) {
        let Some(item) = table.get("template") else {
            self.error(at, "", "a use names no template", "write template = \"pump\"");
            return;
        };
        let Some(name) = item.get_ref().as_str() else { return };
        let Some(index) = self.templates.iter().position(|template| template.name.eq_ignore_ascii_case(name)) else {
            let known = near(name, self.templates.iter().map(|template| template.name));
            let mend = known
                .map_or("write [[template]] and its keys".to_owned(), |known| format!("did you mean \"{known}\"?"));
            let message = format!("there is no template \"{}\"", shortened(name));
            self.error(item.span().start, name, message, mend);
            return;
        };
        let Some(list) = table.get("with").and_then(|item| item.get_ref().as_array()) else {
            let mend = "write with = [{ name = \"pump1\" }, { name = \"pump2\" }]: what its parameters are, for each";
            self.error(at, name, "a use has no list with", mend);
            return;
        };
        for entry in list {
            let DeValue::Table(with) = entry.get_ref() else {
                if !is_stopgap(&entry.span()) {
                    let message = format!("{} stands in with where a table must", kind_of(entry.get_ref()));
                    self.error(entry.span().start, name, message, "write with = [{ name = \"pump1\" }]");
                }
                continue;
            };
            self.one(index, with, entry.span().start, place);
        }
    }

    /// One use: the tables of the template with these in place of its parameters.
    fn one(&mut self, index: usize, with: &'t DeTable<'i>, at: usize, place: Where) {
        let Some(template) = self.templates.get_mut(index) else { return };
        template.uses += 1;
        let (name, table) = (template.name, template.table);
        let mut values: BTreeMap<&'t str, &'t Spanned<DeValue<'i>>> =
            template.parameters.iter().filter_map(|(name, default)| Some((*name, (*default)?))).collect();
        let mut faults = Vec::new();
        for (key, item) in with {
            let key_name: &'t str = key.get_ref();
            if key_name == "at" && place != Where::Project {
                continue;
            }
            if !template.parameters.contains_key(key_name) {
                let known = near(key_name, template.order.iter().map(|(name, _)| *name));
                let mend = known.map_or_else(
                    || format!("its parameters are {}", names(&template.order)),
                    |known| format!("did you mean \"{known}\"?"),
                );
                let message = format!("the template \"{name}\" has no parameter \"{}\"", shortened(key_name));
                faults.push((key.span().start, message, mend));
            } else if !is_plain(item.get_ref()) {
                let message = format!("\"{key_name}\" is {}, and no text, number or truth", kind_of(item.get_ref()));
                faults.push((item.span().start, message, format!("write {key_name} = \"…\"")));
            } else {
                values.insert(key_name, item);
            }
        }
        let missing: Vec<&str> =
            template.order.iter().map(|(name, _)| *name).filter(|name| !values.contains_key(name)).collect();
        let first =
            template.order.first().and_then(|(first, _)| values.get(first)).and_then(|item| plain(item.get_ref()));
        for parameter in missing {
            let message = format!("the template \"{name}\" asks for {parameter}, and it is not given");
            faults.push((at, message, format!("write {parameter} = …, or give it a default in the template")));
        }
        if !faults.is_empty() {
            for (at, message, mend) in faults {
                self.error(at, name, message, mend);
            }
            return;
        }
        if let Some(template) = self.templates.get_mut(index) {
            template.made = true;
        }
        let offset = self.offset(with, name);
        let said = values.iter().filter_map(|(key, item)| Some(format!("{key} = {}", plain(item.get_ref())?)));
        let origin = Origin {
            template: name.into(),
            of: first.unwrap_or_default().into(),
            with: said.collect::<Vec<_>>().join(", ").into(),
            name: Arc::default(),
            place: Place::default(),
        };
        let parts: &[(&str, Table)] = match place {
            Where::Project => &[("tag", TAG), ("alarm", ALARM)],
            Where::Display(_) => &[("panel", PANEL)],
            Where::Panel(_) => &[("item", ITEM)],
        };
        let before = self.count;
        for (key, kind) in parts {
            for (own, span) in tables(table.get(*key)) {
                self.count += 1;
                if self.count > MOST {
                    if self.count == MOST + 1 {
                        self.error(at, name, format!("templates make more than {MOST} tables"), "use them less");
                    }
                    return;
                }
                if own.contains_key("use") {
                    self.error(span.start, name, "a template uses a template", "write out what it is to make");
                    continue;
                }
                let mut copy = own.clone();
                let mut fill = Fill { values: &values, used: HashSet::new(), faults: Vec::new(), number: self.number };
                fill.table(&mut copy, kind);
                let Fill { used, faults, .. } = fill;
                for (at, message, mend) in faults {
                    let told = self.made.faults.iter().any(|told| told.at == at && told.message == message);
                    if !told {
                        self.error(at, name, message, mend);
                    }
                }
                if let Some(template) = self.templates.get_mut(index) {
                    template.used.extend(used);
                }
                if let Some(offset) = &offset {
                    self.shift(&mut copy, offset);
                }
                let made = Made { table: copy, span, origin: made::named(&origin, own, key), used_at: at };
                match (place, *key) {
                    (Where::Project, "tag") => self.made.tags.push(made),
                    (Where::Project, _) => self.made.alarms.push(made),
                    (Where::Display(at) | Where::Panel(at), _) => self.made.below.entry(at).or_default().push(made),
                }
            }
        }
        if self.count == before {
            let (what, where_used) = match place {
                Where::Project => ("tag or alarm", "[[display.use]] or [[display.panel.use]]"),
                Where::Display(_) => ("panel", "[[use]]"),
                Where::Panel(_) => ("item", "[[use]]"),
            };
            let message = format!("the template \"{name}\" has no {what}");
            self.error(at, name, message, format!("use it by {where_used}, or write what it is to make here"));
        }
    }

    /// How far what is made lies from where the template says: `at = [6, 0]` of a use.
    fn offset(&mut self, with: &DeTable<'i>, name: &str) -> Option<[f64; 2]> {
        let item = with.get("at")?;
        let numbers: Option<Vec<f64>> =
            item.get_ref().as_array().and_then(|list| list.iter().map(|n| number_from(n.get_ref())).collect());
        let pair = numbers.and_then(|numbers| <[f64; 2]>::try_from(numbers).ok());
        if pair.is_none() {
            let mend = "write how far it is moved, across and down: at = [6, 0]";
            self.error(item.span().start, name, "at of a use is not two numbers", mend);
        }
        pair
    }

    /// Moves a made table: its first two numbers, and of a pipe all, by pairs.
    fn shift(&mut self, table: &mut DeTable<'i>, offset: &[f64; 2]) {
        for (key, pairs) in [("at", 1), ("points", usize::MAX)] {
            let Some(list) = table.get_mut(key).and_then(|item| match item.get_mut() {
                DeValue::Array(list) => Some(list),
                _ => None,
            }) else {
                continue;
            };
            for (nth, item) in list.iter_mut().enumerate().take(pairs.saturating_mul(2)) {
                let by = offset[nth % 2];
                let moved = match (whole_from(item.get_ref()), number_from(item.get_ref())) {
                    (Some(whole), _) if by.fract() == 0.0 => written(whole as f64 + by),
                    (_, Some(number)) => written(number + by),
                    _ => continue,
                };
                *item.get_mut() = (self.number)(moved);
            }
        }
    }

    fn into_expansion(self) -> Expansion<'i> {
        self.made
    }
}

fn names(order: &[(&str, usize)]) -> String {
    order.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// Tables of an array with where each stands.
fn tables<'t, 'i>(item: Option<&'t Spanned<DeValue<'i>>>) -> impl Iterator<Item = (&'t DeTable<'i>, Range<usize>)> {
    let list = item.and_then(|item| item.get_ref().as_array()).into_iter().flat_map(|list| list.iter());
    list.filter_map(|item| Some((item.get_ref().as_table()?, item.span())))
}

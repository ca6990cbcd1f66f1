//! One copy of what stands in a template, with values in place of its parameters.

use super::super::keys::{Shape, Table};
use super::super::nearest::near;
use super::super::section::{kind_of, number_from, shortened, whole_from};
use std::collections::{BTreeMap, HashSet};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(super) fn is_word(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

pub(super) fn is_plain(value: &DeValue<'_>) -> bool {
    plain(value).is_some()
}

/// A value as text.
pub(super) fn plain(value: &DeValue<'_>) -> Option<String> {
    Some(match value {
        DeValue::String(text) => text.clone().into_owned(),
        DeValue::Integer(_) => whole_from(value)?.to_string(),
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(truth) => truth.to_string(),
        _ => return None,
    })
}

/// A number as the file writes it.
pub(super) fn written(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 9e15 { format!("{}", number as i64) } else { format!("{number:?}") }
}

/// Where, what, and what to do.
pub(super) type Fault = (usize, String, String);

/// One copy while its parameters are put in.
pub(super) struct Fill<'f, 't, 'i> {
    pub(super) values: &'f BTreeMap<&'t str, &'t Spanned<DeValue<'i>>>,
    pub(super) used: HashSet<String>,
    pub(super) faults: Vec<Fault>,
    pub(super) number: &'f mut dyn FnMut(String) -> DeValue<'i>,
}

/// What stands between two braces.
enum Slot<'i> {
    /// A parameter, or a sum with one, as text and as a value of its own kind.
    Is(String, Option<DeValue<'i>>),
    /// No parameter: it means something else, and stays.
    Stays,
    Fault(String, String),
}

impl<'i> Fill<'_, '_, 'i> {
    pub(super) fn table(&mut self, table: &mut DeTable<'i>, kind: &Table) {
        for (key, item) in table.iter_mut() {
            let shape = kind.key(key.get_ref()).map(|key| key.shape);
            self.value(item, shape);
        }
    }

    fn value(&mut self, item: &mut Spanned<DeValue<'i>>, shape: Option<Shape>) {
        let at = item.span().start;
        match item.get_mut() {
            DeValue::Table(table) => match shape {
                Some(Shape::Table(kind) | Shape::Tables(kind)) => self.table(table, kind),
                _ => table.iter_mut().for_each(|(_, item)| self.value(item, None)),
            },
            DeValue::Array(list) => list.iter_mut().for_each(|item| self.value(item, shape)),
            value @ DeValue::String(_) => self.text(value, shape, at),
            _ => {}
        }
    }

    fn text(&mut self, value: &mut DeValue<'i>, shape: Option<Shape>, at: usize) {
        let DeValue::String(text) = &*value else { return };
        let text = text.clone();
        let mut filled = String::with_capacity(text.len());
        let mut rest: &str = &text;
        while let Some(open) = rest.find('{') {
            let (before, behind) = rest.split_at(open);
            filled.push_str(before);
            let Some(close) = behind.find('}') else {
                rest = behind;
                break;
            };
            let (inner, after) = (behind.get(1..close).unwrap_or(""), behind.get(close + 1..).unwrap_or(""));
            match self.slot(inner) {
                // A number that stands alone where a number belongs stays one.
                Slot::Is(words, own)
                    if before.is_empty() && after.is_empty() && filled.is_empty() && is_number(shape) =>
                {
                    *value = own.unwrap_or_else(|| (self.number)(words));
                    return;
                }
                Slot::Is(words, _) => filled.push_str(&words),
                Slot::Stays => filled.push_str(behind.get(..=close).unwrap_or("")),
                Slot::Fault(message, mend) => {
                    self.faults.push((at, message, mend));
                    filled.push_str(behind.get(..=close).unwrap_or(""));
                }
            }
            rest = after;
        }
        filled.push_str(rest);
        *value = DeValue::String(filled.into());
    }

    fn slot(&mut self, inner: &str) -> Slot<'i> {
        let terms = terms(inner);
        match terms.as_slice() {
            [(_, word)] if is_word(word) => match self.values.get(word) {
                Some(item) => {
                    self.used.insert((*word).to_owned());
                    Slot::Is(plain(item.get_ref()).unwrap_or_default(), Some(item.get_ref().clone()))
                }
                // `{n}` of an array of tags.
                None if *word == "n" => Slot::Stays,
                None => self.unknown(word),
            },
            [_, _, ..] if terms.iter().all(|(_, word)| is_word(word) || word.parse::<f64>().is_ok()) => {
                self.sum(&terms)
            }
            _ => Slot::Stays,
        }
    }

    fn unknown(&self, word: &str) -> Slot<'i> {
        let known = near(word, self.values.keys().copied());
        let mend = known.map_or_else(
            || format!("its parameters are {}", self.values.keys().copied().collect::<Vec<_>>().join(", ")),
            |known| format!("did you mean {{{known}}}?"),
        );
        Slot::Fault(format!("{{{}}} is no parameter of the template", shortened(word)), mend)
    }

    fn sum(&mut self, terms: &[(bool, &str)]) -> Slot<'i> {
        let mut sum = 0.0;
        for (minus, word) in terms {
            let number = match word.parse::<f64>() {
                Ok(number) => number,
                Err(_word) => {
                    let Some(item) = self.values.get(word) else { return self.unknown(word) };
                    self.used.insert((*word).to_owned());
                    match number_from(item.get_ref()) {
                        Some(number) => number,
                        None => {
                            let message = format!("{{{word}}} stands in a sum and is {}", kind_of(item.get_ref()));
                            return Slot::Fault(message, format!("write {word} = 100, a number without quotes"));
                        }
                    }
                }
            };
            sum += if *minus { -number } else { number };
        }
        Slot::Is(written(sum), None)
    }
}

/// Whether a key's value is a number or truth rather than text.
fn is_number(shape: Option<Shape>) -> bool {
    use Shape::{At, Deadband, Flag, Number, NumberOrNone, Numbers, Pair, State, Whole};
    matches!(shape, Some(At | Deadband | Flag | Number | NumberOrNone | Numbers | Pair | State | Whole(..)))
}

/// `base + 2`: what is summed, each with whether it is taken away. Words may have a hyphen inside, where no space stands.
fn terms(inner: &str) -> Vec<(bool, &str)> {
    let mut terms = Vec::new();
    let (mut minus, mut start) = (false, 0);
    for (at, sign) in inner.char_indices().filter(|(_, c)| matches!(c, '+' | '-')) {
        let word = inner.get(start..at).unwrap_or("").trim();
        let hyphen = sign == '-' && {
            let next = inner.get(at + 1..).and_then(|rest| rest.chars().next());
            is_word(word) && next.is_some_and(|c| c.is_ascii_alphabetic())
        };
        if hyphen || word.is_empty() && terms.is_empty() && sign == '-' {
            continue;
        }
        terms.push((minus, word));
        (minus, start) = (sign == '-', at + 1);
    }
    terms.push((minus, inner.get(start..).unwrap_or("").trim()));
    terms
}

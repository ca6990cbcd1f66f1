//! Formula tags: compiled, put in the order in which they can be computed; a circle is told with its path.

use super::compile::{Compiler, Noun, short};
use super::{SourcePlan, TagId};
use crate::engine::formula::{Formula, FormulaFault, Kind};
use crate::project::{DataType, Place, Places, Source, Tag};
use std::sync::Arc;

/// How far a tag is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    New,
    Open,
    Done,
}

impl Compiler {
    pub(super) fn formulas(&mut self) {
        let project = Arc::clone(&self.project);
        let mut formulas: Vec<Option<Formula>> = vec![None; self.plan.tags.len()];
        for (index, tag) in project.tags.iter().enumerate() {
            let Source::Formula(text) = &tag.source else { continue };
            match self.formula(text, &tag.name, &tag.places, "formula") {
                Ok(formula) => formulas[index] = Some(formula),
                Err(reason) => self.set_source(index, SourcePlan::Fault(reason.into())),
            }
        }
        let order = self.order(&mut formulas);
        for id in &order {
            let Some(formula) = formulas.get_mut(id.index()).and_then(Option::take) else { continue };
            for input in formula.inputs() {
                if let Some(input) = self.plan.tags.get_mut(input.index()) {
                    input.dependents.push(*id);
                }
            }
            let formula = self.typed(formula, *id);
            self.set_source(id.index(), SourcePlan::Formula(Arc::new(formula)));
        }
        self.plan.formula_order = order;
    }

    /// Compiles a text that stands at a key, and tells its faults there.
    pub(super) fn formula(
        &mut self,
        text: &str,
        subject: &str,
        places: &Places,
        key: &'static str,
    ) -> Result<Formula, String> {
        let compiled = Formula::compile(text, &mut |name| {
            let Some(id) = self.plan.tag_id(name) else { return Err(self.no_such(Noun::Tag, name)) };
            match self.plan.tag(id).map(|t| t.tag.data_type) {
                Some(DataType::String) => Err((
                    format!("{name} is text, and cannot be calculated with"),
                    "name a number or a bool".to_owned(),
                )),
                _ => Ok(id),
            }
        });
        compiled.map_err(|faults| {
            let reason = faults.first().map(|f| f.message.clone()).unwrap_or_default();
            for FormulaFault { column_chars, message, mend } in faults {
                self.error(place_in(places, key, column_chars), subject, message, mend);
            }
            reason
        })
    }

    /// Tags in an order in which every formula comes after its inputs. Those in a circle are told and taken out.
    fn order(&mut self, formulas: &mut [Option<Formula>]) -> Vec<TagId> {
        let mut marks = vec![Mark::New; formulas.len()];
        let mut order = Vec::new();
        for start in 0..formulas.len() {
            // A stack of our own: a chain of ten thousand formulas must not exhaust the program's.
            let mut path: Vec<(usize, usize)> = vec![(start, 0)];
            while let Some((tag, next)) = path.pop() {
                let Some(formula) = formulas.get(tag).and_then(Option::as_ref) else { continue };
                if next == 0 && marks[tag] != Mark::New {
                    continue;
                }
                marks[tag] = Mark::Open;
                match formula.inputs().get(next) {
                    Some(input) => {
                        let input = input.index();
                        path.push((tag, next + 1));
                        if marks[input] == Mark::Open {
                            let from = path.iter().position(|(t, _)| *t == input).unwrap_or(0);
                            let circle: Vec<usize> = path[from..].iter().map(|(t, _)| *t).collect();
                            self.circle(&circle);
                            for tag in &circle {
                                formulas[*tag] = None;
                                marks[*tag] = Mark::Done;
                            }
                            path.truncate(from);
                            // Who led here goes on: the circle is a bad input to it, no fault of its own.
                        } else {
                            path.push((input, 0));
                        }
                    }
                    None => {
                        marks[tag] = Mark::Done;
                        order.push(TagId(tag as u32));
                    }
                }
            }
        }
        order
    }

    /// Tells a circle at the first of its tags in the file, and sets all of them aside.
    fn circle(&mut self, tags: &[usize]) {
        let first = tags.iter().copied().min().unwrap_or(0);
        let turn = tags.iter().position(|t| *t == first).unwrap_or(0);
        let named = |i: &usize| self.plan.tags.get(*i).map_or("", |t| &t.name).to_owned();
        let mut names: Vec<String> = tags[turn..].iter().chain(&tags[..turn]).map(named).collect();
        names.push(named(&first));
        let message = format!("the formula goes round in a circle: {}", shown(&names));
        let Some(tag) = self.plan.tags.get(first).map(|t| Arc::clone(&t.tag)) else { return };
        self.error(
            tag.places.of("formula"),
            &tag.name,
            message.as_str(),
            "take one of them out of the other's formula",
        );
        for tag in tags {
            self.set_source(*tag, SourcePlan::Fault(message.as_str().into()));
        }
    }

    /// Gives a formula the type that its tag says, or the tag the type that its formula has.
    fn typed(&mut self, formula: Formula, id: TagId) -> Formula {
        let natural = formula.natural_kind(&|input| match self.plan.tag(input).map(|t| t.tag.data_type) {
            Some(DataType::Bool) => Kind::Truth,
            _ => Kind::Number,
        });
        let Some(tag) = self.plan.tags.get_mut(id.index()) else { return formula };
        let written = tag.tag.places.keys.iter().any(|(key, _)| *key == "type");
        let bool_said = tag.tag.data_type == DataType::Bool;
        let kind = if bool_said || (natural == Kind::Truth && !written) { Kind::Truth } else { Kind::Number };
        if kind == Kind::Truth && !bool_said {
            tag.tag = Arc::new(Tag { data_type: DataType::Bool, ..Tag::clone(&tag.tag) });
        }
        formula.giving(kind)
    }

    fn set_source(&mut self, index: usize, source: SourcePlan) {
        if let Some(tag) = self.plan.tags.get_mut(index) {
            tag.source = source;
        }
    }
}

/// A path of names; the middle of a long one is left out.
pub(super) fn shown<N: AsRef<str>>(names: &[N]) -> String {
    const MOST: usize = 12;
    let joined = |names: &[N]| names.iter().map(|n| short(n.as_ref())).collect::<Vec<_>>().join(" -> ");
    if names.len() <= MOST {
        return joined(names);
    }
    let (head, tail) = (&names[..MOST / 2], &names[names.len() - MOST / 2..]);
    format!("{} -> … -> {}", joined(head), joined(tail))
}

/// Where a column of a formula stands in the file, if the reader could tell, else where the formula begins.
fn place_in(places: &Places, key: &str, column: usize) -> Place {
    let text_key = match key {
        "formula" => "formula text",
        "when" => "when text",
        _ => "suppress-when text",
    };
    match places.keys.iter().find(|(k, _)| *k == text_key) {
        Some((_, Place { line, column: first })) => Place { line: *line, column: first + column as u32 },
        None => places.of(key),
    }
}

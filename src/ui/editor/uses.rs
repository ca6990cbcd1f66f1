//! What templates are used for, as a spreadsheet: a row for each time, a column for each parameter. Thirty pumps are thirty
//! rows, which can be pasted.

use super::grid::{Grid, GridColumn, Sheet, Wish};
use super::judge::Judged;
use super::select::At;
use crate::project::edit::{Draft, Edit, EntityId, EntityKind, KeyPath, Shown, Spot, Step, Value, quoted};
use crate::ui::fonts::{self, size};
use crate::ui::theme::Theme;
use eframe::egui::{Label, RichText, Role, ScrollArea, Ui, WidgetInfo};
use std::borrow::Cow;
use std::ops::Range;

/// Columns before those of the parameters: the template, and what it is used for.
pub const FIXED: usize = 2;
/// What a `[[use]]` at the top makes.
const AT_TOP: &str = "tags and alarms";
/// By how much panels and items of a use are moved.
pub const AT: &str = "at";

/// Rows and columns, kept until the draft changes, and the grid that they are shown in.
#[derive(Debug, Default)]
pub struct Uses {
    version: Option<u64>,
    rows: Vec<Row>,
    /// Parameters, and [`AT`].
    keys: Vec<String>,
    columns: Vec<GridColumn>,
    /// What is chosen, and typed.
    pub grid: Grid,
}

/// One time that a template is used.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    /// The `[[use]]`.
    of: EntityId,
    /// Which of its list.
    nth: usize,
    template: String,
    /// What it makes, and where.
    makes: String,
    /// By [`Uses::keys`].
    cells: Vec<String>,
}

/// The headers that are no entity's with a sheet of its own, with their names. Of tens of thousands of tags none is looked into.
fn others(draft: &Draft) -> impl Iterator<Item = (EntityId, Vec<&str>)> {
    let is_other =
        |kind| matches!(kind, EntityKind::Foreign | EntityKind::Part | EntityKind::Display | EntityKind::Template);
    let blocks = draft.index().blocks().iter().filter(move |block| is_other(block.kind));
    blocks.map(|block| (block.id, draft.header_of(block.id)))
}

/// The template of a name.
fn template_named(draft: &Draft, name: &str) -> Option<EntityId> {
    draft.named(EntityKind::Template, name)
}

/// What a template must be given, in its order.
fn required(draft: &Draft, template: &str) -> Vec<String> {
    let list = template_named(draft, template).and_then(|id| draft.parts(id, &"parameters".into()));
    list.iter().flat_map(Shown::items).map(|item| item.words().to_owned()).collect()
}

/// What a template takes: what it must be given, and what has a default.
fn parameters(draft: &Draft, template: &str) -> Vec<String> {
    let mut all = required(draft, template);
    let defaults = template_named(draft, template).and_then(|id| draft.parts(id, &"defaults".into()));
    all.extend(defaults.iter().flat_map(Shown::pairs).map(|(key, _)| key.clone()));
    all
}

/// Something for each parameter that must be given: the first is a name, the others are numbers most of the time.
fn something(draft: &Draft, template: &str, name: String) -> Vec<(String, Value)> {
    let mut name = Some(name);
    let value = |key| (key, name.take().map_or(Value::Whole(0), Value::Text));
    required(draft, template).into_iter().map(value).collect()
}

/// A use as it is written, with this header: each time that it is used is a line.
pub fn written(header: &str, template: &str, given: Vec<(String, Value)>) -> String {
    let given = Value::Table(given).to_toml();
    format!("{header}\ntemplate = {}\nwith = [\n  {given},\n]\n", quoted(template))
}

impl Uses {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The row of a use.
    pub fn row_of(&self, of: EntityId, nth: usize) -> Option<usize> {
        self.rows.iter().position(|row| (row.of, row.nth) == (of, nth))
    }

    /// The row of the last use of a template that makes tags or alarms.
    pub fn last_of(&self, template: &str) -> Option<usize> {
        self.rows.iter().rposition(|row| row.template.eq_ignore_ascii_case(template) && row.makes == AT_TOP)
    }

    /// The edit that uses a template for the first time, with something for each of its parameters.
    pub fn first(draft: &Draft, template: &str) -> Edit {
        let given = something(draft, template, format!("{template}1"));
        Edit::Insert { spot: Spot::Last, text: written("[[use]]", template, given) }
    }

    /// What the next use of a template on a display or mimic is given, where these uses are there: what one that makes tags
    /// and alarms is given and none of them is yet, else something.
    pub fn given(&self, draft: &Draft, template: &str, there: &[EntityId]) -> Vec<(String, Value)> {
        let own = parameters(draft, template);
        let first = own.first().and_then(|key| self.keys.iter().position(|other| other == key));
        let said = |row: &Row| first.and_then(|at| row.cells.get(at)).cloned().unwrap_or_default();
        let taken: Vec<String> = self.rows.iter().filter(|row| there.contains(&row.of)).map(said).collect();
        let mut of_it = self.rows.iter().filter(|row| row.template.eq_ignore_ascii_case(template));
        let next = of_it.clone().find(|row| row.makes == AT_TOP && !taken.contains(&said(row)));
        if let Some(row) = next {
            return self.pairs_of(row, false).into_iter().filter(|(key, _)| own.contains(key)).collect();
        }
        let name = of_it.next_back().map_or_else(|| format!("{template}1"), |row| self.free_name(&said(row)));
        something(draft, template, name)
    }

    /// The row of the time that a use is for something of this name.
    pub fn row_called(&self, of: EntityId, called: &str) -> Option<usize> {
        self.rows.iter().position(|row| row.of == of && row.cells.iter().any(|words| words == called))
    }

    /// The row of the last time that a use is for.
    pub fn last_row_of(&self, of: EntityId) -> Option<usize> {
        self.rows.iter().rposition(|row| row.of == of)
    }

    /// What a row is called: `well1, a well: panels of Wells`.
    pub fn name(&self, row: usize) -> String {
        let Some(row) = self.rows.get(row) else { return String::new() };
        let first = row.cells.iter().find(|words| !words.is_empty()).map_or("", String::as_str);
        let makes = if row.makes == AT_TOP { String::new() } else { format!(": {}", row.makes) };
        format!("{first}, a {}{makes}", row.template)
    }

    /// Follows the draft.
    pub fn follow(&mut self, draft: &Draft) {
        if self.version == Some(draft.version()) {
            return;
        }
        self.version = Some(draft.version());
        self.rows.clear();
        self.keys.clear();
        let mut display = String::new();
        let mut found = Vec::new();
        for (id, header) in others(draft) {
            if header == ["display"] {
                display = draft.shown(id, &"name".into()).unwrap_or_default();
            }
            if header.last() != Some(&"use") {
                continue;
            }
            let template = draft.shown(id, &"template".into()).unwrap_or_default();
            let makes = match header.len() {
                1 => AT_TOP.to_owned(),
                2 => format!("panels of {display}"),
                _ => format!("items of a mimic of {display}"),
            };
            let own = parameters(draft, &template);
            let moved = (header.len() > 1).then(|| AT.to_owned());
            for key in own.into_iter().chain(moved) {
                if !self.keys.contains(&key) {
                    self.keys.push(key);
                }
            }
            let with = draft.parts(id, &"with".into());
            for (nth, item) in with.iter().flat_map(Shown::items).enumerate() {
                let pairs: Vec<(String, String)> = item
                    .pairs()
                    .iter()
                    .map(|(key, value)| {
                        let list = value.items().iter().map(Shown::words).collect::<Vec<_>>().join(", ");
                        (key.clone(), if list.is_empty() { value.words().to_owned() } else { format!("[{list}]") })
                    })
                    .collect();
                // A parameter that the template does not have is a fault, and to be seen.
                for (key, _) in &pairs {
                    if !self.keys.contains(key) {
                        self.keys.push(key.clone());
                    }
                }
                found.push((id, nth, template.clone(), makes.clone(), pairs));
            }
        }
        self.keys.sort_by_key(|key| key == AT);
        for (of, nth, template, makes, pairs) in found {
            let said = |key: &String| {
                pairs.iter().find(|(own, _)| own == key).map(|(_, words)| words.clone()).unwrap_or_default()
            };
            let cells = self.keys.iter().map(said).collect();
            self.rows.push(Row { of, nth, template, makes, cells });
        }
        let column = |title: &str, width| GridColumn { title: title.to_owned().into(), width, is_of_numbers: false };
        let fixed = [column("template", 130.0), column("makes", 190.0)];
        self.columns = fixed.into_iter().chain(self.keys.iter().map(|key| column(key, 110.0))).collect();
    }

    /// The lines of the template that the cursor's row uses: what each of its parameters does.
    pub fn template_ui(&self, ui: &mut Ui, theme: &Theme, draft: &Draft) {
        let row = self.rows.get(self.grid.selection.cursor.row);
        let Some(template) = row.and_then(|row| template_named(draft, &row.template)) else {
            ui.add(Label::new(RichText::new("Choose a row to see its template").color(theme.muted)).wrap());
            return;
        };
        let text = draft.text_of(template);
        ScrollArea::both().auto_shrink([false, false]).show(ui, |ui| {
            ui.add(Label::new(fonts::bold("The template, as it is written")).wrap());
            let lines = ui.add(Label::new(RichText::new(text.as_str()).font(fonts::regular(size::SMALL))).extend());
            lines.widget_info(|| WidgetInfo::labeled(Role::Label, true, text.as_str()));
        });
    }

    /// What a person wants, as edits of the text and the name of their step; or why it cannot be done.
    pub fn edits(&self, wish: &Wish) -> Result<(String, Vec<Edit>), String> {
        match wish {
            Wish::Put(cells) => Ok(("Change uses of templates".to_owned(), self.put(cells))),
            Wish::Add(behind) => {
                let row = self.rows.get(*behind).or(self.rows.last()).ok_or(NOTHING)?;
                let edit = self.appended(row.of, 0, self.pairs_of(row, true).into_iter().take(1).collect());
                Ok((format!("Use template {} once more", row.template), vec![edit]))
            }
            Wish::Duplicate(range) => {
                let rows = self.rows.get(self.within(range)).unwrap_or_default();
                let times = |nth: usize| rows.iter().take(nth).filter(|row| row.of == rows[nth].of).count();
                let edit = |(nth, row): (usize, &Row)| self.appended(row.of, times(nth), self.pairs_of(row, true));
                Ok(("Use templates once more".to_owned(), rows.iter().enumerate().map(edit).collect()))
            }
            Wish::Remove(range) => {
                // From behind: those before keep their places.
                let rows = self.rows.get(self.within(range)).unwrap_or_default().iter().rev();
                let edits = rows.map(|row| Edit::Unset { of: row.of, key: item(row.nth) }).collect();
                Ok(("Remove uses of templates".to_owned(), edits))
            }
            Wish::Sort(_) => Err("Uses stand as in the file".to_owned()),
            Wish::Refused(why) => Err(why.clone()),
            // Resolved before.
            Wish::Fill(..) | Wish::FillDown(_) | Wish::Paste(..) => Ok((String::new(), Vec::new())),
        }
    }

    fn within(&self, range: &Range<usize>) -> Range<usize> {
        range.start.min(self.rows.len())..range.end.min(self.rows.len())
    }

    /// What is said for a row, with a new name in place of its first if it is to be another one.
    fn pairs_of(&self, row: &Row, another: bool) -> Vec<(String, Value)> {
        let said = self.keys.iter().zip(&row.cells).filter(|(_, words)| !words.is_empty());
        said.enumerate()
            .map(|(nth, (key, words))| {
                let words = if another && nth == 0 { self.free_name(words) } else { words.clone() };
                (key.clone(), parameter(&words))
            })
            .collect()
    }

    /// The first of `pump1`, `pump2`, … behind this one that no row has in any column.
    fn free_name(&self, name: &str) -> String {
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let from = name[stem.len()..].parse::<u64>().unwrap_or(1);
        let is_taken = |name: &String| self.rows.iter().any(|row| row.cells.contains(name));
        let names = (1..=self.rows.len() as u64 + 1).map(|n| format!("{stem}{}", from.saturating_add(n)));
        names.into_iter().find(|name| !is_taken(name)).unwrap_or_default()
    }

    fn appended(&self, of: EntityId, further: usize, pairs: Vec<(String, Value)>) -> Edit {
        let there = self.rows.iter().filter(|row| row.of == of).count();
        Edit::Set { of, key: item(there + further), value: Value::Table(pairs) }
    }

    fn put(&self, cells: &[(At, String)]) -> Vec<Edit> {
        let mut edits = Vec::new();
        let mut new: Vec<(usize, Vec<(String, Value)>)> = Vec::new();
        for (at, words) in cells {
            let Some(key) = at.column.checked_sub(FIXED).and_then(|column| self.keys.get(column)) else { continue };
            let Some(row) = self.rows.get(at.row) else {
                if new.last().is_none_or(|(row, _)| *row != at.row) {
                    new.push((at.row, Vec::new()));
                }
                if let Some((_, pairs)) = new.last_mut().filter(|_| !words.trim().is_empty()) {
                    pairs.push((key.clone(), parameter(words.trim())));
                }
                continue;
            };
            let key = item(row.nth).to(Step::Key(key.clone()));
            edits.push(match words.trim() {
                "" => Edit::Unset { of: row.of, key },
                words => Edit::Set { of: row.of, key, value: parameter(words) },
            });
        }
        if let Some(last) = self.rows.last() {
            let new = new.into_iter().filter(|(_, pairs)| !pairs.is_empty()).enumerate();
            edits.extend(new.map(|(further, (_, pairs))| self.appended(last.of, further, pairs)));
        }
        edits
    }
}

const NOTHING: &str = "There is no use yet: choose a template in Templates, or a display in Displays, and use it";

/// The way to a use in its list.
fn item(nth: usize) -> KeyPath {
    KeyPath::from("with").to(Step::Nth(nth))
}

/// A parameter as it is written: numbers, lists and `true` without quotes.
fn parameter(words: &str) -> Value {
    let is_list = words.starts_with('[') && words.ends_with(']');
    let is_bare = words.parse::<f64>().is_ok_and(f64::is_finite) || matches!(words, "true" | "false") || is_list;
    let typed = Value::Raw(words.to_owned());
    if is_bare && typed.is_one() { typed } else { Value::Text(words.to_owned()) }
}

/// The rows as a grid shows them.
#[derive(Debug)]
pub struct UseRows<'a> {
    /// Rows and columns.
    pub uses: &'a Uses,
    /// What is wrong in the draft.
    pub judged: &'a Judged,
}

impl Sheet for UseRows<'_> {
    fn rows(&self) -> usize {
        self.uses.rows.len()
    }

    fn columns(&self) -> &[GridColumn] {
        &self.uses.columns
    }

    fn cell(&self, at: At) -> Cow<'_, str> {
        let Some(row) = self.uses.rows.get(at.row) else { return "".into() };
        match at.column.checked_sub(FIXED) {
            None if at.column == 0 => row.template.as_str().into(),
            None => row.makes.as_str().into(),
            Some(column) => row.cells.get(column).map_or("", String::as_str).into(),
        }
    }

    fn name(&self, row: usize) -> Cow<'_, str> {
        self.uses.name(row).into()
    }

    fn fault(&self, _at: At) -> Option<Cow<'_, str>> {
        None
    }

    fn row_fault(&self, row: usize) -> Option<Cow<'_, str>> {
        let row = self.uses.rows.get(row)?;
        self.judged.faults_of_use(row.of, row.nth).map(Cow::Owned)
    }

    fn locked(&self, at: At) -> Option<Cow<'_, str>> {
        (at.column < FIXED).then_some("which template is used, and for what, is said in the text".into())
    }

    fn origin(&self, _row: usize) -> Option<Cow<'_, str>> {
        None
    }

    fn typed_fault(&self, _at: At, _text: &str) -> Option<String> {
        None
    }

    fn sorted(&self) -> Option<(usize, bool)> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "watchkeeper = 1\n\n[[template]]\nname = \"pump\"\nparameters = [\"name\", \"base\"]\ndefaults = { low = 50.0 }\n\n  \
        [[template.tag]]\n  name = \"{name}.flow\"\n  formula = \"{base} + {low}\"\n\n\
        [[use]]\ntemplate = \"pump\"\nwith = [\n  { name = \"pump1\", base = 100 },\n  { name = \"pump2\", base = 120, low = 30.0 }, # the old one\n]\n";

    fn opened(draft: &Draft) -> Uses {
        let mut uses = Uses::default();
        uses.follow(draft);
        uses
    }

    fn after(draft: &mut Draft, wish: &Wish) -> String {
        let (name, edits) = opened(draft).edits(wish).unwrap();
        draft.edit_as(Some(&name), None, &edits).unwrap();
        draft.text().split_once("with = ").unwrap().1.to_owned()
    }

    #[test]
    fn a_row_stands_for_each_use_and_a_column_for_each_parameter() {
        let draft = Draft::open(TEXT.as_bytes()).unwrap();
        let uses = opened(&draft);
        let rows = UseRows { uses: &uses, judged: &Judged::default() };
        let titles: Vec<_> = rows.columns().iter().map(|column| column.title.as_ref()).collect();
        assert_eq!(titles, ["template", "makes", "name", "base", "low"]);
        let cells = |row| (0..5).map(|column| rows.cell(At { row, column }).into_owned()).collect::<Vec<_>>();
        assert_eq!(cells(0), ["pump", "tags and alarms", "pump1", "100", ""]);
        assert_eq!(cells(1), ["pump", "tags and alarms", "pump2", "120", "30.0"]);
        let template = draft.text_of(template_named(&draft, "pump").unwrap());
        assert!(template.contains("defaults = ") && template.ends_with("formula = \"{base} + {low}\"\n"), "{template}");
        assert!(rows.locked(At { row: 0, column: 1 }).is_some() && rows.locked(At { row: 0, column: 2 }).is_none());
    }

    #[test]
    fn what_is_typed_pasted_and_taken_out_is_a_change_of_these_lines_alone() {
        let mut draft = Draft::open(TEXT.as_bytes()).unwrap();
        let cell = |row, column, words: &str| (At { row, column }, words.to_owned());
        let put = Wish::Put(vec![
            cell(0, 3, "140"),
            cell(1, 4, ""),
            cell(2, 2, "pump3"),
            cell(2, 3, "160"),
            cell(3, 2, "pump4"),
        ]);
        assert_eq!(
            after(&mut draft, &put),
            "[\n  { name = \"pump1\", base = 140 },\n  { name = \"pump2\", base = 120 }, # the old one\n  { name = \"pump3\", base = 160 },\n  { name = \"pump4\" },\n]\n"
        );
        assert_eq!(
            after(&mut draft, &Wish::Remove(1..3)),
            "[\n  { name = \"pump1\", base = 140 },\n  { name = \"pump4\" },\n]\n"
        );
        assert_eq!(
            after(&mut draft, &Wish::Duplicate(0..1)),
            "[\n  { name = \"pump1\", base = 140 },\n  { name = \"pump4\" },\n  { name = \"pump2\", base = 140 },\n]\n"
        );
        assert!(after(&mut draft, &Wish::Add(0)).ends_with("  { name = \"pump3\" },\n]\n"));
        for _ in 0..4 {
            draft.undo().unwrap();
        }
        assert_eq!(&**draft.text(), TEXT);
    }
}

//! Tables there and back, with every letter that a spreadsheet writes.

use super::*;
use crate::project::edit::Draft;
use crate::project::{diff, file};
use proptest::prelude::*;

const TEXT: &str = r#"watchkeeper = 1
[[device]]
name = "plc1"
protocol = "modbus-tcp"
address = "192.0.2.10"
[[tag]]
name = "tank1.level"            # the old one
description = "Level; \"gross\", in\nthe big tank"
device = "plc1"
register = "holding:0x10"
type = "u16"
scale = 1_000.50
unit = "="
range = [0.0, 100.0]
labels = { 0 = "Off, really", true = "On" }
  [[tag.alarm]]
  kind = "high"
  limit = 85.0
  deadband = "2%"
  priority = "high"
[[tag]]
name = "string{n}.current"
device = "plc1"
register = "40101"
repeat = { from = 1, to = 3 }
type = "i16"
[[alarm]]
tag = "tank1.level"
name = "Overflow"
kind = "high-high"
limit = 95
latch = true
"#;

fn wants(rows: &str) -> Result<Vec<Wanted>, Vec<String>> {
    let grid = Grid::read(rows.as_bytes()).map_err(|fault| vec![fault.to_string()])?;
    wanted(&grid, TEXT).map(|asked| asked.wanted).map_err(|faults| faults.iter().map(Fault::to_string).collect())
}

fn told(rows: &str) -> String {
    wants(rows).unwrap_err().join("\n")
}

#[test]
fn tags_and_alarms_are_tables_of_what_is_written() {
    let tags = export(Kind::Tags, TEXT).unwrap();
    assert_eq!(
        tags.rows[0],
        ["tag", "description", "device", "register", "type", "repeat", "scale", "unit", "range", "labels"]
    );
    assert_eq!(
        tags.rows[1],
        [
            "tank1.level",
            "Level; \"gross\", in\nthe big tank",
            "plc1",
            "holding:0x10",
            "u16",
            "",
            "1_000.50",
            "'=",
            "[0.0, 100.0]",
            "{ 0 = \"Off, really\", true = \"On\" }"
        ]
    );
    let alarms = export(Kind::Alarms, TEXT).unwrap().written(',');
    assert_eq!(
        alarms,
        "\u{feff}alarm,kind,limit,deadband,priority,latch\r\n\
         tank1.level/high,high,85.0,2%,high,\r\n\
         tank1.level/Overflow,high-high,95,,,true\r\n"
    );
    assert_eq!(export(Kind::Tags, "watchkeeper = 1\n[[tag]\n"), Err(2));
}

#[test]
fn what_comes_back_unchanged_wants_nothing() {
    for kind in [Kind::Tags, Kind::Alarms] {
        for separator in [',', ';', '\t'] {
            let table = export(kind, TEXT).unwrap();
            let text = table.written(separator);
            assert_eq!(Grid::read(text.as_bytes()), Ok(table.clone()), "{text}");
            assert_eq!(wanted(&table, TEXT), Ok(Asked::default()));
            // As Excel saves it: lines of its own, sep=, no mark of byte order.
            let saved = format!("sep={separator}\r\n{}\r\n\r\n", text.trim_start_matches('\u{feff}').trim_end());
            let read = Grid::read(saved.as_bytes()).unwrap();
            assert_eq!((read.rows.len(), wanted(&read, TEXT)), (table.rows.len(), Ok(Asked::default())));
        }
    }
}

#[test]
fn a_part_of_a_table_is_merged_by_name() {
    let found =
        wants("tag;scale;unit;decimals\nTANK1.level;0.5;%;\nstring{n}.current;;<none>;1\n\nnew.one;;'+x;\n").unwrap();
    let toml = |text: &str| Worth::Toml(text.to_owned());
    let words = |text: &str| Worth::Words(text.to_owned());
    assert_eq!(
        found,
        [
            Wanted {
                kind: Kind::Tags,
                name: "tank1.level".to_owned(),
                new: false,
                keys: vec![
                    ("scale", Some("1_000.50".to_owned()), toml("0.5")),
                    ("unit", Some("=".to_owned()), words("%"))
                ],
                row: 2,
            },
            Wanted {
                kind: Kind::Tags,
                name: "string{n}.current".to_owned(),
                new: false,
                keys: vec![("decimals", None, toml("1"))],
                row: 3,
            },
            Wanted {
                kind: Kind::Tags,
                name: "new.one".to_owned(),
                new: true,
                keys: vec![("unit", None, words("+x"))],
                row: 5
            },
        ]
    );
    let found =
        wants("alarm,limit,latch,deadband\ntank1.level/HIGH,85,,<none>\ntank1.level/overflow,95.5,TRUE,\n").unwrap();
    let keys: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.keys.clone())).collect();
    assert_eq!(
        keys,
        [
            ("tank1.level/high", vec![("deadband", Some("2%".to_owned()), Worth::Nothing)]),
            ("tank1.level/Overflow", vec![("limit", Some("95".to_owned()), toml("95.5"))])
        ]
    );
}

/// A project becomes another by the tables of that one.
#[test]
fn the_tables_of_a_version_make_another_into_it() {
    let made = |text: &str, table: &Grid| -> String {
        let mut draft = Draft::open(text.as_bytes()).unwrap();
        let edits = apply::edits(&draft, &wanted(table, text).unwrap().wanted).unwrap();
        if !edits.is_empty() {
            draft.edit(&edits).unwrap();
        }
        draft.text().to_string()
    };
    let target = TEXT
        .replace("unit = \"=\"", "unit = \"m³\\\"\"\ndecimals = 2")
        .replace("scale = 1_000.50", "scale = 2")
        .replace("[0.0, 100.0]", "[ -5, 1e3 ]")
        .replace("limit = 85.0", "limit = 80\non-delay = \"5s\"\nresponse = \"Run;\\n\\\"now\\\"\"")
        .replace("latch = true", "latch = false")
        .replace("to = 3 }", "to = 4 }")
        .replace(
            "[[alarm]]\n",
            "  [[tag.alarm]]\n  kind = \"low\"\n  limit = 1\n[[tag]]\nname = \"sum\"\nformula = \"tank1.level * 2\"\n[[alarm]]\n",
        );
    let (tags, alarms) = (export(Kind::Tags, &target).unwrap(), export(Kind::Alarms, &target).unwrap());
    let became = made(&made(TEXT, &tags), &alarms);
    let (read, wished) = (file::read(became.as_bytes()), file::read(target.as_bytes()));
    assert_eq!(read.1.len(), wished.1.len(), "{became}");
    assert_eq!(diff::text(&diff::compare(&read.0, &wished.0)), "", "{became}");
    // What was not touched stands as it stood.
    assert!(became.contains("name = \"tank1.level\"            # the old one\n"), "{became}");
    assert_eq!(made(&became, &tags), became);
}

#[test]
fn a_fault_names_its_cell() {
    assert_eq!(
        told("tag,scale,unit\ntank1.level,\"0,5\",%\nstring{n}.current,1,A,x\n"),
        "B2 (scale of tank1.level): error: \"0,5\" has a comma, which may be of decimals or of thousands; \
         write it with a point, and without signs between thousands: 1234.5\n\
         D3: error: this cell has no column; \
         put a text with the sign that parts columns in quotes, or give the column a heading"
    );
    assert!(
        told("sep=;\ntag;scael\na;1\n")
            .starts_with("B2 (scael): error: \"scael\" is no key of tag; did you mean \"scale\"?")
    );
    assert!(
        told("name,unit\na,b\n")
            .starts_with("A1 (name): error: \"name\" is no such column; the first column is tag or alarm")
    );
    assert!(told("tag,unit,unit\n").starts_with("C1 (unit): error: there is such a column already"));
    assert!(told("tag,unit\n,m\na,m\nA,m\n").contains("A2 (tag): error: the row has no tag"));
    assert!(
        told("tag,unit\na,m\nA,m\n").starts_with("A3 (tag): error: \"A\" has a row already, 2; keep one of the two")
    );
    assert!(told("alarm,limit\nhigh,3\n").starts_with("A2 (alarm): error: \"high\" is no name of an alarm"));
    assert!(told("tag,unit\na,\"m\nb,m\n").starts_with("B2: error: its quote does not close"));
    assert!(told("\u{0}").starts_with("A1: error: this is text of two bytes a letter, or a workbook; save it as"));
    let latin = Grid::read(b"tag,unit\na,\xB0C\n").unwrap_err();
    assert!(latin.to_string().starts_with("A2: error: letters of this row are not UTF-8"));
    assert_eq!(
        (a1(0, 0), a1(11, 2), a1(0, 26), a1(9, 701), a1(0, 702)),
        ("A1".into(), "C12".into(), "AA1".into(), "ZZ10".into(), "AAA1".into())
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever a text has in it.
    #[test]
    fn every_text_comes_back(texts in prop::collection::vec("[ -~\n\r\t;,\"'=+@-]{0,12}|\\PC{0,6}", 1..6), separator in prop::sample::select(vec![',', ';', '\t'])) {
        let escape = |text: &str| text.chars().map(|c| format!("\\U{:08X}", c as u32)).collect::<Vec<_>>().concat();
        let tags = texts.iter().enumerate().map(|(n, text)| {
            format!("[[tag]]\nname = \"t{n}\"\nformula = \"1\"\ndescription = \"{0}\"\nunit = \"{0}\"\n", escape(text))
        });
        let project = format!("watchkeeper = 1\n{}", tags.collect::<String>());
        let table = export(Kind::Tags, &project).unwrap();
        let read = Grid::read(table.written(separator).as_bytes()).unwrap();
        prop_assert_eq!(&read, &table);
        prop_assert_eq!(wanted(&read, &project), Ok(Asked::default()));
        // And into a project that says something else.
        let other = project.replace("description = \"", "description = \"other ");
        for (one, text) in wanted(&read, &other).unwrap().wanted.iter().zip(texts.iter().filter(|text| !text.trim().is_empty())) {
            prop_assert_eq!(&one.keys, &vec![("description", Some(format!("other {text}")), Worth::Words(text.clone()))]);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(grid) = Grid::read(&bytes) {
            drop(wanted(&grid, TEXT));
        }
    }
}

#[test]
fn what_an_alarm_was_called_goes_to_a_table_and_comes_back() {
    let text = "watchkeeper = 1\n\n[[tag]]\nname = \"a\"\nformula = \"1\"\n\n[[tag.alarm]]\nkind = \"high\"\nname = \"brim\"\nwas = \"high\"\nlimit = 1.0\n";
    let table = export(Kind::Alarms, text).unwrap();
    assert_eq!(table.rows, [["alarm", "was", "kind", "limit"], ["a/brim", "high", "high", "1.0"]]);
    assert_eq!(wanted(&table, text), Ok(Asked::default()), "it says the same");
    // Into a project that does not know it, the cell is the key.
    let bare = text.replace("was = \"high\"\n", "");
    let asked = wanted(&table, &bare).unwrap();
    let [one] = asked.wanted.as_slice() else { panic!("{asked:?}") };
    assert_eq!((one.name.as_str(), &one.keys), ("a/brim", &vec![("was", None, Worth::Words("high".to_owned()))]));
    // An empty cell leaves what is written.
    let mut empty = table.clone();
    empty.rows[1][1] = String::new();
    assert_eq!(wanted(&empty, text).unwrap().wanted.len(), 0);
}

const PUMPS: &str = "watchkeeper = 1\n\n[[tag]]\nname = \"sum\"\nformula = \"1\"\n\n[[template]]\nname = \"pump\"\nparameters = [\"name\", \"base\"]\n\n  \
    [[template.tag]]\n  name = \"{name}.flow\"\n  formula = \"{base} + 1\"\n  range = [0.0, 10.0]\n  decimals = \"{base}\"\n\n    \
    [[template.tag.alarm]]\n    kind = \"high\"\n    limit = 8.0\n    message = \"{name}: \\\"high\\\"\"\n\n\
    [[use]]\ntemplate = \"pump\"\nwith = [{ name = \"p1\", base = 1 }, { name = \"p2\", base = 2 }]\n";

#[test]
fn what_templates_make_is_written_and_left_to_them_on_the_way_back() {
    let table = export(Kind::Tags, PUMPS).unwrap();
    assert_eq!(table.rows[0], ["tag", "formula", "range", "decimals", "template"]);
    assert_eq!(table.rows[1], ["sum", "1", "", "", ""]);
    assert_eq!(table.rows[3], ["p2.flow", "2 + 1", "[0.0, 10.0]", "2", "pump for p2"]);
    assert_eq!(wanted(&table, PUMPS), Ok(Asked { wanted: Vec::new(), made: 2 }));
    let alarms = export(Kind::Alarms, PUMPS).unwrap();
    assert_eq!(alarms.rows[1], ["p1.flow/high", "high", "8.0", "p1: \"high\"", "pump for p1"]);
    assert_eq!(wanted(&alarms, PUMPS), Ok(Asked { wanted: Vec::new(), made: 2 }));
    // A column that was taken out makes no doubles, and neither does a use that is gone since.
    let mut bare = table.clone();
    bare.rows.iter_mut().for_each(|row| row.truncate(2));
    assert_eq!(wanted(&bare, PUMPS), Ok(Asked { wanted: Vec::new(), made: 2 }));
    let fewer = PUMPS.replace(", { name = \"p2\", base = 2 }", "");
    assert_eq!(wanted(&table, &fewer), Ok(Asked { wanted: Vec::new(), made: 2 }));
}

#[test]
fn a_row_that_wants_what_a_template_makes_otherwise_is_told_by_its_cell() {
    let mut table = export(Kind::Tags, PUMPS).unwrap();
    table.rows[2][2] = "[0, 20]".to_owned();
    table.rows[1][1] = "2".to_owned();
    let told: Vec<String> = wanted(&table, PUMPS).unwrap_err().iter().map(Fault::to_string).collect();
    assert_eq!(
        told,
        ["C3 (range of p1.flow): error: p1.flow comes from template pump for p1, and no table changes that; \
          change the template or its use in the project, or take the row out"]
    );
    table.rows[2][2] = "[0.0, 10.0]".to_owned();
    let asked = wanted(&table, PUMPS).unwrap();
    assert_eq!((asked.made, asked.wanted.len(), asked.wanted[0].name.as_str()), (2, 1, "sum"));
}

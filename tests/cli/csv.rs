//! Tags and alarms in a spreadsheet, and back.

use super::support::{ended, project};
use std::fs;

#[test]
fn a_table_comes_back_as_edits_of_what_it_changes_alone() {
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), "127.0.0.1:1".parse().unwrap());
    let before = fs::read_to_string(&plant).unwrap();
    let path = plant.to_str().unwrap();
    let table = folder.path().join("tags.csv");
    let at = table.to_str().unwrap();
    let (code, out, error) = ended(&["csv", "export", path, "tags", "--separator", "semicolon", "-o", at]);
    assert_eq!((code, out.as_str()), (0, ""), "{error}");
    let text = fs::read_to_string(&table).unwrap();
    assert_eq!(
        text,
        "\u{feff}tag;device;register;type;scale;unit;range\r\n\
         tank1.level;plc1;holding:0;u16;0.5;%;\"[0.0, 100.0]\"\r\n\
         meter.energy;plc1;holding:1;u64;;Wh;\r\n"
    );
    let (code, out, error) = ended(&["csv", "import", path, at]);
    assert_eq!((code, out.as_str()), (0, "the project says all that already\n"), "{error}");
    assert_eq!(fs::read_to_string(&plant).unwrap(), before);

    // A unit, a key that was not there, one that goes, and a new tag: previewed, then made.
    let edited = text.replace(";Wh;", ";kWh;").replace("0.5;%", "<none>;%").replace("type;", "type;decimals;");
    let edited = edited.replace("u16;", "u16;1;").replace("u64;", "u64;;");
    fs::write(&table, format!("{edited}new.tag;plc1;holding:9;bool;;;;\r\n")).unwrap();
    let told = "1 number of decimals, 1 scale, 1 unit; 1 tag added\n\ntag tank1.level\n    decimals: none → 1\n    scale: 0.5 → none\n\n\
                tag meter.energy\n    unit: Wh → kWh\n\ntag new.tag added\n    type: bool\n    device: plc1\n    register: holding:9\n";
    let (code, out, error) = ended(&["csv", "import", path, at, "--dry-run"]);
    assert_eq!((code, out.as_str()), (0, told), "{error}");
    assert_eq!(fs::read_to_string(&plant).unwrap(), before);
    assert_eq!(ended(&["csv", "import", path, at]).1, told);
    let after = fs::read_to_string(&plant).unwrap();
    assert!(after.starts_with(&before[..before.find("scale").unwrap()]), "{after}");
    assert!(after.contains("unit = \"kWh\"") && after.contains("decimals = 1") && !after.contains("scale"), "{after}");
    assert!(after.contains("name = \"new.tag\""), "{after}");
    assert_eq!(ended(&["csv", "import", path, at]).1, "the project says all that already\n");

    // Alarms: a part of the columns, and a new one below its tag.
    let alarms = folder.path().join("alarms.csv");
    let rows = "alarm,limit,kind,priority\ntank1.level/high,90,,\ntank1.level/low,10,low,low\n";
    fs::write(&alarms, rows).unwrap();
    let (code, out, error) = ended(&["csv", "import", path, alarms.to_str().unwrap()]);
    assert_eq!(code, 0, "{error}");
    assert!(out.starts_with("1 limit; 1 alarm added\n"), "{out}");
    let (_, out, _) = ended(&["csv", "export", path, "alarms"]);
    assert_eq!(
        out,
        "\u{feff}alarm,kind,limit,priority,message,response\r\n\
         tank1.level/high,high,90,critical,Tank 1 is about to overflow,Close V-101\r\ntank1.level/low,low,10,low,,\r\n"
    );
    assert_eq!(ended(&["check", path]).0, 0);
}

#[test]
fn what_is_wrong_in_a_table_names_its_cell_and_nothing_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    let plant = project(folder.path(), "127.0.0.1:1".parse().unwrap());
    let before = fs::read_to_string(&plant).unwrap();
    let table = folder.path().join("t.csv");
    let imported = |rows: &str| {
        fs::write(&table, rows).unwrap();
        let (code, out, error) = ended(&["csv", "import", plant.to_str().unwrap(), table.to_str().unwrap()]);
        assert_eq!((code, out.as_str()), (1, ""), "{error}");
        assert_eq!(fs::read_to_string(&plant).unwrap(), before);
        error
    };
    let error = imported("tag;unit;scale\nmeter.energy;kWh;0,5\n");
    assert!(error.contains("t.csv: C2 (scale of meter.energy): error: \"0,5\" has a comma"), "{error}");
    // What only the reader or the plan can tell.
    let error = imported("tag,unit,register\ntank1.level,%,holding:70000\n");
    assert!(error.contains("t.csv: C2 (register of tank1.level): error: address 70000 is out of range"), "{error}");
    let error = imported("tag,setpoint,unit\n\ntank1.level,no.such,m\n");
    assert!(error.contains("t.csv: B3 (setpoint of tank1.level): error: there is no tag \"no.such\""), "{error}");
    let error = imported("alarm,limit\ntank1.level/low,3\n");
    assert!(error.contains("t.csv: A2 (alarm): error: ") && error.contains("has no kind"), "{error}");
    let missing = folder.path().join("none.csv");
    assert_eq!(ended(&["csv", "import", plant.to_str().unwrap(), missing.to_str().unwrap()]).0, 2);
}

#[test]
fn what_templates_make_goes_out_with_its_origin_and_makes_no_doubles_on_the_way_back() {
    let wells = include_str!("../../projects/wells.toml");
    let folder = tempfile::tempdir().unwrap();
    let (plant, table) = (folder.path().join("wells.toml"), folder.path().join("tags.csv"));
    let (path, at) = (plant.to_str().unwrap(), table.to_str().unwrap());
    fs::write(&plant, wells).unwrap();
    assert_eq!(ended(&["csv", "export", path, "tags", "-o", at]).0, 0);
    let text = fs::read_to_string(&table).unwrap();
    let row = text.lines().find(|row| row.starts_with("well2.flow,")).unwrap();
    assert!(row.contains(",holding:12,") && row.ends_with(",well for well2"), "{row}");
    let (code, out, error) = ended(&["csv", "import", path, at]);
    assert_eq!((code, out.as_str()), (0, "the project says all that already\n"));
    assert!(error.contains("9 rows are of what templates make, and left to them"), "{error}");
    assert_eq!(fs::read_to_string(&plant).unwrap(), wells);
    fs::write(&table, text.replace("holding:12,", "holding:13,")).unwrap();
    let (code, _, error) = ended(&["csv", "import", path, at]);
    assert_eq!(code, 1);
    assert!(
        error.contains("(register of well2.flow): error: well2.flow comes from template well for well2"),
        "{error}"
    );
    // A limit of the template is told once, and each well's own in the object.
    let after = folder.path().join("after.toml");
    fs::write(&after, wells.replace("deadband = 0.5", "deadband = 0.2")).unwrap();
    let after = after.to_str().unwrap();
    let (_, out, _) = ended(&["diff", path, after]);
    assert!(
        out.starts_with(
            "template well: 1 deadband\n\ntemplate well\n    deadband of {name}.level/low 0.5 → 0.2, in 3 uses\n"
        ),
        "{out}"
    );
    let (_, out, _) = ended(&["diff", path, after, "--format", "json"]);
    assert_eq!(out.matches("\"template\": \"well\"").count(), 3, "{out}");
    assert!(out.contains("\"use\": \"well3\""), "{out}");
}

//! Templates: what they make is what would have been written by hand, and what is wrong with them is told where it is mended.

use proptest::prelude::*;
use std::fmt::Write as _;
use watchkeeper::project::{Severity, Source, Spot, diff, file};
use watchkeeper::runtime::Loaded;

fn told(text: &str) -> Vec<String> {
    let text = format!("watchkeeper = 1\n{text}");
    file::read(text.as_bytes()).1.iter().map(ToString::to_string).collect()
}

const PLC: &str = "[[device]]\nname = \"plc1\"\nprotocol = \"modbus-tcp\"\naddress = \"10.0.0.1\"\n";

const PUMP: &str = r#"[[template]]
name = "pump"
parameters = ["name", "base"]
defaults = { device = "plc1", low = 50.0 }

  [[template.tag]]
  name = "{name}.flow"
  description = "Flow of {name}, FT-{base+1}"
  device = "{device}"
  register = "holding:{base}"
  type = "f32"
  range = [0, "{low+450}"]

    [[template.tag.alarm]]
    kind = "low"
    limit = "{low}"
    priority = "low"

  [[template.tag]]
  name = "{name}.running"
  device = "{device}"
  register = "coil:{base - 100}"

  [[template.alarm]]
  tag = "{name}.running"
  kind = "state"
  when = false
  priority = "low"
"#;

#[test]
fn thirty_pumps_come_from_one_definition() {
    let uses: Vec<String> =
        (1..=30).map(|n| format!("  {{ name = \"pump{n}\", base = {} }},\n", 100 + 2 * n)).collect();
    let text = format!("watchkeeper = 1\n{PLC}{PUMP}[[use]]\ntemplate = \"pump\"\nwith = [\n{}]\n", uses.concat());
    let (project, issues) = file::read(text.as_bytes());
    assert_eq!(issues, []);
    assert_eq!((project.tags.len(), project.alarms.len()), (60, 60));
    let flow = &project.tags[58];
    assert_eq!((flow.name.as_str(), flow.description.as_str()), ("pump30.flow", "Flow of pump30, FT-161"));
    assert_eq!(flow.range, Some([0.0, 500.0]));
    let Source::Register(register) = &project.tags[59].source else { panic!("{:?}", project.tags[59].source) };
    assert_eq!(register.address, 60);
    assert_eq!(project.alarms.iter().filter(|alarm| alarm.kind.limit() == Some(50.0)).count(), 30);
}

#[test]
fn what_is_wrong_with_a_template_or_a_use_is_told_with_a_mend() {
    let with = |uses: &str| told(&format!("{PLC}{PUMP}[[use]]\ntemplate = \"pump\"\nwith = [{uses}]\n"));
    let one = "{ name = \"p1\", base = 100 }";
    assert_eq!(with(one), [""; 0]);
    for (uses, fault) in [
        (
            "{ name = \"p1\" }",
            "36:9: error: the template \"pump\" asks for base, and it is not given; write base = …, or give it a default in the template",
        ),
        (
            "{ name = \"p1\", base = 1, lo = 5 }",
            "36:34: error: the template \"pump\" has no parameter \"lo\"; did you mean \"low\"?",
        ),
        (
            "{ name = \"p1\", base = [1] }",
            "36:31: error: \"base\" is a list, and no text, number or truth; write base = \"…\"",
        ),
        ("5", "36:9: error: a whole number stands in with where a table must; write with = [{ name = \"pump1\" }]"),
        (
            "{ name = \"p1\", base = \"x\" }",
            "13:17: error: {base} stands in a sum and is text; write base = 100, a number without quotes",
        ),
    ] {
        assert!(with(uses).contains(&fault.to_owned()), "{uses}: {:?}", with(uses));
    }
    // One fault of the template, told once with the first use; the name that is made twice, with the use that makes it.
    let broken = PUMP.replace("type = \"f32\"", "type = \"f33\"");
    let twice = told(&format!(
        "{PLC}{broken}[[use]]\ntemplate = \"pump\"\nwith = [{one}, {{ name = \"p2\", base = 200 }}, {{ name = \"P1\", base = 300 }}]\n"
    ));
    let types: Vec<&String> = twice.iter().filter(|told| told.contains("unknown type")).collect();
    assert_eq!(types.len(), 1, "{twice:?}");
    assert!(types[0].contains("(template pump for p1, and 2 more)"), "{types:?}");
    assert!(
        twice.iter().any(|told| told.contains("there is a tag \"P1.flow\" already") && told.contains("for P1")),
        "{twice:?}"
    );
    for (text, fault) in [
        ("[[use]]\ntemplate = \"pmp\"\nwith = []\n", "there is no template \"pmp\"; did you mean \"pump\"?"),
        ("[[use]]\ntemplate = \"pump\"\n", "a use has no list with"),
        ("[[use]]\nwith = []\n", "a use names no template"),
        ("[[template]]\nname = \"Pump\"\n", "there is a template \"Pump\" already"),
        ("[[template]]\nparameters = []\n", "a template has no name"),
        ("[[template]]\nname = \"a\"\nparameters = [\"n\"]\n", "\"n\" cannot be the name of a parameter"),
        ("[[template]]\nname = \"a\"\nparameters = [\"x\", \"x\"]\n", "the parameter \"x\" stands there twice"),
        ("[[template]]\nname = \"a\"\ndefaults = { x = [] }\n", "the default of \"x\" is no text, number or truth"),
        ("[[template]]\nname = \"a\"\n", "warning: the template \"a\" is used nowhere"),
        ("[[template]]\nname = \"a\"\ncolour = 1\n", "unknown key \"colour\" in a template"),
        (
            "[[template]]\nname = \"a\"\n[[use]]\ntemplate = \"a\"\nwith = [{}]\n",
            "the template \"a\" has no tag or alarm",
        ),
        (
            "[[template]]\nname = \"a\"\nparameters = [\"x\"]\n[[template.tag]]\nname = \"t\"\nformula = \"1\"\n[[use]]\ntemplate = \"a\"\nwith = [{ x = 1 }]\n",
            "the parameter \"x\" stands nowhere in the template",
        ),
        (
            "[[template]]\nname = \"a\"\nparameters = [\"x\"]\n[[template.tag]]\nname = \"{y}{x}\"\nformula = \"1\"\n[[use]]\ntemplate = \"a\"\nwith = [{ x = \"b\" }]\n",
            "{y} is no parameter of the template",
        ),
    ] {
        let all = told(&format!("{PLC}{PUMP}[[use]]\ntemplate = \"pump\"\nwith = [{one}]\n{text}"));
        assert!(all.iter().any(|told| told.contains(fault)), "{fault}: {all:?}");
    }
}

#[test]
fn a_fault_of_one_use_is_told_in_its_line_and_one_of_all_in_that_of_the_template() {
    let with = |template: &str, uses: &str| {
        let text = format!("watchkeeper = 1\n{PLC}{template}[[use]]\ntemplate = \"pump\"\nwith = [\n{uses}]\n");
        let faults = Loaded::from_bytes(text.as_bytes(), None).faults();
        let errors = faults.iter().filter(|fault| fault.severity == Severity::Error);
        let told: Vec<String> = errors.map(ToString::to_string).collect();
        (told, text.lines().count())
    };
    let [one, two] = ["  { name = \"p1\", base = 100 },\n", "  { name = \"p2\", base = 200 },\n"];
    // What the text alone tells: both its registers are none.
    let (told, lines) = with(PUMP, &format!("{one}{two}  {{ name = \"p3\", base = 70000 }},\n"));
    assert!(told.iter().filter(|fault| fault.contains("is out of range")).count() == 2, "{told:?}");
    for fault in &told {
        assert!(
            fault.starts_with(&format!("{}:3: error: ", lines - 1)) && fault.contains("(template pump for p3, line "),
            "{fault}"
        );
    }
    // What the plan tells.
    let (told, lines) = with(PUMP, &format!("{one}  {{ name = \"p2\", base = 200, device = \"plc2\" }},\n"));
    let place = format!("{}:3: error: there is no device \"plc2\" (template pump for p2, line ", lines - 1);
    assert!(!told.is_empty() && told.iter().all(|told| told.starts_with(&place)), "{told:?}");
    // All have it: it is mended once.
    let broken = PUMP.replace("device = \"plc1\", low", "device = \"plc2\", low");
    let (told, lines) = with(&broken, &format!("{one}{two}"));
    assert!(
        !told.is_empty() && told.iter().all(|told| told.contains("there is no device") && told.contains(":12: ")),
        "{told:?}"
    );
    assert!(told.iter().all(|told| !told.starts_with(&format!("{}:", lines - 1))), "{told:?}");
}

#[test]
fn a_panel_of_a_template_names_the_use_that_names_no_tag() {
    let text = "watchkeeper = 1\n[[tag]]\nname = \"p1\"\nformula = \"1\"\n[[template]]\nname = \"face\"\nparameters = [\"tag\"]\n[[template.panel]]\n\
                kind = \"gauge\"\nat = [0, 0, 4, 3]\ntag = \"{tag}\"\n[[display]]\nname = \"A\"\n[[display.use]]\ntemplate = \"face\"\n\
                with = [{ tag = \"p1\" }, { tag = \"p2\", at = [6, 0] }, { tag = \"p1\", at = [8, 0] }]\n";
    let told: Vec<String> =
        Loaded::from_bytes(text.as_bytes(), None).faults().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "16:25: error: there is no tag \"p2\" (template face for p2, line 11); did you mean \"p1\"?",
            "16:54: warning: this panel lies over the gauge of line 8 (template face for p1, line 10); move one of them",
        ]
    );
}

#[test]
fn panels_and_items_of_a_mimic_are_made_once_and_moved_to_their_place() {
    let text = r#"watchkeeper = 1
[[tag]]
name = "p1"
formula = "1"
[[tag]]
name = "p2"
formula = "2"
[[template]]
name = "face"
parameters = ["tag"]
  [[template.panel]]
  kind = "gauge"
  at = [0, 0, 4, 3]
  tag = "{tag}"
  title = "Pump {tag}"
  [[template.item]]
  kind = "pump"
  at = [10, 20, 30, 30]
  tag = "{tag}"
  [[template.item]]
  kind = "pipe"
  points = [0, 0, 5, 0]
  tag = "{tag}"
[[display]]
name = "Faces"
[[display.use]]
template = "face"
with = [{ tag = "p1" }, { tag = "p2", at = [6, 1] }]
[[display.panel]]
kind = "mimic"
at = [0, 8, 24, 6]
drawing = "a.svg"
  [[display.panel.use]]
  template = "face"
  with = [{ tag = "p1" }, { tag = "p2", at = [100, 0.5] }]
"#;
    let (project, issues) = file::read(text.as_bytes());
    assert_eq!(issues, []);
    let panels: Vec<_> = project.displays[0].panels.iter().map(|p| (p.at, p.title.as_deref())).collect();
    assert_eq!(panels, [([0, 8, 24, 6], None), ([0, 0, 4, 3], Some("Pump p1")), ([6, 1, 4, 3], Some("Pump p2"))]);
    let items = &project.displays[0].panels[0].items;
    assert_eq!(items.len(), 4);
    assert_eq!(items[2].spot, Spot::Box([110.0, 20.5, 30.0, 30.0]));
    assert_eq!(items[3].spot, Spot::Way(vec![[100.0, 0.5], [105.0, 0.5]]));
}

#[test]
fn braces_that_name_no_parameter_stay_what_they_are() {
    let text = r#"watchkeeper = 1
[[device]]
name = "d"
protocol = "modbus-tcp"
address = "10.0.0.1"
[[template]]
name = "strings"
parameters = ["box"]
  [[template.tag]]
  name = "{box}.string{n}"
  description = "{ \"a\": 1 } of {box"
  device = "d"
  register = "holding:100"
  type = "u16"
  repeat = { from = 1, to = 3 }
[[use]]
template = "strings"
with = [{ box = "b1" }]
"#;
    let (project, issues) = file::read(text.as_bytes());
    assert_eq!(issues, []);
    let names: Vec<&str> = project.tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(names, ["b1.string1", "b1.string2", "b1.string3"]);
    assert_eq!(project.tags[0].description, "{ \"a\": 1 } of {box");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A project with a template is the project that has everything written out.
    #[test]
    fn what_a_template_makes_is_what_would_have_been_written(
        pumps in prop::collection::vec((100_u16..9_000, -500_i32..500, prop::bool::ANY), 1..12)
    ) {
        let mut uses = String::new();
        let mut whole = String::new();
        for (n, (base, low, has_low)) in pumps.iter().enumerate() {
            let base = u32::from(*base) + 10_000 * u32::try_from(n).unwrap() % 50_000;
            let limit = if *has_low { f64::from(*low) / 4.0 } else { 50.0 };
            let own = if *has_low { format!(", low = {limit:?}") } else { String::new() };
            writeln!(uses, "{{ name = \"pump{n}\", base = {base}{own} }},").unwrap();
            writeln!(
                whole,
                "[[tag]]\nname = \"pump{n}.flow\"\ndescription = \"Flow of pump{n}, FT-{}\"\ndevice = \"plc1\"\n\
                 register = \"holding:{base}\"\ntype = \"f32\"\nrange = [0, {:?}]\n[[tag.alarm]]\nkind = \"low\"\n\
                 limit = {limit:?}\npriority = \"low\"\n[[tag]]\nname = \"pump{n}.running\"\ndevice = \"plc1\"\n\
                 register = \"coil:{}\"\n[[alarm]]\ntag = \"pump{n}.running\"\nkind = \"state\"\nwhen = false\npriority = \"low\"",
                base + 1, limit + 450.0, base - 100
            ).unwrap();
        }
        let made = format!("watchkeeper = 1\n{PLC}{PUMP}[[use]]\ntemplate = \"pump\"\nwith = [\n{uses}]\n");
        let by_hand = format!("watchkeeper = 1\n{PLC}{whole}");
        let (made, faults) = file::read(made.as_bytes());
        let (by_hand, by_hand_faults) = file::read(by_hand.as_bytes());
        let errors = |faults: &[watchkeeper::project::Issue]| faults.iter().filter(|i| i.severity == Severity::Error).count();
        prop_assert_eq!(errors(&faults), errors(&by_hand_faults));
        prop_assert_eq!(diff::changes(&by_hand, &made), Vec::<String>::new());
        prop_assert_eq!(made.tags.len(), by_hand.tags.len());
    }

    /// Whatever stands in a template, reading it ends and says something sensible.
    #[test]
    fn no_template_makes_the_reader_panic(name in "[{}a-z0-9+\\- .]{0,12}", value in "[\\[\\]{}\"a-z0-9=, ]{0,16}") {
        let text = format!(
            "watchkeeper = 1\n[[template]]\nname = \"t\"\nparameters = [\"a\"]\n[[template.tag]]\nname = \"{name}\"\nformula = \"{{a}}\"\n\
             [[use]]\ntemplate = \"t\"\nwith = [{{ a = {value} }}, {{ a = \"1\" }}]\n"
        );
        let _read = file::read(text.as_bytes());
    }
}

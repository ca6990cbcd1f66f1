use super::*;
use proptest::prelude::*;

/// Tags of the tests: a = 10, b = 4, zero = 0, t = true, f = false, big = 1e308, stale = 7 (stale), dead (no communication),
/// words (a text).
fn resolve(name: &str) -> Result<TagId, (String, String)> {
    ["a", "b", "zero", "t", "f", "big", "stale", "dead", "words", "pump1.flow"]
        .iter()
        .position(|n| *n == name)
        .map(|i| TagId(i as u32))
        .ok_or_else(|| (format!("there is no tag \"{name}\""), String::new()))
}

fn compiled(text: &str) -> Formula {
    let formula = Formula::compile(text, &mut resolve).unwrap_or_else(|e| panic!("{text}: {e:?}"));
    let kind = formula.natural_kind(&|id| if matches!(id.0, 3 | 4) { Kind::Truth } else { Kind::Number });
    formula.giving(kind)
}

fn evaluated(formula: &Formula) -> (Option<Value>, Quality) {
    let values = [
        Value::F64(10.0),
        Value::U64(4),
        Value::I64(0),
        Value::Bool(true),
        Value::Bool(false),
        Value::F64(1e308),
        Value::F64(7.0),
        Value::F64(99.0),
        Value::Text("on".into()),
        Value::F64(2.5),
    ];
    formula.eval(&mut |id| {
        let quality = match id.0 {
            6 => Quality::STALE,
            7 => Quality::NO_COMMUNICATION,
            _ => Quality::GOOD,
        };
        (values.get(id.index()).cloned(), quality)
    })
}

fn told(text: &str) -> String {
    match evaluated(&compiled(text)) {
        (Some(value), quality) => format!("{value} {quality}"),
        (None, quality) => quality.to_string(),
    }
}

fn fault(text: &str) -> String {
    let faults = Formula::compile(text, &mut resolve).unwrap_err();
    faults.iter().map(|f| format!("{}: {}", f.column_chars, f.message)).collect::<Vec<_>>().join(", ")
}

#[test]
fn formulas_come_to_what_they_say() {
    for (text, expected) in [
        ("1 + 2 * 3", "7 good"),
        ("(1 + 2) * 3", "9 good"),
        ("10 - 4 - 3", "3 good"),
        ("100 / 5 / 2", "10 good"),
        ("a * (b - 32) * 5 / 9 + max(b, 10)", "-145.55555555555554 good"),
        ("-a", "-10 good"),
        ("a -1", "9 good"),
        ("a-1", "9 good"),
        ("a - -1", "11 good"),
        ("- (a + b)", "-14 good"),
        ("pump1.flow", "2.5 good"),
        ("1e3 + .5 + 2.5e-1", "1000.75 good"),
        ("min(a, b, 7)", "4 good"),
        ("max(a)", "10 good"),
        ("abs(b - a)", "6 good"),
        ("round(2.5)", "3 good"),
        ("round(-2.5)", "-3 good"),
        ("round(1234.567, 1)", "1234.6 good"),
        ("round(1234.567, -2)", "1200 good"),
        ("a > b", "true good"),
        ("a <= b", "false good"),
        ("a == 10 and b != 4", "false good"),
        ("t or f and f", "true good"),
        ("not t or t", "true good"),
        ("not a > b", "false good"),
        ("not not a", "true good"),
        ("t + t", "2 good"),
        ("if(a > b, a, b)", "10 good"),
        ("if(f, 1, if(t, 2, 3))", "2 good"),
        ("if(t, t, f)", "true good"),
        ("if(t, t, 5)", "1 good"),
        ("true", "true good"),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
}

#[test]
fn quality_is_the_worst_of_the_inputs_that_count() {
    for (text, expected) in [
        ("a + stale", "17 uncertain:stale"),
        ("stale + dead", "bad:no-communication"),
        ("dead + 1", "bad:no-communication"),
        ("a / zero", "bad:calculation"),
        ("zero / zero", "bad:calculation"),
        ("dead / zero", "bad:no-communication"),
        ("big * 10", "bad:calculation"),
        ("words + 1", "bad:calculation"),
        ("if(t, a, dead)", "10 good"),
        ("if(f, dead, stale)", "7 uncertain:stale"),
        ("if(stale, a, dead)", "10 uncertain:stale"),
        ("if(dead, a, b)", "bad:no-communication"),
        ("1 + if(dead, a, b) * 2", "bad:no-communication"),
        ("good(a)", "true good"),
        ("good(stale)", "false good"),
        ("good(dead)", "false good"),
        ("good(a / zero)", "false good"),
        ("if(good(dead), dead, b)", "4 good"),
        ("first_good(dead, stale, a)", "10 good"),
        ("first_good(a, dead)", "10 good"),
        ("first_good(dead, stale)", "7 uncertain:stale"),
        ("first_good(dead, a / zero)", "bad:no-communication"),
        ("1 + first_good(dead, b) + 1", "6 good"),
        ("f and dead", "false good"),
        ("dead and f", "false good"),
        ("t and dead", "bad:no-communication"),
        ("dead or t", "true good"),
        ("dead or f", "bad:no-communication"),
        ("t or stale", "true good"),
        ("stale or t", "true good"),
        ("t and stale", "true uncertain:stale"),
        ("stale or dead", "true uncertain:stale"),
        ("f and f", "false good"),
    ] {
        assert_eq!(told(text), expected, "{text}");
    }
}

#[test]
fn faults_name_their_column() {
    for (text, expected) in [
        ("", "0: the formula ends too early"),
        ("a +", "3: the formula ends too early"),
        ("a b", "2: \"b\" cannot stand here"),
        ("a-b", "1: a minus between two names has no spaces"),
        ("a = b", "2: \"=\" is no comparison"),
        ("a < b < 3", "6: a comparison does not chain"),
        ("(a", "0: a parenthesis is not closed"),
        ("a)", "1: a parenthesis closes that was not opened"),
        ("sin(a)", "0: there is no function \"sin\""),
        ("min + 1", "0: the function min has no arguments"),
        ("if(a, b)", "0: if has 2 arguments"),
        ("abs()", "4: \")\" cannot stand here"),
        ("1.2.3", "0: \"1.2.3\" is no number"),
        ("1_000", "0: \"1_000\" is no number"),
        ("1e999", "0: \"1e999\" is no number"),
        ("x + a + y", "0: there is no tag \"x\", 8: there is no tag \"y\""),
        ("ä + 1", "0: \"ä\" cannot stand here"),
        ("a & b", "2: \"&\" cannot stand here"),
        ("a and", "5: the formula ends too early"),
        ("and a", "0: \"and\" cannot stand here"),
    ] {
        assert_eq!(fault(text), expected, "{text}");
    }
}

#[test]
fn deep_nesting_is_refused_and_long_sums_are_not() {
    assert!(fault(&"(".repeat(30_000)).contains("nests too deep"));
    assert!(fault(&"abs(".repeat(5_000)).contains("nests too deep"));
    assert!(fault(&"1+(".repeat(5_000)).contains("nests too deep"));
    assert!(fault(&"(".repeat(100_000)).contains("longer than"));
    let long = vec!["a"; 5_000].join(" + ");
    assert_eq!(told(&long), "50000 good");
    assert_eq!(told(&format!("{}a", "- ".repeat(10_001))), "-10 good");
    assert_eq!(told(&format!("{}t", "not ".repeat(8_001))), "false good");
    let nested = format!("{}a{}", "1 + (2 * min(3, ".repeat(20), "))".repeat(20));
    assert!(told(&nested).ends_with("good"), "{}", told(&nested));
}

#[test]
fn suppression_needs_a_truth_that_is_good() {
    let holds = |text: &str| {
        let (value, stale) = (Value::Bool(true), Quality::STALE);
        compiled(text).holds(&mut |id| (Some(value.clone()), if id.0 == 6 { stale } else { Quality::GOOD }))
    };
    assert!(holds("t"));
    assert!(!holds("not t"));
    assert!(!holds("stale"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[-+*/() ,.a-z0-9<>=!]{0,60}|(a|b|dead|if|min|\\(|\\)|,| |-|not|and|1){0,40}") {
        if let Ok(formula) = Formula::compile(&text, &mut resolve) {
            let (value, quality) = evaluated(&formula);
            prop_assert_eq!(value.is_none(), quality.is_bad());
            prop_assert!(formula.depth <= DEEPEST);
        }
    }

    #[test]
    fn every_fault_lies_in_the_text(text in "\\PC{0,40}") {
        if let Err(faults) = Formula::compile(&text, &mut resolve) {
            for fault in faults {
                prop_assert!(fault.column_chars <= text.chars().count());
            }
        }
    }
}

proptest! {
    /// A rename in the editor follows the same words that are names here.
    #[test]
    fn the_names_in_a_formula_are_those_that_a_rename_follows(words in prop::collection::vec(0_usize..24, 1..14)) {
        const WORDS: [&str; 24] = [
            "a", "pump1.flow", "_x", "min_1", "1", "2.5e-3", ".5", "true", "not ", " and ", " or ", "+", " - ", "*", "(", ")", ",",
            "min(", "if (", "good(", " >= ", "==", "first_good(", " ",
        ];
        let text: String = words.iter().map(|word| WORDS[*word]).collect();
        let mut seen = Vec::new();
        let mut resolve = |name: &str| {
            seen.push(name.to_owned());
            Ok(TagId(0))
        };
        if Formula::compile(&text, &mut resolve).is_ok() {
            let found: Vec<&str> =
                crate::project::edit::names_in_formula(&text).into_iter().filter_map(|range| text.get(range)).collect();
            prop_assert_eq!(found, seen, "{}", text);
        }
    }
}

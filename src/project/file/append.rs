//! One more display behind the end of a project's text, which stays byte for byte as it was before it.
//!
//! Invariant: what is given back was read again with the project's own reader, and says what the text before said and the
//! new display besides: nothing else, and no fault more.

use super::read;
use crate::project::edit::{quoted, span_text};
use crate::project::{NewDisplay, PanelKind, Severity};
use std::fmt::Write as _;

/// The text with the display at its end, in the line ends that it has.
///
/// # Errors
/// Why it cannot be added, in words for the screen: its name is taken, or the text could not be read as a whole.
pub fn with_display(before: &[u8], new: &NewDisplay) -> Result<Vec<u8>, String> {
    let Ok(text) = std::str::from_utf8(before) else {
        return Err("the file is not UTF-8 from end to end; mend that first".to_owned());
    };
    let line_end = if text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r')) { "\r\n" } else { "\n" };
    let mut after = before.to_vec();
    if !text.is_empty() && !text.ends_with('\n') {
        after.extend_from_slice(line_end.as_bytes());
    }
    for line in block(new).lines() {
        after.extend_from_slice(line_end.as_bytes());
        after.extend_from_slice(line.as_bytes());
    }
    after.extend_from_slice(line_end.as_bytes());
    check(before, &after, new)?;
    Ok(after)
}

/// The display as an engineer would write it.
fn block(new: &NewDisplay) -> String {
    let mut block = format!("[[display]]\nname = {}\n", quoted(&new.name));
    // Writing to a string cannot fail.
    if let Some(parent) = &new.parent {
        let _written = writeln!(block, "parent = {}", quoted(parent));
    }
    let _written = write!(
        block,
        "\n[[display.panel]]\nkind = \"trend\"\nat = [0, 0, 24, 15]\ntitle = {}\nspan = \"{}\"\npens = [\n",
        quoted(&new.name),
        span_text(new.span),
    );
    for pen in &new.pens {
        let axis = if pen.right { ", axis = \"right\"" } else { "" };
        let _written = writeln!(block, "  {{ tag = {}{axis} }},", quoted(&pen.tag));
    }
    block.push_str("]\n");
    block
}

fn check(before: &[u8], after: &[u8], new: &NewDisplay) -> Result<(), String> {
    let ((old, old_issues), (mut read_again, issues)) = (read(before), read(after));
    if let Some(issue) = issues.iter().find(|issue| !old_issues.contains(issue)) {
        let mend = if issue.mend.is_empty() { String::new() } else { format!("; {}", issue.mend) };
        return Err(format!("{}{mend}", issue.message));
    }
    let torn = || match old_issues.iter().find(|issue| issue.severity == Severity::Error) {
        Some(fault) => format!("the file has a fault that hides its end: {fault}; mend that first"),
        None => "the file's end cannot be read as a display; write it there by hand".to_owned(),
    };
    let added = read_again.displays.pop().ok_or_else(&torn)?;
    let as_wanted = added.name == new.name
        && added.parent == new.parent
        && matches!(added.panels.as_slice(), [panel] if panel.kind == PanelKind::Trend && panel.pens == new.pens);
    if as_wanted && read_again == old { Ok(()) } else { Err(torn()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Pen;
    use crate::time::Span;

    fn display(name: &str) -> NewDisplay {
        let pen = |tag: &str, right| Pen { tag: tag.to_owned(), right };
        NewDisplay {
            name: name.to_owned(),
            parent: Some("Overview".to_owned()),
            span: Span::from_secs(5_400),
            pens: vec![pen("a", false), pen("b.c", true)],
        }
    }

    const BEFORE: &str =
        "watchkeeper = 1 # the format\n\n[[tag]]\nname = \"a\"\nformula = \"1\"\n\n[[display]]\nname = \"Overview\"\n";

    #[test]
    fn a_display_stands_at_the_end_and_all_before_it_is_as_it_was() {
        let after = with_display(BEFORE.as_bytes(), &display("Night watch")).unwrap();
        let after = String::from_utf8(after).unwrap();
        let added = after.strip_prefix(BEFORE).unwrap();
        assert_eq!(
            added,
            "\n[[display]]\nname = \"Night watch\"\nparent = \"Overview\"\n\n[[display.panel]]\nkind = \"trend\"\n\
             at = [0, 0, 24, 15]\ntitle = \"Night watch\"\nspan = \"90m\"\npens = [\n  { tag = \"a\" },\n  \
             { tag = \"b.c\", axis = \"right\" },\n]\n"
        );
    }

    #[test]
    fn line_ends_and_the_mark_of_byte_order_stay_and_a_last_line_without_end_gets_one() {
        let windows = format!("\u{feff}{}", BEFORE.trim_end().replace('\n', "\r\n"));
        let after = String::from_utf8(with_display(windows.as_bytes(), &display("Night")).unwrap()).unwrap();
        let added = after.strip_prefix(&windows).unwrap();
        assert!(added.starts_with("\r\n\r\n[[display]]\r\nname = \"Night\"\r\n"), "{added:?}");
        assert_eq!(added.matches('\n').count(), added.matches("\r\n").count());
    }

    #[test]
    fn names_that_would_break_the_text_are_quoted() {
        let name = "Tank \"1\" \\ north";
        let after = with_display(BEFORE.as_bytes(), &display(name)).unwrap();
        assert_eq!(read(&after).0.displays[1].name, name);
    }

    #[test]
    fn a_name_that_is_taken_or_none_is_refused_with_its_mend() {
        let why = |name: &str| with_display(BEFORE.as_bytes(), &display(name)).unwrap_err();
        assert!(
            why("overview").starts_with("there is a display \"overview\" already, in line 8; give"),
            "{}",
            why("overview")
        );
        assert_eq!(why(" "), "the name is empty; give it one");
        assert!(why(&"x".repeat(201)).contains("has 201 characters"));
    }

    #[test]
    fn a_text_whose_end_is_not_what_it_seems_is_refused() {
        let why = |before: &str| with_display(before.as_bytes(), &display("Night")).unwrap_err();
        // A list that is closed takes no more.
        let closed = "watchkeeper = 1\ndisplay = [{ name = \"Overview\" }]\n";
        assert!(!why(closed).is_empty());
        // What a newer program has written is not judged, and not written in either.
        assert!(!why("watchkeeper = 2\n").is_empty());
        assert!(with_display(b"watchkeeper = 1\nname = \"\xff\"\n", &display("Night")).unwrap_err().contains("UTF-8"));
    }

    #[test]
    fn a_fault_elsewhere_hinders_nobody() {
        let faulty = format!("{BEFORE}\n[[tag]]\nname = \"bad name\"\nformula = \"1\"\n");
        assert!(with_display(faulty.as_bytes(), &display("Night")).is_ok());
    }

    #[test]
    fn spans_are_written_as_people_write_them() {
        let text = |secs| span_text(Span::from_secs(secs));
        assert_eq!([0, 1, 90, 3_600, 5_400, 86_400].map(text), ["1s", "1s", "90s", "1h", "90m", "1d"]);
    }
}

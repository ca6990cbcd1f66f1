//! The canonical layout of a text: what `watchkeeper fmt` makes.
//!
//! Space, line ends, quotes and empty lines are made alike; the order of entities and keys, comments, numbers and texts
//! of several lines stay as they were written.
//! Invariant: the reader reads the same of it as before, and it is its own canonical layout.

use super::index::{Block, Index, header_path};
use super::lines::{line_end, line_start};
use super::tree::{self, Inside, Node};
use super::value::{key_written, quoted};
use crate::project::{Issue, file};

/// The text in its canonical layout.
///
/// # Errors
/// The faults of syntax, where there are some: what is meant there is not known, so nothing is touched.
pub fn canonical(bytes: &[u8]) -> Result<String, Vec<Issue>> {
    let faults = file::syntax_faults(bytes);
    if !faults.is_empty() {
        return Err(faults);
    }
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n");
    let index = Index::of(&text);
    let mut out = String::with_capacity(text.len());
    for (place, block) in index.blocks().iter().enumerate() {
        let range = index.extent(place);
        write_block(&text, range, block, index.blocks().get(place + 1), &mut out);
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    if out == "\n" {
        out.clear();
    }
    Ok(out)
}

/// How far the keys of a block stand from the left: what stands below another by two spaces, but for the panels and uses, of
/// which a display is made.
fn indent_of(text: &str, block: &Block) -> &'static str {
    match header_path(text, block).as_slice() {
        [] | [_] | ["display", "panel" | "use", ..] => "",
        ["template", _, _, ..] => "    ",
        _ => "  ",
    }
}

fn write_block(text: &str, range: std::ops::Range<usize>, block: &Block, next: Option<&Block>, out: &mut String) {
    let own = indent_of(text, block);
    let header = block.header_range();
    let mut entries = block.entries.iter().peekable();
    let mut at = range.start;
    // One empty line before each header and its comments.
    if !block.header.is_empty() && !out.is_empty() && !out.ends_with("\n\n") && !follows_heading(out) {
        out.push('\n');
    }
    while at < range.end {
        let end = line_end(text, at);
        let entry = entries.next_if(|entry| line_start(text, entry.key_range(block).start) <= at);
        if let Some(entry) = entry {
            let (key, value) = (entry.key_range(block), entry.value_range(block));
            let end = line_end(text, value.end);
            let names: Vec<String> = entry.path(text, block).iter().map(|name| key_written(name)).collect();
            let raw = text.get(value.clone()).unwrap_or("");
            let value_text = tree::value(raw).map_or_else(|| raw.to_owned(), |node| value_written(raw, &node));
            out.extend([own, &names.join("."), " = ", &value_text]);
            out.push_str(&behind(text.get(value.end..end).unwrap_or("")));
            debug_assert!(key.start >= at);
            at = end;
            continue;
        }
        let line = text.get(at..end).unwrap_or("").trim();
        let is_header = !block.header.is_empty() && (at..end).contains(&header.start);
        if is_header {
            let raw = text.get(header.clone()).unwrap_or("");
            let (open, close) = if raw.starts_with("[[") { ("[[", "]]") } else { ("[", "]") };
            let names: Vec<String> = header_path(text, block).iter().map(|name| key_written(name)).collect();
            out.extend([own, open, &names.join("."), close]);
            out.push_str(&behind(text.get(header.end..end).unwrap_or("")));
        } else if line.is_empty() {
            let behind_header =
                out.ends_with("]\n") && block.entries.first().is_some_and(|first| first.key_range(block).start > at);
            if !(out.is_empty() || out.ends_with("\n\n") || behind_header && at > header.end) {
                out.push('\n');
            }
        } else {
            // A comment stands as far in as what it is about.
            let behind_all = entries.peek().is_none() && at > header.start && next.is_some();
            let heading = behind_all
                && text.get(..at).is_some_and(|before| before.trim_end_matches([' ', '\t']).ends_with("\n\n"));
            out.extend([if heading { "" } else { own }, line, "\n"]);
        }
        at = end;
    }
}

/// Whether the last line is a comment: what follows stands directly below it.
fn follows_heading(out: &str) -> bool {
    out.trim_end_matches('\n').rsplit('\n').next().is_some_and(|line| line.trim_start().starts_with('#'))
        && !out.ends_with("\n\n")
}

/// A comment behind a value or header, with the space before it as it was, and the line's end.
fn behind(rest: &str) -> String {
    let comment = rest.trim();
    if comment.is_empty() {
        return "\n".to_owned();
    }
    let space = rest.len() - rest.trim_start().len();
    format!("{}{comment}\n", " ".repeat(space.max(1)))
}

fn value_written(raw: &str, node: &Node) -> String {
    let own = raw.get(node.range.clone()).unwrap_or("");
    match &node.inside {
        // Words of several lines, and those that are written so that nothing in them is an escape, stay as they are.
        Inside::Text(_) if own.contains('\n') || own.starts_with("\"\"\"") || own.starts_with("'''") => own.to_owned(),
        Inside::Text(words) if own.starts_with('\'') && !words.contains(['\\', '"']) => quoted(words),
        Inside::Plain | Inside::Text(_) => own.to_owned(),
        // Lists and tables of several lines may have comments in them, and a layout of their own.
        Inside::List(_) | Inside::Table(_) if own.contains('\n') => own.to_owned(),
        Inside::List(list) => {
            let list: Vec<String> = list.iter().map(|item| value_written(raw, item)).collect();
            format!("[{}]", list.join(", "))
        }
        Inside::Table(pairs) if pairs.is_empty() => "{}".to_owned(),
        Inside::Table(pairs) => {
            let pair = |pair: &tree::Pair| {
                let key: Vec<String> = pair.key.iter().map(|part| key_written(part)).collect();
                format!("{} = {}", key.join("."), value_written(raw, &pair.value))
            };
            format!("{{ {} }}", pairs.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(text: &str) -> String {
        let done = canonical(text.as_bytes()).unwrap();
        assert_eq!(canonical(done.as_bytes()).unwrap(), done, "it is its own");
        let (before, after) = (file::read(text.as_bytes()), file::read(done.as_bytes()));
        assert_eq!(before.0, after.0);
        assert_eq!(before.1.len(), after.1.len());
        done
    }

    #[test]
    fn space_quotes_and_empty_lines_are_made_alike() {
        let text = "watchkeeper=1   # format\r\n\"name\"   = 'Plant'  \r\n\r\n\r\n# ── tags ──\r\n# the first\r\n[[ tag ]]\r\n\r\n  name=\"a\"\r\nformula = \"1\"\r\nlabels={0=\"off\",1 = 'on'}\r\nrange=[0,1.50]\r\n[[tag.alarm]]  # below\r\n# why\r\nkind=\"quality\"\r\n\r\n\r\n";
        let done = same(text);
        assert_eq!(
            done,
            "watchkeeper = 1   # format\nname = \"Plant\"\n\n# ── tags ──\n# the first\n[[tag]]\nname = \"a\"\nformula = \"1\"\n\
             labels = { 0 = \"off\", 1 = \"on\" }\nrange = [0, 1.50]\n\n  [[tag.alarm]]  # below\n  # why\n  kind = \"quality\"\n"
        );
    }

    #[test]
    fn a_template_is_laid_out_by_what_stands_below_what() {
        let text = "watchkeeper = 1\n[[template]]\nname='p'\nparameters=['n2']\n[[template.tag]]\nname='{n2}'\nformula='1'\n\
            [[template.tag.alarm]]\nkind='high'\nlimit=1\n[[use]]\ntemplate='p'\nwith=[{n2='a'}]\n[[display]]\nname='D'\n\
            [[display.use]]\ntemplate='p'\nwith=[\n  { n2='a' },\n]\n";
        assert_eq!(
            same(text),
            "watchkeeper = 1\n\n[[template]]\nname = \"p\"\nparameters = [\"n2\"]\n\n  [[template.tag]]\n  name = \"{n2}\"\n  \
             formula = \"1\"\n\n    [[template.tag.alarm]]\n    kind = \"high\"\n    limit = 1\n\n[[use]]\ntemplate = \"p\"\n\
             with = [{ n2 = \"a\" }]\n\n[[display]]\nname = \"D\"\n\n[[display.use]]\ntemplate = \"p\"\nwith = [\n  { n2='a' },\n]\n"
        );
        let wells = include_str!("../../../projects/wells.toml");
        assert_eq!(same(wells), wells);
    }

    #[test]
    fn what_has_a_layout_of_its_own_keeps_it() {
        let text = "watchkeeper = 1\nname = '''\n  a  \n'''\n\n[[display]]\nname = 'say \"no\"'\n\n[[display.panel]]\nkind = \"trend\"\nat = [0, 0, 2, 2]\npens = [\n  { tag = \"a\" }, # the first\n]\n";
        assert_eq!(same(text), text);
    }

    #[test]
    fn the_examples_stay_what_they_are() {
        for text in [
            include_str!("../../../projects/demo.toml"),
            include_str!("../../../projects/pump.toml"),
            include_str!("../../../projects/meter.toml"),
            include_str!("../../../projects/zigbee2mqtt.toml"),
        ] {
            assert_eq!(same(text), text, "an example is written as fmt writes");
        }
    }

    #[test]
    fn a_text_with_faults_of_syntax_is_not_touched() {
        let faults = canonical(b"watchkeeper = 1\nname = \n").unwrap_err();
        assert_eq!(faults[0].place.line, 2);
        assert!(canonical(b"watchkeeper = 1\nname = \"\xff\"\n").is_err());
        // Faults of meaning hinder nobody.
        assert_eq!(canonical(b"watchkeeper=1\nnam=1").unwrap(), "watchkeeper = 1\nnam = 1\n");
    }
}

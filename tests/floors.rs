//! Reads `src/` and fails where the house is broken: a file that imports a higher floor or its neighbour on the same one,
//! a crate away from its home, a clock read outside `runtime::clock`, a colour outside the theme, a way to panic.
//!
//! The rules stand in the tables below; `src/lib.rs` tells them to a reader. Comments and the contents of strings are
//! taken out before anything is looked at, so that prose may name what code may not.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Top modules with their floor. A module imports lower floors alone.
const FLOORS: [(&str, u8); 14] = [
    // Speaks to the linker, and is no part of the program.
    ("build", 0),
    ("time", 0),
    ("text", 0),
    ("project", 0),
    ("engine", 1),
    ("picture", 1),
    ("secrets", 1),
    ("link", 2),
    ("drivers", 2),
    ("historian", 2),
    ("runtime", 3),
    ("ui", 3),
    ("cli", 4),
    ("main", 4),
];

/// What may know a neighbour on its own floor: a document has durations in it, the screen's end of a plant has the ends of
/// its history and of what is said on its wires, and `main` calls the subcommands.
const NEIGHBOURS: [(&str, &str); 5] =
    [("project", "time"), ("project", "text"), ("link", "historian"), ("link", "drivers"), ("main", "cli")];

/// Crates with the only places that may name them: a top module, or a file or folder below `src/`.
const HOMES: [(&str, &[&str]); 31] = [
    ("egui", &["ui", "main"]),
    ("eframe", &["ui", "main"]),
    ("egui_plot", &["ui"]),
    ("rfd", &["ui/chooser"]),
    ("svgtypes", &["picture/words"]),
    ("usvg", &["picture"]),
    ("vello_cpu", &["picture"]),
    ("zbus", &["ui/notify", "ui/chooser", "secrets"]),
    ("keyring_core", &["secrets/native"]),
    ("apple_native_keyring_store", &["secrets/native/macos"]),
    ("windows_native_keyring_store", &["secrets/native/windows"]),
    ("rusqlite", &["historian"]),
    ("tokio_modbus", &["drivers"]),
    ("tokio_serial", &["drivers/modbus/port"]),
    ("rumqttc", &["drivers"]),
    ("rumqttc_v5", &["drivers/mqtt"]),
    ("tokio_tungstenite", &["drivers/mqtt/websocket"]),
    ("futures_util", &["drivers/mqtt/websocket"]),
    ("mqtt5", &["drivers"]),
    ("tokio", &["link", "drivers", "historian", "runtime", "cli", "main"]),
    ("toml", &["project", "ui/settings"]),
    ("toml_parser", &["project/edit"]),
    ("saphyr_parser", &["project/import"]),
    // A path is parsed where the document is read, so that its fault has a place, and used where payloads are.
    ("serde_json_path", &["project/file", "drivers/mqtt"]),
    ("clap", &["cli", "main"]),
    ("tracing_subscriber", &["cli", "main", "runtime"]),
    ("anyhow", &["cli", "main", "ui"]),
    // The engine and the project reach no disk and no socket, not even through a library.
    ("directories", &["cli", "main", "runtime", "ui", "historian", "drivers", "secrets"]),
    ("socket2", &["drivers"]),
    ("tokio_rustls", &["drivers"]),
    ("rustls_native_certs", &["drivers/tls"]),
];

/// What reads a clock. Only the file that makes the `Clock` may name them; `tokio::time` is another matter: it sleeps and
/// limits a wait, and a test can pause it.
const STD_CLOCKS: [&str; 2] = ["Instant", "SystemTime"];
const OTHER_CLOCKS: [&str; 2] = ["Timestamp::now(", "Zoned::now("];
const CLOCK_HOME: &str = "runtime/clock.rs";

/// Ways to make a colour from numbers, or to take a named one. See-through and placeholder are no colours.
const COLOURS: [&str; 17] = [
    "Color32::from_rgb",
    "Color32::from_rgba",
    "Color32::from_gray",
    "Color32::from_hex",
    "Color32::from_black_alpha",
    "Color32::from_white_alpha",
    "Color32::from_additive",
    "Color32::BLACK",
    "Color32::WHITE",
    "Color32::GRAY",
    "Color32::RED",
    "Color32::GREEN",
    "Color32::BLUE",
    "Color32::YELLOW",
    "hex_color!",
    "Rgba::from_",
    "Hsva::",
];
const COLOUR_HOME: &str = "ui/theme.rs";

/// Ways to panic on purpose. `expect("why this holds")` states an invariant and is read by people; `unwrap` states nothing.
const PANICS: [&str; 6] = [".unwrap()", ".unwrap_err()", "panic!", "todo!", "unimplemented!", "process::abort("];

/// Ways out of the program that would leave a journal unflushed.
const EXITS: [&str; 1] = ["process::exit("];

/// The greatest length of a source file. One noun a file; a longer one holds a second.
const LONGEST_FILE_LINES: usize = 600;

struct SourceFile {
    /// Below `src/`, with slashes.
    path: String,
    /// The code without comments, strings emptied, spaces around `::` and `.` gone; line breaks kept.
    code: String,
    /// As `code`, with everything that is compiled for tests alone blanked out.
    shipped: String,
    /// As it stands.
    text: String,
}

impl SourceFile {
    fn top(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// The module path of this file: `engine/alarm/mod.rs` and `engine/alarm.rs` are `[engine, alarm]`.
    fn module(&self) -> Vec<&str> {
        let stem = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        let mut parts: Vec<&str> = stem.split('/').collect();
        if parts.last() == Some(&"mod") || parts == ["lib"] || parts == ["main"] {
            parts.pop();
        }
        parts
    }

    fn lives_in(&self, home: &str) -> bool {
        let stem = self.path.strip_suffix(".rs").unwrap_or(&self.path);
        home == self.path || stem == home || stem.strip_prefix(home).is_some_and(|rest| rest.starts_with('/'))
    }
}

fn sources() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    let mut files: Vec<SourceFile> = paths
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            let code = code_only(&text);
            let shipped = without_tests(&code);
            let path = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            SourceFile { path, code, shipped, text }
        })
        .collect();
    let test_files: BTreeSet<String> = files.iter().flat_map(test_modules).collect();
    for file in &mut files {
        // A test's own modules are tests too.
        let stem = file.path.strip_suffix(".rs").unwrap_or(&file.path);
        if test_files
            .iter()
            .any(|t| stem.strip_prefix(t.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
        {
            file.shipped.clear();
        }
    }
    files
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// Takes out comments and the contents of strings and characters, and closes up `a :: b` and `a . b`.
fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    while i < chars.len() {
        let word_before = i > 0 && (at(i - 1).is_alphanumeric() || at(i - 1) == '_');
        match at(i) {
            '/' if at(i + 1) == '/' => {
                while i < chars.len() && at(i) != '\n' {
                    i += 1;
                }
            }
            '/' if at(i + 1) == '*' => {
                let mut depth = 0_u32;
                loop {
                    if at(i) == '/' && at(i + 1) == '*' {
                        depth += 1;
                        i += 2;
                    } else if at(i) == '*' && at(i + 1) == '/' {
                        depth -= 1;
                        i += 2;
                    } else {
                        if at(i) == '\n' {
                            out.push('\n');
                        }
                        i += 1;
                    }
                    if depth == 0 || i >= chars.len() {
                        break;
                    }
                }
            }
            'r' | 'b' if !word_before && raw_string(&chars, i).is_some() => {
                let end = raw_string(&chars, i).unwrap_or(i + 1);
                out.push_str("\"\"");
                out.extend(chars[i..end.min(chars.len())].iter().filter(|c| **c == '\n'));
                i = end;
            }
            '"' => {
                out.push('"');
                i += 1;
                while i < chars.len() && at(i) != '"' {
                    if at(i) == '\\' {
                        i += 1;
                    }
                    if at(i) == '\n' {
                        out.push('\n');
                    }
                    i += 1;
                }
                out.push('"');
                i += 1;
            }
            // A character, not a lifetime: closed after one sign, or escaped.
            '\'' if at(i + 1) == '\\' || at(i + 2) == '\'' => {
                i += if at(i + 1) == '\\' { 3 } else { 2 };
                while i < chars.len() && at(i) != '\'' {
                    i += 1;
                }
                i += 1;
                out.push_str("' '");
            }
            c => {
                out.push(c);
                i += 1;
            }
        }
    }
    for separator in ["::", "."] {
        out = close_up(&out, separator);
    }
    out
}

/// Where the raw string that starts at `start` ends, if one does: `r"…"`, `r#"…"#`, `br"…"`.
fn raw_string(chars: &[char], start: usize) -> Option<usize> {
    let mut i = start;
    if chars.get(i) == Some(&'b') {
        i += 1;
    }
    if chars.get(i) != Some(&'r') {
        return None;
    }
    i += 1;
    let hashes = chars[i..].iter().take_while(|c| **c == '#').count();
    i += hashes;
    if chars.get(i) != Some(&'"') {
        return None;
    }
    i += 1;
    while i < chars.len() {
        if chars[i] == '"' && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes {
            return Some(i + 1 + hashes);
        }
        i += 1;
    }
    Some(chars.len())
}

/// Removes white space before a separator, so that a chain written over several lines reads as one; its line breaks
/// are put before it, so that the count of lines stays.
fn close_up(code: &str, separator: &str) -> String {
    let mut out = String::with_capacity(code.len());
    for (index, piece) in code.split(separator).enumerate() {
        if index > 0 {
            let kept = out.trim_end().len();
            let breaks = out[kept..].matches('\n').count();
            out.truncate(kept);
            let word = out
                .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
                .map_or(0, |i| i + out[i..].chars().next().map_or(1, char::len_utf8));
            out.insert_str(word, &"\n".repeat(breaks));
            out.push_str(separator);
        }
        out.push_str(if index > 0 && separator == "::" { piece.trim_start() } else { piece });
    }
    out
}

/// Blanks every item that stands under `#[cfg(test)]` (or `#[cfg(all(test, …))]`), line breaks kept.
fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    while let Some(start) = ["#[cfg(test)]", "#[cfg(all(test"].iter().filter_map(|mark| out.find(mark)).min() {
        let end = end_of_item(&out, start);
        let blank: String = out[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(start..end, &blank);
    }
    out
}

/// The end of the item that starts with an attribute at `start`: past its closing brace, or its semicolon.
fn end_of_item(code: &str, start: usize) -> usize {
    let mut depth = 0_i32;
    for (offset, c) in code[start..].char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return start + offset + 1;
                }
            }
            ';' if depth == 0 => return start + offset + 1,
            _ => {}
        }
    }
    code.len()
}

/// Files that are declared `#[cfg(test)] mod name;`, with or without `#[path = "…"]`, without `.rs`.
fn test_modules(file: &SourceFile) -> Vec<String> {
    let mut found = Vec::new();
    for (start, mark) in file.text.match_indices("#[cfg(test)]") {
        let rest = file.text[start + mark.len()..].trim_start();
        if let Some((path, _)) = rest.strip_prefix("#[path = \"").and_then(|rest| rest.split_once(".rs\"")) {
            let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            found.push(format!("{folder}/{path}"));
            continue;
        }
        let rest = rest.strip_prefix("pub ").unwrap_or(rest);
        if let Some((name, _)) = rest.strip_prefix("mod ").and_then(|rest| rest.split_once([';', ' ', '{'])) {
            let mut parts = file.module();
            parts.push(name);
            found.push(parts.join("/"));
        }
    }
    found
}

fn line_of(code: &str, offset: usize) -> usize {
    code[..offset].matches('\n').count() + 1
}

fn starts_word(code: &str, offset: usize) -> bool {
    !code[..offset].ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// The first names after a path's head: `a` of `a::b`, and `a`, `c` of `{a::b, c}`.
fn heads(rest: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = rest.strip_prefix('{') else { return vec![word(rest)] };
    let mut found = Vec::new();
    let mut depth = 0_i32;
    let mut fresh = true;
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if fresh && depth == 0 && (c.is_alphanumeric() || c == '_') => {
                found.push(word(&group[i..]));
                fresh = false;
            }
            _ => {}
        }
    }
    found
}

/// Every top module that the file names, with the line: through `crate::`, the library's name, or enough `super::`.
fn imports(file: &SourceFile) -> Vec<(String, usize)> {
    let code = &file.code;
    let mut found = Vec::new();
    for head in ["crate::", "watchkeeper::"] {
        for (offset, mark) in code.match_indices(head) {
            if starts_word(code, offset) {
                let line = line_of(code, offset);
                found.extend(heads(&code[offset + mark.len()..]).into_iter().map(|name| (name, line)));
            }
        }
    }
    let depth = file.module().len();
    for (offset, _) in code.match_indices("super::") {
        if !starts_word(code, offset) || code[..offset].ends_with("super::") {
            continue;
        }
        let mut rest = &code[offset..];
        let mut ups = 0;
        while let Some(next) = rest.strip_prefix("super::") {
            rest = next;
            ups += 1;
        }
        if ups == depth + inline_depth(code, offset) {
            let line = line_of(code, offset);
            found.extend(heads(rest).into_iter().map(|name| (name, line)));
        }
    }
    found
}

/// How many inline modules stand open at `offset`.
fn inline_depth(code: &str, offset: usize) -> usize {
    let mut open = Vec::new();
    for (i, c) in code[..offset].char_indices() {
        match c {
            '{' => {
                let before = code[..i].trim_end();
                let name = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or("", |at| &before[..at]);
                open.push(name.trim_end().ends_with("mod"));
            }
            '}' => {
                open.pop();
            }
            _ => {}
        }
    }
    open.into_iter().filter(|module| *module).count()
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

fn fail_with(rule: &str, broken: &str) {
    assert!(broken.is_empty(), "{rule}:\n{broken}");
}

#[test]
fn every_top_module_has_a_floor() {
    let mut broken = String::new();
    for file in sources() {
        if file.top() != "lib" && floor(file.top()).is_none() {
            writeln!(broken, "src/{}: `{}` stands on no floor; give it one in tests/floors.rs", file.path, file.top())
                .unwrap();
        }
    }
    fail_with("a module without a floor", &broken);
}

#[test]
fn a_file_imports_lower_floors_alone() {
    let mut broken = String::new();
    let mut seen = 0;
    for file in sources().iter().filter(|file| file.top() != "lib") {
        let own = floor(file.top()).unwrap();
        for (name, line) in imports(file) {
            let Some(theirs) = floor(&name) else { continue };
            seen += 1;
            let neighbour = NEIGHBOURS.contains(&(file.top(), name.as_str()));
            if name != file.top() && theirs >= own && !neighbour {
                writeln!(
                    broken,
                    "src/{}:{line}: `{}` (floor {own}) imports `{name}` (floor {theirs})",
                    file.path,
                    file.top()
                )
                .unwrap();
            }
        }
    }
    assert!(seen > 50, "the reader of imports found only {seen} of them and is surely broken");
    fail_with("a broken floor", &broken);
}

#[test]
fn a_crate_is_named_only_in_its_home() {
    let mut broken = String::new();
    for file in sources() {
        for (name, homes) in HOMES {
            if homes.iter().any(|home| file.lives_in(home)) {
                continue;
            }
            for (offset, _) in file.code.match_indices(name) {
                let rest = &file.code[offset + name.len()..];
                let named = rest.starts_with("::") || file.code[..offset].ends_with("use ");
                let whole = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
                let our_own = file.code[..offset].ends_with("::") || file.code[..offset].ends_with("mod ");
                if named && whole && !our_own && starts_word(&file.code, offset) {
                    let line = line_of(&file.code, offset);
                    writeln!(broken, "src/{}:{line}: `{name}` lives in {}", file.path, homes.join(", ")).unwrap();
                }
            }
        }
    }
    fail_with("a crate away from home", &broken);
}

/// Where one of `marks` stands in what is shipped, outside of `home`.
fn marks_outside(marks: &[&str], home: Option<&str>) -> String {
    let mut broken = String::new();
    for file in sources() {
        if home.is_some_and(|home| file.lives_in(home)) {
            continue;
        }
        for mark in marks {
            for (offset, _) in file.shipped.match_indices(mark) {
                if mark.starts_with('.') || starts_word(&file.shipped, offset) {
                    let line = line_of(&file.shipped, offset);
                    writeln!(broken, "src/{}:{line}: `{mark}`", file.path).unwrap();
                }
            }
        }
    }
    broken
}

#[test]
fn a_clock_is_read_only_where_the_clock_is_made() {
    let mut broken = marks_outside(&OTHER_CLOCKS, Some(CLOCK_HOME));
    for file in sources().iter().filter(|file| !file.lives_in(CLOCK_HOME)) {
        for (offset, mark) in file.shipped.match_indices("std::time::") {
            for name in heads(&file.shipped[offset + mark.len()..]) {
                if STD_CLOCKS.contains(&name.as_str()) {
                    let line = line_of(&file.shipped, offset);
                    writeln!(broken, "src/{}:{line}: `std::time::{name}`", file.path).unwrap();
                }
            }
        }
    }
    fail_with("take the time from the `Clock` that is passed in", &broken);
}

#[test]
fn a_colour_is_a_token_of_the_theme() {
    fail_with("name the colour by its meaning in ui/theme.rs", &marks_outside(&COLOURS, Some(COLOUR_HOME)));
}

#[test]
fn nothing_shipped_panics_on_purpose() {
    fail_with("return the error, or `expect` with the reason why it cannot be", &marks_outside(&PANICS, None));
}

#[test]
fn only_main_ends_the_process() {
    fail_with("return an exit code, so that the journal is flushed", &marks_outside(&EXITS, Some("main")));
}

#[test]
fn no_file_holds_two_nouns() {
    let mut broken = String::new();
    for file in sources() {
        // Unit tests at the end of a file are no part of its noun.
        let lines = file.shipped.trim_end().lines().count();
        if lines > LONGEST_FILE_LINES {
            writeln!(broken, "src/{}: {lines} lines, at most {LONGEST_FILE_LINES}", file.path).unwrap();
        }
    }
    fail_with("look for the second noun in it", &broken);
}

#[test]
fn the_reader_sees_code_and_not_prose() {
    let text = "// panic!()\n/* a /* b */ todo!() */ let a = \"panic!()\"; let b = r#\"todo!()\"#; let c = '\"';\nx\n    .unwrap()";
    let code = code_only(text);
    assert!(!code.contains("panic!") && !code.contains("todo!"), "{code}");
    assert!(code.contains("x.unwrap()"), "{code}");
    assert_eq!(line_of(&code, code.find("x.unwrap").unwrap()), 4, "a chain is told where it ends");
}

#[test]
fn the_reader_leaves_tests_out() {
    let code = "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() { c.unwrap() }\n}\nfn d() { e.unwrap() }";
    let shipped = without_tests(code);
    assert_eq!(shipped.matches(".unwrap()").count(), 1);
    assert!(shipped.contains("e.unwrap()"));
}

#[test]
fn the_reader_follows_groups_and_supers() {
    let file = SourceFile {
        path: "engine/alarm/state.rs".into(),
        code: code_only(
            "use crate::{time::{Mono, Utc}, runtime, ui as window};\nuse super::super::super::drivers;\nmod t { use super::super::super::super::link; use super::super::x; }",
        ),
        shipped: String::new(),
        text: String::new(),
    };
    let names: Vec<String> = imports(&file).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["time", "runtime", "ui", "drivers", "link"]);
}

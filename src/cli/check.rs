//! `watchkeeper check`: every fault of a project, one to a line.

use super::{CheckArguments, CheckFormat, Exit, end_of_output, open_recorded, say};
use crate::drivers::modbus::budget::{self, Budget};
use crate::engine::{Generation, Mode, Plan};
use crate::project::{Issue, Severity};
use crate::runtime::Loaded;
use crate::text::{visible, visible_json};
use std::io::{self, Write};
use std::path::Path;

/// Checks a project and prints its faults; how many there are is a message.
pub fn check(arguments: &CheckArguments) -> Exit {
    let loaded = match open_recorded(&arguments.project) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let lines = lines(&loaded);
    let families = loaded.project.families.len();
    let issues = loaded.faults();
    let mut out = io::BufWriter::new(io::stdout().lock());
    if let Err(error) = print(&issues, &arguments.project, arguments.format, &mut out) {
        return end_of_output(&error);
    }
    let (errors, warnings) = counts(&issues);
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    let families = match families {
        0 => String::new(),
        1 => "; 1 tag stands for many, which are known when their messages come".to_owned(),
        _ => format!("; {families} tags stand for many, which are known when their messages come"),
    };
    say(&format!("{errors} error{}, {warnings} warning{}{families}", plural(errors), plural(warnings)));
    for line in &lines {
        say(line);
    }
    if errors > 0 { Exit::Project } else { Exit::Done }
}

/// What each line costs of which that can be said before it runs.
fn lines(loaded: &Loaded) -> Vec<String> {
    let (plan, _told_with_the_faults) = Plan::compile(loaded.project.clone(), Generation(0), Mode::Live);
    let known = budget::budgets(&plan).into_iter().filter(Budget::is_known);
    let told = |budget: Budget| {
        let silent = budget.silent_words().map(|words| format!("; {words}")).unwrap_or_default();
        format!("line {}: {budget}{silent}", budget.line)
    };
    known.map(told).collect()
}

/// Prints faults as `path:line:column: error: what; mend`, or as a list of `{path, line, column, severity, message}`.
///
/// # Errors
/// Where the output cannot be written.
pub fn print(issues: &[Issue], path: &Path, format: CheckFormat, out: &mut dyn Write) -> io::Result<()> {
    match format {
        CheckFormat::Text => print_text(issues, path, out)?,
        CheckFormat::Json => print_json(issues, path, out)?,
    }
    out.flush()
}

fn counts(issues: &[Issue]) -> (usize, usize) {
    let errors = issues.iter().filter(|i| i.severity == Severity::Error).count();
    (errors, issues.len() - errors)
}

fn print_text(issues: &[Issue], path: &Path, out: &mut dyn Write) -> io::Result<()> {
    issues.iter().try_for_each(|issue| writeln!(out, "{}", visible(&format!("{}:{issue}", path.display()))))
}

fn print_json(issues: &[Issue], path: &Path, out: &mut dyn Write) -> io::Result<()> {
    let list: Vec<serde_json::Value> = issues
        .iter()
        .map(|issue| {
            let message = match issue.mend.as_str() {
                "" => issue.message.clone(),
                mend => format!("{}; {mend}", issue.message),
            };
            serde_json::json!({
                "path": path.display().to_string(),
                "line": issue.place.line,
                "column": issue.place.column,
                "severity": issue.severity.to_string(),
                "message": message,
            })
        })
        .collect();
    writeln!(out, "{}", visible_json(&serde_json::to_string_pretty(&list)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str, format: CheckFormat) -> String {
        let mut out = Vec::new();
        let issues = Loaded::from_bytes(text.as_bytes(), None).faults();
        print(&issues, Path::new("plant.toml"), format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn faults_of_text_and_plan_are_told_with_path_line_and_column() {
        let text = "watchkeeper = 1\n[[tag]]\nname = \"a\"\nformula = \"b\"\n[[display]]\nnam = \"x\"\nname = \"x\"\n";
        assert_eq!(
            checked(text, CheckFormat::Text),
            "plant.toml:4:12: error: there is no tag \"b\"; did you mean \"a\"?\n\
             plant.toml:6:1: error: unknown key \"nam\" in a display; did you mean \"name\"?\n"
        );
    }

    #[test]
    fn the_same_as_json() {
        let out = checked("watchkeeper = 1\nnam = \"x\"\n", CheckFormat::Json);
        let list: serde_json::Value = serde_json::from_str(&out).unwrap();
        let message = "unknown key \"nam\" in the project; did you mean \"name\"?";
        assert_eq!(
            list,
            serde_json::json!([{ "path": "plant.toml", "line": 2, "column": 1, "severity": "error", "message": message }])
        );
        assert_eq!(checked("watchkeeper = 1\n", CheckFormat::Json), "[]\n");
    }

    #[test]
    fn a_missing_file_and_a_faulty_project_end_differently() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plant.toml");
        let arguments = CheckArguments { project: file.clone(), format: CheckFormat::Text };
        assert_eq!(check(&arguments), Exit::Call);
        assert_eq!(check(&CheckArguments { project: folder.path().to_owned(), ..arguments }), Exit::Call);
        for (text, exit) in [
            ("watchkeeper = 1\n", Exit::Done),
            ("watchkeeper = 2\n", Exit::Project),
            (
                "watchkeeper = 1\n[[device]]\nname = \"a\"\nprotocol = \"mqtt\"\naddress = \"mqtt://b\"\n[[tag]]\nname = \"a.{1}\"\ndevice = \"a\"\ntopic = \"+\"\n",
                Exit::Done,
            ),
            // A warning alone is no failure.
            (
                "watchkeeper = 1\n[[tag]]\nname = \"a\"\nformula = \"1\"\nalarm = [{ kind = \"high\", limit = 3 }]\n",
                Exit::Done,
            ),
        ] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(check(&CheckArguments { project: file.clone(), format: CheckFormat::Text }), exit, "{text}");
        }
    }
}

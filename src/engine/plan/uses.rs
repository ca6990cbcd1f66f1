//! Of what is wrong with what templates make: whether all uses have the fault, so that the template is to be mended, or some,
//! so that the values of those are.

use super::alarms::full_name;
use super::compile::Compiler;
use crate::project::{Origin, Place, Places};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What templates make on one line of the text.
#[derive(Default)]
struct Line {
    /// All uses that make it.
    uses: HashSet<Place>,
    /// Each by its name in lower case; what stands on displays is known by none.
    named: HashMap<String, Arc<Origin>>,
}

impl Compiler {
    /// The last issue is one of this: where it comes from a template, it is told with the use.
    pub(super) fn last_is_of(&mut self, places: &Places) {
        let last = self.issues.len().checked_sub(1);
        self.of_uses.extend(last.zip(places.origin.clone()));
    }

    /// Tells what only some uses of a template have at those.
    pub(super) fn told_of_uses(&mut self) {
        let lines = self.lines_at_fault();
        let of_displays: HashMap<usize, Arc<Origin>> = std::mem::take(&mut self.of_uses).into_iter().collect();
        let origin = |nth: usize, line: u32, subject: &str| {
            let by_name = || lines.get(&line)?.named.get(&subject.to_lowercase());
            of_displays.get(&nth).or_else(by_name).cloned()
        };
        let found: Vec<Option<Arc<Origin>>> =
            self.issues.iter().enumerate().map(|(nth, issue)| origin(nth, issue.place.line, &issue.subject)).collect();
        let mut at_fault: HashMap<Place, HashSet<Place>> = HashMap::new();
        for (issue, origin) in self.issues.iter().zip(&found) {
            at_fault.entry(issue.place).or_default().extend(origin.as_ref().map(|origin| origin.place));
        }
        for (issue, origin) in self.issues.iter_mut().zip(found) {
            let Some(origin) = origin else { continue };
            let all = lines.get(&issue.place.line).map_or(0, |line| line.uses.len());
            if at_fault.get(&issue.place).map_or(0, HashSet::len) < all {
                issue.found_in_use(&origin);
                issue.tell_use(&origin, 0);
            }
        }
    }

    /// What templates make on the lines that have an issue.
    fn lines_at_fault(&self) -> HashMap<u32, Line> {
        let asked: HashSet<u32> = self.issues.iter().map(|issue| issue.place.line).collect();
        let mut lines: HashMap<u32, Line> = HashMap::new();
        if asked.is_empty() {
            return lines;
        }
        let mut add = |places: &Places, name: &dyn Fn() -> String| {
            let Some(origin) = &places.origin else { return };
            let own = places.keys.iter().map(|(_, place)| place.line).chain([places.own.line]);
            for line in own.filter(|line| asked.contains(line)) {
                let line = lines.entry(line).or_default();
                line.uses.insert(origin.place);
                line.named.insert(name(), Arc::clone(origin));
            }
        };
        let project = &self.project;
        for tag in &project.tags {
            add(&tag.places, &|| tag.name.to_lowercase());
        }
        for alarm in &project.alarms {
            add(&alarm.places, &|| full_name(alarm).to_lowercase());
        }
        for panel in project.displays.iter().flat_map(|display| &display.panels) {
            add(&panel.places, &String::new);
            panel.items.iter().for_each(|item| add(&item.places, &String::new));
        }
        lines
    }
}

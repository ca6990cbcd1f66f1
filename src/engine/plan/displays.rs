//! Displays: the tree, the tags of every panel, and the alarms that the tree counts.

use super::compile::{Compiler, Noun};
use super::formulas::shown;
use super::{AlarmId, DisplayPlan, PanelPlan, TagId};
use crate::project::{Display, Panel, Places};
use std::sync::Arc;

impl Compiler {
    pub(super) fn displays(&mut self) {
        let project = Arc::clone(&self.project);
        let parents = self.parents();
        let depths = depths(&parents);
        let mut named: Vec<Vec<AlarmId>> = vec![Vec::new(); project.displays.len()];
        for (i, alarm) in self.plan.alarms.iter().enumerate() {
            if let Some(list) = alarm.display.and_then(|d| named.get_mut(d)) {
                list.push(AlarmId(i as u32));
            }
        }
        for (index, display) in project.displays.iter().enumerate() {
            let panels: Vec<PanelPlan> = display.panels.iter().map(|panel| self.panel(&display.name, panel)).collect();
            self.overlaps(display);
            let mut alarms = std::mem::take(&mut named[index]);
            for id in panels.iter().flat_map(|p| p.tags.iter().chain(&p.pens).chain(&p.items)).flatten() {
                alarms.extend(self.plan.tag(*id).into_iter().flat_map(|t| t.alarms.clone()).map(AlarmId));
            }
            alarms.sort_unstable();
            alarms.dedup();
            let plan = DisplayPlan {
                display: Arc::clone(display),
                parent: parents[index],
                depth: depths[index],
                panels,
                alarms,
            };
            self.plan.displays.push(plan);
        }
    }

    /// The display above each; none where it is missing, or would be above itself.
    fn parents(&mut self) -> Vec<Option<usize>> {
        let project = Arc::clone(&self.project);
        let mut parents: Vec<Option<usize>> = Vec::with_capacity(project.displays.len());
        for display in &project.displays {
            let parent = display.parent.as_deref();
            parents.push(self.display(parent, display.places.of("parent"), &display.name));
        }
        // Numbered by the walk that came by: whoever meets its own number has gone round.
        let mut walks = vec![0; parents.len()];
        for start in 0..parents.len() {
            let mut at = start;
            while walks[at] == 0 {
                walks[at] = start + 1;
                match parents[at] {
                    Some(above) => at = above,
                    None => break,
                }
            }
            if walks[at] == start + 1 && parents[at].is_some() {
                self.break_circle(at, &mut parents);
            }
        }
        parents
    }

    /// Tells a circle of parents, and opens it at its first display in the file.
    fn break_circle(&mut self, inside: usize, parents: &mut [Option<usize>]) {
        let project = Arc::clone(&self.project);
        let mut ring = vec![inside];
        while let Some(above) = ring.last().and_then(|at| parents[*at]).filter(|above| *above != inside) {
            ring.push(above);
        }
        let first = ring.iter().copied().min().unwrap_or(inside);
        let turn = ring.iter().position(|at| *at == first).unwrap_or(0);
        ring.rotate_left(turn);
        ring.push(first);
        let names: Vec<&str> =
            ring.iter().filter_map(|at| project.displays.get(*at)).map(|d| d.name.as_str()).collect();
        let Some(display) = project.displays.get(first) else { return };
        let message = format!("the displays are above each other in a circle: {}", shown(&names));
        self.error(display.places.of("parent"), &display.name, message, "leave parent out at one of them");
        parents[first] = None;
    }

    pub(super) fn panel(&mut self, display: &str, panel: &Panel) -> PanelPlan {
        let key = if panel.places.keys.iter().any(|(k, _)| *k == "tags") { "tags" } else { "tag" };
        let own = &panel.places;
        let tags = panel.tags.iter().map(|name| self.shown(display, (own, key), name)).collect();
        let pens = panel.pens.iter().map(|pen| self.shown(display, (own, "pens"), &pen.tag)).collect();
        let items = panel.items.iter().map(|item| self.shown(display, (&item.places, "tag"), &item.tag)).collect();
        PanelPlan { tags, pens, items }
    }

    fn shown(&mut self, display: &str, (places, key): (&Places, &str), name: &str) -> Option<TagId> {
        let found = self.plan.tag_id(name);
        if found.is_none() {
            let (message, mend) = self.no_such(Noun::Tag, name);
            self.error(places.of(key), display, message, mend);
            self.last_is_of(places);
        }
        found
    }

    /// Panels that cover another; each is told once.
    pub(super) fn overlaps(&mut self, display: &Display) {
        let covers = |[a, b, w, h]: [u16; 4], [c, d, v, i]: [u16; 4]| {
            u32::from(a) < u32::from(c) + u32::from(v)
                && u32::from(c) < u32::from(a) + u32::from(w)
                && u32::from(b) < u32::from(d) + u32::from(i)
                && u32::from(d) < u32::from(b) + u32::from(h)
        };
        for (index, panel) in display.panels.iter().enumerate() {
            let Some(other) = display.panels[..index].iter().find(|other| covers(panel.at, other.at)) else { continue };
            let message = format!("this panel lies over the {} of line {}", other.kind.word(), other.places.own.line);
            self.warning(panel.places.of("at"), &display.name, message, "move one of them");
            self.last_is_of(&panel.places);
        }
    }
}

/// Steps from the top of the tree; the parents have no circles.
fn depths(parents: &[Option<usize>]) -> Vec<u16> {
    let mut depths: Vec<Option<u16>> = vec![None; parents.len()];
    for start in 0..parents.len() {
        let mut path = Vec::new();
        let mut at = start;
        let mut depth = loop {
            match (depths[at], parents[at]) {
                (Some(depth), _) => break depth,
                (None, Some(above)) => {
                    path.push(at);
                    at = above;
                }
                (None, None) => {
                    depths[at] = Some(0);
                    break 0;
                }
            }
        };
        for at in path.into_iter().rev() {
            depth = depth.saturating_add(1);
            depths[at] = Some(depth);
        }
    }
    depths.into_iter().map(Option::unwrap_or_default).collect()
}

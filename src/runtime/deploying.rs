//! What another version of the project would do to the plant that runs, told or done, for a window that asks.

use super::impact::Impact;
use super::{Loaded, Station};
use crate::engine::Plan;
use crate::link::{DeployAsk, DeployPlan};
use crate::project::diff;
use std::sync::Arc;

/// Tells, or does, what is asked of the plant that runs.
///
/// # Errors
/// Why not, in words for the screen.
pub fn answer(asked: &DeployAsk, station: &mut Station) -> Result<Arc<DeployPlan>, String> {
    let about = station.about();
    let Some(path) = about.path.clone() else {
        return Err("the demo plant has no file; edit a project of your own".to_owned());
    };
    if let Some(who) = &about.held_by {
        return Err(format!("this plant is watched by {who}; edit its project there"));
    }
    let loaded = Loaded::from_bytes(&asked.text, Some(&path));
    let mut plan = plan(&loaded, &station.plan(), &station.plan_of(&loaded));
    if asked.apply {
        let impact = station.deploy(&loaded, asked.by.clone(), "edited in the window")?;
        plan.impact = impact.words();
    }
    Ok(Arc::new(plan))
}

fn plan(after: &Loaded, before: &Plan, compiled: &Plan) -> DeployPlan {
    let changes = diff::compare(&before.project.without_members(), &after.project);
    let impact = Impact::of(before, compiled);
    let summary = if changes.is_empty() {
        "Only comments and layout differ from what runs".to_owned()
    } else {
        diff::summary(&changes)
    };
    let refused =
        if after.is_empty() { Some("nothing in it can run".to_owned()) } else { impact.refused.map(str::to_owned) };
    DeployPlan { summary, impact: impact.words(), changes: diff::words(&changes), refused }
}

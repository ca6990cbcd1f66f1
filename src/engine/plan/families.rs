//! Faults of tags that stand for many, whether or not any of the many is known.

use super::{Generation, Plan};
use crate::engine::snapshot::Mode;
use crate::project::family::{Member, expand};
use crate::project::{Issue, Project};
use std::collections::HashSet;
use std::sync::Arc;

/// What stands for a level of a topic in a member that is made up to be judged. No level gives these letters.
const STAND_INS: [&str; 9] = [
    "level1level",
    "level2level",
    "level3level",
    "level4level",
    "level5level",
    "level6level",
    "level7level",
    "level8level",
    "level9level",
];

/// See [`Plan::issues`].
pub(super) fn issues(project: &Arc<Project>, mode: Mode) -> Vec<Issue> {
    if project.families.is_empty() {
        return Plan::compile(Arc::clone(project), Generation(0), mode).1;
    }
    // Those that are known already need not be awaited; what is said of them is said of the family.
    let found: HashSet<String> = project.members().iter().map(|tag| tag.name.to_lowercase()).collect();
    let mut members: Vec<Member> = project.members().iter().filter_map(|tag| member(tag)).collect();
    members.extend(project.families.iter().filter_map(|family| {
        let source = family.source()?;
        let mut stand_ins = STAND_INS.iter();
        let levels =
            source.topic.split('/').map(|level| if level == "+" { stand_ins.next().copied() } else { Some(level) });
        let topic = levels.collect::<Option<Vec<&str>>>()?.join("/");
        Some(Member { device: source.device.as_str().into(), topic: topic.into() })
    }));
    let (made_up, _) = expand(project, &members);
    let (_, issues) = Plan::compile(Arc::new(made_up), Generation(0), mode);
    let of_member = |issue: &Issue| {
        let tag = issue.subject.split_once('/').map_or(issue.subject.as_str(), |(tag, _)| tag);
        found.contains(&tag.to_lowercase())
    };
    issues.into_iter().filter(|issue| !of_member(issue)).map(as_written).collect()
}

fn member(tag: &crate::project::Tag) -> Option<Member> {
    let crate::project::Source::Topic(source) = &tag.source else { return None };
    Some(Member { device: source.device.as_str().into(), topic: source.topic.as_str().into() })
}

/// In the words of the file.
fn as_written(mut issue: Issue) -> Issue {
    for (n, stand_in) in STAND_INS.iter().enumerate() {
        for text in [&mut issue.subject, &mut issue.message, &mut issue.mend] {
            if text.contains(stand_in) {
                *text = text.replace(stand_in, &format!("{{{}}}", n + 1));
            }
        }
    }
    issue
}

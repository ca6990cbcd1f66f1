use super::*;
use crate::project::{self, Severity};

const DEVICE: &str =
    "watchkeeper = 1\n[[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtt://192.0.2.1\"\n";

fn project(tags: &str) -> Project {
    let (project, issues) = project::file::read(format!("{DEVICE}{tags}").as_bytes());
    let errors: Vec<String> =
        issues.iter().filter(|i| i.severity == Severity::Error).map(ToString::to_string).collect();
    assert_eq!(errors, [""; 0], "{tags}");
    project
}

fn members(topics: &[&str]) -> Vec<Member> {
    topics.iter().map(|topic| Member { device: "Site".into(), topic: (*topic).into() }).collect()
}

fn names(project: &Project) -> Vec<&str> {
    project.tags.iter().map(|tag| tag.name.as_str()).collect()
}

fn topic(tag: &Tag) -> &TopicSource {
    match &tag.source {
        Source::Topic(source) => source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_plus_stands_for_one_level_wherever_it_stands() {
    assert_eq!(captures("site/+/state", "site/a/state"), Some(vec!["a"]));
    assert_eq!(captures("+/state", "a/state"), Some(vec!["a"]));
    assert_eq!(captures("site/+", "site/a"), Some(vec!["a"]));
    assert_eq!(captures("+", "a"), Some(vec!["a"]));
    assert_eq!(captures("+/+/x", "a/b/x"), Some(vec!["a", "b"]));
    for (filter, topic) in [
        ("site/+/state", "site/a/b/state"),
        ("site/+/state", "site/a"),
        ("site/+", "site"),
        ("site/+", "site/a/"),
        ("+", "a/b"),
        ("site/+/state", "Site/a/state"),
        ("site/+/state", "site/a/states"),
    ] {
        assert_eq!(captures(filter, topic), None, "{filter} {topic}");
    }
}

#[test]
fn an_empty_level_is_a_level() {
    assert_eq!(captures("site/+/state", "site//state"), Some(vec![""]));
    assert_eq!(captures("site/+", "site/"), Some(vec![""]));
    assert_eq!(captures("+/a", "/a"), Some(vec![""]));
    assert_eq!(captures("+", ""), Some(vec![""]));
    assert_eq!(captures("site/+", "site//"), None);
}

#[test]
fn a_plus_in_the_first_place_stands_for_none_of_the_brokers_own_topics() {
    assert_eq!(captures("+/broker/uptime", "$SYS/broker/uptime"), None);
    assert_eq!(captures("+", "$SYS"), None);
    assert_eq!(captures("$SYS/+/uptime", "$SYS/broker/uptime"), Some(vec!["broker"]), "asked for by name");
    assert_eq!(captures("site/+", "site/$x"), Some(vec!["$x"]));
}

#[test]
fn a_plus_beside_other_letters_is_no_wildcard() {
    assert_eq!((wildcards("site/+/a/+"), wildcards("site/a"), wildcards("+")), (Some(2), Some(0), Some(1)));
    assert_eq!((wildcards("site/a+/b"), wildcards("++"), wildcards("a/+/b+")), (None, None, None));
}

#[test]
fn a_level_gives_the_letters_that_a_name_may_have() {
    assert_eq!(name_of("{1}.wind", &["north-1"]), "north_1.wind");
    assert_eq!(name_of("{1}.wind", &["17"]), "x17.wind");
    assert_eq!(name_of("sensor{1}.wind", &["17"]), "sensor17.wind");
    assert_eq!(name_of("{1}.{2}", &["a.b", "ä"]), "a_b.x_");
    assert_eq!(name_of("{1}.wind", &[""]), "x.wind");
    assert_eq!(name_of("{2}.{1}", &["{2}", "b"]), "b.x_2_", "what was put in is not looked at again");
}

#[test]
fn a_member_has_the_familys_alarms_and_texts_that_are_its_own() {
    let project = project(
        "[[tag]]\nname = \"sum\"\nformula = \"1\"\n\
         [[tag]]\nname = \"{1}.wind\"\ndescription = \"Wind at {1}\"\ndevice = \"site\"\ntopic = \"site/+/state\"\npath = \"$.wind\"\n\
         setpoint = \"{1}.limit\"\navailability = { topic = \"site/{1}/lwt\" }\nunit = \"m/s\"\nstale-after = \"1m\"\n\
         [[tag.alarm]]\nkind = \"high\"\nlimit = 20\npriority = \"low\"\nmessage = \"Storm at {1}\"\nsuppress-when = \"{1}.off or sum > 3\"\n\
         limits = [{ when = \"not {1}.off\", limit = 30 }]\n\
         [[alarm]]\ntag = \"{1}.WIND\"\nkind = \"deviation\"\nfrom = \"{1}.other\"\nlimit = 5\npriority = \"low\"\nresponse = \"Go to {1}\"\n\
         [[alarm]]\ntag = \"sum\"\nkind = \"high\"\nlimit = 5\npriority = \"low\"\n",
    );
    assert_eq!((names(&project), project.alarms.len()), (vec!["sum"], 1));
    assert_eq!((project.families.len(), project.families[0].alarms.len()), (1, 2));
    let (expanded, left_out) = expand(&project, &members(&["site/a b/state", "site/2/state"]));
    assert_eq!(left_out, []);
    assert_eq!(names(&expanded), ["sum", "a_b.wind", "x2.wind"]);
    assert_eq!(expanded.found, Found { tags: 2, alarms: 4 });
    let tag = &expanded.tags[1];
    assert_eq!((tag.description.as_str(), tag.setpoint.as_deref()), ("Wind at a b", Some("a_b.limit")));
    assert_eq!((tag.unit.as_str(), tag.stale_after), ("m/s", project.families[0].tag.stale_after));
    let source = topic(tag);
    assert_eq!((source.topic.as_str(), source.path.as_deref()), ("site/a b/state", Some("$.wind")));
    assert_eq!(source.availability.as_ref().unwrap().topic, "site/a b/lwt");
    let [_, high, deviation, other, _] = expanded.alarms.as_slice() else { panic!("{:?}", expanded.alarms) };
    assert_eq!((high.tag.as_str(), high.message.as_str()), ("a_b.wind", "Storm at a b"));
    assert_eq!(high.suppress_when.as_deref(), Some("a_b.off or sum > 3"));
    assert_eq!(high.limits[0].when, "not a_b.off");
    assert_eq!(deviation.kind, AlarmKind::Deviation { limit: 5.0, from: "a_b.other".to_owned() });
    assert_eq!(deviation.response.as_deref(), Some("Go to a b"));
    assert_eq!((other.tag.as_str(), other.suppress_when.as_deref()), ("x2.wind", Some("x2.off or sum > 3")));
    assert_eq!(expanded.without_members(), project);
    assert_eq!(expand(&expanded, &members(&["site/a b/state", "site/2/state"])).0, expanded, "once is enough");
}

#[test]
fn members_that_come_later_stand_behind_those_that_were_there() {
    let project = project(
        "[[tag]]\nname = \"{1}.wind\"\ndevice = \"site\"\ntopic = \"site/+/state\"\npath = \"$.wind\"\n\
         [[tag]]\nname = \"fixed\"\ndevice = \"site\"\ntopic = \"fixed\"\n\
         [[tag]]\nname = \"{1}.rain\"\ndevice = \"site\"\ntopic = \"site/+/state\"\npath = \"$.rain\"\n",
    );
    let (two, _) = expand(&project, &members(&["site/b/state", "other/x"]));
    assert_eq!(names(&two), ["fixed", "b.wind", "b.rain"]);
    let (more, _) = expand(&project, &members(&["site/b/state", "other/x", "site/a/state"]));
    assert_eq!(more.tags[..3], two.tags[..]);
    assert_eq!(names(&more)[3..], ["a.wind", "a.rain"]);
}

#[test]
fn of_two_topics_that_would_give_one_name_the_first_has_it() {
    let project = project(
        "[[tag]]\nname = \"taken.wind\"\nformula = \"1\"\n\
         [[tag]]\nname = \"own.wind\"\ndevice = \"site\"\ntopic = \"site/own/state\"\n\
         [[tag]]\nname = \"{1}.wind\"\ndevice = \"site\"\ntopic = \"site/+/state\"\n",
    );
    let topics = ["site/a-1/state", "site/A_1/state", "site/taken/state", "site/own/state", "site/device/state"];
    let (expanded, left_out) = expand(&project, &members(&topics));
    assert_eq!(names(&expanded)[2..], ["a_1.wind"]);
    let told: Vec<(&str, &str)> = left_out.iter().map(|l| (l.member.topic.as_ref(), l.why.as_str())).collect();
    assert_eq!(
        told,
        [
            ("site/A_1/state", "the tag \"A_1.wind\" is of the topic site/a-1/state; it matches site/+/state"),
            ("site/taken/state", "there is another tag \"taken.wind\"; it matches site/+/state"),
            ("site/device/state", "names that begin with \"device.\" are the program's own; it matches site/+/state"),
        ]
    );
}

#[test]
fn a_family_has_ten_thousand_members_at_most() {
    let project = project("[[tag]]\nname = \"{1}.wind\"\ndevice = \"site\"\ntopic = \"site/+/state\"\n");
    let topics: Vec<String> = (0..=MOST_MEMBERS).map(|n| format!("site/a{n}/state")).collect();
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let (expanded, left_out) = expand(&project, &members(&topics));
    assert_eq!((expanded.found.tags, left_out.len()), (MOST_MEMBERS, 1));
    assert_eq!(left_out[0].why, "there are 10000 tags of it already; it matches site/+/state");
}

#[test]
fn a_name_that_may_be_a_members_is_awaited() {
    let project = project(
        "[[tag]]\nname = \"{1}.n{2}.wind\"\ndevice = \"site\"\ntopic = \"site/+/+\"\n\
         [[tag]]\nname = \"hall{1}\"\ndevice = \"site\"\ntopic = \"hall/+\"\n",
    );
    for name in ["a.n1.wind", "A.N.WIND", "a_b.n_x.wind", "hall7", "hall"] {
        assert!(project.awaits(name).is_some(), "{name}");
    }
    for name in ["a.b.wind", "a.n1.b.wind", "a.n1.rain", "hal", "hall7.x"] {
        assert!(project.awaits(name).is_none(), "{name}");
    }
}

#[test]
fn a_member_is_named_by_a_tag_or_its_topic() {
    let project = project(
        "[[tag]]\nname = \"{1}.wind\"\ndevice = \"site\"\ntopic = \"site/+/state\"\npath = \"$.wind\"\n\
         [[tag]]\nname = \"{1}.rain\"\ndevice = \"site\"\ntopic = \"site/+/state\"\npath = \"$.rain\"\n\
         [[tag]]\nname = \"fixed\"\ndevice = \"site\"\ntopic = \"fixed\"\n",
    );
    let all = members(&["site/a/state", "site/b/state"]);
    let (project, _) = expand(&project, &all);
    for name in ["b.wind", "B.Rain", "site/b/state"] {
        let member = member_named(&project, &all, name).unwrap();
        assert_eq!(member, &all[1], "{name}");
        let tags: Vec<&str> = tags_of(&project, member).iter().map(|tag| tag.name.as_str()).collect();
        assert_eq!(tags, ["b.wind", "b.rain"]);
    }
    assert!(member_named(&project, &all, "fixed").unwrap_err().contains("it is written"));
    assert!(member_named(&project, &all, "site/c/state").unwrap_err().contains("there is no topic"));
    let twice = [all, vec![Member { device: "other".into(), topic: "site/a/state".into() }]].concat();
    assert!(member_named(&project, &twice, "site/a/state").unwrap_err().contains("several devices"));
    assert_eq!(member_named(&project, &twice, "a.wind"), Ok(&twice[0]));
}

//! How topics become others while the connection stands: what topics with wildcards bring is found, and feeds tags from then on;
//! and an edit of the project has tags come and go.

use super::super::families::{Finder, Grown, Growth};
use super::{Life, Reading, Reports, Topic, Topics};
use crate::engine::{Generation, Quality, Sample, TagId};
use crate::project::family::captures;
use crate::project::{Availability, TopicSource};
use crate::time::Now;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Most topics that are remembered as wanted no more, until the connection is made anew.
const MOST_LEFT: usize = 20_000;

/// What a broker is to be asked when topics have become others.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Topics to be asked for, by number.
    pub ask: Vec<usize>,
    /// Topics that are wanted no more, as they were asked for.
    pub leave: Vec<String>,
}

impl Topics {
    /// Adds a topic with wildcards. To be added before the tags are, which look for it.
    pub fn listen(&mut self, filter: &str, qos: u8) {
        let index = self.topic(filter, qos);
        self.list[index].asked = true;
        if !self.filters.contains(&index) {
            self.filters.push(index);
        }
    }

    /// Topics that a filter brings are told to `finder`; those that feed tags from then on come by `growth`.
    pub fn grow_by(&mut self, finder: Finder, growth: Growth) {
        (self.finder, self.growth) = (Some(finder), Some(growth));
    }

    /// The filter that brings a topic.
    pub(super) fn filter_of(&self, topic: &str) -> Option<&str> {
        let filters = self.filters.iter().filter_map(|index| self.list.get(*index)).map(|topic| topic.filter.as_ref());
        filters.into_iter().find(|filter| captures(filter, topic).is_some())
    }

    /// Whether others feed the same tags from the same places.
    pub fn are_of(&self, other: &Self) -> bool {
        self.made_of == other.made_of && self.listens_as(other)
    }

    /// Whether these can become others while the connection stands: those find what these find.
    pub fn can_become(&self, other: &Self) -> bool {
        self.listens_as(other)
    }

    fn listens_as(&self, other: &Self) -> bool {
        let filters = |topics: &Self| -> BTreeSet<(Arc<str>, u8)> {
            let filters = topics.filters.iter().filter_map(|index| topics.list.get(*index));
            filters.map(|topic| (Arc::clone(&topic.filter), topic.qos)).collect()
        };
        filters(self) == filters(other)
    }

    /// Of which generation the plan is that these are of, where they have grown since the connection began.
    pub const fn generation(&self) -> Option<Generation> {
        self.generation
    }

    /// What their device is called since then.
    pub fn called(&self) -> Option<Arc<str>> {
        self.called.clone()
    }

    /// Whether topics are found by them.
    pub const fn listens(&self) -> bool {
        !self.filters.is_empty()
    }

    /// What was found and makes no tag, in words, where that was not told yet.
    pub fn told_of_finds(&self) -> Option<Arc<str>> {
        self.finder.as_ref()?.words()
    }

    /// Waits until they are to become others, which [`Topics::grow`] takes up. May be dropped at any time.
    pub async fn grown(&mut self) {
        let changed = match &mut self.growth {
            Some(growth) => growth.changed().await.is_ok(),
            None => false,
        };
        if !changed {
            std::future::pending::<()>().await;
        }
    }

    /// Becomes what it was told to. What is known of senders and of topics stays known, and the messages that new ones were
    /// found by are their first values. A topic keeps its number, and one that feeds nothing any more leaves it empty.
    pub fn grow(&mut self, now: Now, reports: &mut Reports) -> Turn {
        let Some(grown) = self.growth.as_mut().and_then(|growth| growth.borrow_and_update().clone()) else {
            return Turn::default();
        };
        let Grown { generation, device, topics } = &*grown;
        if !self.can_become(topics) {
            return Turn::default();
        }
        let mut next = topics.clone();
        next.renumber(&self.list);
        let before = std::mem::replace(self, next);
        (self.growth, self.finder, self.crowd) = (before.growth, before.finder, before.crowd);
        (self.found, self.places, self.left) = (before.found, before.places, before.left);
        (self.generation, self.called) = (Some(*generation), Some(Arc::clone(device)));
        reports.follow(*generation);
        let lives: HashMap<&Availability, Life> =
            before.senders.iter().map(|sender| (&sender.availability, sender.life)).collect();
        for sender in &mut self.senders {
            sender.life = lives.get(&sender.availability).copied().unwrap_or(Life::Unknown);
        }
        let mut turn = Turn::default();
        let mut fed = Vec::with_capacity(self.list.len());
        for (index, topic) in self.list.iter_mut().enumerate() {
            let Some(known) = before.list.get(index) else {
                turn.ask.extend(topic.asked.then_some(index));
                fed.push(0);
                continue;
            };
            if topic.is_of_use() {
                (topic.live, topic.untold, topic.logged) = (known.live, known.untold, known.logged);
                topic.held.clone_from(&known.held);
            }
            let tags: HashSet<TagId> = known.readings.iter().map(|reading| reading.tag).collect();
            let is_new = |reading: &Reading| !tags.contains(&reading.tag);
            // New ones have the greater numbers, and stand behind the others.
            let from = topic.readings.iter().position(is_new).unwrap_or(topic.readings.len());
            fed.push(from);
            if topic.asked && (!known.asked || known.qos != topic.qos) {
                turn.ask.push(index);
            } else if topic.asked && from < topic.readings.len() {
                // Asked for again, the broker says once more what it keeps of it: for those that have heard nothing yet.
                topic.again = Some(from);
                turn.ask.push(index);
            } else if known.asked && !topic.asked {
                let bare = TopicSource::bare(&topic.filter);
                self.left.insert(bare.as_bytes().into());
                turn.leave.push(topic.filter.to_string());
            }
        }
        if self.left.len() > MOST_LEFT {
            self.left.clear();
        }
        for index in &turn.ask {
            self.left.remove(TopicSource::bare(&self.list[*index].filter).as_bytes());
        }
        let told: HashSet<TagId> = before.faults.iter().map(|(tag, _)| *tag).collect();
        for (tag, why) in self.faults.iter().filter(|(tag, _)| !told.contains(tag)) {
            reports.push(now, Sample::bad(*tag, Quality::CONFIGURATION, Some(Arc::clone(why))));
        }
        for index in 0..self.list.len() {
            let filter = Arc::clone(&self.list[index].filter);
            let Some(message) = self.found.take(TopicSource::bare(&filter).as_bytes()) else { continue };
            let from = fed.get(index).copied().unwrap_or(0);
            // What is not understood is told with the next message of the topic.
            let _told = self.feed_readings(index, from, &message.payload, message.retained, message.received, reports);
        }
        turn
    }

    /// Gives each topic the number that it has in a list of before; new ones come behind, and those that are gone stay as
    /// empty ones.
    fn renumber(&mut self, before: &[Topic]) {
        let mut numbers: HashMap<Arc<str>, usize> =
            before.iter().enumerate().map(|(index, topic)| (Arc::clone(&topic.filter), index)).collect();
        let mut count = before.len();
        let places: Vec<usize> = self
            .list
            .iter()
            .map(|topic| {
                *numbers.entry(Arc::clone(&topic.filter)).or_insert_with(|| {
                    count += 1;
                    count - 1
                })
            })
            .collect();
        let mut list: Vec<Topic> = before.iter().map(|topic| Topic::new(&topic.filter, topic.qos)).collect();
        list.resize_with(count, || Topic::new("", 0));
        for (topic, place) in std::mem::take(&mut self.list).into_iter().zip(&places) {
            list[*place] = topic;
        }
        self.list = list;
        let place = |index: &mut usize| *index = places[*index];
        self.filters.iter_mut().for_each(place);
        self.by_name.values_mut().for_each(place);
        self.senders.iter_mut().flat_map(|sender| &mut sender.readings).for_each(|(topic, _)| place(topic));
    }

    /// A message of a topic that feeds no tag by a filter, yet. `None`: no filter brings it.
    pub(super) fn find(
        &mut self,
        name: &[u8],
        payload: &[u8],
        retained: bool,
        received: Now,
    ) -> Option<Result<(), Arc<str>>> {
        if self.filters.is_empty() {
            return None;
        }
        if !self.found.has(name) {
            let topic = std::str::from_utf8(name).ok()?;
            self.filter_of(topic)?;
            // That is how a broker is told to retain a topic no more (MQTT 3.1.1, 3.3.1.3): its sender has gone, or never was.
            if payload.is_empty() {
                return Some(Ok(()));
            }
            if let Err(why) = self.found.begin(name) {
                return Some(Err(why));
            }
            if let Some(finder) = &self.finder {
                finder.tell(topic);
            }
        }
        self.found.hold(name, payload, retained, received);
        Some(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::monitor::DeviceLog;
    use crate::drivers::mqtt::families::Finds;
    use crate::engine::{Report, TagId};
    use crate::project::{Availability, DataType, Missing, Retained};
    use crate::time::{Mono, Span, Utc};
    use std::time::Duration;
    use tokio::sync::watch;

    const AT: Now = Now { mono: Mono(0), utc: Utc(0) };

    fn source(topic: &str) -> TopicSource {
        TopicSource {
            device: "site".to_owned(),
            topic: topic.to_owned(),
            qos: 0,
            path: None,
            missing: Missing::Bad,
            retained: Retained::Uncertain,
            availability: None,
            time: None,
        }
    }

    fn with_lwt(topic: &str) -> TopicSource {
        let availability =
            Availability { topic: format!("{topic}/lwt"), online: "online".into(), offline: "offline".into() };
        TopicSource { availability: Some(availability), ..source(topic) }
    }

    /// A filter, one tag that was written, and members.
    fn topics(written: &str, members: &[TopicSource]) -> Topics {
        let mut topics = Topics::default();
        topics.listen("site/+/state", 1);
        topics.add(TagId(0), DataType::F64, &source(written));
        for (tag, member) in members.iter().enumerate() {
            topics.add_member(TagId(tag as u32 + 1), DataType::F64, member);
        }
        topics
    }

    struct Line {
        topics: Topics,
        finds: Finds,
        growth: watch::Sender<Option<Arc<Grown>>>,
        generation: u32,
        seconds: i64,
    }

    impl Line {
        fn new(mut topics: Topics) -> Self {
            let (growth, grown) = watch::channel(None);
            let finds = Finds::default();
            topics.grow_by(finds.finder("site".into()), grown);
            Self { topics, finds, growth, generation: 1, seconds: 0 }
        }

        fn message(&mut self, topic: &str, payload: &str, retained: bool) -> Vec<String> {
            self.seconds += 1;
            let at = AT + Span::from_secs(self.seconds);
            let mut reports = Reports::new(Generation(self.generation));
            let log = DeviceLog::default();
            let taken = self.topics.message(topic.as_bytes(), payload.as_bytes(), retained, at, &mut reports, &log);
            taken.unwrap();
            told(&mut reports)
        }

        /// Topics that were found since the last time.
        fn found(&self) -> Vec<String> {
            self.finds.put_back(vec![crate::project::Member { device: "".into(), topic: "".into() }]);
            let found = self.finds.wait(Duration::ZERO).unwrap();
            found.into_iter().skip(1).map(|member| member.topic.to_string()).collect()
        }

        /// What is told when they are tags, and which topics are asked for then.
        fn grow(&mut self, topics: Topics) -> (Vec<String>, Vec<String>) {
            let mut reports = Reports::new(Generation(self.generation));
            self.generation += 1;
            let (generation, device) = (Generation(self.generation), "site".into());
            self.growth.send_replace(Some(Arc::new(Grown { generation, device, topics })));
            let turn = self.topics.grow(AT + Span::from_secs(100), &mut reports);
            assert_eq!(turn.leave, [""; 0]);
            let asked = turn.ask.iter().map(|topic| self.topics.filter(*topic).unwrap().0.to_owned()).collect();
            (told(&mut reports), asked)
        }
    }

    /// `1=7 good @3 of 2`: tag, value, quality, second of receipt, generation.
    fn told(reports: &mut Reports) -> Vec<String> {
        let tell = |report: Report| {
            let (seconds, generation) = (report.received.mono.0 / 1_000_000, report.generation.0);
            report.samples.into_iter().map(move |s| {
                let value = s.value.map_or_else(|| "-".to_owned(), |v| v.to_string());
                format!("{}={value} {} @{seconds} of {generation}", s.tag.0, s.quality)
            })
        };
        reports.take().into_iter().flat_map(tell).collect()
    }

    fn asked(topics: &Topics) -> Vec<&str> {
        topics.order().into_iter().map(|topic| topics.filter(topic).unwrap().0).collect()
    }

    #[test]
    fn a_topic_is_found_once_and_its_newest_message_is_its_first_value() {
        let mut line = Line::new(topics("fixed", &[]));
        assert_eq!(asked(&line.topics), ["site/+/state", "fixed"]);
        assert_eq!(line.message("site/a/state", "1", true), [""; 0]);
        assert_eq!(line.message("site/b/state", "2", true), [""; 0]);
        assert_eq!(line.message("site/a/state", "3", false), [""; 0]);
        assert_eq!(line.message("site/a/state", "1", true), [""; 0], "older than the live one");
        assert_eq!(line.found(), ["site/a/state", "site/b/state"]);
        assert_eq!(line.found(), [""; 0]);
        assert_eq!(line.message("fixed", "9", false), ["0=9 good @5 of 1"]);
        let grown = topics("fixed", &[source("site/a/state"), source("site/b/state")]);
        assert_eq!(asked(&grown), ["site/+/state", "fixed"], "the filter brings them");
        let (told, asked) = line.grow(grown);
        assert_eq!(told, ["1=3 good @3 of 2", "2=2 uncertain:retained @2 of 2"]);
        assert_eq!(asked, [""; 0]);
        assert_eq!(line.message("site/b/state", "4", false), ["2=4 good @6 of 2"]);
        assert_eq!(line.message("fixed", "8", false), ["0=8 good @7 of 2"], "all are of the newer plan now");
        assert_eq!(line.message("site/c/state", "", false), [""; 0]);
        assert_eq!(line.found(), [""; 0], "one that is empty finds nothing");
    }

    #[test]
    fn what_no_filter_brings_was_not_asked_for() {
        let mut line = Line::new(topics("fixed", &[]));
        let mut reports = Reports::new(Generation(1));
        let log = DeviceLog::default();
        for topic in ["site/a/b/state", "other", "$SYS/a/state"] {
            let why = line.topics.message(topic.as_bytes(), b"1", false, AT, &mut reports, &log).unwrap_err();
            assert!(why.contains("was not asked for"), "{why}");
        }
        assert_eq!(line.found(), [""; 0]);
    }

    #[test]
    fn what_was_known_of_senders_and_topics_stays_known() {
        let first = [with_lwt("site/a/state")];
        let mut line = Line::new(topics("fixed", &first));
        assert_eq!(asked(&line.topics), ["site/a/state/lwt", "site/+/state", "fixed"]);
        line.message("site/a/state/lwt", "offline", true);
        assert_eq!(line.message("site/a/state", "1", false), [""; 0], "held");
        line.message("site/b/state", "2", false);
        let both = [with_lwt("site/a/state"), with_lwt("site/b/state")];
        let (told, asked) = line.grow(topics("fixed", &both));
        assert_eq!((told, asked), (vec!["2=2 good @3 of 2".to_owned()], vec!["site/b/state/lwt".to_owned()]));
        assert_eq!(line.message("site/a/state/lwt", "online", false), ["1=1 good @2 of 2"]);
        assert_eq!(line.message("site/b/state/lwt", "offline", true), ["2=- bad:no-communication @5 of 2"]);
    }

    #[test]
    fn a_topic_that_was_written_too_is_found_and_feeds_both() {
        let mut line = Line::new(topics("site/a/state", &[]));
        assert_eq!(line.message("site/a/state", "1", false), ["0=1 good @1 of 1"]);
        assert_eq!(line.message("site/a/state", "2", false), ["0=2 good @2 of 1"]);
        assert_eq!(line.found(), ["site/a/state"]);
        let (told, _) = line.grow(topics("site/a/state", &[source("site/a/state")]));
        assert_eq!(told, ["1=2 good @2 of 2"], "the new tag alone");
        assert_eq!(line.message("site/a/state", "3", false), ["0=3 good @3 of 2", "1=3 good @3 of 2"]);
        assert_eq!(line.found(), [""; 0]);
    }

    #[test]
    fn a_refused_filter_is_a_fault_of_all_that_it_would_bring() {
        let topics = topics("fixed", &[source("site/a/state"), source("site/b/state")]);
        let filter = topics.order()[0];
        let mut reports = Reports::new(Generation(1));
        topics.refused(filter, "", AT, &mut reports);
        assert_eq!(told(&mut reports), ["1=- bad:device-fault @0 of 1", "2=- bad:device-fault @0 of 1"]);
    }

    #[test]
    fn what_is_found_is_bounded_and_what_comes_beyond_is_told() {
        let mut line = Line::new(topics("fixed", &[]));
        for n in 0..20_000 {
            line.message(&format!("site/{n}/state"), "1", false);
        }
        let mut reports = Reports::new(Generation(1));
        let log = DeviceLog::default();
        let why = line.topics.message(b"site/more/state", b"1", false, AT, &mut reports, &log).unwrap_err();
        assert_eq!(&*why, "makes no tag: 20000 other topics that match wait for theirs");
        assert_eq!(line.found().len(), 20_000);
        line.message("site/7/state", "2", false);
        let (told, _) = line.grow(topics("fixed", &[source("site/7/state")]));
        assert_eq!(told, ["1=2 good @20001 of 2"]);
        line.message("site/more/state", "1", false);
        assert_eq!(line.found(), ["site/more/state"], "there is room again");
    }

    #[test]
    fn others_can_be_listened_to_while_the_same_is_found() {
        let few = topics("fixed", &[source("site/a/state")]);
        assert!(few.are_of(&few.clone()));
        let more = topics("fixed", &[source("site/a/state"), source("site/b/state")]);
        assert!(few.can_become(&more) && !few.are_of(&more) && more.can_become(&few));
        assert!(few.can_become(&topics("moved", &[source("site/a/state")])));
        let mut louder = topics("fixed", &[source("site/a/state")]);
        louder.listen("site/+/state", 2);
        assert!(!few.can_become(&louder));
    }

    /// Tags that were written, each of a topic, by their numbers.
    fn written(tags: &[(u32, &str)]) -> Topics {
        let mut topics = Topics::default();
        for (tag, topic) in tags {
            topics.add(TagId(*tag), DataType::F64, &source(topic));
        }
        topics
    }

    #[test]
    fn tags_come_and_go_while_those_beside_them_stay() {
        let mut line = Line::new(written(&[(0, "a"), (1, "b"), (2, "c")]));
        assert_eq!(line.message("a", "1", false), ["0=1 good @1 of 1"]);
        line.message("c", "3", true);
        let turn = |line: &mut Line, topics: Topics| {
            line.generation += 1;
            let (generation, device) = (Generation(line.generation), "east".into());
            line.growth.send_replace(Some(Arc::new(Grown { generation, device, topics })));
            let mut reports = Reports::new(Generation(line.generation - 1));
            let Turn { ask, leave } = line.topics.grow(AT, &mut reports);
            assert_eq!(told(&mut reports), [""; 0]);
            let name = |topic| line.topics.filter(topic).unwrap().0.to_owned();
            (ask.into_iter().map(name).collect::<Vec<_>>().join(" "), leave.join(" "))
        };
        // b goes, d comes, and a tag more is read from c and from a.
        let others = written(&[(0, "a"), (2, "c"), (3, "d"), (4, "c"), (5, "a")]);
        assert_eq!(turn(&mut line, others), ("a c d".to_owned(), "b".to_owned()));
        assert_eq!(line.message("b", "2", false), [""; 0], "on its way when it was let go: no fault");
        // Asked again, the broker says once more what it keeps.
        assert_eq!(line.message("c", "3", true), ["4=3 uncertain:retained @4 of 2"], "news for the new tag alone");
        assert_eq!(line.message("a", "1", true), ["5=1 uncertain:retained @5 of 2"]);
        assert_eq!(line.message("a", "1", true), [""; 0], "older than what is known");
        assert_eq!(line.message("a", "9", false), ["0=9 good @7 of 2", "5=9 good @7 of 2"]);
        assert_eq!(line.message("d", "7", false), ["3=7 good @8 of 2"]);
        // And back.
        let back = written(&[(0, "a"), (2, "c"), (6, "b")]);
        assert_eq!(turn(&mut line, back), ("b".to_owned(), "d".to_owned()));
        assert_eq!(line.message("b", "2", true), ["6=2 uncertain:retained @9 of 3"]);
        assert_eq!(line.message("a", "8", false), ["0=8 good @10 of 3"]);
        assert_eq!(asked(&line.topics), ["a", "b", "c"]);
        assert_eq!(line.topics.len(), 3);
    }

    #[test]
    fn a_sender_that_was_said_to_be_offline_still_is_for_who_stays() {
        let of = |tags: &[(u32, &str)]| {
            let mut topics = Topics::default();
            for (tag, topic) in tags {
                topics.add(TagId(*tag), DataType::F64, &with_lwt(topic));
            }
            topics
        };
        let mut line = Line::new(of(&[(0, "a"), (1, "b")]));
        line.message("b/lwt", "offline", true);
        let growth = Grown { generation: Generation(2), device: "site".into(), topics: of(&[(1, "b")]) };
        line.growth.send_replace(Some(Arc::new(growth)));
        let turn = line.topics.grow(AT, &mut Reports::new(Generation(1)));
        line.generation = 2;
        assert_eq!(turn, Turn { ask: vec![], leave: vec!["a".to_owned(), "a/lwt".to_owned()] });
        assert_eq!(line.message("b", "1", false), [""; 0], "held");
        assert_eq!(line.message("b/lwt", "online", false), ["1=1 good @2 of 2"]);
    }
}

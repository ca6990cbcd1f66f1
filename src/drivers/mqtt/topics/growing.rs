//! Topics with wildcards: what they bring is found, and feeds tags from then on, while the connection stands.

use super::super::families::{Finder, Grown, Growth};
use super::{Reports, Topics};
use crate::engine::{Generation, Quality, Sample};
use crate::project::TopicSource;
use crate::project::family::captures;
use crate::time::Now;
use std::sync::Arc;

impl Topics {
    /// Adds a topic with wildcards. To be added before the tags are, so that it keeps its number while they grow.
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

    /// Whether these can become others while the connection stands: those have all that these have, and more behind it.
    pub fn can_become(&self, other: &Self) -> bool {
        other.made_of.starts_with(&self.made_of) && self.listens_as(other)
    }

    fn listens_as(&self, other: &Self) -> bool {
        let filters = |topics: &Self| -> Vec<(Arc<str>, u8)> {
            topics
                .filters
                .iter()
                .map(|index| (Arc::clone(&topics.list[*index].filter), topics.list[*index].qos))
                .collect()
        };
        filters(self) == filters(other)
    }

    /// Of which generation the plan is that these are of, where they have grown since the connection began.
    pub const fn generation(&self) -> Option<Generation> {
        self.generation
    }

    /// What was found and makes no tag, in words, where that was not told yet.
    pub fn told_of_finds(&self) -> Option<Arc<str>> {
        self.finder.as_ref()?.words()
    }

    /// Waits until there are more, which [`Topics::grow`] takes up. May be dropped at any time.
    pub async fn grown(&mut self) {
        let changed = match &mut self.growth {
            Some(growth) => growth.changed().await.is_ok(),
            None => false,
        };
        if !changed {
            std::future::pending::<()>().await;
        }
    }

    /// Becomes what it was told to. What is known of senders and of topics stays known, and the messages that the new ones
    /// were found by are their first values. Gives back the topics that are to be asked for.
    pub fn grow(&mut self, now: Now, reports: &mut Reports) -> Vec<usize> {
        let Some(grown) = self.growth.as_mut().and_then(|growth| growth.borrow_and_update().clone()) else {
            return Vec::new();
        };
        let Grown { generation, topics } = &*grown;
        if !self.can_become(topics) {
            return Vec::new();
        }
        let before = std::mem::replace(self, topics.clone());
        (self.growth, self.finder, self.crowd) = (before.growth, before.finder, before.crowd);
        (self.found, self.places) = (before.found, before.places);
        self.generation = Some(*generation);
        reports.follow(*generation);
        for (sender, before) in self.senders.iter_mut().zip(&before.senders) {
            sender.life = before.life;
        }
        let known = before.list.len();
        let mut fed = Vec::with_capacity(known);
        let mut ask: Vec<usize> = (known..self.list.len()).filter(|index| self.list[*index].asked).collect();
        for (index, (topic, before)) in self.list.iter_mut().zip(before.list).enumerate() {
            fed.push(before.readings.len());
            if topic.asked && !before.asked {
                ask.push(index);
            }
            (topic.live, topic.held, topic.untold, topic.logged) =
                (before.live, before.held, before.untold, before.logged);
        }
        for (tag, why) in self.faults.iter().skip(before.faults.len()) {
            reports.push(now, Sample::bad(*tag, Quality::CONFIGURATION, Some(Arc::clone(why))));
        }
        for index in 0..self.list.len() {
            let filter = Arc::clone(&self.list[index].filter);
            let Some(message) = self.found.take(TopicSource::bare(&filter).as_bytes()) else { continue };
            let from = fed.get(index).copied().unwrap_or(0);
            // What is not understood is told with the next message of the topic.
            let _told = self.feed_readings(index, from, &message.payload, message.retained, message.received, reports);
        }
        ask
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
            self.growth.send_replace(Some(Arc::new(Grown { generation: Generation(self.generation), topics })));
            let asked = self.topics.grow(AT + Span::from_secs(100), &mut reports);
            let asked = asked.iter().map(|topic| self.topics.filter(*topic).unwrap().0.to_owned()).collect();
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
    fn others_than_more_are_no_growth() {
        let few = topics("fixed", &[source("site/a/state")]);
        assert!(few.are_of(&few.clone()) && few.can_become(&few.clone()));
        let more = topics("fixed", &[source("site/a/state"), source("site/b/state")]);
        assert!(few.can_become(&more) && !few.are_of(&more) && !more.can_become(&few));
        assert!(!few.can_become(&topics("moved", &[source("site/a/state")])));
        let mut louder = topics("fixed", &[source("site/a/state")]);
        louder.listen("site/+/state", 2);
        assert!(!few.can_become(&louder));
    }
}

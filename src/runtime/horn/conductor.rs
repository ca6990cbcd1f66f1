//! When which sound is played: the decisions of the horn, with time as an argument.
//!
//! Of what wants to be heard the most urgent priority sounds, at once when it is new and then again and again until nobody
//! waits for it any more. What is more urgent cuts in. A low alarm sounds once.

use crate::engine::Annunciation;
use crate::project::Priority;
use crate::time::{Mono, Span};

/// Between the end of one sound and the beginning of the next, so that two are not heard as one.
const REST: Span = Span::from_millis(300);

/// A sound that nobody could hear is tried again after this, while it still wants to be heard.
const RETRY: Span = Span::from_secs(10);

/// From the beginning of one sound to that of the next of the same priority; `None`: it sounds once.
const fn interval(priority: Priority) -> Option<Span> {
    match priority {
        Priority::Critical => Some(Span::from_secs(4)),
        Priority::High => Some(Span::from_secs(10)),
        Priority::Medium => Some(Span::from_secs(30)),
        Priority::Low => None,
    }
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing, before this instant unless something changes.
    Wait(Option<Mono>),
    /// Play the sound of this priority.
    Start(Priority),
    /// Stop the sound that plays, and ask again.
    Stop,
}

/// What was heard, and what is heard now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conductor {
    /// By priority: the newest alarm that a sound was played for.
    heard: [Option<Mono>; 4],
    /// By priority: when its sound last began.
    began: [Option<Mono>; 4],
    playing: Option<Priority>,
    rest_until: Option<Mono>,
    /// The last sound could not be heard.
    retry: Option<Mono>,
}

impl Conductor {
    /// What is to be done at `now` for what wants to be heard. A start that is told is taken as begun.
    pub fn next(&mut self, now: Mono, wanted: &Annunciation) -> Step {
        let urgent = wanted.most_urgent();
        if let Some(playing) = self.playing {
            if urgent != Some(playing) {
                return Step::Stop;
            }
            // What comes while its priority sounds is heard with it.
            self.hear(playing, wanted);
            return Step::Wait(None);
        }
        let Some(urgent) = urgent else { return Step::Wait(None) };
        match self.due(urgent, wanted) {
            Some(due) if due <= now => {
                self.hear(urgent, wanted);
                self.began[urgent as usize] = Some(now);
                self.playing = Some(urgent);
                Step::Start(urgent)
            }
            due => Step::Wait(due),
        }
    }

    /// The sound ended by itself and was heard.
    pub fn ended(&mut self, now: Mono) {
        self.playing = None;
        self.rest_until = Some(now + REST);
        self.retry = None;
    }

    /// The sound was stopped.
    pub const fn stopped(&mut self) {
        self.playing = None;
    }

    /// The sound could not be heard.
    pub fn failed(&mut self, now: Mono) {
        self.playing = None;
        self.rest_until = Some(now + REST);
        self.retry = Some(now + RETRY);
    }

    /// A sound can be played again, as another one has shown: what could not be heard is due now.
    pub fn can_play(&mut self, now: Mono) {
        self.retry = self.retry.map(|retry| retry.min(now));
    }

    /// The priority that sounds now.
    pub const fn playing(&self) -> Option<Priority> {
        self.playing
    }

    fn hear(&mut self, priority: Priority, wanted: &Annunciation) {
        let heard = &mut self.heard[priority as usize];
        *heard = (*heard).max(wanted.newest[priority as usize]);
    }

    /// When the sound of a priority is due; `None`: never, as things are.
    fn due(&self, priority: Priority, wanted: &Annunciation) -> Option<Mono> {
        let slot = priority as usize;
        let rest = self.rest_until.unwrap_or(Mono(i64::MIN));
        if wanted.newest[slot] > self.heard[slot] {
            return Some(rest);
        }
        if self.retry.is_some() {
            return self.retry;
        }
        let again = self.began[slot].unwrap_or(Mono(i64::MIN / 2)) + interval(priority)?;
        Some(again.max(rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Priority::{Critical, High, Low, Medium};
    use std::fmt::Write as _;

    /// A horn whose sounds take a second, in virtual time: what was told when.
    struct Play {
        conductor: Conductor,
        wanted: Annunciation,
        now: Mono,
        ends: Option<Mono>,
        works: bool,
        told: String,
    }

    fn at(seconds: f64) -> Mono {
        Mono((seconds * 1e6) as i64)
    }

    impl Play {
        fn new() -> Self {
            let (conductor, wanted) = (Conductor::default(), Annunciation::default());
            Self { conductor, wanted, now: at(0.0), ends: None, works: true, told: String::new() }
        }

        /// Runs to an instant.
        fn to(&mut self, second: f64) -> &mut Self {
            loop {
                let wait = match self.conductor.next(self.now, &self.wanted) {
                    Step::Start(priority) => {
                        self.say(priority.word());
                        self.ends = Some(self.now + Span::from_secs(1));
                        continue;
                    }
                    Step::Stop => {
                        self.say("stop");
                        self.conductor.stopped();
                        self.ends = None;
                        continue;
                    }
                    Step::Wait(until) => until,
                };
                assert!(wait.is_none_or(|until| until > self.now), "it waits for what is past");
                let next = [wait, self.ends].into_iter().flatten().min().filter(|next| *next <= at(second));
                let Some(next) = next else { break };
                self.now = next;
                if self.ends == Some(next) {
                    self.ends = None;
                    if self.works {
                        self.conductor.ended(next);
                    } else {
                        self.conductor.failed(next);
                    }
                }
            }
            self.now = at(second);
            self
        }

        fn say(&mut self, what: &str) {
            let seconds = self.now.0 as f64 / 1e6;
            let gap = if self.told.is_empty() { "" } else { ", " };
            write!(self.told, "{gap}{seconds} {what}").unwrap();
        }

        fn raise(&mut self, priority: Priority) -> &mut Self {
            self.wanted.newest[priority as usize] = Some(self.now);
            self
        }

        fn seen(&mut self, priority: Priority) -> &mut Self {
            self.wanted.newest[priority as usize] = None;
            self
        }

        fn told(&mut self, second: f64) -> String {
            self.to(second);
            std::mem::take(&mut self.told)
        }
    }

    #[test]
    fn each_priority_sounds_at_once_and_again_in_its_own_time_and_a_low_one_once() {
        for (priority, told) in [
            (Critical, "1 critical, 5 critical, 9 critical, 13 critical, 17 critical"),
            (High, "1 high, 11 high"),
            (Medium, "1 medium"),
            (Low, "1 low"),
        ] {
            let mut play = Play::new();
            assert_eq!(play.to(1.0).raise(priority).told(20.0), told);
        }
        let mut play = Play::new();
        assert_eq!(play.to(1.0).raise(Medium).told(61.5), "1 medium, 31 medium, 61 medium");
    }

    #[test]
    fn what_is_more_urgent_cuts_in_and_what_it_pushed_aside_comes_back_when_it_was_seen() {
        let mut play = Play::new();
        play.to(1.0).raise(Medium).to(1.5).raise(Critical).to(7.0).seen(Critical);
        assert_eq!(play.told(40.0), "1 medium, 1.5 stop, 1.5 critical, 5.5 critical, 31 medium");
    }

    #[test]
    fn silence_and_acknowledgement_stop_it_in_the_middle_and_the_next_new_alarm_sounds_at_once() {
        let mut play = Play::new();
        play.to(1.0).raise(Critical).to(1.4).seen(Critical);
        assert_eq!(play.told(30.0), "1 critical, 1.4 stop");
        assert_eq!(play.raise(Critical).told(31.0), "30 critical");
    }

    #[test]
    fn a_new_alarm_of_the_same_priority_is_heard_within_the_second() {
        let mut play = Play::new();
        play.to(1.0).raise(High).to(1.5).raise(High).to(6.0).raise(High);
        assert_eq!(play.told(15.0), "1 high, 6 high", "the second came while it sounded");
        // Just after the end of a sound: after a short rest, so that it is heard as a new one.
        play.to(17.05).raise(High);
        assert_eq!(play.told(18.0), "16 high, 17.3 high");
    }

    #[test]
    fn a_thousand_alarms_a_second_sound_at_once_and_without_pause_and_never_two_at_a_time() {
        let mut play = Play::new();
        for millis in 1_000..4_000 {
            play.to(f64::from(millis) / 1e3).raise(High);
        }
        assert_eq!(play.told(4.5), "1 high, 2.3 high, 3.6 high");
    }

    #[test]
    fn what_could_not_be_heard_is_tried_again_even_a_low_one_and_a_new_one_at_once() {
        let mut play = Play::new();
        play.works = false;
        assert_eq!(play.to(1.0).raise(Low).told(30.0), "1 low, 12 low, 23 low");
        play.raise(Low).to(30.5);
        play.works = true;
        assert_eq!(play.told(90.0), "30 low");
        play.works = false;
        assert_eq!(play.raise(Critical).told(102.0), "90 critical, 101 critical");
        play.works = true;
        assert_eq!(play.told(110.0), "", "its own pace counts again when it was heard");
        assert_eq!(play.told(121.0), "112 critical, 116 critical, 120 critical");
    }

    #[test]
    fn a_horn_that_was_mended_sounds_at_once_for_what_could_not_be_heard() {
        for priority in [Critical, Low] {
            let mut play = Play::new();
            play.works = false;
            play.to(1.0).raise(priority).to(4.0);
            play.works = true;
            play.conductor.can_play(at(4.0));
            assert_eq!(play.told(7.0), format!("1 {0}, 4 {0}", priority.word()));
        }
    }

    #[test]
    fn a_silenced_critical_alarm_that_wants_to_be_heard_again_is() {
        let mut play = Play::new();
        play.to(1.0).raise(Critical).to(2.5);
        let newest = play.wanted;
        play.seen(Critical).to(301.0);
        play.wanted = newest;
        assert_eq!(play.told(306.0), "1 critical, 301 critical, 305 critical");
    }
}

//! The examples that the program brings along: the files of `projects/`, each to be copied and made one's own.

/// The project of the demo plant.
pub const DEMO: &str = include_str!("../../../projects/demo.toml");

/// A project to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// Its word on the command line, and the name of its file.
    pub id: &'static str,
    /// What it is.
    pub title: &'static str,
    /// What it shows, in two lines.
    pub words: [&'static str; 2],
    /// The file.
    pub text: &'static str,
    /// What lies beside it: the name of each file, and what stands in it.
    pub beside: &'static [(&'static str, &'static str)],
}

macro_rules! beside {
    ($($name:literal),*) => { &[$(($name, include_str!(concat!("../../../projects/", $name)))),*] };
}

/// All of them.
pub const EXAMPLES: [Example; 5] = [
    Example {
        id: "meter",
        title: "Energy meter",
        words: [
            "A three-phase meter with its real registers: voltages, currents, power, energy, and the alarms that they want",
            "Put in the address of your own gateway; a scenario proves its alarms",
        ],
        text: include_str!("../../../projects/meter.toml"),
        beside: beside!("meter.rehearsal.csv"),
    },
    Example {
        id: "pump",
        title: "Pump and heater",
        words: [
            "Alarms that know the state of the plant: limits by state, a rate, a deviation, what is suppressed when",
            "Three scenarios beside it prove them",
        ],
        text: include_str!("../../../projects/pump.toml"),
        beside: beside!("pump.rehearsal.csv", "pump.stop.rehearsal.csv", "pump.trip.rehearsal.csv"),
    },
    Example {
        id: "zigbee2mqtt",
        title: "Zigbee sensors",
        words: [
            "Cold store, doors and a socket behind Zigbee2MQTT, with what a battery sensor needs: patience and availability",
            "Put in the address of your own broker, and your topics",
        ],
        text: include_str!("../../../projects/zigbee2mqtt.toml"),
        beside: &[],
    },
    Example {
        id: "wells",
        title: "Well field",
        words: [
            "Many of a kind from one definition: a template of tags, alarms and panels, and a line for each well",
            "In the editor its wells are the rows of Uses",
        ],
        text: include_str!("../../../projects/wells.toml"),
        beside: &[],
    },
    Example {
        id: "demo",
        title: "Pumping station",
        words: [
            "The demo plant: two controllers and a broker, every kind of panel and of alarm, a mimic and templates",
            "Its devices are served by the command watchkeeper demo, or look at it by Open the demo plant",
        ],
        text: DEMO,
        beside: beside!("pumping.svg"),
    },
];

impl Example {
    /// The one of this word.
    pub fn named(id: &str) -> Option<&'static Self> {
        EXAMPLES.iter().find(|example| example.id.eq_ignore_ascii_case(id))
    }

    /// Its text for a file of this name: what names the file in its comments is right there, too.
    pub fn copy(&self, file: &str) -> String {
        let own = format!("projects/{}.toml", self.id);
        let lines = self.text.lines().filter(|line| !line.starts_with("#:schema "));
        let mut copy = String::with_capacity(self.text.len());
        for line in lines {
            if line.starts_with('#') {
                copy.push_str(&line.replace(&own, file).replace("projects/", ""));
            } else {
                copy.push_str(line);
            }
            copy.push('\n');
        }
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::file;

    #[test]
    fn a_copy_of_an_example_says_what_the_example_says_and_its_comments_name_the_copy() {
        for example in EXAMPLES {
            let copy = example.copy("mine.toml");
            let (project, issues) = file::read(copy.as_bytes());
            assert!(issues.is_empty(), "{}: {issues:?}", example.id);
            assert_eq!(project.tags.len(), file::read(example.text.as_bytes()).0.tags.len());
            assert!(!copy.contains("projects/") && !copy.contains("#:schema"), "{}", example.id);
            assert!(example.words.iter().all(|line| line.len() < 130));
        }
        assert!(
            Example::named("Pump")
                .unwrap()
                .copy("p.toml")
                .contains("#   watchkeeper rehearse p.toml pump.rehearsal.csv")
        );
    }
}

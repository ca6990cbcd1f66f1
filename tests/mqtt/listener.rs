//! A driver that runs against a broker, and what it reports.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use watchkeeper::drivers::monitor::Monitor;
use watchkeeper::drivers::mqtt::topics::Topics;
use watchkeeper::drivers::mqtt::{self, Connection};
use watchkeeper::drivers::{Field, INPUT_QUEUE};
use watchkeeper::engine::{DeviceId, DeviceStatus, Generation, Input, LinkState, Sample, TagId};
use watchkeeper::project::{DataType, Missing, MqttSettings, MqttVersion, Project, Retained, TopicSource};
use watchkeeper::time::Span;

use super::clock::clock;

/// Longest wait for what has to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// Settings for a broker on loopback.
pub fn settings(port: u16) -> MqttSettings {
    MqttSettings {
        host: "127.0.0.1".to_owned(),
        port,
        tls: None,
        version: MqttVersion::V3,
        websocket: None,
        client_id: None,
        user: None,
        password_secret: None,
        keep_alive: Span::from_secs(10),
        max_packet_bytes: 1 << 20,
        status_topic: None,
    }
}

/// A plain numeric topic.
pub fn topic(name: &str) -> TopicSource {
    TopicSource {
        device: "site".to_owned(),
        topic: name.to_owned(),
        qos: 0,
        path: None,
        missing: Missing::Bad,
        retained: Retained::Uncertain,
        availability: None,
        time: None,
    }
}

/// A JSON topic.
pub fn json(name: &str, path: &str) -> TopicSource {
    TopicSource { path: Some(path.to_owned()), ..topic(name) }
}

/// A connection with one `f64` tag for each source, numbered in order.
pub fn connection(settings: MqttSettings, sources: &[TopicSource]) -> Connection {
    let mut topics = Topics::default();
    for (tag, source) in sources.iter().enumerate() {
        topics.add(TagId(tag as u32), DataType::F64, source);
    }
    Connection::new(DeviceId(0), "site".into(), settings, topics, &Project::default())
}

/// A running driver. Dropped, it is aborted, as `runtime` does.
pub struct Driver {
    /// What was said with the broker.
    pub monitor: Monitor,
    inputs: mpsc::Receiver<Input>,
    /// `None`: left to end by itself.
    task: Option<JoinHandle<()>>,
    samples: HashMap<TagId, VecDeque<Sample>>,
    links: VecDeque<DeviceStatus>,
}

impl Driver {
    /// Runs a connection.
    pub fn start(connection: Connection) -> Self {
        let (sender, inputs) = mpsc::channel(INPUT_QUEUE);
        let monitor = Monitor::default();
        let field = Field { inputs: sender, clock: clock(), generation: Generation(1), monitor: monitor.clone() };
        let task = tokio::spawn(mqtt::run(connection, field));
        Self { monitor, inputs, task: Some(task), samples: HashMap::new(), links: VecDeque::new() }
    }

    /// The plant stops: what the driver does then is up to it.
    pub fn close(mut self) -> JoinHandle<()> {
        self.inputs.close();
        self.task.take().unwrap()
    }

    /// The next sample of a tag.
    pub async fn sample(&mut self, tag: u32) -> Sample {
        loop {
            if let Some(sample) = self.samples.get_mut(&TagId(tag)).and_then(VecDeque::pop_front) {
                return sample;
            }
            self.receive(&format!("a sample of tag {tag}")).await;
        }
    }

    /// The next sample of a tag as `21.5 good`, or `- bad:payload: why`.
    pub async fn told(&mut self, tag: u32) -> String {
        let sample = self.sample(tag).await;
        match (sample.value, sample.detail) {
            (Some(value), _) => format!("{value} {}", sample.quality),
            (None, Some(why)) => format!("- {}: {why}", sample.quality),
            (None, None) => format!("- {}", sample.quality),
        }
    }

    /// The next link report that is as wanted.
    pub async fn link(&mut self, what: &str, wanted: impl Fn(&DeviceStatus) -> bool) -> DeviceStatus {
        loop {
            while let Some(link) = self.links.pop_front() {
                if wanted(&link) {
                    return link;
                }
            }
            self.receive(what).await;
        }
    }

    /// The link comes up.
    pub async fn connected(&mut self) -> DeviceStatus {
        self.link("a connection", |link| link.state == LinkState::Connected).await
    }

    /// The link is lost: why.
    pub async fn lost(&mut self) -> String {
        let link = self.link("a lost link", |link| matches!(link.state, LinkState::NoAnswer(_))).await;
        let LinkState::NoAnswer(why) = link.state else { panic!("{link:?}") };
        assert_eq!(link.last_error.as_ref(), Some(&why));
        why.to_string()
    }

    async fn receive(&mut self, what: &str) {
        let input = tokio::time::timeout(PATIENCE, self.inputs.recv()).await;
        match input.unwrap_or_else(|_| panic!("{what} did not come within {PATIENCE:?}")) {
            Some(Input::Report(report)) => {
                assert_eq!(report.generation, Generation(1));
                for sample in report.samples {
                    self.samples.entry(sample.tag).or_default().push_back(sample);
                }
            }
            Some(Input::Link { status, .. }) => self.links.push_back(*status),
            other => panic!("{other:?} instead of {what}"),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

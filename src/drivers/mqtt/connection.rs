//! One connection to a broker for each MQTT device: made, kept, made anew.
//!
//! Each attempt gets a client of its own, so that nothing of a lost connection lives on in the library (its known
//! livelocks after a lost session all hang on state that was carried over).
//! Invariant: at the first error the link is `NoAnswer` with its reason; the topics are subscribed on every connection.

use super::backoff::{Attempt, Backoff};
use super::last_words::LastWords;
use super::library::Library;
use super::session::{self, End, OFFLINE};
use super::socket::{self, Line, Lookup, Road};
use super::status::Status;
use super::subscriptions;
use super::topics::{Reports, Topics};
use super::v3::V3;
use super::v5::V5;
use super::websocket::Target;
use crate::drivers::Field;
use crate::drivers::stream::{Tap, TapLimits};
use crate::drivers::tls::{self, Tls};
use crate::engine::plan::SourcePlan;
use crate::engine::{DeviceId, LinkState, Plan, TagId};
use crate::project::{Endpoint, MqttSettings, MqttVersion, Project};
use crate::secrets::{self, Secret};
use crate::time::{Clock, Span};
use sha2::{Digest as _, Sha256};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Raw bytes kept of a connection.
const KEPT: TapLimits = TapLimits { frames: 32, frame_bytes: 2048 };

/// Messages of ours that may wait for their acknowledgement; there is one at a time. The library looks through as many places
/// with every batch that it reads, and left to itself through 65,535.
const IN_FLIGHT: u16 = 100;

/// Room for what we send, whatever `max-packet` says of what we take: eight topics of the longest kind.
const LONGEST_SENT: usize = 1 << 20;

/// A client of the version that the settings name.
#[derive(Debug)]
pub enum Client {
    /// Of 3.1.1.
    V3(Box<V3>),
    /// Of 5.
    V5(Box<V5>),
}

/// What one device's task runs on.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The device.
    pub device: DeviceId,
    /// Its name.
    pub name: Arc<str>,
    /// Host, user, limits.
    pub settings: MqttSettings,
    /// What it listens to.
    pub topics: Topics,
    /// Added to the client id, so that `values` can stand beside `run`; `None`: as the project says.
    pub client_id_suffix: Option<String>,
    /// Where a secret's value comes from, by its name, or why there is none: [`secrets::find`] but in tests.
    pub secrets: fn(&str) -> Result<Secret, String>,
    /// Where the addresses of its host come from: [`socket::ask_system`] but in tests.
    pub lookup: Lookup,
    /// Over TLS; `None`: in the clear.
    pub tls: Option<Tls>,
    /// What a client id is made from where none is written: the project and where it lies.
    pub origin: String,
}

/// One connection for each MQTT device of a plan.
pub fn connections(plan: &Plan) -> Vec<Connection> {
    let mqtt = |(index, device): (usize, &crate::engine::plan::DevicePlan)| {
        let Endpoint::Mqtt(settings) = &device.device.endpoint else { return None };
        let mut topics = Topics::default();
        let families = plan.project.families.iter().filter_map(|family| family.source());
        for source in families.filter(|source| source.device.eq_ignore_ascii_case(&device.name)) {
            topics.listen(&source.topic, source.qos);
        }
        let mut tags: Vec<(TagId, TagId)> = device.tags.iter().map(|id| (plan.tag_number(*id), *id)).collect();
        // Where they stand in the file is of no account.
        tags.sort_unstable();
        for (number, id) in tags {
            let Some(tag) = plan.tag(id) else { continue };
            match &tag.source {
                SourcePlan::Topic { source, .. } if plan.is_found(id) => {
                    topics.add_member(number, tag.tag.data_type, source);
                }
                SourcePlan::Topic { source, .. } => topics.add(number, tag.tag.data_type, source),
                _ => {}
            }
        }
        let (id, name) = (plan.device_number(DeviceId(index as u32)), Arc::clone(&device.name));
        Some(Connection::new(id, name, settings.clone(), topics, &plan.project))
    };
    plan.devices.iter().enumerate().filter_map(mqtt).collect()
}

impl Connection {
    /// A connection of a project's device.
    pub fn new(device: DeviceId, name: Arc<str>, settings: MqttSettings, topics: Topics, project: &Project) -> Self {
        let path = project.path.as_ref().map(|p| p.display().to_string()).unwrap_or_default();
        let origin = format!("{}\0{path}", project.name);
        let (secrets, lookup) = (secrets::find, socket::ask_system);
        let folder = tls::files::folder(project);
        let tls = settings.tls.clone().map(|settings| Tls::new(settings, folder, tls::Peer::Broker));
        Self { device, name, settings, topics, client_id_suffix: None, secrets, lookup, tls, origin }
    }

    /// Whether another listens to the same for the same tags, in the same way.
    pub fn does_the_same(&self, other: &Self) -> bool {
        self.is_made_like(other) && self.topics.are_of(&other.topics) && self.name == other.name
    }

    /// Whether this one can become the other while it stands.
    pub fn can_become(&self, other: &Self) -> bool {
        self.is_made_like(other) && self.topics.can_become(&other.topics)
    }

    fn is_made_like(&self, other: &Self) -> bool {
        let named = |c: &Self| (Arc::clone(&c.name), c.origin.clone());
        let bound = |c: &Self| c.is_bound_to_names().is_some();
        let same_names = !bound(self) && !bound(other) || named(self) == named(other);
        same_names
            && (self.device, &self.client_id_suffix) == (other.device, &other.client_id_suffix)
            && self.settings == other.settings
    }

    /// Why the connection itself hangs on what device and project are called: under other names it has to be another.
    pub fn is_bound_to_names(&self) -> Option<&'static str> {
        match (&self.settings.client_id, self.topics.listens()) {
            (None, _) => Some("from which its client id is made"),
            (Some(_), true) => Some("under which topics are found"),
            (Some(_), false) => None,
        }
    }

    /// The client id: as written, or made from project, device and computer and so the same at every start. 23 letters
    /// and digits, which every broker has to take (MQTT 3.1.1, 3.1.3.1).
    pub fn client_id(&self) -> String {
        let suffix = self.client_id_suffix.as_deref().unwrap_or_default();
        if let Some(written) = &self.settings.client_id {
            return if suffix.is_empty() { written.clone() } else { format!("{written}-{suffix}") };
        }
        let computer = whoami::hostname().unwrap_or_default();
        let all = format!("{}\0{}\0{computer}\0{suffix}", self.origin, self.name);
        let digest = Sha256::digest(all.as_bytes());
        digest.iter().take(6).fold("watchkeeper".to_owned(), |id, byte| format!("{id}{byte:02x}"))
    }

    /// Makes the road to the broker, anew for each attempt.
    fn roads(&self, wires: &Wires) -> impl Fn() -> Opening + Send + Sync + 'static {
        let (host, port, lookup) = (self.settings.host.clone(), self.settings.port, self.lookup);
        let (tls, wires) = (self.tls.clone(), wires.clone());
        let target = self.settings.websocket.as_deref().map(|path| Target {
            authority: if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") },
            path: path.to_owned(),
            max_packet_bytes: self.settings.max_packet_bytes,
        });
        move || {
            let (host, target, tls, wires) = (host.clone(), target.clone(), tls.clone(), wires.clone());
            Box::pin(async move {
                wires.unreached.store(true, Ordering::Relaxed);
                let socket = socket::connect(lookup, &host, port).await?;
                wires.unreached.store(false, Ordering::Relaxed);
                let mut road = Road::over(socket, &host, tls.as_ref().map(|tls| (tls, &wires.clock))).await?;
                if let Some(target) = &target {
                    road = road.web(target).await?;
                }
                Ok(Line::new(road, wires.tap, wires.breathe))
            })
        }
    }

    /// Seconds; the library's timer counts whole ones, and zero would turn it off.
    fn keep_alive_secs(&self) -> u16 {
        let secs = self.settings.keep_alive.0.saturating_add(999_999) / 1_000_000;
        secs.clamp(1, u16::MAX.into()) as u16
    }

    /// Where this program says whether it is there. `values` beside `run` says nothing: it is not the plant.
    fn status_topic(&self) -> Option<&str> {
        self.settings.status_topic.as_deref().filter(|_| self.client_id_suffix.is_none())
    }

    /// Whether it has something to say when the plant stops.
    pub fn has_farewell(&self) -> bool {
        self.status_topic().is_some()
    }

    fn v3(&self, password: Option<&Secret>, wires: &Wires) -> Result<V3, String> {
        let settings = &self.settings;
        let broker = rumqttc::Broker::tcp(settings.host.clone(), settings.port);
        let mut options = rumqttc::MqttOptions::new(self.client_id(), broker);
        let most = settings.max_packet_bytes.max(1) as usize;
        options
            .set_keep_alive(self.keep_alive_secs())
            .set_max_packet_size(most, most.max(LONGEST_SENT))
            .set_read_batch_size(session::BATCH)
            .set_request_channel_capacity(subscriptions::REQUESTS);
        match (&settings.user, password) {
            (Some(user), Some(password)) => options.set_credentials(user, password.expose().to_owned()),
            (Some(user), None) => options.set_username(user),
            // MQTT 3.1.1, 3.1.2.9.
            (None, Some(_)) => return Err("a password is written and no user".to_owned()),
            (None, None) => &mut options,
        };
        if let Some(topic) = self.status_topic() {
            options.set_last_will(rumqttc::LastWill::new(topic, OFFLINE, rumqttc::QoS::AtLeastOnce, true));
        }
        let roads = self.roads(wires);
        options.set_socket_connector(move |_, _| roads());
        V3::new(options)
    }

    fn v5(&self, password: Option<&Secret>, wires: &Wires) -> Result<V5, String> {
        let settings = &self.settings;
        let broker = rumqttc_v5::Broker::tcp(settings.host.clone(), settings.port);
        let mut options = rumqttc_v5::MqttOptions::new(self.client_id(), broker);
        let most = settings.max_packet_bytes.max(1);
        options
            .set_keep_alive(self.keep_alive_secs())
            .set_outgoing_inflight_upper_limit(IN_FLIGHT)
            .set_max_packet_size(Some(most))
            .set_read_batch_size(session::BATCH)
            .set_request_channel_capacity(subscriptions::REQUESTS);
        match (&settings.user, password) {
            (Some(user), Some(password)) => options.set_credentials(user, password.expose().to_owned()),
            (Some(user), None) => options.set_username(user),
            (None, Some(password)) => options.set_password(password.expose().to_owned()),
            (None, None) => &mut options,
        };
        if let Some(topic) = self.status_topic() {
            options.set_last_will(rumqttc_v5::LastWill::new(topic, OFFLINE, rumqttc_v5::QoS::AtLeastOnce, true, None));
        }
        let roads = self.roads(wires);
        options.set_socket_connector(move |_, _| {
            let road = roads();
            async move { Ok(LastWords::new(road.await?, most)) }
        });
        V5::new(options)
    }

    /// The password, read anew for each connection: one that was set or changed meanwhile counts.
    ///
    /// # Errors
    /// There is none under its name, in words.
    pub async fn password(&self) -> Result<Option<Secret>, String> {
        let Some(name) = self.settings.password_secret.clone() else { return Ok(None) };
        let secrets = self.secrets;
        // A disk or a key store may take its time.
        tokio::task::spawn_blocking(move || secrets(&name)).await.map_err(|e| e.to_string())?.map(Some)
    }

    /// One connection, until it is lost.
    async fn serve(&mut self, field: &Field, wires: &Wires, status: &mut Status) -> End {
        // A secret that is not set may be by the next attempt.
        match self.password().await.and_then(|password| self.made(password.as_ref(), wires)) {
            Ok(Client::V3(library)) => self.session(*library, field, wires, status).await,
            Ok(Client::V5(library)) => self.session(*library, field, wires, status).await,
            Err(why) => End::Lost { why, held: Span::ZERO },
        }
    }

    fn made(&self, password: Option<&Secret>, wires: &Wires) -> Result<Client, String> {
        Ok(match self.settings.version {
            MqttVersion::V3 => Client::V3(Box::new(self.v3(password, wires)?)),
            MqttVersion::V5 => Client::V5(Box::new(self.v5(password, wires)?)),
        })
    }

    /// A client that has not connected yet, made with all that the settings say, for who listens without a plant.
    ///
    /// # Errors
    /// The settings do not go together; in words.
    pub fn client(&self, password: Option<&Secret>, clock: &Clock) -> Result<Client, String> {
        let tap = Tap::new(clock.clone(), TapLimits { frames: 2, frame_bytes: 256 });
        self.made(password, &Wires::new(clock.clone(), tap))
    }

    async fn session(&mut self, library: impl Library, field: &Field, wires: &Wires, status: &mut Status) -> End {
        let status_topic = self.status_topic().map(str::to_owned);
        let Self { name, settings, topics, tls, .. } = self;
        let (tls, status_topic) = (tls.as_ref(), status_topic.as_deref());
        let session =
            session::Session::new(Arc::clone(name), library, field, &wires.breathe, settings, tls, status_topic);
        session.run(topics, status).await
    }
}

/// What stays of one connection for the next.
#[derive(Debug, Clone)]
struct Wires {
    clock: Clock,
    tap: Arc<Tap>,
    breathe: Arc<AtomicBool>,
    /// The attempt that is under way has found nobody to connect to, so far.
    unreached: Arc<AtomicBool>,
}

impl Wires {
    fn new(clock: Clock, tap: Arc<Tap>) -> Self {
        Self { clock, tap, breathe: Arc::default(), unreached: Arc::default() }
    }
}

/// A connection that is being made.
type Opening = Pin<Box<dyn Future<Output = io::Result<Line>> + Send>>;

/// Keeps one connection until the plant is gone. May be dropped at any await.
pub async fn run(mut connection: Connection, field: Field) {
    let tap = Tap::new(field.clock.clone(), KEPT);
    tap.trace_to(field.monitor.trace());
    let wires = Wires::new(field.clock.clone(), Arc::clone(&tap));
    let seen = connection.tls.as_ref().map(|tls| Arc::clone(&tls.seen));
    let mut status = Status::new(connection.device, field.clone(), tap, seen);
    let mut faults = Reports::new(field.generation);
    connection.topics.tell_faults(field.clock.now(), &mut faults);
    if !(status.enter(LinkState::Connecting).await && session::hand_on(&mut faults, &field).await) {
        return;
    }
    let mut backoff = Backoff::default();
    loop {
        let began = field.clock.now().mono;
        wires.unreached.store(false, Ordering::Relaxed);
        // Once a connection, and as large as a session of either version.
        let serving = Box::pin(connection.serve(&field, &wires, &mut status));
        let End::Lost { why, held } = serving.await else { return };
        if held == Span::ZERO {
            status.forget_sign_in();
        }
        if let Some(name) = connection.topics.called() {
            connection.name = name;
        }
        let took = field.clock.now().mono - began;
        let wait = backoff.after(Attempt { held, took, unreached: wires.unreached.load(Ordering::Relaxed) });
        let why: Arc<str> = why.into();
        // A broker that is away for a week is one line, not sixty thousand.
        if held > Span::ZERO || status.figures_mut().last_error.as_ref() != Some(&why) {
            tracing::warn!(device = %connection.name, %why, retry_millis = wait.as_millis(), "link lost");
        } else {
            tracing::debug!(device = %connection.name, %why, retry_millis = wait.as_millis(), "still no link");
        }
        status.figures_mut().last_error = Some(Arc::clone(&why));
        if !status.enter(LinkState::NoAnswer(why)).await {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = field.inputs.closed() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        let settings = MqttSettings {
            host: "localhost".to_owned(),
            port: 1883,
            tls: None,
            version: MqttVersion::V3,
            websocket: None,
            client_id: None,
            user: None,
            password_secret: None,
            keep_alive: Span::from_secs(10),
            max_packet_bytes: 1 << 20,
            status_topic: None,
        };
        let project = Project { name: "plant".to_owned(), ..Project::default() };
        Connection::new(DeviceId(0), "site".into(), settings, Topics::default(), &project)
    }

    #[test]
    fn a_client_id_is_legal_and_stable_and_its_own_for_values() {
        let id = connection().client_id();
        assert!(rumqttc::is_mqtt_minimum_client_id(&id), "{id}");
        assert_eq!(id, connection().client_id());
        let values = Connection { client_id_suffix: Some("values".to_owned()), ..connection() };
        assert_ne!(id, values.client_id());
        assert!(rumqttc::is_mqtt_minimum_client_id(&values.client_id()));
        let other = Connection { name: "other".into(), ..connection() };
        assert_ne!(id, other.client_id());
    }

    #[test]
    fn a_written_client_id_stays_as_written() {
        let mut connection = connection();
        connection.settings.client_id = Some("control-room-1".to_owned());
        assert_eq!(connection.client_id(), "control-room-1");
        connection.client_id_suffix = Some("values".to_owned());
        assert_eq!(connection.client_id(), "control-room-1-values");
    }

    #[test]
    fn a_connection_outlives_a_rename_unless_it_hangs_on_the_name() {
        let renamed = |one: &Connection| Connection { name: "east".into(), ..one.clone() };
        let derived = connection();
        assert!(!derived.can_become(&renamed(&derived)), "another client id");
        let mut written = connection();
        written.settings.client_id = Some("control-room-1".to_owned());
        assert!(written.can_become(&renamed(&written)) && !written.does_the_same(&renamed(&written)));
        let mut elsewhere = renamed(&written);
        elsewhere.settings.user = Some("another".to_owned());
        assert!(!written.can_become(&elsewhere));
        let mut listening = written.clone();
        listening.topics.listen("site/+/state", 0);
        assert!(!listening.can_become(&renamed(&listening)), "what is found bears the name");
    }
}

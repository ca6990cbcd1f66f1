//! The drivers' tasks: one for each connection, started, watched, and started again.
//!
//! Invariant: a panic in a driver is a dead source, shown as such and restarted; it is not a dead station.
//! Invariant: another plan stops and starts those connections alone whose wire it wants otherwise; a new one begins after all that
//! are stopped have ended, so that no line and no client id is held twice.

use crate::drivers::{Field, modbus, mqtt};
use crate::engine::{DeviceId, DeviceStatus, Generation, LinkState};
use crate::time::Span;
use std::any::Any;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The first pause before a failed driver is started again; doubled each time up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// A driver that ran this long before it failed starts with the first pause again.
const STEADY: Span = Span::from_secs(120);

/// A driver's run.
pub type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One connection of the field: what it is called, whom it serves, and how to run it, again if need be.
pub struct Connection {
    /// For the log: `modbus-tcp 192.168.1.10:502`.
    pub name: String,
    /// Devices behind it, by their numbers: see [`Plan::follow`](crate::engine::Plan::follow).
    pub devices: Vec<DeviceId>,
    /// Whether it has something to say when the plant is gone, and is waited for then.
    pub has_farewell: bool,
    /// What it is to do.
    pub wants: Wants,
    /// Starts a run.
    pub run: Box<dyn Fn(Field) -> Run + Send + Sync>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("name", &self.name).field("devices", &self.devices).finish_non_exhaustive()
    }
}

/// What a connection does, to be compared with what another plan wants of it.
#[derive(Debug, Clone)]
pub enum Wants {
    /// Polls these registers, and others when it is told.
    Modbus(Arc<modbus::Connection>, watch::Sender<Option<Arc<modbus::Change>>>),
    /// Listens to these topics, and to others when it is told.
    Mqtt(Arc<mqtt::Connection>, watch::Sender<Option<Arc<mqtt::families::Grown>>>),
    /// Nothing that could be compared.
    Anew,
}

impl Wants {
    /// Whether whoever does this does the other, too.
    pub(super) fn are(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Modbus(one, _), Self::Modbus(other, _)) => one.does_the_same(other),
            (Self::Mqtt(one, _), Self::Mqtt(other, _)) => one.does_the_same(other),
            _ => false,
        }
    }

    /// Whether whoever does this can do the other while its connection stands.
    fn can_become(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Modbus(one, _), Self::Modbus(other, _)) => one.can_become(other),
            (Self::Mqtt(one, _), Self::Mqtt(other, _)) => one.can_become(other),
            _ => false,
        }
    }

    /// Has whoever does this do the other from now on, for the plan of this generation.
    fn become_as(&mut self, other: &Self, generation: Generation) {
        match (self, other) {
            (Self::Modbus(one, changes), Self::Modbus(other, _)) => {
                *one = Arc::clone(other);
                changes.send_replace(Some(Arc::new(modbus::Change { generation, connection: Arc::clone(other) })));
            }
            (Self::Mqtt(one, growth), Self::Mqtt(other, _)) => {
                let (device, topics) = (Arc::clone(&other.name), other.topics.clone());
                growth.send_replace(Some(Arc::new(mqtt::families::Grown { generation, device, topics })));
                *one = Arc::clone(other);
            }
            _ => {}
        }
    }

    /// The devices that are served now, for the plan of which generation; `None`: those of the start.
    fn served(&self) -> Option<(Generation, Vec<DeviceId>)> {
        let Self::Modbus(_, changes) = self else { return None };
        let change = changes.borrow().clone()?;
        Some((change.generation, change.connection.devices().collect()))
    }
}

/// Which connection of before goes on as each that is wanted now; `None`: that one is made anew.
pub fn going_on(before: &[&Wants], wanted: &[&Wants]) -> Vec<Option<usize>> {
    let mut left: Vec<Option<&Wants>> = before.iter().copied().map(Some).collect();
    let mut take = |wanted: &Wants| {
        let position = |is: &dyn Fn(&Wants) -> bool| left.iter().position(|running| running.is_some_and(is));
        let found =
            position(&|running| running.are(wanted)).or_else(|| position(&|running| running.can_become(wanted)));
        if let Some(taken) = found.and_then(|at| left.get_mut(at)) {
            *taken = None;
        }
        found
    };
    wanted.iter().map(|wanted| take(wanted)).collect()
}

/// Running connections; dropping them stops them at their next await.
#[derive(Debug)]
pub struct Sources {
    running: Vec<Running>,
    first_pause: Duration,
    /// Each run that has something to say at the end holds the one for as long as it runs. Nothing is ever sent.
    farewells: SyncSender<Infallible>,
    ended: Receiver<Infallible>,
}

/// Connections that have something to say yet. Dropping it stops them.
#[derive(Debug)]
pub struct Parting {
    running: Vec<Running>,
    ended: Receiver<Infallible>,
}

impl Parting {
    /// Waits until all have ended, which they do by themselves when the queue of their inputs is closed. `false`: not in
    /// this time.
    pub fn wait(self, patience: Duration) -> bool {
        let ended = self.ended.recv_timeout(patience) == Err(RecvTimeoutError::Disconnected);
        drop(self.running);
        ended
    }
}

#[derive(Debug)]
struct Running {
    wants: Wants,
    has_farewell: bool,
    /// A set of one: dropping it stops the run.
    task: JoinSet<()>,
}

impl Sources {
    /// Starts them all.
    pub fn start(runtime: &Handle, connections: Vec<Connection>, field: &Field) -> Self {
        Self::start_with_pause(runtime, connections, field, FIRST_PAUSE)
    }

    fn start_with_pause(runtime: &Handle, connections: Vec<Connection>, field: &Field, first_pause: Duration) -> Self {
        let (farewells, ended) = sync_channel(0);
        let mut sources = Self { running: Vec::new(), first_pause, farewells, ended };
        sources.change(runtime, connections, field);
        sources
    }

    /// Runs these from now on, for the plan that `field` names. One that wants nothing else than before goes on as it is, and
    /// one that wants other registers or topics over the same wire is told of them.
    pub fn change(&mut self, runtime: &Handle, connections: Vec<Connection>, field: &Field) {
        let before = std::mem::take(&mut self.running);
        let running: Vec<&Wants> = before.iter().map(|running| &running.wants).collect();
        let wanted: Vec<&Wants> = connections.iter().map(|connection| &connection.wants).collect();
        let going_on = going_on(&running, &wanted);
        let mut before: Vec<Option<Running>> = before.into_iter().map(Some).collect();
        let mut fresh = Vec::new();
        for (connection, same) in connections.into_iter().zip(going_on) {
            match same.and_then(|same| before.get_mut(same)?.take()) {
                Some(mut running) => {
                    if !running.wants.are(&connection.wants) {
                        running.wants.become_as(&connection.wants, field.generation);
                    }
                    self.running.push(running);
                }
                None => fresh.push(connection),
            }
        }
        let mut before: Vec<Running> = before.into_iter().flatten().collect();
        let (ending, ended) = watch::channel(());
        if !before.is_empty() {
            runtime.spawn(async move {
                for running in &mut before {
                    running.task.abort_all();
                }
                for mut running in before {
                    running.task.shutdown().await;
                }
                drop(ending);
            });
        }
        for connection in fresh {
            let (field, first_pause, mut ended) = (field.clone(), self.first_pause, ended.clone());
            let (wants, has_farewell) = (connection.wants.clone(), connection.has_farewell);
            let farewell = has_farewell.then(|| self.farewells.clone());
            let mut task = JoinSet::new();
            let run = async move {
                // Nothing is sent: it ends when the sender goes.
                while ended.changed().await.is_ok() {}
                keep_running(connection, field, first_pause).await;
                drop(farewell);
            };
            task.spawn_on(run, runtime);
            self.running.push(Running { wants, has_farewell, task });
        }
    }

    /// Stops them all, but those that have something to say when the queue of their inputs is closed.
    #[must_use = "dropped, they say nothing"]
    pub fn stop(&mut self) -> Parting {
        let (farewells, ended) = sync_channel(0);
        drop(std::mem::replace(&mut self.farewells, farewells));
        let mut running = std::mem::take(&mut self.running);
        running.retain(|running| running.has_farewell);
        Parting { running, ended: std::mem::replace(&mut self.ended, ended) }
    }
}

/// Runs a connection until the plant is gone.
async fn keep_running(connection: Connection, field: Field, first_pause: Duration) {
    let mut pause = first_pause;
    loop {
        let started = field.clock.now().mono;
        // A set of one: dropping it, as the abort of this task does, aborts the run too.
        let mut run = JoinSet::new();
        run.spawn((connection.run)(field.clone()));
        let why = match run.join_next().await {
            Some(Err(error)) if error.is_panic() => panic_words(error.into_panic().as_ref()),
            Some(Err(_) | Ok(())) | None => "it ended by itself".to_owned(),
        };
        if field.inputs.is_closed() {
            return;
        }
        if field.clock.now().mono - started > STEADY {
            pause = first_pause;
        }
        tracing::error!(connection = connection.name, retry_secs = pause.as_secs(), "driver fault: {why}");
        let reason: Arc<str> = format!("driver fault: {why}").into();
        let (generation, devices) =
            connection.wants.served().unwrap_or_else(|| (field.generation, connection.devices.clone()));
        let told = Field { generation, ..field.clone() };
        for device in devices {
            let mut status = DeviceStatus::new(field.clock.now());
            status.state = LinkState::NoAnswer(reason.clone());
            status.last_error = Some(reason.clone());
            if !told.link(device, status).await {
                return;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause.mul_f64(0.75 + 0.5 * fastrand::f64())) => {}
            () = field.inputs.closed() => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn panic_words(payload: &(dyn Any + Send)) -> String {
    if let Some(words) = payload.downcast_ref::<&str>() {
        (*words).to_owned()
    } else if let Some(words) = payload.downcast_ref::<String>() {
        words.clone()
    } else {
        "no reason was given".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::monitor::Monitor;
    use crate::engine::Input;
    use crate::time::{Clock, Now};
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::sync::mpsc;

    #[tokio::test]
    async fn a_driver_that_panics_is_shown_as_dead_and_started_again() {
        let (sender, mut inputs) = mpsc::channel(16);
        let field = Field {
            inputs: sender,
            clock: Clock::new(Now::default),
            generation: Generation(1),
            monitor: Monitor::default(),
        };
        let starts = Arc::new(AtomicU32::new(0));
        let count = starts.clone();
        let connection = Connection {
            name: "test".to_owned(),
            devices: vec![DeviceId(0), DeviceId(1)],
            has_farewell: false,
            wants: Wants::Anew,
            run: Box::new(move |_field| {
                let first = count.fetch_add(1, Ordering::SeqCst) == 0;
                Box::pin(async move {
                    assert!(!first, "a table of registers that is not there");
                    std::future::pending::<()>().await;
                })
            }),
        };
        let mut sources =
            Sources::start_with_pause(&Handle::current(), vec![connection], &field, Duration::from_millis(1));
        for device in 0..2 {
            let Some(Input::Link { device: told, status, .. }) = inputs.recv().await else { panic!("no link told") };
            assert_eq!(told, DeviceId(device));
            let LinkState::NoAnswer(reason) = status.state else { panic!("not told as dead") };
            assert_eq!(reason.as_ref(), "driver fault: a table of registers that is not there");
        }
        while starts.load(Ordering::SeqCst) < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(sources.stop().wait(Duration::ZERO), "nobody has anything to say");
        drop(field);
        assert!(inputs.recv().await.is_none(), "stopped: nobody holds the queue any more");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn who_has_something_to_say_is_waited_for() {
        let (sender, inputs) = mpsc::channel(16);
        let field = Field {
            inputs: sender,
            clock: Clock::new(Now::default),
            generation: Generation(1),
            monitor: Monitor::default(),
        };
        let (say, said) = std::sync::mpsc::channel();
        let connection = |says: bool| {
            let say = say.clone();
            let run = move |field: Field| -> Run {
                let say = say.clone();
                Box::pin(async move {
                    field.inputs.closed().await;
                    if says {
                        say.send("farewell").unwrap();
                    } else {
                        std::future::pending::<()>().await;
                    }
                })
            };
            let name = "test".to_owned();
            Connection { name, devices: vec![], has_farewell: true, wants: Wants::Anew, run: Box::new(run) }
        };
        let start = |says| Sources::start(&Handle::current(), vec![connection(says)], &field);
        let (mut polite, mut stubborn) = (start(true), start(false));
        let (polite, stubborn) = (polite.stop(), stubborn.stop());
        drop(inputs);
        assert!(polite.wait(Duration::from_secs(20)));
        assert_eq!(said.recv(), Ok("farewell"));
        assert!(!stubborn.wait(Duration::from_millis(1)), "not for ever");
    }
}

//! Notes over the session's D-Bus, by the desktop's own service (org.freedesktop.Notifications).

use super::{Desktop, Note};
use crate::ui::words::say;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;
use zbus::blocking::connection::Builder;
use zbus::blocking::{Connection, MessageIterator};
use zbus::zvariant::Value;

const SERVICE: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// What pressing a note is called by the service.
const PRESSED: &str = "type='signal',interface='org.freedesktop.Notifications',member='ActionInvoked'";

/// How long the service may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Signals that may wait; only presses of notes are heard.
const SIGNALS: usize = 8;

/// The session's bus, connected when the first note is given.
pub(super) struct Bus {
    connection: Option<(Connection, bool)>,
    /// The note that is shown; 0: none.
    shown: Arc<AtomicU32>,
    raise: Arc<dyn Fn() + Send + Sync>,
}

impl Bus {
    pub(super) fn new(raise: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { connection: None, shown: Arc::default(), raise }
    }

    /// The connection, and whether the service reads markup in a note.
    fn connected(&mut self) -> zbus::Result<(Connection, bool)> {
        if let Some(connection) = &self.connection {
            return Ok(connection.clone());
        }
        let connection = Builder::session()?.method_timeout(PATIENCE).build()?;
        let answer = connection.call_method(Some(SERVICE), PATH, Some(SERVICE), "GetCapabilities", &())?;
        let can: Vec<String> = answer.body().deserialize()?;
        let markup = can.iter().any(|can| can == "body-markup");
        self.hear_presses(&connection)?;
        self.connection = Some((connection.clone(), markup));
        Ok((connection, markup))
    }

    /// Brings the window to the front when our note is pressed, on a thread that ends with the connection.
    fn hear_presses(&self, connection: &Connection) -> zbus::Result<()> {
        let presses = MessageIterator::for_match_rule(PRESSED, connection, Some(SIGNALS))?;
        let (shown, raise) = (self.shown.clone(), self.raise.clone());
        let work = move || {
            for message in presses.flatten() {
                let pressed = message.body().deserialize::<(u32, String)>();
                if pressed.is_ok_and(|(id, _action)| id == shown.load(Ordering::Relaxed)) {
                    raise();
                }
            }
        };
        thread::Builder::new().name("notify-press".to_owned()).spawn(work)?;
        Ok(())
    }

    fn notify(&mut self, note: &Note) -> zbus::Result<()> {
        let (connection, markup) = self.connected()?;
        let body = if markup { escaped(&note.body) } else { note.body.clone() };
        let mut hints: HashMap<&str, Value<'_>> = HashMap::new();
        hints.insert("urgency", Value::U8(if note.critical { 2 } else { 1 }));
        hints.insert("desktop-entry", "watchkeeper".into());
        // The horn sounds by itself.
        hints.insert("suppress-sound", true.into());
        let replaces = self.shown.load(Ordering::Relaxed);
        // As long as the service shows such notes; a critical one stays.
        let until = -1_i32;
        let actions = ["default", "Open"];
        let arguments = (say::PROGRAM, replaces, "", note.summary.as_str(), body.as_str(), &actions[..], hints, until);
        let answer = connection.call_method(Some(SERVICE), PATH, Some(SERVICE), "Notify", &arguments)?;
        self.shown.store(answer.body().deserialize()?, Ordering::Relaxed);
        Ok(())
    }
}

impl Desktop for Bus {
    fn show(&mut self, note: &Note) -> Result<(), String> {
        self.notify(note).map_err(|error| {
            self.shown.store(0, Ordering::Relaxed);
            // A bus that is gone ends its listener too; one that merely has no service may have it for the next note.
            if matches!(error, zbus::Error::InputOutput(_)) {
                self.connection = None;
            }
            error.to_string()
        })
    }

    fn close(&mut self) {
        let shown = self.shown.swap(0, Ordering::Relaxed);
        if let Some((connection, _)) = self.connection.as_ref().filter(|_| shown != 0) {
            let closed = connection.call_method(Some(SERVICE), PATH, Some(SERVICE), "CloseNotification", &shown);
            if let Err(error) = closed {
                tracing::debug!(%error, "a note was gone already");
            }
        }
    }
}

/// A text in which nothing is markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_project_says_is_markup() {
        assert_eq!(escaped("a < b & <b>c</b>"), "a &lt; b &amp; &lt;b&gt;c&lt;/b&gt;");
    }
}

//! The key store of a Linux desktop, by the Secret Service's interface (org.freedesktop.secrets, version 0.2): GNOME's
//! keyring, `KWallet`, `KeePassXC`. Over the session's own bus, which no other user can listen to.
//!
//! Nothing here asks a person: a store that is locked says so, for a plant starts without anybody before it.

use super::Secret;
use std::collections::HashMap;
use std::time::Duration;
use zbus::blocking::Connection;
use zbus::blocking::connection::Builder;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

const SERVICE: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
const OF_SERVICE: &str = "org.freedesktop.Secret.Service";
const OF_COLLECTION: &str = "org.freedesktop.Secret.Collection";
const OF_ITEM: &str = "org.freedesktop.Secret.Item";
const OF_PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// By which our items are found among all others.
const APPLICATION: (&str, &str) = ("application", "watchkeeper");
const NAME: &str = "secret";

/// How long the store may take to answer: there may be none, or one that waits for a person.
const PATIENCE: Duration = Duration::from_secs(3);

/// What stands for "no object" in an answer.
const NOTHING: &str = "/";

/// A secret on the bus: session, parameters, value, content type.
type OnTheBus = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

struct Store {
    bus: Connection,
    session: OwnedObjectPath,
}

impl Store {
    fn open() -> Result<Self, String> {
        let connected = || -> zbus::Result<Self> {
            let bus = Builder::session()?.method_timeout(PATIENCE).build()?;
            let plain = ("plain", Value::from(""));
            let answer = bus.call_method(Some(SERVICE), PATH, Some(OF_SERVICE), "OpenSession", &plain)?;
            let (_, session): (OwnedValue, OwnedObjectPath) = answer.body().deserialize()?;
            Ok(Self { bus, session })
        };
        connected().map_err(|error| format!("there is none: {error}"))
    }

    /// Items with these attributes: those that can be read, and those that are locked.
    fn search(&self, attributes: &HashMap<&str, &str>) -> zbus::Result<(Vec<OwnedObjectPath>, Vec<OwnedObjectPath>)> {
        let answer = self.bus.call_method(Some(SERVICE), PATH, Some(OF_SERVICE), "SearchItems", &(attributes,))?;
        answer.body().deserialize()
    }

    fn value(&self, item: OwnedObjectPath) -> zbus::Result<Option<Vec<u8>>> {
        let asked = (vec![item], &self.session);
        let answer = self.bus.call_method(Some(SERVICE), PATH, Some(OF_SERVICE), "GetSecrets", &asked)?;
        let all: HashMap<OwnedObjectPath, OnTheBus> = answer.body().deserialize()?;
        Ok(all.into_values().next().map(|(_, _, value, _)| value))
    }

    /// Whether it was kept without asking anybody.
    fn keep(&self, name: &str, secret: &Secret) -> zbus::Result<bool> {
        let answer = self.bus.call_method(Some(SERVICE), PATH, Some(OF_SERVICE), "ReadAlias", &("default",))?;
        let collection: OwnedObjectPath = answer.body().deserialize()?;
        if collection.as_str() == NOTHING {
            return Ok(false);
        }
        let label = format!("Watchkeeper: {name}");
        let properties = HashMap::from([
            ("org.freedesktop.Secret.Item.Label", Value::from(label.as_str())),
            ("org.freedesktop.Secret.Item.Attributes", Value::from(attributes(name))),
        ]);
        let value = (&self.session, Vec::<u8>::new(), secret.expose().as_bytes(), "text/plain; charset=utf8");
        let body = (properties, value, true);
        let answer = self.bus.call_method(Some(SERVICE), &collection, Some(OF_COLLECTION), "CreateItem", &body)?;
        let (item, _prompt): (OwnedObjectPath, OwnedObjectPath) = answer.body().deserialize()?;
        Ok(item.as_str() != NOTHING)
    }

    fn name(&self, item: &OwnedObjectPath) -> zbus::Result<Option<String>> {
        let asked = (OF_ITEM, "Attributes");
        let answer = self.bus.call_method(Some(SERVICE), item, Some(OF_PROPERTIES), "Get", &asked)?;
        let told: OwnedValue = answer.body().deserialize()?;
        let mut attributes: HashMap<String, String> = told.try_into()?;
        Ok(attributes.remove(NAME))
    }

    fn delete(&self, item: &OwnedObjectPath) -> zbus::Result<()> {
        self.bus.call_method(Some(SERVICE), item, Some(OF_ITEM), "Delete", &()).map(drop)
    }
}

fn attributes(name: &str) -> HashMap<&str, &str> {
    HashMap::from([APPLICATION, (NAME, name)])
}

const LOCKED: &str = "it is locked; unlock it by signing in to the desktop, or keep the secret in a file";

pub(super) fn find(name: &str) -> Result<Option<Secret>, String> {
    let store = Store::open()?;
    let (found, locked) = store.search(&attributes(name)).map_err(|e| e.to_string())?;
    let Some(item) = found.into_iter().next() else {
        return if locked.is_empty() { Ok(None) } else { Err(LOCKED.to_owned()) };
    };
    let Some(value) = store.value(item).map_err(|e| e.to_string())? else { return Ok(None) };
    Secret::from_bytes(value).map(Some).map_err(|why| format!("the secret in it {why}"))
}

pub(super) fn set(name: &str, secret: &Secret) -> Result<(), String> {
    match Store::open()?.keep(name, secret) {
        Ok(true) => Ok(()),
        Ok(false) => Err(LOCKED.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn list() -> Result<Vec<String>, String> {
    let store = Store::open()?;
    let (found, locked) = store.search(&HashMap::from([APPLICATION])).map_err(|e| e.to_string())?;
    let names = found.iter().chain(&locked).map(|item| store.name(item));
    names.filter_map(Result::transpose).collect::<zbus::Result<_>>().map_err(|e| e.to_string())
}

/// A store that is not there holds nothing.
pub(super) fn remove(name: &str) -> Result<bool, String> {
    let Ok(store) = Store::open() else { return Ok(false) };
    let (found, locked) = store.search(&attributes(name)).map_err(|e| e.to_string())?;
    if found.is_empty() && !locked.is_empty() {
        return Err(LOCKED.to_owned());
    }
    found.iter().try_for_each(|item| store.delete(item)).map_err(|e| e.to_string())?;
    Ok(!found.is_empty())
}

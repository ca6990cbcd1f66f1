//! The plant's readings as MQTT messages; pure, so that a test can ask what is published.

use super::faults::Fault;
use super::plant::Plant;
use crate::time::Utc;
use serde_json::json;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Topic.
    pub topic: &'static str,
    /// Payload.
    pub payload: String,
    /// Whether the broker keeps it for those who come later.
    pub retain: bool,
}

impl Message {
    fn live(topic: &'static str, payload: impl Into<String>) -> Self {
        Self { topic, payload: payload.into(), retain: false }
    }

    fn retained(topic: &'static str, payload: impl Into<String>) -> Self {
        Self { topic, payload: payload.into(), retain: true }
    }
}

/// Who publishes: each is an MQTT client of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publisher {
    /// The weather station's logger, with a last will.
    Weather,
    /// The site controller: gate, river, yard, power supply.
    Site,
    /// A bridge of battery sensors, with topics and payloads as zigbee2mqtt has them.
    Sensors,
}

/// Where the weather station says whether it is there.
pub const WEATHER_AVAILABILITY: &str = "site/weather/lwt";

impl Publisher {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Weather, Self::Site, Self::Sensors];

    /// Its MQTT client id.
    pub const fn client_id(self) -> &'static str {
        match self {
            Self::Weather => "demo-weather-station",
            Self::Site => "demo-site-controller",
            Self::Sensors => "demo-sensor-bridge",
        }
    }

    /// Seconds between its rounds.
    pub const fn interval_secs(self) -> u64 {
        match self {
            Self::Weather | Self::Site => 1,
            Self::Sensors => 4,
        }
    }

    /// What the broker publishes when its connection breaks: topic and payload, retained.
    pub const fn last_will(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Weather => Some((WEATHER_AVAILABILITY, "Offline")),
            Self::Site | Self::Sensors => None,
        }
    }

    /// Whether its link is down now.
    pub fn is_offline(self, plant: &Plant) -> bool {
        self == Self::Weather && plant.script.has(Fault::WeatherOffline)
    }

    /// What it says when it has connected.
    pub fn greetings(self) -> Vec<Message> {
        match self {
            Self::Weather => vec![Message::retained(WEATHER_AVAILABILITY, "Online")],
            Self::Site => vec![Message::retained("site/config/dry_weather_limit", "430")],
            Self::Sensors => SENSOR_AVAILABILITY.into_iter().map(|topic| Message::retained(topic, "online")).collect(),
        }
    }

    /// One round of messages.
    pub fn round(self, plant: &Plant, now: Utc) -> Vec<Message> {
        match self {
            Self::Weather => vec![weather(plant, now)],
            Self::Site => site(plant),
            Self::Sensors => sensors(plant),
        }
    }
}

const SENSOR_AVAILABILITY: [&str; 3] = [
    "zigbee2mqtt/pump_house_1/availability",
    "zigbee2mqtt/pump_house_2/availability",
    "zigbee2mqtt/yard_door/availability",
];

/// Rounds for a payload, as a logger does.
fn to(value: f64, decimals: i32) -> f64 {
    let factor = 10f64.powi(decimals);
    (value * factor).round() / factor
}

fn weather(plant: &Plant, now: Utc) -> Message {
    let w = &plant.weather;
    let payload = if plant.script.has(Fault::WeatherGarbled) {
        "<html><title>503 logger busy</title></html>".to_owned()
    } else {
        json!({
            "ts": now.to_rfc3339(),
            "wind": { "speed": to(w.wind_speed, 1), "gust": to(w.wind_gust, 1), "direction": to(w.wind_direction, 0) },
            "rain": { "rate": to(w.rain_rate, 1), "today": to(w.rain_today, 1) },
            "temperature": to(w.temperature, 1),
            "humidity": to(w.humidity, 0),
            "pressure": to(w.pressure, 1),
        })
        .to_string()
    };
    Message::live("site/weather/state", payload)
}

fn site(plant: &Plant) -> Vec<Message> {
    let board = &plant.instruments;
    let on_off = |on: bool| if on { "ON" } else { "OFF" };
    let gate_moves = plant.weather.rain_rate > 0.5 && board.gate_position < 85.0;
    vec![
        Message::live("site/gate/position", format!("{:.1}", board.gate_position)),
        Message::live("site/gate/moving", if gate_moves { "true" } else { "false" }),
        // A logger that writes its numbers as text, as many do.
        Message::live("site/river", json!({ "level": format!("{:.3}", board.river_level_m) }).to_string()),
        Message::live("site/yard/lights", on_off(plant.is_dark())),
        Message::live("site/ups/mains", "1"),
        Message::live("site/ups/charge", "100"),
    ]
}

fn sensors(plant: &Plant) -> Vec<Message> {
    let board = &plant.instruments;
    let climate = |room: usize, battery: u32, link: u32| {
        json!({
            "battery": battery,
            "humidity": to(board.room_humidity[room], 1),
            "linkquality": link,
            "temperature": to(board.room_celsius[room], 2),
            "voltage": 2_900 + battery,
        })
        .to_string()
    };
    let mut messages = Vec::with_capacity(3);
    if !plant.script.has(Fault::SensorSilent) {
        messages.push(Message::live("zigbee2mqtt/pump_house_1", climate(0, 61, 112)));
    }
    messages.push(Message::live("zigbee2mqtt/pump_house_2", climate(1, 88, 74)));
    let door = json!({ "battery": 100, "contact": true, "linkquality": 143 });
    messages.push(Message::live("zigbee2mqtt/yard_door", door.to_string()));
    messages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weather_is_json_with_its_time_unless_the_logger_is_busy() {
        let mut plant = Plant::without_faults(1);
        let now = Utc(1_795_356_202_125_000);
        let message = &Publisher::Weather.round(&plant, now)[0];
        let value: serde_json::Value = serde_json::from_str(&message.payload).unwrap();
        assert_eq!(value["ts"], "2026-11-22T14:03:22.125Z");
        assert!(value["wind"]["speed"].is_number());
        plant.script.begin(Fault::WeatherGarbled);
        let message = &Publisher::Weather.round(&plant, now)[0];
        assert!(serde_json::from_str::<serde_json::Value>(&message.payload).is_err());
    }

    #[test]
    fn a_silent_sensor_says_nothing_and_the_others_go_on() {
        let mut plant = Plant::without_faults(1);
        assert_eq!(Publisher::Sensors.round(&plant, Utc(0)).len(), 3);
        plant.script.begin(Fault::SensorSilent);
        assert_eq!(Publisher::Sensors.round(&plant, Utc(0)).len(), 2);
    }
}

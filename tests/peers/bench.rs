//! The engineer's bench against peers: registers of pymodbus under the types that it encoded them with, topics of mosquitto as
//! the explorer hears them.

use super::modbus::{Server, expected, plant::Plant};
use super::mqtt::Broker;
use crate::support::{free_address, until};
use serde_json::Value as Json;
use std::path::Path;
use std::time::Duration;
use watchkeeper::drivers::decode::Decoding;
use watchkeeper::drivers::monitor::{BenchView, Refused, Wanted};
use watchkeeper::drivers::scan::fields::Kind;
use watchkeeper::drivers::scan::{Found, MqttRequest, Request};
use watchkeeper::engine::DeviceId;
use watchkeeper::project::{Area, ByteHalf, DataType, Order, file};
use watchkeeper::runtime::{clock::system_clock, scans};
use watchkeeper::time::Span;

/// Looks, as a window does, until these registers were read once.
async fn look(plant: &mut Plant, area: Area, start: u16, count: u16) -> BenchView {
    let wanted = Wanted { area, start, count, every: Span::from_secs(1) };
    for _ in 0..400 {
        plant.monitor.want(DeviceId(0), wanted, plant.now().mono);
        plant.watch(25).await;
        let view = plant.monitor.device(DeviceId(0)).bench().view();
        if view.reads > 0 {
            return view;
        }
    }
    panic!("not read: {:?}", plant.monitor.device(DeviceId(0)).bench().view());
}

/// The type and order that a value was encoded in. `None`: one bit of a word, which the bench shows none of.
fn decoding(tag: &Json, offset: u16) -> Option<Decoding> {
    let word = |key: &str| tag[key].as_str();
    let (data_type, _) = *DataType::ALL.iter().find(|(_, known)| Some(*known) == word("type"))?;
    let order = match word("order")? {
        "ABCD" => Order::Abcd,
        "CDAB" => Order::Cdab,
        "BADC" => Order::Badc,
        _ => Order::Dcba,
    };
    let byte = word("byte").map(|byte| if byte == "high" { ByteHalf::High } else { ByteHalf::Low });
    let length = tag["length"].as_u64().unwrap_or_default() as u16;
    (data_type != DataType::Bool).then_some(Decoding { offset, data_type, order, byte, length, exponent: 0 })
}

#[tokio::test]
async fn the_workbench_shows_what_pymodbus_encoded_in_every_type_and_order_up_to_its_last_register() {
    const COUNT: u16 = 120;
    let port = free_address().port();
    let server = Server::start("tcp", &port.to_string());
    let project = format!(
        "[[device]]\nname = \"pymodbus\"\nprotocol = \"modbus-tcp\"\naddress = \"127.0.0.1:{port}\"\ntimeout = \"2s\"\n"
    );
    until("pymodbus", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
    let mut plant = Plant::start(&project, |_, _| ());
    for (area, word) in [(Area::Holding, "holding"), (Area::Input, "input")] {
        let tags: Vec<_> = server.tags.iter().filter(|tag| tag["area"] == word).collect();
        let address = |tag: &Json| tag["address"].as_u64().unwrap() as u16;
        let width = |tag: &Json| decoding(tag, 0).map_or(1, Decoding::width);
        let end = tags.iter().map(|tag| address(tag) + width(tag)).max().unwrap();
        let (mut start, mut shown) = (0, 0);
        while start < end {
            let view = look(&mut plant, area, start, COUNT).await;
            let (_, words) = view.taken.unwrap();
            // What lies over the edge is looked at next.
            let here = |tag: &&&Json| address(tag) >= start && address(tag) + width(tag) <= start + COUNT;
            for tag in tags.iter().filter(here) {
                let Some(decoding) = decoding(tag, address(tag) - start) else { continue };
                assert_eq!(decoding.raw(&words), Ok(expected(tag)), "{tag}");
                shown += 1;
            }
            if start + COUNT > end {
                let beyond = (start + COUNT - end, "exception 2: illegal data address".into());
                let told: Vec<_> = view.refused.into_iter().map(|Refused { count, why, .. }| (count, why)).collect();
                assert_eq!(told, [beyond], "there is nothing behind {end}");
            }
            start += COUNT - 4;
        }
        assert!(shown > 100, "{shown} values of {word}");
    }
    plant.stop().await;
}

#[test]
fn the_explorer_hears_what_mosquitto_has_kept_and_what_comes_and_lets_go_of_it() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let scans = scans::serve(runtime.handle(), system_clock());
    let broker = Broker::start("allow_anonymous true");
    broker.publish("site/north/state", "{\"wind\":{\"speed\":4.25},\"ok\":true}", &["-r"]);
    let text = format!(
        "watchkeeper = 1\nname = \"Site\"\n[[device]]\nname = \"site\"\nprotocol = \"mqtt\"\naddress = \"mqtt://127.0.0.1:{}\"\n",
        broker.port
    );
    let (project, _) = file::read(text.as_bytes());
    // As the view asks for it: the device of the project, all topics, until it is left.
    let Some(Request::Mqtt(asked)) = Request::of_device(&project.devices[0], Path::new(".")) else {
        panic!("no broker")
    };
    let request = Request::Mqtt(MqttRequest { listen: Span::from_secs(3_600), ..asked });
    let mut scanning = scans.begin(request.clone()).unwrap();
    let messages = |topic: &str| {
        scanning.with(|picture| match &picture.found {
            Found::Mqtt(topics) => topics.topics.get(topic).map(|topic| (topic.messages, topic.retained)),
            _ => None,
        })
    };
    until("what the broker has kept", || messages("site/north/state").filter(|heard| *heard == (1, 1)));
    for speed in ["5.5", "6.5"] {
        broker.publish("site/south/state", &format!("{{\"wind\":{{\"speed\":{speed}}}}}"), &[]);
        std::thread::sleep(Duration::from_millis(300));
    }
    until("what comes", || messages("site/south/state").filter(|heard| *heard == (2, 0)));
    scanning.with(|picture| {
        let Found::Mqtt(topics) = &picture.found else { panic!("{picture:?}") };
        let field =
            |topic: &str| topics.topics[topic].fields.iter().find(|field| field.path == "$.wind.speed").cloned();
        let (kept, came) = (field("site/north/state").unwrap(), field("site/south/state").unwrap());
        assert_eq!((kept.kind, kept.last.as_str(), came.last.as_str()), (Kind::Number, "4.25", "6.5"));
        assert!(!topics.topics.keys().any(|topic| topic.starts_with('$')), "not what the broker tells of itself");
    });
    assert!(scanning.goes_on());
    scanning.stop();
    // The next listener is served: the connection of the one before is gone.
    let again = until("another", || scans.begin(request.clone()).ok());
    until("what the broker has kept, again", || {
        again.with(|picture| match &picture.found {
            Found::Mqtt(topics) => topics.topics.contains_key("site/north/state").then_some(()),
            _ => None,
        })
    });
}

//! Stands in for a broker: answers connect and subscribe, then sends as many ready-made messages as it is told, topic by
//! topic. It speaks the version of MQTT that it is asked for.
#![expect(clippy::unwrap_used, reason = "a bench may panic")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Topics, each of which has to be subscribed to.
pub const TOPICS: usize = 1_000;

/// The name of a topic.
pub fn name(topic: usize) -> String {
    format!("site/zigbee/sensor{topic}/state")
}

fn payload(topic: usize, round: usize) -> String {
    let temperature = topic as f64 / 100.0 + 10.0 + round as f64;
    format!(
        r#"{{"battery":97,"humidity":61.24,"last_seen":"2026-11-20T14:03:22.125Z","linkquality":112,"temperature":{temperature},"voltage":3005}}"#
    )
}

/// The other end: one connection is served.
pub struct Feeder {
    pub port: u16,
    pub orders: mpsc::Sender<Order>,
    /// For each order of [`Order::Pace`] that is done, how late its latest message was.
    pub late: mpsc::Receiver<Duration>,
}

/// What it is told.
pub enum Order {
    /// As fast as they are taken.
    Send(usize),
    /// A hundredth of a second's worth each hundredth of a second.
    Pace { count: usize, a_second: usize },
}

impl Feeder {
    /// A topic's values change so many times before they come again.
    pub fn start(rounds: usize) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (orders, taken) = mpsc::channel();
        let (tell, late) = mpsc::channel();
        let work = move || feed(&listener, &taken, &tell, rounds);
        std::thread::Builder::new().name("feeder".to_owned()).spawn(work).unwrap();
        Self { port, orders, late }
    }
}

fn feed(listener: &TcpListener, orders: &mpsc::Receiver<Order>, late: &mpsc::Sender<Duration>, rounds: usize) {
    let mut socket = listener.accept().unwrap().0;
    socket.set_nodelay(true).unwrap();
    let five = packet(&mut socket)[6] == 5;
    // Where MQTT 5 has properties, none.
    let none = if five { &[0][..] } else { &[] };
    socket.write_all(&[&[0x20, 2 + none.len() as u8, 0, 0], none].concat()).unwrap();
    let mut topics = 0;
    while topics < TOPICS {
        let body = packet(&mut socket);
        let (mut rest, mut count) = (&body[2 + none.len()..], 0_u8);
        while let [high, low, tail @ ..] = rest {
            rest = &tail[usize::from(u16::from_be_bytes([*high, *low])) + 1..];
            count += 1;
        }
        topics += usize::from(count);
        let mut answer = [&[0x90, 2 + none.len() as u8 + count, body[0], body[1]], none].concat();
        answer.resize(answer.len() + usize::from(count), 0);
        socket.write_all(&answer).unwrap();
    }
    let messages: Vec<Vec<u8>> =
        (0..rounds).flat_map(|round| (0..TOPICS).map(move |topic| publish(topic, round, none))).collect();
    let all = messages.concat();
    let mut next = 0;
    let mut send = |socket: &mut TcpStream, mut count: usize| {
        while count > 0 {
            let many = count.min(messages.len() - next);
            if many == messages.len() {
                socket.write_all(&all).unwrap();
            } else {
                socket.write_all(&messages[next..next + many].concat()).unwrap();
            }
            next = (next + many) % messages.len();
            count -= many;
        }
    };
    while let Ok(order) = orders.recv() {
        match order {
            Order::Send(count) => send(&mut socket, count),
            Order::Pace { count, a_second } => {
                let begin = Instant::now();
                let mut latest = Duration::ZERO;
                for step in 0..count * 100 / a_second {
                    let due = Duration::from_millis(step as u64 * 10);
                    std::thread::sleep(due.saturating_sub(begin.elapsed()));
                    send(&mut socket, a_second / 100);
                    latest = latest.max(begin.elapsed().saturating_sub(due));
                }
                // Nobody may want to know.
                let _unheard = late.send(latest);
            }
        }
    }
}

/// One packet's body.
fn packet(socket: &mut TcpStream) -> Vec<u8> {
    let mut byte = [0];
    socket.read_exact(&mut byte).unwrap();
    let (mut length, mut shift) = (0, 0);
    loop {
        socket.read_exact(&mut byte).unwrap();
        length |= usize::from(byte[0] & 0x7f) << shift;
        shift += 7;
        if byte[0] & 0x80 == 0 {
            break;
        }
    }
    let mut body = vec![0; length];
    socket.read_exact(&mut body).unwrap();
    body
}

fn publish(topic: usize, round: usize, properties: &[u8]) -> Vec<u8> {
    let (name, payload) = (name(topic), payload(topic, round));
    let left = 2 + name.len() + properties.len() + payload.len();
    let mut packet = vec![0x30, (left & 0x7f) as u8 | 0x80, (left >> 7) as u8];
    packet.extend((name.len() as u16).to_be_bytes());
    packet.extend(name.as_bytes());
    packet.extend(properties);
    packet.extend(payload.as_bytes());
    packet
}

//! A broker by hand, packet by packet, so that it can misbehave.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Packet types in the high half of the first byte.
pub const SUBSCRIBE: u8 = 8;
pub const PINGREQ: u8 = 12;

/// A listening socket on a free port.
pub async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// The broker's end of one connection.
pub struct Peer(pub TcpStream);

impl Peer {
    /// The next client, whose CONNECT was read: the peer, and the packet's body.
    pub async fn accept(listener: &TcpListener) -> (Self, Vec<u8>) {
        let mut peer = Self(listener.accept().await.unwrap().0);
        let (kind, body) = peer.packet().await.unwrap();
        assert_eq!(kind, 1, "a client begins with CONNECT");
        (peer, body)
    }

    /// The next client, connected.
    pub async fn connect(listener: &TcpListener) -> Self {
        let (mut peer, _) = Self::accept(listener).await;
        peer.connack(0).await;
        peer
    }

    /// The next client, connected and subscribed to what it asked in its first request.
    pub async fn serve(listener: &TcpListener) -> Self {
        let mut peer = Self::connect(listener).await;
        peer.subscribed(|_| true).await;
        peer
    }

    pub async fn connack(&mut self, code: u8) {
        self.send(&[0x20, 2, 0, code]).await;
    }

    /// Answers one SUBSCRIBE: granted at quality 0, or refused; the topics.
    pub async fn subscribed(&mut self, grants: impl Fn(&str) -> bool) -> Vec<String> {
        let (kind, body) = self.packet().await.unwrap();
        assert_eq!(kind, SUBSCRIBE);
        let mut topics = Vec::new();
        let mut rest = &body[2..];
        while let [high, low, tail @ ..] = rest {
            let (topic, after) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])));
            topics.push(String::from_utf8(topic.to_vec()).unwrap());
            rest = &after[1..];
        }
        let mut answer = vec![0x90, (2 + topics.len()) as u8, body[0], body[1]];
        answer.extend(topics.iter().map(|topic| if grants(topic) { 0 } else { 0x80 }));
        self.send(&answer).await;
        topics
    }

    pub async fn publish(&mut self, topic: &str, payload: &[u8]) {
        let packet = publish(topic, payload);
        self.send(&packet).await;
    }

    /// Sends bytes; a client that has hung up meanwhile is not this test's fault.
    pub async fn send(&mut self, bytes: &[u8]) {
        drop(self.0.write_all(bytes).await);
    }

    /// The next packet: type and body. `None`: the client hung up.
    pub async fn packet(&mut self) -> Option<(u8, Vec<u8>)> {
        let first = self.0.read_u8().await.ok()?;
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            let byte = self.0.read_u8().await.ok()?;
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.ok()?;
        Some((first >> 4, body))
    }
}

/// A PUBLISH packet, quality 0, not retained.
pub fn publish(topic: &str, payload: &[u8]) -> Vec<u8> {
    let mut left = 2 + topic.len() + payload.len();
    let mut packet = vec![0x30];
    loop {
        let more = if left > 127 { 0x80 } else { 0 };
        packet.push((left & 0x7f) as u8 | more);
        left >>= 7;
        if left == 0 {
            break;
        }
    }
    packet.extend((topic.len() as u16).to_be_bytes());
    packet.extend(topic.as_bytes());
    packet.extend(payload);
    packet
}

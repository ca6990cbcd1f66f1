//! MQTT by way of a web server that has, or has not, what is asked of it.

use super::listener::{Driver, connection, settings, topic};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use watchkeeper::drivers::mqtt::Connection;
use watchkeeper::project::MqttSettings;

fn over_web(port: u16) -> Connection {
    connection(MqttSettings { websocket: Some("/mqtt".to_owned()), ..settings(port) }, &[topic("a")])
}

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Takes the next request for a websocket, and looks at it.
#[expect(clippy::result_large_err, reason = "the library's own")]
async fn websocket(listener: &TcpListener) -> WebSocketStream<TcpStream> {
    let port = listener.local_addr().unwrap().port();
    let look = move |request: &Request, mut response: Response| {
        assert_eq!(request.uri().path(), "/mqtt");
        assert_eq!(request.headers()["host"], format!("127.0.0.1:{port}"));
        assert_eq!(request.headers()["sec-websocket-protocol"], "mqtt");
        response.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("mqtt"));
        Ok(response)
    };
    let stream = listener.accept().await.unwrap().0;
    tokio_tungstenite::accept_hdr_async(stream, look).await.unwrap()
}

/// The next bytes of the client.
async fn bytes(socket: &mut WebSocketStream<TcpStream>) -> Vec<u8> {
    loop {
        if let Message::Binary(bytes) = socket.next().await.unwrap().unwrap() {
            return bytes.to_vec();
        }
    }
}

async fn send(socket: &mut WebSocketStream<TcpStream>, bytes: &[u8]) {
    socket.send(Message::Binary(bytes.to_vec().into())).await.unwrap();
}

/// The next client, connected and subscribed.
async fn serve(listener: &TcpListener) -> WebSocketStream<TcpStream> {
    let mut socket = websocket(listener).await;
    assert_eq!(bytes(&mut socket).await[0], 0x10, "CONNECT");
    send(&mut socket, &[0x20, 2, 0, 0]).await;
    let request = bytes(&mut socket).await;
    assert_eq!(request[0], 0x82, "SUBSCRIBE");
    send(&mut socket, &[0x90, 3, request[2], request[3], 0]).await;
    socket
}

#[tokio::test]
async fn packets_are_the_bytes_of_the_websocket_however_they_are_cut() {
    let (listener, port) = listen().await;
    let mut driver = Driver::start(over_web(port));
    let mut socket = serve(&listener).await;
    let message = |payload: &str| super::fake::publish("a", payload.as_bytes());
    let stream = [message("1"), message("2"), message("3")].concat();
    send(&mut socket, &stream[..stream.len() - 2]).await;
    socket.send(Message::Ping(b"still there?".to_vec().into())).await.unwrap();
    send(&mut socket, &stream[stream.len() - 2..]).await;
    for value in 1..=3 {
        assert_eq!(driver.told(0).await, format!("{value} good"));
    }
    while !matches!(socket.next().await.unwrap().unwrap(), Message::Pong(words) if &words[..] == b"still there?") {}
    drop(socket);
    assert_eq!(driver.lost().await, "the broker closed the connection");
}

#[tokio::test]
async fn a_websocket_that_is_no_mqtt_or_too_much_of_it_is_told() {
    let (listener, port) = listen().await;
    let mut driver = Driver::start(over_web(port));
    let mut socket = serve(&listener).await;
    socket.send(Message::Text("{\"hello\": 1}".into())).await.unwrap();
    assert_eq!(driver.lost().await, "the other end sends text over the websocket, which is no MQTT");
    drop(socket);
    let mut socket = serve(&listener).await;
    let too_long = vec![0; (1 << 21) + 1];
    drop(socket.send(Message::Binary(too_long.into())).await);
    let why = driver.lost().await;
    assert_eq!(why, "a message of 2097153 bytes is longer than max-packet allows (1048576 bytes)");
}

#[tokio::test]
async fn what_is_no_websocket_is_told_in_words() {
    for (answer, words) in [
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            "the web server knows no /mqtt (HTTP 404): the path in address may be wrong",
        ),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", "the web server opens no websocket at /mqtt (HTTP 200)"),
        (
            "HTTP/1.1 301 Moved\r\nlocation: wss://other/mqtt\r\n\r\n",
            "the web server sends us elsewhere to wss://other/mqtt (HTTP 301): write that in address",
        ),
        ("SSH-2.0-OpenSSH_9.2\r\n", "the other end is no web server"),
        (
            "",
            "the other end closed the connection when it was asked for a websocket: it may be a port of MQTT without one",
        ),
    ] {
        let (listener, port) = listen().await;
        let mut driver = Driver::start(over_web(port));
        let mut peer = listener.accept().await.unwrap().0;
        let mut request = [0; 1024];
        assert_ne!(peer.read(&mut request).await.unwrap(), 0);
        peer.write_all(answer.as_bytes()).await.unwrap();
        drop(peer);
        assert_eq!(driver.lost().await, words);
    }
}

#[tokio::test]
async fn a_websocket_of_something_else_is_told() {
    let (listener, port) = listen().await;
    let mut driver = Driver::start(over_web(port));
    let stream = listener.accept().await.unwrap().0;
    let _socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    let words = "the web server opens a websocket at /mqtt, and does not speak MQTT over it";
    assert_eq!(driver.lost().await, words);
}

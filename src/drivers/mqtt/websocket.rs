//! MQTT by way of a web server: its packets as the bytes of a websocket (MQTT 3.1.1, 6; MQTT 5, 6).

use super::words::CLOSED;
use bytes::Bytes;
use futures_util::{Sink as _, Stream as _};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::http::{StatusCode, Uri, header::LOCATION};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// A message of a websocket may hold several packets: this much more than the longest packet is taken.
const ROOM_FOR_SEVERAL: usize = 1 << 20;
/// Read at once.
const READ_BYTES: usize = 32 * 1024;
/// Most letters of what a server says.
const LONGEST_WORDS: usize = 200;

/// Which websocket is asked for.
#[derive(Debug, Clone)]
pub struct Target {
    /// Host and port, as a web server wants them: `broker:8080`, `[::1]:8080`.
    pub authority: String,
    /// `/mqtt`.
    pub path: String,
    /// Longest packet taken.
    pub max_packet_bytes: u32,
}

/// The bytes of a websocket over a stream.
pub struct Websocket<S> {
    socket: WebSocketStream<S>,
    /// Of the last message, what was not read yet.
    rest: Bytes,
    max_packet_bytes: u32,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Websocket<S> {
    /// Asks the web server at the other end of a stream for a websocket that speaks MQTT.
    ///
    /// # Errors
    /// It has none, in words.
    pub async fn open(stream: S, target: &Target) -> io::Result<Self> {
        let Target { authority, path, max_packet_bytes } = target;
        // Over TLS too the stream below is encrypted already.
        let uri: Uri = format!("ws://{authority}{path}").parse().map_err(io::Error::other)?;
        let most = Some(*max_packet_bytes as usize + ROOM_FOR_SEVERAL);
        let config =
            WebSocketConfig::default().read_buffer_size(READ_BYTES).max_message_size(most).max_frame_size(most);
        let request = ClientRequestBuilder::new(uri).with_sub_protocol("mqtt");
        let opened = client_async_with_config(request, stream, Some(config)).await;
        let (socket, _) = opened.map_err(|error| refusal(error, path))?;
        Ok(Self { socket, rest: Bytes::new(), max_packet_bytes: *max_packet_bytes })
    }

    /// The stream below.
    pub fn road(&self) -> &S {
        self.socket.get_ref()
    }

    /// What went wrong on an open websocket.
    fn loss(&self, error: Error) -> io::Error {
        match error {
            Error::Io(error) => error,
            Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => io::ErrorKind::UnexpectedEof.into(),
            Error::Capacity(CapacityError::MessageTooLong { size, .. }) => io::Error::other(format!(
                "a message of {size} bytes is longer than max-packet allows ({} bytes)",
                self.max_packet_bytes
            )),
            other => io::Error::other(format!("the other end broke the websocket's protocol: {other}")),
        }
    }
}

impl<S> fmt::Debug for Websocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Websocket").field("rest", &self.rest.len()).finish_non_exhaustive()
    }
}

/// Why no websocket was opened.
fn refusal(error: Error, path: &str) -> io::Error {
    let words = match error {
        Error::Http(response) => {
            let place = response.headers().get(LOCATION).and_then(|place| place.to_str().ok());
            status_words(response.status(), place, path)
        }
        Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)) => {
            format!("the web server opens a websocket at {path}, and does not speak MQTT over it")
        }
        Error::Protocol(ProtocolError::HandshakeIncomplete) => NO_WEB_SERVER.to_owned(),
        Error::Io(error) if is_closed(&error) => NO_WEB_SERVER.to_owned(),
        Error::Io(error) => return error,
        Error::Protocol(ProtocolError::HttparseError(_)) => "the other end is no web server".to_owned(),
        other => format!("the web server opens no websocket at {path}: {other}"),
    };
    io::Error::other(words)
}

const NO_WEB_SERVER: &str =
    "the other end closed the connection when it was asked for a websocket: it may be a port of MQTT without one";

fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

/// A web server answered something else.
fn status_words(status: StatusCode, place: Option<&str>, path: &str) -> String {
    let code = status.as_u16();
    match code {
        401 | 403 | 407 => format!("the web server does not let us in at {path} (HTTP {code})"),
        404 | 410 => format!("the web server knows no {path} (HTTP {code}): the path in address may be wrong"),
        300..=399 => {
            let place = place.map(|place| format!(" to {}", plain(place))).unwrap_or_default();
            format!("the web server sends us elsewhere{place} (HTTP {code}): write that in address")
        }
        502..=504 => format!("the web server does not reach the broker behind it (HTTP {code})"),
        _ => format!("the web server opens no websocket at {path} (HTTP {code})"),
    }
}

/// Words of a server as they may stand in a line.
fn plain(words: &str) -> String {
    words.chars().filter(|c| !c.is_control()).take(LONGEST_WORDS).collect()
}

/// How a server closed the websocket; `None`: without anything to say.
fn closing_words(frame: Option<&CloseFrame>) -> Option<String> {
    let CloseFrame { code, reason } = frame?;
    let why = plain(reason);
    match code {
        CloseCode::Normal | CloseCode::Away if why.trim().is_empty() => None,
        code if why.trim().is_empty() => Some(format!("{CLOSED}: websocket code {}", u16::from(*code))),
        code => Some(format!("{CLOSED}: websocket code {}, {}", u16::from(*code), why.trim())),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Websocket<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if !this.rest.is_empty() {
                let count = this.rest.len().min(buffer.remaining());
                buffer.put_slice(&this.rest.split_to(count));
                return Poll::Ready(Ok(()));
            }
            match ready!(Pin::new(&mut this.socket).poll_next(context)) {
                Some(Ok(Message::Binary(bytes))) => this.rest = bytes,
                Some(Ok(Message::Text(_))) => {
                    let why = "the other end sends text over the websocket, which is no MQTT";
                    return Poll::Ready(Err(io::Error::other(why)));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(frame))) => {
                    return Poll::Ready(match closing_words(frame.as_ref()) {
                        Some(why) => Err(io::Error::other(why)),
                        None => Ok(()),
                    });
                }
                Some(Err(error)) => return Poll::Ready(Err(this.loss(error))),
                None => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Websocket<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let sent = match ready!(Pin::new(&mut this.socket).poll_ready(context)) {
            Ok(()) => Pin::new(&mut this.socket).start_send(Message::Binary(Bytes::copy_from_slice(bytes))),
            Err(error) => Err(error),
        };
        Poll::Ready(sent.map(|()| bytes.len()).map_err(|error| this.loss(error)))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = ready!(Pin::new(&mut this.socket).poll_flush(context));
        Poll::Ready(flushed.map_err(|error| this.loss(error)))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let closed = ready!(Pin::new(&mut this.socket).poll_close(context));
        Poll::Ready(closed.map_err(|error| this.loss(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_web_servers_are_told_in_words() {
        let words = |code: u16, place| status_words(StatusCode::from_u16(code).unwrap(), place, "/mqtt");
        for (code, told) in [
            (200, "the web server opens no websocket at /mqtt (HTTP 200)"),
            (400, "the web server opens no websocket at /mqtt (HTTP 400)"),
            (403, "the web server does not let us in at /mqtt (HTTP 403)"),
            (404, "the web server knows no /mqtt (HTTP 404): the path in address may be wrong"),
            (302, "the web server sends us elsewhere (HTTP 302): write that in address"),
            (502, "the web server does not reach the broker behind it (HTTP 502)"),
        ] {
            assert_eq!(words(code, None), told);
        }
        let moved = "the web server sends us elsewhere to wss://other/mqtt (HTTP 308): write that in address";
        assert_eq!(words(308, Some("wss://other/mqtt")), moved);
    }

    #[test]
    fn a_websocket_that_is_closed_says_why_where_there_is_a_reason() {
        let frame = |code, reason: &'static str| CloseFrame { code, reason: reason.into() };
        assert_eq!(closing_words(None), None);
        assert_eq!(closing_words(Some(&frame(CloseCode::Normal, ""))), None);
        let told = closing_words(Some(&frame(CloseCode::Policy, "no\nentry")));
        assert_eq!(told.as_deref(), Some("the broker closed the connection: websocket code 1008, noentry"));
    }
}

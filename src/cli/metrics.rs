//! `run --metrics`: the plant's figures for Prometheus, over plain HTTP.
//!
//! A responder of one page and nothing else: it reads no path but its own, no body, no header. Invariant: at most
//! [`CONNECTIONS`] callers at a time, each with a few kilobytes and a few seconds; none of them reaches the plant, and a
//! picture is made only when one asks.

mod text;

use crate::runtime::Peek;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// Callers that are answered at a time; more are told to come again.
const CONNECTIONS: usize = 16;
/// After so many failures in a row, a minute of them, nobody will come any more.
const MOST_FAILURES: u32 = 600;
/// Longest request, in bytes.
const LONGEST_REQUEST: usize = 8 * 1024;
/// Time in which a request has to be there, and again in which the answer has to be taken.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is read of a request that was too long, so that its sender hears the answer.
const DRAINED: usize = 1 << 20;
/// Time for that.
const DRAIN: Duration = Duration::from_secs(1);

/// An address to listen on: `127.0.0.1:9100`, or a port of this computer's own, `9100`.
pub(super) fn parse_address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    text.parse().map_err(|_why| format!("\"{text}\" is no address; write it like 127.0.0.1:9100"))
}

/// Listens.
///
/// # Errors
/// The address in words, with the system's reason.
pub(super) async fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    let listener = TcpListener::bind(address).await.map_err(|why| format!("--metrics {address}: {why}"))?;
    // Where port 0 was asked for, the one that was given is to be known.
    let address = listener.local_addr().unwrap_or(address);
    tracing::info!("metrics on http://{address}/metrics");
    if !address.ip().is_loopback() {
        tracing::warn!("whoever reaches {address} can read the names and figures of devices, without a password");
    }
    Ok(listener)
}

/// Answers until it is dropped, or nobody can come any more.
pub(super) async fn serve(listener: TcpListener, peek: Peek) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut failures = 0;
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // Out of descriptors, mostly: it passes.
            Err(why) if failures < MOST_FAILURES => {
                tracing::debug!("metrics: {why}");
                failures += 1;
                sleep(Duration::from_millis(100)).await;
                continue;
            }
            Err(why) => return tracing::error!("metrics: {why}; they are served no more"),
        };
        failures = 0;
        let place = Arc::clone(&places).try_acquire_owned();
        let peek = peek.clone();
        match place {
            Ok(place) => drop(tokio::spawn(async move {
                // Who hangs up in the middle is nobody's fault.
                let _unheard = answer(stream, &peek).await;
                drop(place);
            })),
            // What fits the socket's own buffer is told; nothing is waited for.
            Err(_full) => {
                // Closed with bytes unread, the system would throw the answer away.
                let _read = stream.try_read(&mut [0; 1024]);
                drop(stream.try_write(response("503 Service Unavailable", "too many callers\n").as_bytes()));
            }
        }
    }
}

/// One request, one answer.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, peek: &Peek) -> io::Result<()> {
    let request = timeout(PATIENCE, request(&mut stream)).await.unwrap_or(Request::Slow);
    let answer = match &request {
        Request::Page => response("200 OK", &text::page(&*peek.snapshot().await)),
        // The head of the page alone: everything but the page.
        Request::Head => {
            let mut answer = response("200 OK", &text::page(&*peek.snapshot().await));
            answer.truncate(answer.find("\r\n\r\n").map_or(answer.len(), |end| end + 4));
            answer
        }
        Request::Elsewhere => response("404 Not Found", "the figures are at /metrics\n"),
        Request::Method => response("405 Method Not Allowed", "only GET and HEAD\n"),
        Request::Malformed => response("400 Bad Request", "this is no HTTP request\n"),
        Request::Long => response("431 Request Header Fields Too Large", "the request is too long\n"),
        Request::Slow => response("408 Request Timeout", "the request took too long\n"),
        Request::Gone => return Ok(()),
    };
    timeout(PATIENCE, async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await
    })
    .await??;
    if matches!(request, Request::Long | Request::Malformed | Request::Method) {
        // Closed with bytes unread, the system would throw the answer away.
        let mut rest = stream.take(DRAINED as u64);
        let _unread = timeout(DRAIN, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
    }
    Ok(())
}

/// What was asked.
#[derive(Debug, PartialEq, Eq)]
enum Request {
    Page,
    Head,
    Elsewhere,
    Method,
    Malformed,
    Long,
    Slow,
    Gone,
}

/// Reads up to the empty line that ends a request without a body.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Request {
    let mut bytes = Vec::with_capacity(1024);
    let mut chunk = [0; 1024];
    loop {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return if bytes.is_empty() { Request::Gone } else { Request::Malformed },
            Ok(read) => bytes.extend_from_slice(chunk.get(..read).unwrap_or_default()),
        }
        if let Some(asked) = understood(&bytes) {
            return asked;
        }
    }
}

/// What these bytes ask; `None`: more have to come.
fn understood(bytes: &[u8]) -> Option<Request> {
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let whole = bytes.windows(4).any(|w| w == b"\r\n\r\n") || bytes.windows(2).any(|w| w == b"\n\n");
    if !whole {
        // What cannot become a request is not waited for.
        let text = |b: &u8| b.is_ascii_graphic() || matches!(b, b' ' | b'\r');
        if !line.iter().all(text) {
            return Some(Request::Malformed);
        }
        return (bytes.len() >= LONGEST_REQUEST).then_some(Request::Long);
    }
    let line = String::from_utf8_lossy(line);
    let mut words = line.trim_end().split(' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Some(Request::Malformed);
    };
    if !version.starts_with("HTTP/1.") {
        return Some(Request::Malformed);
    }
    let path = target.split('?').next().unwrap_or_default();
    Some(match (method, path) {
        ("GET", "/metrics") => Request::Page,
        ("HEAD", "/metrics") => Request::Head,
        ("GET" | "HEAD", _) => Request::Elsewhere,
        _ => Request::Method,
    })
}

fn response(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_one_of_this_computer() {
        assert_eq!(parse_address("9100").unwrap().to_string(), "127.0.0.1:9100");
        assert_eq!(parse_address("[::1]:9100").unwrap().to_string(), "[::1]:9100");
        assert_eq!(parse_address("0.0.0.0:9100").unwrap().to_string(), "0.0.0.0:9100");
        for wrong in ["", "localhost:9100", "99999", "127.0.0.1"] {
            assert!(parse_address(wrong).unwrap_err().ends_with("write it like 127.0.0.1:9100"), "{wrong}");
        }
    }

    #[test]
    fn only_a_whole_request_for_the_page_gets_it() {
        for (bytes, asked) in [
            (&b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"[..], Some(Request::Page)),
            (b"GET /metrics?x=1 HTTP/1.0\n\n", Some(Request::Page)),
            (b"HEAD /metrics HTTP/1.1\r\n\r\n", Some(Request::Head)),
            (b"GET / HTTP/1.1\r\n\r\n", Some(Request::Elsewhere)),
            (b"GET /metrics/../etc HTTP/1.1\r\n\r\n", Some(Request::Elsewhere)),
            (b"POST /metrics HTTP/1.1\r\n\r\n", Some(Request::Method)),
            (b"GET /metrics\r\n\r\n", Some(Request::Malformed)),
            (b"GET /metrics HTTP/2\r\n\r\n", Some(Request::Malformed)),
            (b"\x16\x03\x01\x02\x00\x01", Some(Request::Malformed)),
            (b"GET /metrics HTTP/1.1\r\nHost: a\r\n", None),
            (b"", None),
        ] {
            assert_eq!(understood(bytes), asked, "{}", bytes.escape_ascii());
        }
        assert_eq!(understood(&[b'a'; LONGEST_REQUEST]), Some(Request::Long));
        assert_eq!(understood(&[b'a'; LONGEST_REQUEST - 1]), None);
    }
}

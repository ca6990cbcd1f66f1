//! The road to a broker: name, socket, tap, and a pause for breath.

use super::websocket::{Target, Websocket};
use crate::drivers::stream::{Tap, Tapped};
use crate::drivers::tls::Tls;
use crate::drivers::trace::Ends;
use crate::time::Clock;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

/// Time one address of a name may take while others are left; the whole connect has 5 s.
const TRY: Duration = Duration::from_secs(2);

/// After so long without an answer an address is asked beside: the system would repeat itself ever more slowly, and a network
/// that is back is to be used at once.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Finds the addresses of a host's name.
pub type Lookup = fn(host: String, port: u16) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Asks the system, anew for each attempt: a name may move, and its server may be away for a while.
pub fn ask_system(host: String, port: u16) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
    Box::pin(async move { Ok(lookup_host((host, port)).await?.collect()) })
}

/// Connects to the first address of `host` that answers.
///
/// # Errors
/// The last address's error, or that the name is not found.
pub async fn connect(lookup: Lookup, host: &str, port: u16) -> io::Result<TcpStream> {
    let not_found = |why: String| io::Error::new(io::ErrorKind::NotFound, format!("host name \"{host}\" {why}"));
    let addresses = lookup(host.to_owned(), port).await.map_err(|why| not_found(format!("not found: {why}")))?;
    let mut result = Err(not_found("has no address".to_owned()));
    for (i, address) in addresses.iter().enumerate() {
        let connecting = insist(*address);
        result = if i + 1 == addresses.len() {
            connecting.await
        } else {
            timeout(TRY, connecting).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        };
        if result.is_ok() {
            break;
        }
    }
    let stream = result?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Connects with the first of some attempts, each of which goes on beside the later ones: a road may be slow.
async fn insist(address: SocketAddr) -> io::Result<TcpStream> {
    let mut attempts = JoinSet::new();
    loop {
        attempts.spawn(TcpStream::connect(address));
        if let Ok(Some(ended)) = timeout(ASK_AGAIN, attempts.join_next()).await {
            return ended.unwrap_or_else(|panicked| Err(io::Error::other(panicked)));
        }
    }
}

/// What a broker is reached over.
#[derive(Debug)]
pub enum Road {
    /// In the clear.
    Plain(TcpStream),
    /// Over TLS.
    Tls(Box<TlsStream<TcpStream>>),
    /// By way of a web server, over one of the others.
    Web(Box<Websocket<Self>>),
}

impl Road {
    /// Makes it over a socket; `host` is whom the other end must be.
    ///
    /// # Errors
    /// Of the handshake, in words.
    pub async fn over(socket: TcpStream, host: &str, tls: Option<(&Tls, &Clock)>) -> io::Result<Self> {
        match tls {
            None => Ok(Self::Plain(socket)),
            Some((tls, clock)) => Ok(Self::Tls(Box::new(tls.handshake(host, socket, clock).await?))),
        }
    }

    /// Opens a websocket over it.
    ///
    /// # Errors
    /// The other end opens none, in words.
    pub async fn web(self, target: &Target) -> io::Result<Self> {
        Ok(Self::Web(Box::new(Websocket::open(self, target).await?)))
    }

    /// The socket below.
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.get_ref().0,
            Self::Web(stream) => stream.road().tcp(),
        }
    }
}

impl AsyncRead for Road {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Web(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Road {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Web(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
            Self::Web(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Web(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

/// A stream that, when asked to, is "not ready" once.
///
/// The client library looks at the socket first and at its keep-alive timer only when the socket has nothing: a broker
/// that sends without pause would get its pings late or never, and hang up on us for our silence. One breath lets the
/// timer in.
#[derive(Debug)]
pub struct Breathing<S> {
    stream: S,
    breathe: Arc<AtomicBool>,
}

/// The socket as the library gets it.
pub type Line = Breathing<Tapped<Road>>;

impl Line {
    /// Puts tap and breath around a road: the tap sees what the broker says, not how it was encrypted. Whoever sets `breathe`
    /// gets one pause at the next read.
    pub fn new(road: Road, tap: Arc<Tap>, breathe: Arc<AtomicBool>) -> Self {
        tap.opened(Ends::of(road.tcp()), true);
        Self { stream: Tapped::new(road, tap), breathe }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Breathing<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.breathe.swap(false, Ordering::Relaxed) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Breathing<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    #[test]
    fn a_breath_is_one_pause_of_a_stream_that_always_has_something() {
        let breathe = Arc::new(AtomicBool::new(false));
        let mut line = Breathing { stream: tokio::io::repeat(7), breathe: Arc::clone(&breathe) };
        let mut read = || {
            let mut bytes = [0; 4];
            let mut context = Context::from_waker(Waker::noop());
            Pin::new(&mut line).poll_read(&mut context, &mut ReadBuf::new(&mut bytes)).is_ready()
        };
        assert!(read());
        breathe.store(true, Ordering::Relaxed);
        assert_eq!([read(), read(), read()], [false, true, true]);
    }
}

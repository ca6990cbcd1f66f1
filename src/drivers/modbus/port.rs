//! Making a wire: a TCP connection or a serial port, opened in its time, and in plain words why not.

use super::poll::LONGEST;
use crate::drivers::stream::Tap;
use crate::drivers::tls::Tls;
use crate::drivers::trace::Ends;
use crate::project::Transport;
use crate::project::device::{Parity, SerialSettings};
use crate::time::Span;
use socket2::{SockRef, TcpKeepalive};
use std::fmt;
use std::io::{self, ErrorKind};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_serial::{DataBits, FlowControl, SerialPort as _, SerialPortBuilderExt as _, StopBits};

/// Unanswered keep-alive probes: after 10 s of quiet, every 5 s.
const KEEP_ALIVE: TcpKeepalive =
    TcpKeepalive::new().with_time(Duration::from_secs(10)).with_interval(Duration::from_secs(5));

/// What bytes go over.
pub(super) trait Port: AsyncRead + AsyncWrite + Send + Unpin {}

impl<P: AsyncRead + AsyncWrite + Send + Unpin> Port for P {}

/// The least that a handshake of TLS gets: small devices compute on one for seconds, and then for hours on none.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// The serial ports of this computer, as far as the system names them.
pub fn serial_ports() -> Vec<String> {
    // Where it cannot tell, a person types the name.
    let found = tokio_serial::available_ports().unwrap_or_default();
    let mut names: Vec<String> = found.into_iter().map(|port| port.port_name).collect();
    names.sort();
    names
}

/// Opens a line within `patience`, and tells `tap` between whom it is. `tls` is what a line over TLS is opened with.
///
/// # Errors
/// The reason in words: `connection refused`.
pub(super) async fn open(
    transport: &Transport,
    patience: Span,
    tap: &Tap,
    tls: Option<&Tls>,
) -> Result<Box<dyn Port>, String> {
    Ok(match transport {
        Transport::Tcp { host, port } | Transport::RtuOverTcp { host, port } => {
            let stream = connect(host, *port, patience).await?;
            tap.opened(Ends::of(&stream), false);
            Box::new(stream)
        }
        Transport::Tls { host, port, .. } => {
            let tls = tls.ok_or("no certificates were made ready for this line")?;
            let stream = connect(host, *port, patience).await?;
            let ends = Ends::of(&stream);
            let name = host.trim_start_matches('[').trim_end_matches(']');
            let shaking =
                timeout(patience.to_std().clamp(HANDSHAKE, LONGEST), tls.handshake(name, stream, tap.clock()));
            let shaken = shaking.await.map_err(|_elapsed| "the device does not finish the TLS handshake".to_owned())?;
            // The tap sees what the device says, not how it was encrypted.
            tap.opened(ends, false);
            Box::new(shaken.map_err(|why| io_words(&why))?)
        }
        Transport::Serial(settings) => {
            let port = serial(settings)?;
            let (name, set) = (settings.path.as_str().into(), settings.to_string().into());
            tap.opened(Ok(Ends::Serial { port: name, set }), false);
            Box::new(port)
        }
    })
}

/// Connects, trying each address of the name.
async fn connect(host: &str, port: u16, patience: Span) -> Result<TcpStream, String> {
    let deadline = Instant::now() + patience.to_std().min(LONGEST);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let late = || format!("no connection within {}", words(patience));
    let addresses = timeout_at(deadline, lookup_host((host, port))).await.map_err(|_elapsed| late())?;
    let addresses: Vec<_> = addresses.map_err(|why| format!("host name \"{host}\" not found: {why}"))?.collect();
    let mut why = format!("host name \"{host}\" has no address");
    for (i, address) in addresses.iter().enumerate() {
        // Each address gets its share of what is left, so that a dead one does not eat the live one's time.
        let share = deadline.saturating_duration_since(Instant::now()) / (addresses.len() - i) as u32;
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return tune(&stream, patience).map(|()| stream).map_err(|why| io_words(&why)),
            Ok(Err(error)) => why = io_words(&error),
            Err(_elapsed) => why = late(),
        }
    }
    Err(why)
}

/// Small requests go out at once, and the system notices a dead peer even while nothing is asked.
fn tune(stream: &TcpStream, patience: Span) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&KEEP_ALIVE)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(patience.to_std().max(Duration::from_secs(5))))?;
    #[cfg(not(target_os = "linux"))]
    let _unused = patience;
    Ok(())
}

/// Opens a serial port for us alone: two programs that ask on one line take each other's answers.
fn serial(settings: &SerialSettings) -> Result<tokio_serial::SerialStream, String> {
    let parity = match settings.parity {
        Parity::None => tokio_serial::Parity::None,
        Parity::Even => tokio_serial::Parity::Even,
        Parity::Odd => tokio_serial::Parity::Odd,
    };
    let port = tokio_serial::new(&settings.path, settings.baud)
        .data_bits(DataBits::Eight)
        .parity(parity)
        .stop_bits(if settings.stop_bits == 2 { StopBits::Two } else { StopBits::One })
        .flow_control(FlowControl::None)
        .open_native_async()
        .map_err(|why| serial_words(settings, &why))?;
    // What came before it was set means nothing; a port that cannot say so is emptied before the first request anyway.
    if let Err(why) = port.clear(tokio_serial::ClearBuffer::All) {
        tracing::debug!(port = settings.path, "could not empty the port: {why}");
    }
    Ok(port)
}

fn serial_words(settings: &SerialSettings, error: &tokio_serial::Error) -> String {
    let path = &settings.path;
    // The library tells a port that is in use by the same kind as one that is missing, and the system's own words differ.
    let text = error.to_string();
    let said = |words: &str| text.to_ascii_lowercase().contains(words);
    match error.kind() {
        tokio_serial::ErrorKind::Io(ErrorKind::NotFound) => format!("serial port {path} not found: is it plugged in?"),
        tokio_serial::ErrorKind::Io(ErrorKind::PermissionDenied) if cfg!(windows) => in_use(path),
        tokio_serial::ErrorKind::Io(ErrorKind::PermissionDenied) => {
            format!("serial port {path}: no permission; the user has to be in the group that owns it, often dialout")
        }
        _ if said("busy") || said("lock") || said("denied") => in_use(path),
        tokio_serial::ErrorKind::NoDevice => format!("serial port {path} not found: is it plugged in? ({text})"),
        _ if said("no such device") => format!("serial port {path} has nothing behind it: is the adapter plugged in?"),
        _ => format!("serial port {path}, set to {settings}: {text}"),
    }
}

fn in_use(path: &str) -> String {
    format!("serial port {path} is in use by another program")
}

/// The operating system's reason, as an operator knows it.
pub(super) fn io_words(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        ErrorKind::HostUnreachable => "host unreachable".to_owned(),
        ErrorKind::NetworkUnreachable => "network unreachable".to_owned(),
        ErrorKind::ConnectionReset => "connection reset by the device".to_owned(),
        ErrorKind::TimedOut => "the connection timed out".to_owned(),
        _ => error.to_string(),
    }
}

/// `250 ms`, `1 s`: a span as people write it.
pub(super) fn words(span: Span) -> impl fmt::Display {
    let text = span.to_string();
    let unit = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    format!("{} {}", &text[..unit], &text[unit..])
}

//! A capture file that Wireshark opens (pcapng): the bytes of our connections in packets of Ethernet, IP and TCP that never
//! were, and those of each serial port on an interface of its own, which bears the port's name, as the serial capture of an
//! RTAC (`LINKTYPE_RTAC_SERIAL`), a form that Wireshark can look into for Modbus RTU.
//!
//! What was lost between us and the file is a gap in TCP's own count of bytes, which Wireshark tells as such.

use crate::time::Utc;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Most bytes of one packet's payload.
pub(super) const SEGMENT: usize = 16 * 1024;

/// Kinds of blocks of the file, and of what is in one.
const SECTION: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
/// The bytes of a number stand the lowest first.
const BYTE_ORDER: u32 = 0x1A2B_3C4D;
const ETHERNET: u16 = 1;
const RTAC_SERIAL: u16 = 250;
/// Of an interface: what it is called, and what is to be said of it.
const NAME: u16 = 2;
const DESCRIPTION: u16 = 3;
/// Data went out, or came in.
const DATA_SENT: u8 = 1;
const DATA_RECEIVED: u8 = 2;

/// Which way a packet goes, and TCP's flags on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet {
    /// From us to the device.
    pub(super) sent: bool,
    pub(super) flags: u8,
    /// Bytes that went this way, and the other way, on this connection before.
    pub(super) before: u32,
    pub(super) heard: u32,
}

pub(super) const SYN: u8 = 0x02;
pub(super) const ACK: u8 = 0x10;
pub(super) const PUSH: u8 = 0x08;
pub(super) const FIN: u8 = 0x01;

/// Between whom bytes go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ends {
    /// The two ends of a connection of TCP.
    Tcp {
        /// Ours.
        local: SocketAddr,
        /// The device's.
        peer: SocketAddr,
    },
    /// A serial port.
    Serial {
        /// `/dev/ttyUSB0`
        port: Arc<str>,
        /// `19200 8E1`
        set: Arc<str>,
    },
}

impl Ends {
    /// Those of a connection.
    ///
    /// # Errors
    /// Where the system does not know them any more.
    pub fn of(stream: &tokio::net::TcpStream) -> io::Result<Self> {
        Ok(Self::Tcp { local: stream.local_addr()?, peer: stream.peer_addr()? })
    }
}

/// A file under way.
#[derive(Debug)]
pub(super) struct Pcap<W> {
    out: W,
    written: u64,
    /// Serial ports that have an interface, which come behind that of all that is TCP.
    ports: Vec<Arc<str>>,
}

impl<W: Write> Pcap<W> {
    /// Begins it.
    pub(super) fn new(out: W) -> io::Result<Self> {
        let mut pcap = Self { out, written: 0, ports: Vec::new() };
        let mut section = BYTE_ORDER.to_le_bytes().to_vec();
        section.extend(1_u16.to_le_bytes());
        section.extend(0_u16.to_le_bytes());
        // How long it will be is not known.
        section.extend((-1_i64).to_le_bytes());
        pcap.block(SECTION, &section)?;
        pcap.interface(ETHERNET, "tcp", "what was sent and received, in packets that are made up around it")?;
        Ok(pcap)
    }

    fn interface(&mut self, kind: u16, name: &str, description: &str) -> io::Result<()> {
        let mut body = kind.to_le_bytes().to_vec();
        body.extend([0; 2]);
        body.extend(65_535_u32.to_le_bytes());
        for (code, text) in [(NAME, name), (DESCRIPTION, description)] {
            let text = text.as_bytes().get(..SEGMENT).unwrap_or(text.as_bytes());
            body.extend(code.to_le_bytes());
            body.extend((text.len() as u16).to_le_bytes());
            body.extend(text);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        // The end of what is said.
        body.extend([0; 4]);
        self.block(INTERFACE, &body)
    }

    fn block(&mut self, kind: u32, body: &[u8]) -> io::Result<()> {
        let room = body.len().next_multiple_of(4);
        let length = (room as u32 + 12).to_le_bytes();
        let padding = [0; 3];
        for part in [&kind.to_le_bytes(), &length, body, padding.get(..room - body.len()).unwrap_or_default(), &length]
        {
            self.out.write_all(part)?;
        }
        self.written += room as u64 + 12;
        Ok(())
    }

    /// Bytes of the file so far.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    /// Hands all on to the disk.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Writes bytes of a connection, in as many packets as they need; none: one without any.
    pub(super) fn packets(
        &mut self,
        at: Utc,
        local: SocketAddr,
        peer: SocketAddr,
        packet: Packet,
        bytes: &[u8],
    ) -> io::Result<()> {
        if bytes.is_empty() {
            return self.packet(at, local, peer, packet, bytes);
        }
        for (i, part) in bytes.chunks(SEGMENT).enumerate() {
            let before = packet.before.wrapping_add((i * SEGMENT) as u32);
            self.packet(at, local, peer, Packet { before, ..packet }, part)?;
        }
        Ok(())
    }

    /// Writes what went over a serial port in one turn.
    pub(super) fn serial(&mut self, at: Utc, port: &Arc<str>, set: &str, sent: bool, bytes: &[u8]) -> io::Result<()> {
        let known = self.ports.iter().position(|known| known == port);
        let index = match known {
            Some(index) => index,
            None => {
                self.interface(RTAC_SERIAL, port, set)?;
                self.ports.push(Arc::clone(port));
                self.ports.len() - 1
            }
        };
        for part in bytes.chunks(SEGMENT) {
            let (secs, micros) = (at.0.div_euclid(1_000_000), at.0.rem_euclid(1_000_000));
            let mut frame = Vec::with_capacity(12 + part.len());
            frame.extend((secs as u32).to_be_bytes());
            frame.extend((micros as u32).to_be_bytes());
            // Of the control lines nothing is known.
            frame.extend([if sent { DATA_SENT } else { DATA_RECEIVED }, 0, 0, 0]);
            frame.extend(part);
            self.frame(at, index as u32 + 1, &frame)?;
        }
        Ok(())
    }

    fn packet(&mut self, at: Utc, local: SocketAddr, peer: SocketAddr, packet: Packet, bytes: &[u8]) -> io::Result<()> {
        let (from, to) = if packet.sent { (local, peer) } else { (peer, local) };
        let tcp = tcp(from, to, packet, bytes);
        let (kind, ip) = ip(from.ip(), to.ip(), tcp.len());
        let mut frame = Vec::with_capacity(14 + ip.len() + tcp.len());
        // Hardware addresses that say that they are made up.
        let (ours, theirs) = ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
        frame.extend(if packet.sent { [theirs, ours] } else { [ours, theirs] }.concat());
        frame.extend(kind.to_be_bytes());
        frame.extend(ip);
        frame.extend(tcp);
        self.frame(at, 0, &frame)
    }

    fn frame(&mut self, at: Utc, interface: u32, frame: &[u8]) -> io::Result<()> {
        let micros = u64::try_from(at.0).unwrap_or(0);
        let length = frame.len() as u32;
        let mut body = Vec::with_capacity(20 + frame.len());
        for word in [interface, (micros >> 32) as u32, micros as u32, length, length] {
            body.extend(word.to_le_bytes());
        }
        body.extend(frame);
        self.block(PACKET, &body)
    }
}

fn tcp(from: SocketAddr, to: SocketAddr, packet: Packet, bytes: &[u8]) -> Vec<u8> {
    let first = |flags: u8| u32::from(flags & SYN == 0);
    let mut tcp = Vec::with_capacity(20 + bytes.len());
    tcp.extend(from.port().to_be_bytes());
    tcp.extend(to.port().to_be_bytes());
    // The opening takes a number of its own on each side.
    tcp.extend(packet.before.wrapping_add(first(packet.flags)).to_be_bytes());
    let heard = if packet.flags & ACK == 0 { 0 } else { packet.heard.wrapping_add(1) };
    tcp.extend(heard.to_be_bytes());
    tcp.extend([0x50, packet.flags, 0xFF, 0xFF, 0, 0, 0, 0]);
    tcp.extend(bytes);
    let mut pseudo = match (from.ip(), to.ip()) {
        (IpAddr::V6(a), IpAddr::V6(b)) => [a.octets(), b.octets()].concat(),
        (a, b) => [v4(a).octets(), v4(b).octets()].concat(),
    };
    pseudo.extend((tcp.len() as u32).to_be_bytes());
    pseudo.extend([0, 0, 0, 6]);
    let sum = checksum(&[&pseudo, &tcp]);
    if let Some(place) = tcp.get_mut(16..18) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
    tcp
}

const fn v4(address: IpAddr) -> Ipv4Addr {
    match address {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    }
}

/// Ethernet's word for the version, and the header.
fn ip(from: IpAddr, to: IpAddr, length: usize) -> (u16, Vec<u8>) {
    if let (IpAddr::V6(from), IpAddr::V6(to)) = (from, to) {
        let mut ip = vec![0x60, 0, 0, 0];
        ip.extend((length as u16).to_be_bytes());
        ip.extend([6, 64]);
        ip.extend(from.octets());
        ip.extend(to.octets());
        return (0x86DD, ip);
    }
    let mut ip = vec![0x45, 0];
    ip.extend((length as u16 + 20).to_be_bytes());
    ip.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    ip.extend(v4(from).octets());
    ip.extend(v4(to).octets());
    let sum = checksum(&[&ip]);
    if let Some(place) = ip.get_mut(10..12) {
        place.copy_from_slice(&sum.to_be_bytes());
    }
    (0x0800, ip)
}

/// RFC 1071. Every part but the last has an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u32;
    for part in parts {
        for pair in part.chunks(2) {
            sum += u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The blocks of a file: kind and body.
    fn blocks(mut file: &[u8]) -> Vec<(u32, &[u8])> {
        let word = |bytes: &[u8]| u32::from_le_bytes(bytes[..4].try_into().unwrap());
        let mut blocks = Vec::new();
        while !file.is_empty() {
            let length = word(&file[4..]) as usize;
            assert_eq!(length % 4, 0);
            assert_eq!(word(&file[length - 4..]) as usize, length, "its length stands at its end too");
            blocks.push((word(file), &file[8..length - 4]));
            file = &file[length..];
        }
        blocks
    }

    #[test]
    fn a_packet_is_what_the_standards_say_to_the_last_check_sum() {
        let (local, peer) = ("192.168.1.7:40000".parse().unwrap(), "192.168.1.10:502".parse().unwrap());
        let mut pcap = Pcap::new(Vec::new()).unwrap();
        let packet = Packet { sent: true, flags: ACK | PUSH, before: 12, heard: 40 };
        pcap.packets(Utc(1_700_000_000_250_000), local, peer, packet, &[1, 2, 3]).unwrap();
        assert_eq!(pcap.written() as usize, pcap.out.len());
        let blocks = blocks(&pcap.out);
        assert_eq!(blocks.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [SECTION, INTERFACE, PACKET]);
        let (head, frame) = blocks[2].1.split_at(20);
        let micros = 1_700_000_000_250_000_u64;
        let words = [0, (micros >> 32) as u32, micros as u32, 57, 57];
        assert_eq!(head, words.map(u32::to_le_bytes).concat());
        let frame = &frame[..14 + 20 + 20 + 3];
        let (ip, tcp) = frame[14..].split_at(20);
        assert_eq!(checksum(&[ip]), 0, "a header with its sum in it sums up to nothing");
        let pseudo = [&ip[12..20], &[0, 0, 0, 23, 0, 0, 0, 6]].concat();
        assert_eq!(checksum(&[&pseudo, tcp]), 0);
        assert_eq!(tcp[4..12], [13_u32.to_be_bytes(), 41_u32.to_be_bytes()].concat());
        assert_eq!(tcp[20..], [1, 2, 3]);
    }

    #[test]
    fn more_bytes_than_a_packet_holds_become_several_that_follow_each_other() {
        let (local, peer) = ("[::1]:40000".parse().unwrap(), "[::1]:1883".parse().unwrap());
        let mut pcap = Pcap::new(Vec::new()).unwrap();
        let packet = Packet { sent: false, flags: ACK, before: u32::MAX - 5, heard: 0 };
        pcap.packets(Utc(0), local, peer, packet, &vec![7; SEGMENT + 5]).unwrap();
        let blocks = blocks(&pcap.out);
        let lengths: Vec<usize> = blocks[2..].iter().map(|(_, body)| body.len()).collect();
        assert_eq!(lengths, [SEGMENT, 5].map(|bytes| (20 + 14 + 40 + 20 + bytes).next_multiple_of(4)));
        let tcp = &blocks[3].1[20 + 14 + 40..];
        assert_eq!(tcp[4..8], (SEGMENT as u32 - 5).to_be_bytes());
    }

    #[test]
    fn each_serial_port_has_an_interface_with_its_name() {
        let mut pcap = Pcap::new(Vec::new()).unwrap();
        let ports: [Arc<str>; 2] = ["/dev/ttyUSB0".into(), "COM3".into()];
        for port in [0, 1, 0] {
            pcap.serial(Utc(1_700_000_000_000_005), &ports[port], "9600 8E1", port == 0, &[4, 3]).unwrap();
        }
        let blocks = blocks(&pcap.out);
        let kinds: Vec<u32> = blocks.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [SECTION, INTERFACE, INTERFACE, PACKET, INTERFACE, PACKET, PACKET]);
        let named = |index: usize, name: &[u8]| blocks[index].1.windows(name.len()).any(|part| part == name);
        assert!(named(2, b"/dev/ttyUSB0") && named(2, b"9600 8E1") && named(4, b"COM3"));
        assert_eq!(blocks[2].1[..2], RTAC_SERIAL.to_le_bytes());
        let of = |index: usize| (blocks[index].1[0], blocks[index].1[20 + 8]);
        assert_eq!([of(3), of(5), of(6)], [(1, DATA_SENT), (2, DATA_RECEIVED), (1, DATA_SENT)]);
        assert_eq!(blocks[3].1[20..28], [1_700_000_000_u32.to_be_bytes(), 5_u32.to_be_bytes()].concat());
        assert_eq!(blocks[3].1[32..34], [4, 3]);
    }
}

//! A capture file that Wireshark opens: the bytes of our connections in packets of Ethernet, IP and TCP that never were.
//!
//! What was lost between us and the file is a gap in TCP's own count of bytes, which Wireshark tells as such.

use crate::time::Utc;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Most bytes of one packet's payload.
const SEGMENT: usize = 16 * 1024;
const ETHERNET: u32 = 1;

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

/// The two ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Ours.
    pub local: SocketAddr,
    /// The device's.
    pub peer: SocketAddr,
}

impl Ends {
    /// Those of a connection.
    ///
    /// # Errors
    /// Where the system does not know them any more.
    pub fn of(stream: &tokio::net::TcpStream) -> io::Result<Self> {
        Ok(Self { local: stream.local_addr()?, peer: stream.peer_addr()? })
    }
}

/// A file under way.
#[derive(Debug)]
pub(super) struct Pcap<W> {
    out: W,
    written: u64,
}

impl<W: Write> Pcap<W> {
    /// Begins it.
    pub(super) fn new(mut out: W) -> io::Result<Self> {
        let mut head = Vec::with_capacity(24);
        head.extend(0xA1B2_C3D4_u32.to_le_bytes());
        head.extend(2_u16.to_le_bytes());
        head.extend(4_u16.to_le_bytes());
        head.extend([0; 8]);
        head.extend(65_535_u32.to_le_bytes());
        head.extend(ETHERNET.to_le_bytes());
        out.write_all(&head)?;
        Ok(Self { out, written: head.len() as u64 })
    }

    /// Bytes of the file so far.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    /// Hands all on to the disk.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Writes bytes, in as many packets as they need; none: one without any.
    pub(super) fn packets(&mut self, at: Utc, ends: Ends, packet: Packet, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return self.packet(at, ends, packet, bytes);
        }
        for (i, part) in bytes.chunks(SEGMENT).enumerate() {
            let before = packet.before.wrapping_add((i * SEGMENT) as u32);
            self.packet(at, ends, Packet { before, ..packet }, part)?;
        }
        Ok(())
    }

    fn packet(&mut self, at: Utc, ends: Ends, packet: Packet, bytes: &[u8]) -> io::Result<()> {
        let (from, to) = if packet.sent { (ends.local, ends.peer) } else { (ends.peer, ends.local) };
        let tcp = tcp(from, to, packet, bytes);
        let (kind, ip) = ip(from.ip(), to.ip(), tcp.len());
        let mut frame = Vec::with_capacity(14 + ip.len() + tcp.len());
        // Hardware addresses that say that they are made up.
        let (ours, theirs) = ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
        frame.extend(if packet.sent { [theirs, ours] } else { [ours, theirs] }.concat());
        frame.extend(kind.to_be_bytes());
        frame.extend(ip);
        frame.extend(tcp);
        let (secs, micros) = (at.0.div_euclid(1_000_000), at.0.rem_euclid(1_000_000));
        let mut head = Vec::with_capacity(16);
        head.extend((secs as u32).to_le_bytes());
        head.extend((micros as u32).to_le_bytes());
        head.extend((frame.len() as u32).to_le_bytes());
        head.extend((frame.len() as u32).to_le_bytes());
        self.out.write_all(&head)?;
        self.out.write_all(&frame)?;
        self.written += (head.len() + frame.len()) as u64;
        Ok(())
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

    #[test]
    fn a_packet_is_what_the_standards_say_to_the_last_check_sum() {
        let ends = Ends { local: "192.168.1.7:40000".parse().unwrap(), peer: "192.168.1.10:502".parse().unwrap() };
        let mut pcap = Pcap::new(Vec::new()).unwrap();
        let packet = Packet { sent: true, flags: ACK | PUSH, before: 12, heard: 40 };
        pcap.packets(Utc(1_700_000_000_250_000), ends, packet, &[1, 2, 3]).unwrap();
        assert_eq!(pcap.written() as usize, pcap.out.len());
        let record = &pcap.out[24..];
        assert_eq!(record[..4], 1_700_000_000_u32.to_le_bytes());
        assert_eq!(record[4..8], 250_000_u32.to_le_bytes());
        let frame = &record[16..];
        assert_eq!(frame.len(), 14 + 20 + 20 + 3);
        let (ip, tcp) = frame[14..].split_at(20);
        assert_eq!(checksum(&[ip]), 0, "a header with its sum in it sums up to nothing");
        let pseudo = [&ip[12..20], &[0, 0, 0, 23, 0, 0, 0, 6]].concat();
        assert_eq!(checksum(&[&pseudo, tcp]), 0);
        assert_eq!(tcp[4..12], [13_u32.to_be_bytes(), 41_u32.to_be_bytes()].concat());
        assert_eq!(tcp[20..], [1, 2, 3]);
    }

    #[test]
    fn more_bytes_than_a_packet_holds_become_several_that_follow_each_other() {
        let ends = Ends { local: "[::1]:40000".parse().unwrap(), peer: "[::1]:1883".parse().unwrap() };
        let mut pcap = Pcap::new(Vec::new()).unwrap();
        let packet = Packet { sent: false, flags: ACK, before: u32::MAX - 5, heard: 0 };
        pcap.packets(Utc(0), ends, packet, &vec![7; SEGMENT + 5]).unwrap();
        let (first, second) = (16 + 14 + 40 + 20 + SEGMENT, 16 + 14 + 40 + 20 + 5);
        assert_eq!(pcap.out.len(), 24 + first + second);
        let tcp = &pcap.out[24 + first + 16 + 14 + 40..];
        assert_eq!(tcp[4..8], (SEGMENT as u32 - 5).to_be_bytes());
    }
}

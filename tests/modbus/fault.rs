//! What a Modbus server may do wrong, by name, and what it says then: pure functions of the request. Each register holds its own
//! address; each bit is set where its address divides by three.

#![allow(dead_code, reason = "shared by tests and benches that use different parts of it")]

use std::time::Duration;
use watchkeeper::drivers::modbus::rtu::check_sum;

/// What a server does wrong. Times are in milliseconds. Those of a whole connection (`CloseAfter` to `Silent`) are the business of
/// [`super::hostile`]; a line behind a converter ([`super::line`]) knows none of them but silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The answer comes after so long.
    Late(u64),
    /// Every other answer comes up to so long after its request, at random.
    LateNowAndThen(u64),
    /// So long between one byte and the next.
    Slow(u64),
    /// The number of the next request, as some gateways always give it.
    WrongTransaction,
    WrongUnit,
    WrongFunction,
    /// Over TCP, where frames name their protocol.
    WrongProtocol,
    /// One register less than asked for, with lengths that fit.
    Short,
    /// One register more.
    Long,
    /// Lengths that tell of more data than the frame has.
    CountTooGreat,
    /// The length field says 65535; over TCP.
    HugeLength,
    /// The length field says 0; over TCP.
    NoLength,
    /// One bit is turned over; on a line, where a check sum tells.
    CheckSum,
    /// Bytes that mean nothing.
    Garbage,
    /// Bytes that mean nothing before each answer, as a line gives them whose direction turns.
    GarbageBefore,
    GarbageAfter,
    /// The request is heard before its answer; on a line.
    Echo,
    /// Half of the reply, and no more.
    Half,
    /// Half of the reply, then the end of the connection.
    HalfAndClose,
    /// 100 kB instead of a reply.
    Flood,
    /// One byte in each segment.
    ByteByByte,
    /// The answer to an earlier request (on a line: of another unit) and the right one, in one segment.
    Coalesced,
    /// The answer twice, in one segment.
    Duplicated,
    /// This exception for every read that covers this address.
    Hole(u16, u8),
    /// A read that covers this address puts four bytes more into the next answer.
    CorruptsNext(u16),
    /// No reply to a read that covers this address.
    Ignored(u16),
    /// An exception for every read.
    Exception(u8),
    /// Exception 6 this often, then answers.
    Busy(u32),
    /// Exception 3 for a read of more registers than this.
    AtMost(u16),
    /// Exception 2 for a read of more than one register.
    OneByOne,
    /// One unit does not answer.
    SilentUnit(u8),
    /// The gateway says that one unit does not answer.
    GatewayUnit(u8),
    /// Deaf for so long after a connection is made.
    DeafAfterConnect(u64),
    /// Deaf for so long after each answer.
    DeafAfterAnswer(u64),
    /// Silent on a connection that has carried so many answers.
    Tires(u32),
    /// The end of the connection after each answer.
    CloseAfter,
    /// The end of the connection instead of an answer.
    CloseInstead,
    /// The end of a connection on which nothing was asked for so long.
    CloseIdle(u64),
    /// The end of the oldest connection when there is one more than this.
    Evicts(usize),
    /// No connection can be made, and those that were are gone.
    Refusing,
    /// Nothing at all.
    Silent,
    /// Random bytes, sometimes behind a header that fits.
    Random,
    /// One of those above that no checking can see through to a wrong value, each time another.
    Mixed,
}

/// What [`Fault::Mixed`] takes its turn from.
const MIXED: [Fault; 24] = [
    Fault::None,
    Fault::None,
    Fault::None,
    Fault::None,
    Fault::LateNowAndThen(60),
    Fault::LateNowAndThen(180),
    Fault::WrongTransaction,
    Fault::WrongUnit,
    Fault::WrongFunction,
    Fault::Short,
    Fault::Long,
    Fault::CountTooGreat,
    Fault::HugeLength,
    Fault::CheckSum,
    Fault::Garbage,
    Fault::GarbageBefore,
    Fault::GarbageAfter,
    Fault::Echo,
    Fault::Half,
    Fault::ByteByByte,
    Fault::Coalesced,
    Fault::Duplicated,
    Fault::Exception(6),
    Fault::Silent,
];

/// How frames are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Tcp,
    Rtu,
}

/// A read request.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    pub framing: Framing,
    pub transaction: u16,
    pub unit: u8,
    pub function: u8,
    pub start: u16,
    pub count: u16,
}

impl Request {
    pub fn tcp(bytes: [u8; 12]) -> Self {
        let [t1, t0, .., unit, function, s1, s0, c1, c0] = bytes;
        let [transaction, start, count] = [[t1, t0], [s1, s0], [c1, c0]].map(u16::from_be_bytes);
        Self { framing: Framing::Tcp, transaction, unit, function, start, count }
    }

    pub fn rtu(bytes: [u8; 8]) -> Self {
        let [unit, function, s1, s0, c1, c0, sum @ ..] = bytes;
        assert_eq!(sum, check_sum(&bytes[..6]), "a request with a wrong check sum");
        let [start, count] = [[s1, s0], [c1, c0]].map(u16::from_be_bytes);
        Self { framing: Framing::Rtu, transaction: 0, unit, function, start, count }
    }

    fn covers(&self, address: u16) -> bool {
        (self.start..self.start.saturating_add(self.count)).contains(&address)
    }

    /// The PDU of a right answer.
    fn right(&self) -> Vec<u8> {
        let &Self { function, start, count, .. } = self;
        let mut pdu = vec![function, 0];
        if function <= 2 {
            let mut bits = vec![0; usize::from(count).div_ceil(8)];
            for i in 0..count {
                bits[usize::from(i / 8)] |= u8::from(start.wrapping_add(i).is_multiple_of(3)) << (i % 8);
            }
            pdu.extend(bits);
        } else {
            (0..count).for_each(|i| pdu.extend(start.wrapping_add(i).to_be_bytes()));
        }
        pdu[1] = (pdu.len() - 2) as u8;
        pdu
    }

    /// As it goes over the wire.
    fn frame(&self, pdu: &[u8]) -> Vec<u8> {
        match self.framing {
            Framing::Tcp => {
                let ([t1, t0], [l1, l0]) = (self.transaction.to_be_bytes(), (pdu.len() as u16 + 1).to_be_bytes());
                [&[t1, t0, 0, 0, l1, l0, self.unit], pdu].concat()
            }
            Framing::Rtu => {
                let body = [&[self.unit], pdu].concat();
                [&body[..], &check_sum(&body)].concat()
            }
        }
    }

    fn exception(&self, code: u8) -> Vec<u8> {
        self.frame(&[self.function | 0x80, code])
    }
}

/// What comes back, and how.
#[derive(Debug)]
pub struct Said {
    pub bytes: Vec<u8>,
    pub wait: Duration,
    /// One byte at a time, with so much between them.
    pub apart: Option<Duration>,
    /// The end of the connection then.
    pub closes: bool,
}

/// What a server has to remember of what it was asked.
#[derive(Debug)]
pub struct Memory {
    pub random: fastrand::Rng,
    pub fault: Fault,
    asked: u64,
    previous: Option<Request>,
    corrupts: bool,
}

impl Memory {
    pub fn new(fault: Fault) -> Self {
        Self { random: fastrand::Rng::new(), fault, asked: 0, previous: None, corrupts: false }
    }

    /// A connection begins, which knows nothing of what was asked on others.
    pub fn connected(&mut self) {
        self.previous = None;
    }

    /// What is said to a request.
    pub fn said(&mut self, request: &Request) -> Said {
        let fault = if self.fault == Fault::Mixed { MIXED[self.random.usize(..MIXED.len())] } else { self.fault };
        self.asked += 1;
        let late = match fault {
            Fault::Late(millis) => millis,
            Fault::LateNowAndThen(millis) if self.asked.is_multiple_of(2) => self.random.u64(..=millis),
            _ => 0,
        };
        let apart = match fault {
            Fault::ByteByByte => Some(Duration::ZERO),
            Fault::Slow(millis) => Some(Duration::from_millis(millis)),
            _ => None,
        };
        let closes = matches!(fault, Fault::CloseAfter | Fault::CloseInstead | Fault::HalfAndClose);
        let said = Said { bytes: self.bytes(request, fault), wait: Duration::from_millis(late), apart, closes };
        self.previous = Some(*request);
        said
    }

    fn bytes(&mut self, request: &Request, fault: Fault) -> Vec<u8> {
        let framing = request.framing;
        let pdu = request.right();
        let good = request.frame(&pdu);
        let changed = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut pdu = pdu.clone();
            change(&mut pdu);
            request.frame(&pdu)
        };
        let more = |bytes: &[u8]| {
            changed(&|pdu| {
                pdu.extend(bytes);
                pdu[1] = (pdu.len() - 2) as u8;
            })
        };
        // A register, or eight bits.
        let register = if request.function <= 2 { 1 } else { 2 };
        if std::mem::take(&mut self.corrupts) {
            self.corrupts = matches!(fault, Fault::CorruptsNext(address) if request.covers(address));
            return more(&[0; 4]);
        }
        match (fault, framing) {
            (Fault::WrongTransaction, Framing::Tcp) => {
                Request { transaction: request.transaction.wrapping_add(1), ..*request }.frame(&pdu)
            }
            (Fault::WrongUnit, _) => Request { unit: request.unit.wrapping_add(1), ..*request }.frame(&pdu),
            (Fault::WrongFunction, _) => changed(&|pdu| pdu[0] ^= 7),
            (Fault::WrongProtocol, Framing::Tcp) => [&good[..2], &[1], &good[3..]].concat(),
            (Fault::Short, _) => changed(&|pdu| {
                pdu.truncate(pdu.len() - register);
                pdu[1] -= register as u8;
            }),
            (Fault::Long, _) => more(&[7; 2][..register]),
            (Fault::CountTooGreat, _) => changed(&|pdu| pdu[1] += 2),
            (Fault::HugeLength, Framing::Tcp) => [&good[..4], &[0xFF, 0xFF], &good[6..]].concat(),
            (Fault::NoLength, Framing::Tcp) => [&good[..4], &[0, 0], &good[6..]].concat(),
            (Fault::CheckSum, Framing::Rtu) => {
                let mut bytes = good;
                let at = self.random.usize(3..bytes.len());
                bytes[at] ^= 1 << self.random.u8(..8);
                bytes
            }
            (Fault::Garbage, _) => b"HTTP/1.1 400 Bad Request\r\nServer: none of yours\r\n\r\n".to_vec(),
            (Fault::GarbageBefore, _) => {
                [&[0, 0xFF, 0x7F, request.unit, 0x80][..self.random.usize(1..6)], &good[..]].concat()
            }
            (Fault::GarbageAfter, _) => [&good[..], &[0xFF, 0][..self.random.usize(1..3)]].concat(),
            (Fault::Echo, Framing::Rtu) => {
                let ([s1, s0], [c1, c0]) = (request.start.to_be_bytes(), request.count.to_be_bytes());
                [request.frame(&[request.function, s1, s0, c1, c0]), good].concat()
            }
            (Fault::Half | Fault::HalfAndClose, _) => good[..good.len() / 2].to_vec(),
            (Fault::Flood, _) => vec![0x55; 100_000],
            (Fault::Coalesced, Framing::Tcp) => {
                let earlier = self.previous.map(|earlier| earlier.frame(&earlier.right()));
                [earlier.unwrap_or_default(), good].concat()
            }
            (Fault::Coalesced, Framing::Rtu) => {
                let other = Request { unit: request.unit.wrapping_add(1), start: request.start + 1, ..*request };
                [other.frame(&other.right()), good].concat()
            }
            (Fault::Duplicated, _) => [&good[..], &good[..]].concat(),
            (Fault::Hole(address, code), _) if request.covers(address) => request.exception(code),
            (Fault::CorruptsNext(address), _) => {
                self.corrupts = request.covers(address);
                good
            }
            (Fault::Exception(code), _) => request.exception(code),
            (Fault::Busy(left), _) => {
                self.fault = if left > 1 { Fault::Busy(left - 1) } else { Fault::None };
                request.exception(6)
            }
            (Fault::AtMost(most), _) if request.count > most => request.exception(3),
            (Fault::OneByOne, _) if request.count > 1 => request.exception(2),
            (Fault::GatewayUnit(silent), _) if silent == request.unit => request.exception(11),
            (Fault::SilentUnit(silent), _) if silent == request.unit => Vec::new(),
            (Fault::Ignored(address), _) if request.covers(address) => Vec::new(),
            (Fault::CloseInstead | Fault::Silent | Fault::Refusing, _) => Vec::new(),
            (Fault::Random, _) => {
                let tail: Vec<u8> = (0..self.random.usize(0..40)).map(|_| self.random.u8(..)).collect();
                let head = [good.len().min(8), 0, 7, 5][self.random.usize(0..4)];
                [&good[..head], &tail].concat()
            }
            _ => good,
        }
    }
}

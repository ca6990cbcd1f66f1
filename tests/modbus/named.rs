//! Every fault by its name, over TCP and in the frames of a serial line: what a tag shows while it lasts, what is counted, and
//! that all is well again soon after it ends. No good value is ever another than the register's own.

use super::fault::Fault;
use super::hostile::Hostile;
use super::line::Line;
use super::plant::Plant;
use super::registers::{device, is_its_address, line_device, tags};
use std::time::Duration;
use watchkeeper::engine::{DeviceStatus, LinkState};

const NAMES: &str = "h0 h1 h2 h3 h4 h5 h6 h7 h8 h9";

/// One poll and one second, and what a busy machine adds.
const RECOVERY: Duration = Duration::from_millis(100 + 1_000 + 3_000);

enum Peer {
    Tcp(Hostile),
    Line(Line),
}

impl Peer {
    async fn tcp() -> Self {
        Self::Tcp(Hostile::start(Fault::None).await)
    }

    async fn line() -> Self {
        Self::Line(Line::start(Fault::None).await)
    }

    fn set(&self, fault: Fault) {
        match self {
            Self::Tcp(server) => server.set(fault),
            Self::Line(line) => line.set(fault),
        }
    }

    fn plant(&self, settings: &str) -> Plant {
        let device = match self {
            Self::Tcp(server) => device("plc", server.addr, settings),
            Self::Line(line) => line_device("plc", line.addr, settings),
        };
        Plant::start(&format!("{device}{}", tags("plc", NAMES)), is_its_address)
    }
}

/// What is counted of a fault.
type Counter = fn(&DeviceStatus) -> u64;

const TIMEOUTS: Counter = |status| status.timeouts;
const MISMATCHES: Counter = |status| status.mismatches;
const EXCEPTIONS: Counter = |status| status.exceptions;
const RECONNECTS: Counter = |status| status.reconnects;

/// A fault that leaves no value good.
async fn suffers(peer: Peer, fault: Fault, shown: &str, counter: Counter) {
    let mut plant = peer.plant("poll = \"100ms\"");
    plant.until("good values", |p| p.good("h9") > 2).await;
    assert_eq!((plant.connected(0), plant.status[0].errors()), (true, 0));
    peer.set(fault);
    plant.until_shows(Duration::from_secs(5), "h9", shown).await;
    let good = plant.good("h9");
    plant.watch(700).await;
    // On a line that does not number its answers, a late one to the same registers is theirs, if a little old.
    if !matches!((&peer, fault), (Peer::Line(_), Fault::Late(_))) {
        assert_eq!(plant.good("h9"), good, "no good value while it lasts");
        assert!(plant.shows("h9").starts_with("bad:"), "{}", plant.shows("h9"));
    }
    let good = plant.good("h9");
    peer.set(Fault::None);
    plant.until_within(RECOVERY, "recovery", |p| p.connected(0) && p.good("h9") > good).await;
    assert_eq!(plant.shows("h9"), "9 good");
    plant.until("it is counted", |p| counter(&p.status[0]) > 0).await;
    assert!(plant.status[0].last_error.is_some(), "the last error is kept");
    plant.stop().await;
}

/// A fault that costs no value.
async fn bears(peer: Peer, fault: Fault, settings: &str) {
    peer.set(fault);
    let mut plant = peer.plant(settings);
    plant.until("good values", |p| NAMES.split(' ').all(|name| p.good(name) > 5)).await;
    assert_eq!(plant.states[0], [LinkState::Connecting, LinkState::Connected], "{fault:?}");
    plant.until("figures", |p| p.status[0].answers > 5).await;
    assert_eq!(plant.status[0].errors(), 0, "{:?}", plant.status[0]);
    assert_eq!(plant.shows("h9"), "9 good");
    plant.stop().await;
}

macro_rules! suffers {
    ($peer:ident: $($name:ident $fault:expr => $shown:literal, $counter:ident;)*) => {$(
        #[tokio::test]
        async fn $name() {
            suffers(Peer::$peer().await, $fault, $shown, $counter).await;
        }
    )*};
}

macro_rules! bears {
    ($peer:ident: $($name:ident $fault:expr;)*) => {$(
        #[tokio::test]
        async fn $name() {
            bears(Peer::$peer().await, $fault, "timeout = \"3s\"").await;
        }
    )*};
}

mod over_tcp {
    use super::*;

    suffers! { tcp:
        late Fault::Late(150) => "bad:no-communication: timeout after 100 ms", TIMEOUTS;
        silent Fault::Silent => "bad:no-communication: timeout after 100 ms", TIMEOUTS;
        slow Fault::Slow(30) => "bad:no-communication: timeout after 100 ms, incomplete reply: ", TIMEOUTS;
        half Fault::Half => "bad:no-communication: timeout after 100 ms, incomplete reply: 14 of 29 bytes", TIMEOUTS;
        half_and_closing Fault::HalfAndClose => "bad:no-communication: incomplete reply: 14 of 29 bytes", MISMATCHES;
        wrong_transaction Fault::WrongTransaction => "bad:no-communication: reply to transaction ", MISMATCHES;
        wrong_unit Fault::WrongUnit => "bad:no-communication: reply of unit 2 instead of 1", MISMATCHES;
        wrong_function Fault::WrongFunction => "bad:no-communication: reply of function 4 instead of 3", MISMATCHES;
        wrong_protocol Fault::WrongProtocol => "bad:no-communication: reply of protocol 256, not Modbus", MISMATCHES;
        short Fault::Short => "bad:no-communication: reply of 18 data bytes instead of 20", MISMATCHES;
        long Fault::Long => "bad:no-communication: reply of 22 data bytes instead of 20", MISMATCHES;
        count_too_great Fault::CountTooGreat => "bad:no-communication: reply of 22 data bytes instead of 20", MISMATCHES;
        huge_length Fault::HugeLength => "bad:no-communication: reply with an impossible length of 65535", MISMATCHES;
        no_length Fault::NoLength => "bad:no-communication: reply with an impossible length of 0", MISMATCHES;
        garbage Fault::Garbage => "bad:no-communication: reply of protocol 21584, not Modbus", MISMATCHES;
        flood Fault::Flood => "bad:no-communication: reply of protocol 21845, not Modbus", MISMATCHES;
        closing Fault::CloseInstead => "bad:no-communication: connection closed by the device", RECONNECTS;
        refusing Fault::Refusing => "bad:no-communication: connection refused", RECONNECTS;
        exception Fault::Exception(4) => "bad:device-fault: exception 4: server device failure", EXCEPTIONS;
        exception_in_gap Fault::Hole(9, 2) => "bad:device-fault: exception 2: illegal data address", EXCEPTIONS;
        busy_for_ever Fault::Exception(6) => "bad:device-fault: exception 6: server device busy", EXCEPTIONS;
        gateway_without_target Fault::GatewayUnit(1) => "bad:no-communication: gateway: target did not respond", EXCEPTIONS;
        four_bytes_too_many_after_each_read Fault::CorruptsNext(5) => "bad:no-communication: reply of 24 data bytes instead of 20", MISMATCHES;
    }

    bears! { tcp:
        a_little_late Fault::Late(30);
        a_little_slow Fault::Slow(1);
        byte_by_byte Fault::ByteByByte;
        coalesced Fault::Coalesced;
        duplicated Fault::Duplicated;
        closing_after_each_answer Fault::CloseAfter;
    }
}

mod in_frames_of_a_line {
    use super::*;

    suffers! { line:
        late Fault::Late(300) => "bad:no-communication: timeout after 100 ms", TIMEOUTS;
        silent Fault::Silent => "bad:no-communication: timeout after 100 ms", TIMEOUTS;
        slow Fault::Slow(30) => "bad:no-communication: timeout after 100 ms, incomplete reply: ", TIMEOUTS;
        half Fault::Half => "bad:no-communication: timeout after 100 ms, incomplete reply: 12 of 25 bytes", TIMEOUTS;
        wrong_unit Fault::WrongUnit => "bad:no-communication: reply of unit 2 instead of 1", MISMATCHES;
        wrong_function Fault::WrongFunction => "bad:no-communication: reply of function 4 instead of 3", MISMATCHES;
        wrong_check_sum Fault::CheckSum => "bad:no-communication: reply with a wrong check sum", MISMATCHES;
        short Fault::Short => "bad:no-communication: reply of 18 data bytes instead of 20", MISMATCHES;
        long Fault::Long => "bad:no-communication: reply of 22 data bytes instead of 20", MISMATCHES;
        garbage Fault::Garbage => "bad:no-communication: reply with a wrong check sum", MISMATCHES;
        flood Fault::Flood => "bad:no-communication: more bytes than any reply has", MISMATCHES;
        exception Fault::Exception(4) => "bad:device-fault: exception 4: server device failure", EXCEPTIONS;
        exception_in_gap Fault::Hole(9, 2) => "bad:device-fault: exception 2: illegal data address", EXCEPTIONS;
    }

    bears! { line:
        a_little_late Fault::Late(30);
        a_little_slow Fault::Slow(1);
        byte_by_byte Fault::ByteByByte;
        coalesced Fault::Coalesced;
        duplicated Fault::Duplicated;
        garbage_before Fault::GarbageBefore;
        garbage_after Fault::GarbageAfter;
        echoed Fault::Echo;
    }
}

/// Waits grow while a device is away, and must not grow beyond what is promised.
#[tokio::test]
async fn a_device_that_was_away_for_long_is_back_as_soon_as_one_that_was_not() {
    let cases = vec![Fault::Refusing, Fault::Silent, Fault::CloseInstead, Fault::Garbage, Fault::GatewayUnit(1)];
    super::each(cases, |fault| async move {
        let peer = Peer::tcp().await;
        let mut plant = peer.plant("poll = \"100ms\"");
        plant.until("good values", |p| p.good("h9") > 2).await;
        peer.set(fault);
        plant.watch(8_000).await;
        assert!(!plant.gone(0).is_empty(), "{fault:?}");
        let good = plant.good("h9");
        peer.set(Fault::None);
        plant.until_within(RECOVERY, "recovery", |p| p.connected(0) && p.good("h9") > good).await;
        plant.stop().await;
    })
    .await;
}

#[tokio::test]
async fn units_of_a_line_that_was_away_for_long_are_all_back_together() {
    let line = Line::start(Fault::None).await;
    let mut project = String::new();
    for unit in 1..=4 {
        let name = format!("u{unit}");
        project.push_str(&line_device(&name, line.addr, &format!("unit-id = {unit}\npoll = \"100ms\"")));
        project.push_str(&tags(&name, "h7"));
    }
    let mut plant = Plant::start(&project, is_its_address);
    let tag = |unit: usize| format!("u{}.h7", unit + 1);
    plant.until("good values", |p| (0..4).all(|unit| p.good(&tag(unit)) > 2)).await;
    line.set(Fault::Silent);
    plant.watch(8_000).await;
    assert!((0..4).all(|unit| !plant.gone(unit).is_empty()), "{:?}", plant.states);
    let good: Vec<u32> = (0..4).map(|unit| plant.good(&tag(unit))).collect();
    line.set(Fault::None);
    plant
        .until_within(RECOVERY, "recovery of all", |p| {
            (0..4).all(|unit| p.connected(unit) && p.good(&tag(unit)) > good[unit])
        })
        .await;
    plant.stop().await;
}

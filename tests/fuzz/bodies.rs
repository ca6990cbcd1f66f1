//! What is done with bytes from outside, and what must hold whatever they are. The fuzzer looks for bytes that break it;
//! `tests/corpus.rs` goes through those that were found to lead somewhere.

use std::sync::Arc;
use watchkeeper::cli::rehearse;
use watchkeeper::drivers::modbus::blocks::{Block, Spot};
use watchkeeper::drivers::modbus::reply::{self, Answer, Tolerance};
use watchkeeper::drivers::modbus::{budget, rtu, value};
use watchkeeper::drivers::monitor::DeviceLog;
use watchkeeper::drivers::mqtt::topics::{Reports, Topics};
use watchkeeper::engine::{Generation, Mode, Plan, TagId, Value};
use watchkeeper::project::{
    Area, Availability, ByteHalf, DataType, Missing, Order, RegisterSource, Retained, TopicSource, file,
};
use watchkeeper::time::{Mono, Now, Span, Utc};

/// Longer inputs find nothing that shorter ones do not.
const LONGEST: usize = 16 * 1024;

/// What a Modbus device sent: six bytes choose what was asked for and how, the rest came.
///
/// An answer that is taken has as many bytes as were asked for, stands in the bytes that came, and gives one sample for each
/// tag, of which those that are good are numbers.
pub fn modbus_reply(input: &[u8]) {
    let Some((&[choice, a1, a0, count, order, kind], received)) = input.split_first_chunk() else { return };
    let area = [Area::Coil, Area::Discrete, Area::Holding, Area::Input][usize::from(choice & 3)];
    let function = [1, 2, 3, 4][usize::from(choice & 3)];
    let (start, most) = (u16::from_be_bytes([a1, a0]), if area.is_bits() { 2000 } else { 125 });
    let count = (u16::from(count) % most + 1).min(u16::MAX - start);
    if count == 0 {
        return;
    }
    let tolerance = Tolerance { unit: choice & 4 != 0, transaction: choice & 8 != 0 };
    let data_type = if area.is_bits() { DataType::Bool } else { DataType::ALL[usize::from(kind) % 15].0 };
    let order = [Order::Abcd, Order::Cdab, Order::Badc, Order::Dcba][usize::from(order & 3)];
    let width = if area.is_bits() { 1 } else { data_type.registers(3) };
    let source = RegisterSource {
        device: String::new(),
        area,
        address: start,
        order,
        bit: (data_type == DataType::Bool && kind & 0x80 != 0).then_some(kind >> 4 & 7),
        byte: (kind & 0x40 != 0).then_some(ByteHalf::High),
        length: 3,
        poll: None,
    };
    let cell = value::cell(&source, data_type);
    let spots = (0..count / width).map(|i| Spot { tag: TagId(u32::from(i)), offset: i * width, width, cell }).collect();
    let block = Block { area, start, count, spots };
    let found = if choice & 16 == 0 {
        let sent = reply::request(u16::from_be_bytes([a0, kind]), 7, function, start, count);
        reply::find(&sent, received, tolerance).ok().map(|(answer, end)| {
            assert!(end <= received.len(), "an answer ends behind what came");
            answer
        })
    } else {
        rtu::find(&rtu::request(7, function, start, count), received, tolerance).ok()
    };
    let Some(Answer::Data(data)) = found else { return };
    assert_eq!(data.len(), usize::from(block.bytes()), "an answer of another length was taken");
    let came = received.as_ptr_range();
    assert!(came.contains(&data.as_ptr()), "the data is none of what came");
    let samples = value::samples(&block, data);
    assert_eq!(samples.len(), block.spots.len());
    for sample in samples {
        match sample.value {
            Some(Value::F64(number)) => assert!(number.is_finite(), "a good value that is no number"),
            Some(_) => {}
            None => assert!(sample.quality.is_bad() && sample.detail.is_some(), "no value, and no reason"),
        }
    }
}

/// What a broker sent: two bytes choose topic and kind, the rest is the payload.
///
/// A plain path and the same one in the full language of JSONPath, which another library reads, say the same of every
/// payload; a value that is good is a number.
pub fn mqtt_payload(input: &[u8]) {
    let Some((&[choice, kind], payload)) = input.split_first_chunk() else { return };
    if payload.len() > LONGEST {
        return;
    }
    // Numbers beyond 64 bits and documents nested deeper than the library goes are where the two may differ: ours reads past what
    // it was not asked for.
    let library = serde_json::from_slice::<serde_json::Value>(payload).err().map(|e| e.to_string());
    if library.is_some_and(|why| why.contains("out of range") || why.contains("recursion limit")) {
        return;
    }
    let data_type = [DataType::F64, DataType::I64, DataType::U64, DataType::Bool, DataType::String, DataType::U8]
        [usize::from(kind) % 6];
    let source = |path: Option<&str>, time: &str| TopicSource {
        device: String::new(),
        topic: "t".to_owned(),
        qos: 0,
        path: path.map(str::to_owned),
        missing: if choice & 1 == 0 { Missing::Bad } else { Missing::Keep },
        retained: [Retained::Uncertain, Retained::Good, Retained::Ignore][usize::from(choice >> 1) % 3],
        availability: (choice & 16 != 0).then(|| Availability {
            topic: if choice & 32 == 0 { "t".to_owned() } else { "lwt".to_owned() },
            online: "online".to_owned(),
            offline: "0".to_owned(),
        }),
        time: (choice & 64 != 0).then(|| time.to_owned()),
    };
    let paths = [
        (None, None, "$.ts"),
        (Some("$.a"), Some("$['a']"), "$['ts']"),
        (Some("$.a.b"), Some("$['a']['b']"), "$['ts']"),
        (Some("$.a[1].c"), Some("$['a'][1]['c']"), "$['ts']"),
    ];
    let play = |full: bool| {
        let mut topics = Topics::default();
        for (tag, (plain, written_out, time)) in paths.iter().enumerate() {
            let (path, time) = if full { (*written_out, *time) } else { (*plain, "$.ts") };
            topics.add(TagId(tag as u32), data_type, &source(path, time));
        }
        let (mut reports, log) = (Reports::new(Generation(1)), DeviceLog::default());
        for (turn, topic) in [&b"t"[..], b"lwt", b"t"].into_iter().enumerate() {
            let at = Now { mono: Mono(turn as i64), utc: Utc(turn as i64) };
            drop(topics.message(topic, payload, choice & 128 != 0 && turn == 0, at, &mut reports, &log));
        }
        let samples = reports.take().into_iter().flat_map(|report| report.samples);
        samples.map(|s| (s.tag, s.value, s.quality, s.source_time)).collect::<Vec<_>>()
    };
    let told = play(false);
    assert_eq!(told, play(true), "a plain path and the same one written out differ");
    for (_, value, quality, _) in told {
        match value {
            Some(Value::F64(number)) => assert!(number.is_finite()),
            Some(_) => {}
            None => assert!(quality.is_bad()),
        }
    }
}

/// A project file. Its faults lie within it; what is not at fault compiles, and so do its connections.
pub fn project_file(input: &[u8]) {
    if input.len() > LONGEST {
        return;
    }
    let (project, issues) = file::read(input);
    let lines = input.split(|byte| *byte == b'\n').count();
    let (plan, compiled) = Plan::compile(Arc::new(project), Generation(1), Mode::Live);
    for issue in issues.iter().chain(&compiled).chain(&budget::warnings(&plan)) {
        assert!(issue.place.line as usize <= lines.max(1), "a fault behind the end: {issue}");
        assert!(!issue.message.is_empty() && !issue.mend.is_empty(), "a fault without words: {issue:?}");
    }
    let asked: usize = watchkeeper::drivers::modbus::connections(&plan).iter().map(|c| c.devices().count()).sum();
    let listened = watchkeeper::drivers::mqtt::connections(&plan).len();
    assert!(asked + listened <= plan.devices.len());
}

/// A scenario: played to its end, or to the line that is at fault.
pub fn scenario(input: &[u8]) {
    const PLANT: &str = include_str!("plant.toml");
    let Ok(text) = std::str::from_utf8(input) else { return };
    // Weeks find nothing that hours do not, and take long.
    let last = text.lines().filter_map(|line| Span::parse(line.split(',').next()?.trim()).ok()).max();
    if text.len() > LONGEST || last.is_some_and(|last| last > Span::from_secs(4 * 3600)) {
        return;
    }
    let (project, issues) = file::read(PLANT.as_bytes());
    assert!(issues.is_empty(), "{issues:?}");
    let rehearsal = rehearse::play(project, text);
    if let Some((line, why)) = rehearsal.fault {
        assert!(line <= text.lines().count().max(1) && !why.is_empty(), "line {line}: {why}");
    }
    let times = rehearsal.journal.iter().map(|entry| entry.time);
    assert!(times.is_sorted(), "the journal goes back in time");
}

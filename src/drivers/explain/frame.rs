//! A Modbus frame, field by field. Whatever the bytes are, each is named once and none is left out.

use crate::drivers::modbus::reply::exception_words;
use crate::project::Area;
use std::ops::Range;

/// Bytes that belong together, and what they mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// What the standard calls them.
    pub name: &'static str,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What they say; empty: nothing more than their name.
    pub means: String,
    /// Whether the tag's own value lies in them.
    pub own: bool,
}

/// How a frame is wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// With the header of Modbus/TCP.
    Tcp,
    /// With a check sum at the end.
    Rtu,
}

impl Framing {
    /// That of a read request: all of them are as long as this.
    pub const fn of_request(sent: &[u8]) -> Option<Self> {
        match sent {
            [_, _, 0, 0, 0, 6, _, 1..=4, _, _, _, _] => Some(Self::Tcp),
            [_, 1..=4, _, _, _, _, _, _] => Some(Self::Rtu),
            _ => None,
        }
    }

    const fn check_bytes(self) -> usize {
        match self {
            Self::Tcp => 0,
            Self::Rtu => 2,
        }
    }
}

/// Takes fields off the front.
struct Cutter<'a> {
    rest: &'a [u8],
    fields: Vec<Field>,
}

impl<'a> Cutter<'a> {
    const fn new(rest: &'a [u8]) -> Self {
        Self { rest, fields: Vec::new() }
    }

    /// The next bytes, or as many as there are.
    fn cut(&mut self, name: &'static str, length: usize, means: impl FnOnce(&[u8]) -> String) -> &'a [u8] {
        let (bytes, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        if !bytes.is_empty() {
            let means = if bytes.len() == length { means(bytes) } else { "cut off".to_owned() };
            self.fields.push(Field { name, bytes: bytes.to_vec(), means, own: false });
        }
        bytes
    }

    /// What is left belongs to nothing that is known.
    fn end(mut self) -> Vec<Field> {
        let left = self.rest.len();
        self.cut("further bytes", left, |_| "more than the frame has".to_owned());
        self.fields
    }

    fn header(&mut self, framing: Framing) {
        if framing == Framing::Tcp {
            self.cut("transaction", 2, |b| number(b).to_string());
            self.cut("protocol", 2, |b| if number(b) == 0 { "0: Modbus".to_owned() } else { number(b).to_string() });
            self.cut("length", 2, |b| format!("{} bytes follow", number(b)));
        }
        self.cut("unit", 1, |b| number(b).to_string());
    }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn function(code: u8) -> String {
    let name = match code & 0x7F {
        1 => "read coils",
        2 => "read discrete inputs",
        3 => "read holding registers",
        4 => "read input registers",
        _ => "not one of ours",
    };
    if code & 0x80 == 0 { format!("{code}: {name}") } else { format!("{}: {name}, refused", code & 0x7F) }
}

/// The fields of a read request.
pub fn request(sent: &[u8]) -> Vec<Field> {
    let mut cutter = Cutter::new(sent);
    let Some(framing) = Framing::of_request(sent) else { return cutter.end() };
    cutter.header(framing);
    let code = cutter.cut("function", 1, |b| function(number(b) as u8)).first().copied().unwrap_or(0);
    let what = if code <= 2 { "bits" } else { "registers" };
    cutter.cut("first address", 2, |b| number(b).to_string());
    cutter.cut("count", 2, |b| format!("{} {what}", number(b)));
    cutter.cut("check sum", framing.check_bytes(), |_| String::new());
    cutter.end()
}

/// The fields of what came after the request `sent`. `own`: the bytes within its data that the tag's value is made of.
pub fn reply(sent: &[u8], received: &[u8], own: &Range<usize>) -> Vec<Field> {
    let mut cutter = Cutter::new(received);
    let Some(framing) = Framing::of_request(sent) else { return cutter.end() };
    cutter.header(framing);
    let code = cutter.cut("function", 1, |b| function(number(b) as u8)).first().copied().unwrap_or(0);
    if code & 0x80 != 0 {
        cutter.cut("exception", 1, |b| {
            let words = exception_words(number(b) as u8);
            words.strip_prefix("exception ").unwrap_or(&words).to_owned()
        });
    } else if (1..=4).contains(&code) {
        let count = cutter.cut("byte count", 1, |b| number(b).to_string()).first().copied().map_or(0, usize::from);
        let before = own.start.min(count);
        let inside = own.end.clamp(before, count) - before;
        cutter.cut("data before", before, |_| "of other tags".to_owned());
        cutter.cut("data", inside, |_| "of this tag".to_owned());
        if let Some(field) = cutter.fields.last_mut().filter(|field| field.name == "data") {
            field.own = true;
        }
        cutter.cut("data after", count - before - inside, |_| "of other tags".to_owned());
    }
    cutter.cut("check sum", framing.check_bytes(), |_| String::new());
    cutter.end()
}

/// The data bytes of a reply that answers `sent`; `None`: it has none.
pub fn data<'a>(sent: &[u8], received: &'a [u8]) -> Option<&'a [u8]> {
    let header = match Framing::of_request(sent)? {
        Framing::Tcp => 7,
        Framing::Rtu => 1,
    };
    match received.get(header..)? {
        [1..=4, count, data @ ..] => data.get(..usize::from(*count)),
        _ => None,
    }
}

/// Which data bytes of a reply a tag's registers are, or the byte that its bit lies in.
pub fn own_bytes(area: Area, offset: u16, width: u16) -> Range<usize> {
    let (offset, width) = (usize::from(offset), usize::from(width));
    if area.is_bits() { offset / 8..offset / 8 + 1 } else { offset * 2..(offset + width) * 2 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SENT: [u8; 12] = [0, 7, 0, 0, 0, 6, 3, 3, 0, 100, 0, 4];
    const GOOD: [u8; 17] = [0, 7, 0, 0, 0, 11, 3, 3, 8, 0, 100, 0, 101, 0, 102, 0, 103];

    fn words(fields: &[Field]) -> Vec<String> {
        fields
            .iter()
            .map(|f| format!("{}={:02X?} {}{}", f.name, f.bytes, f.means, if f.own { " *" } else { "" }))
            .collect()
    }

    #[test]
    fn every_field_of_an_exchange_is_named_and_the_tags_own_bytes_are_marked() {
        assert_eq!(
            words(&request(&SENT)),
            [
                "transaction=[00, 07] 7",
                "protocol=[00, 00] 0: Modbus",
                "length=[00, 06] 6 bytes follow",
                "unit=[03] 3",
                "function=[03] 3: read holding registers",
                "first address=[00, 64] 100",
                "count=[00, 04] 4 registers",
            ]
        );
        let fields = reply(&SENT, &GOOD, &own_bytes(Area::Holding, 1, 2));
        assert_eq!(
            words(&fields)[5..],
            [
                "byte count=[08] 8",
                "data before=[00, 64] of other tags",
                "data=[00, 65, 00, 66] of this tag *",
                "data after=[00, 67] of other tags",
            ]
        );
        assert_eq!(data(&SENT, &GOOD), Some(&GOOD[9..]));
    }

    #[test]
    fn an_exception_and_a_frame_that_is_cut_off_say_so() {
        let exception = [0, 7, 0, 0, 0, 3, 3, 0x83, 2];
        let fields = words(&reply(&SENT, &exception, &(0..2)));
        assert_eq!(
            fields[4..],
            ["function=[83] 3: read holding registers, refused", "exception=[02] 2: illegal data address"]
        );
        let fields = words(&reply(&SENT, &GOOD[..11], &(0..4)));
        assert_eq!(fields[6], "data=[00, 64] cut off *");
        assert_eq!(words(&reply(&SENT, &[1], &(0..2))), ["transaction=[01] cut off"]);
        assert_eq!(data(&SENT, &exception), None);
        assert_eq!(data(&SENT, &GOOD[..11]), None);
    }

    #[test]
    fn a_frame_of_a_serial_line_has_a_check_sum_and_no_header() {
        let sent = [9, 4, 0, 1, 0, 1, 0x61, 0x42];
        assert_eq!(
            words(&request(&sent)),
            [
                "unit=[09] 9",
                "function=[04] 4: read input registers",
                "first address=[00, 01] 1",
                "count=[00, 01] 1 registers",
                "check sum=[61, 42] ",
            ]
        );
        let received = [9, 4, 2, 0x12, 0x34, 0xAA, 0xBB];
        assert_eq!(
            words(&reply(&sent, &received, &(0..2)))[3..],
            ["data=[12, 34] of this tag *", "check sum=[AA, BB] "]
        );
        assert_eq!(data(&sent, &received), Some(&[0x12, 0x34][..]));
    }

    proptest! {
        #[test]
        fn no_byte_is_lost_whatever_came(
            sent in prop_oneof![Just(SENT.to_vec()), prop::collection::vec(any::<u8>(), 0..14)],
            received in prop::collection::vec(any::<u8>(), 0..300),
            start in 0_usize..300,
            length in 0_usize..300,
        ) {
            let bytes = |fields: Vec<Field>| fields.into_iter().flat_map(|f| f.bytes).collect::<Vec<_>>();
            prop_assert_eq!(bytes(request(&sent)), sent.clone());
            prop_assert_eq!(bytes(reply(&sent, &received, &(start..start + length))), received.clone());
            let _some = data(&sent, &received);
        }
    }
}

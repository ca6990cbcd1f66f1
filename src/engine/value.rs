//! A value as a device gave it: exact to 64 bits, never without its type.

use std::fmt;
use std::sync::Arc;

/// A tag's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Whatever was measured or scaled. Always finite: what is not is bad quality instead.
    F64(f64),
    /// A signed integer, exact.
    I64(i64),
    /// An unsigned integer, exact.
    U64(u64),
    /// A state of two.
    Bool(bool),
    /// Words.
    Text(Arc<str>),
}

impl Value {
    /// As a number for arithmetic and axes; a boolean is 0 or 1, a text none.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::F64(v) => Some(*v),
            Self::I64(v) => Some(*v as f64),
            Self::U64(v) => Some(*v as f64),
            Self::Bool(v) => Some(f64::from(u8::from(*v))),
            Self::Text(_) => None,
        }
    }

    /// As a state for labels and `when = 3`: integers, booleans, and floats that are whole.
    pub fn as_state(&self) -> Option<i64> {
        match self {
            Self::I64(v) => Some(*v),
            Self::U64(v) => i64::try_from(*v).ok(),
            Self::Bool(v) => Some(i64::from(*v)),
            Self::F64(v) if v.fract() == 0.0 && v.abs() < 9e15 => Some(*v as i64),
            Self::F64(_) | Self::Text(_) => None,
        }
    }

    /// As a truth for `and`, `or`, `not`: a boolean, or a number other than zero.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(v) => Some(*v),
            Self::Text(_) => None,
            other => other.as_f64().map(|v| v != 0.0),
        }
    }

    /// As JSON; integers exact.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::F64(v) => serde_json::Number::from_f64(*v).map_or(serde_json::Value::Null, serde_json::Value::Number),
            Self::I64(v) => (*v).into(),
            Self::U64(v) => (*v).into(),
            Self::Bool(v) => (*v).into(),
            Self::Text(v) => v.as_ref().into(),
        }
    }
}

/// Exact, without unit or rounding, as CSV has it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::F64(v) => write!(f, "{v}"),
            Self::I64(v) => write!(f, "{v}"),
            Self::U64(v) => write!(f, "{v}"),
            Self::Bool(v) => write!(f, "{v}"),
            Self::Text(v) => f.write_str(v),
        }
    }
}

/// The bytes a value was decoded from, in the order they came over the wire; at most eight are kept, so that a sample
/// costs no allocation. Longer sources (strings, payloads) keep none here: the driver's frames have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Raw {
    length: u8,
    bytes: [u8; 8],
}

impl Raw {
    /// Nothing is known.
    pub const NONE: Self = Self { length: 0, bytes: [0; 8] };

    /// Keeps `bytes` where they are at most eight, else nothing.
    pub fn new(bytes: &[u8]) -> Self {
        let mut raw = Self::NONE;
        if bytes.len() <= raw.bytes.len() {
            raw.bytes[..bytes.len()].copy_from_slice(bytes);
            raw.length = bytes.len() as u8;
        }
        raw
    }

    /// The bytes; empty where none were kept.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// Registers in hex, `42BE 6666`.
impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.bytes().iter().enumerate() {
            if i > 0 && i % 2 == 0 {
                f.write_str(" ")?;
            }
            write!(f, "{byte:02X}")?;
        }
        Ok(())
    }
}

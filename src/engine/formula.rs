//! Formulas over tags, as written in `formula` and `suppress-when`.
//!
//! ```text
//! or        a or b                       lowest, left to right
//! and       a and b
//! not       not a
//! compare   a < b   <=  >  >=  ==  !=    not chained
//! sum       a + b   a - b                a minus stands between spaces or before a number
//! product   a * b   a / b
//! sign      -a
//! value     12.5   true   false   pump1.flow   (a)   "text" is none
//! function  if(c, a, b)  min(a, …)  max(a, …)  abs(a)  round(a)  round(a, digits)  good(a)  first_good(a, …)
//! ```
//!
//! Numbers are 64-bit floats. A comparison, `and`, `or`, `not` and `good` give a boolean. The quality is the worst of the
//! inputs that count: `if` counts its condition and the branch it takes, `and` and `or` stop at what decides them,
//! `first_good` counts the one it took, `good(a)` tells whether `a` is not bad and is itself always good. What cannot be
//! calculated (division by zero, a result that is not finite, arithmetic with a text) is `bad:calculation`.
//! Limitation: of a bad input there is no value, so that its worst quality is the formula's.

use super::plan::TagId;
use super::{Quality, Value};

/// Nesting deeper than this is refused, so that no text can exhaust the stack.
const DEEPEST: u32 = 64;

/// More operators than this are refused, so that no chain of them can either (a chain is a deep tree to compute).
const MOST_OPERATORS: u32 = 250;

/// A formula, compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    root: Node,
    inputs: Vec<TagId>,
}

/// Why a text is no formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormulaFault {
    /// Where in the text, in characters from zero.
    pub column_chars: usize,
    /// What is wrong; lower case, no full stop.
    pub message: String,
    /// What would be right; may be empty.
    pub mend: String,
    /// The name that is no tag, where that is the fault.
    pub unknown_tag: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Number(f64),
    Truth(bool),
    Tag(TagId),
    Negate(Box<Self>),
    Not(Box<Self>),
    Arithmetic(Arithmetic, Box<(Self, Self)>),
    Compare(Comparison, Box<(Self, Self)>),
    And(Box<(Self, Self)>),
    Or(Box<(Self, Self)>),
    If(Box<(Self, Self, Self)>),
    Least(Vec<Self>),
    Greatest(Vec<Self>),
    Abs(Box<Self>),
    Round(Box<(Self, Self)>),
    Good(Box<Self>),
    FirstGood(Vec<Self>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    Unequal,
}

/// A tag's value, `None` where it is bad, and its quality.
type Get<'a> = dyn FnMut(TagId) -> (Option<Value>, Quality) + 'a;

/// What a part of a formula comes to; no value: the quality says why.
type Outcome = (Option<Value>, Quality);

impl Formula {
    /// Compiles a text; `resolve` finds a tag by its name.
    ///
    /// # Errors
    /// Says where in the text, what is wrong, and what would be right.
    pub fn parse(text: &str, resolve: &mut dyn FnMut(&str) -> Option<TagId>) -> Result<Self, FormulaFault> {
        let mut parser = Parser { rest: text, text, depth: 0, operators: 0, resolve, inputs: Vec::new() };
        let root = parser.or()?;
        parser.space();
        if !parser.rest.is_empty() {
            let found: String = parser.rest.chars().take(12).collect();
            return Err(parser.fault(format!("\"{found}\" is not expected here"), "put an operator between two values"));
        }
        let mut inputs = parser.inputs;
        inputs.sort_unstable();
        inputs.dedup();
        Ok(Self { root, inputs })
    }

    /// Every tag it names, each once, in order of id.
    pub fn inputs(&self) -> &[TagId] {
        &self.inputs
    }

    /// Computes it. `get` is asked only for inputs that count. Allocates nothing.
    pub fn eval(&self, get: &mut Get<'_>) -> Outcome {
        let (value, quality) = self.root.eval(get);
        match value {
            Some(Value::F64(v)) if !v.is_finite() => (None, Quality::CALCULATION),
            None if !quality.is_bad() => (None, Quality::CALCULATION),
            value => (value, quality),
        }
    }
}

impl Node {
    fn eval(&self, get: &mut Get<'_>) -> Outcome {
        match self {
            Self::Number(v) => (Some(Value::F64(*v)), Quality::GOOD),
            Self::Truth(v) => (Some(Value::Bool(*v)), Quality::GOOD),
            Self::Tag(tag) => match get(*tag) {
                (value, quality) if quality.is_bad() => (value.filter(|_| false), quality),
                (None, _) => (None, Quality::CALCULATION),
                known => known,
            },
            Self::Negate(a) => numeric(a.eval(get), |v| -v),
            Self::Abs(a) => numeric(a.eval(get), f64::abs),
            Self::Not(a) => {
                let (value, quality) = a.eval(get);
                logic(value.and_then(|v| v.as_bool()).map(|v| !v), quality)
            }
            Self::Arithmetic(operator, pair) => {
                let (a, b) = (pair.0.eval(get), pair.1.eval(get));
                let quality = a.1.worst(b.1);
                let (Some(a), Some(b)) = (number(&a), number(&b)) else { return none(quality) };
                let result = match operator {
                    Arithmetic::Add => a + b,
                    Arithmetic::Subtract => a - b,
                    Arithmetic::Multiply => a * b,
                    Arithmetic::Divide => a / b,
                };
                finite(result, quality)
            }
            Self::Compare(comparison, pair) => {
                let (a, b) = (pair.0.eval(get), pair.1.eval(get));
                compare(*comparison, &a, &b)
            }
            Self::And(pair) => decide(pair, false, get),
            Self::Or(pair) => decide(pair, true, get),
            Self::If(parts) => {
                let (value, quality) = parts.0.eval(get);
                let Some(condition) = value.and_then(|v| v.as_bool()) else { return none(quality) };
                let (value, taken) = if condition { parts.1.eval(get) } else { parts.2.eval(get) };
                (value, quality.worst(taken))
            }
            Self::Least(parts) => fold(parts, f64::min, get),
            Self::Greatest(parts) => fold(parts, f64::max, get),
            Self::Round(pair) => {
                let (a, digits) = (pair.0.eval(get), pair.1.eval(get));
                let quality = a.1.worst(digits.1);
                let (Some(a), Some(digits)) = (number(&a), number(&digits)) else { return none(quality) };
                let factor = 10_f64.powi(digits.clamp(-15.0, 15.0) as i32);
                finite((a * factor).round() / factor, quality)
            }
            Self::Good(a) => {
                let (_, quality) = a.eval(get);
                (Some(Value::Bool(!quality.is_bad())), Quality::GOOD)
            }
            Self::FirstGood(parts) => {
                let mut worst = Quality::GOOD;
                for part in parts {
                    let (value, quality) = part.eval(get);
                    if value.is_some() && !quality.is_bad() {
                        return (value, quality);
                    }
                    worst = worst.worst(quality);
                }
                none(worst)
            }
        }
    }
}

fn none(quality: Quality) -> Outcome {
    (None, if quality.is_bad() { quality } else { Quality::CALCULATION })
}

fn number(outcome: &Outcome) -> Option<f64> {
    outcome.0.as_ref().and_then(Value::as_f64)
}

fn finite(result: f64, quality: Quality) -> Outcome {
    if result.is_finite() { (Some(Value::F64(result)), quality) } else { none(quality) }
}

fn numeric(outcome: Outcome, f: impl Fn(f64) -> f64) -> Outcome {
    match number(&outcome) {
        Some(v) => finite(f(v), outcome.1),
        None => none(outcome.1),
    }
}

fn logic(value: Option<bool>, quality: Quality) -> Outcome {
    match value {
        Some(v) => (Some(Value::Bool(v)), quality),
        None => none(quality),
    }
}

/// `and` (decided by false) and `or` (decided by true): the second part counts only where the first does not decide.
/// A first part that is bad does not decide, but a second one may.
fn decide(pair: &(Node, Node), decisive: bool, get: &mut Get<'_>) -> Outcome {
    let first = pair.0.eval(get);
    let a = first.0.as_ref().and_then(Value::as_bool);
    if a == Some(decisive) {
        return logic(a, first.1);
    }
    let second = pair.1.eval(get);
    let b = second.0.as_ref().and_then(Value::as_bool);
    if b == Some(decisive) {
        return logic(b, second.1);
    }
    match (a, b) {
        (Some(_), Some(b)) => logic(Some(b), first.1.worst(second.1)),
        _ => none(first.1.worst(second.1)),
    }
}

fn fold(parts: &[Node], f: impl Fn(f64, f64) -> f64, get: &mut Get<'_>) -> Outcome {
    let mut worst = Quality::GOOD;
    let mut result: Option<f64> = None;
    let mut complete = true;
    for part in parts {
        let outcome = part.eval(get);
        worst = worst.worst(outcome.1);
        match number(&outcome) {
            Some(v) => result = Some(result.map_or(v, |r| f(r, v))),
            None => complete = false,
        }
    }
    match result {
        Some(v) if complete => finite(v, worst),
        _ => none(worst),
    }
}

fn compare(comparison: Comparison, a: &Outcome, b: &Outcome) -> Outcome {
    let quality = a.1.worst(b.1);
    let (Some(left), Some(right)) = (&a.0, &b.0) else { return none(quality) };
    let order = match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        // Integers are compared exactly; a float would make neighbours beyond 2^53 equal.
        (Value::I64(left), Value::I64(right)) => Some(left.cmp(right)),
        (Value::U64(left), Value::U64(right)) => Some(left.cmp(right)),
        _ => match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) => left.partial_cmp(&right),
            _ => None,
        },
    };
    logic(
        order.map(|order| match comparison {
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
            Comparison::Equal => order.is_eq(),
            Comparison::Unequal => order.is_ne(),
        }),
        quality,
    )
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    depth: u32,
    operators: u32,
    resolve: &'a mut dyn FnMut(&str) -> Option<TagId>,
    inputs: Vec<TagId>,
}

type Parsed = Result<Node, FormulaFault>;

impl Parser<'_> {
    fn fault(&self, message: impl Into<String>, mend: impl Into<String>) -> FormulaFault {
        self.fault_at(self.rest, message, mend)
    }

    fn fault_at(&self, rest: &str, message: impl Into<String>, mend: impl Into<String>) -> FormulaFault {
        let before = &self.text[..self.text.len() - rest.len()];
        FormulaFault {
            column_chars: before.chars().count(),
            message: message.into(),
            mend: mend.into(),
            unknown_tag: None,
        }
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, symbol: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(symbol) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// A word that is not the beginning of a longer one.
    fn take_word(&mut self, word: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(word) {
            Some(rest) if !rest.starts_with(is_name_char) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn or(&mut self) -> Parsed {
        let mut left = self.and()?;
        while self.take_word("or") {
            self.count_operator()?;
            left = Node::Or(Box::new((left, self.and()?)));
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed {
        let mut left = self.not()?;
        while self.take_word("and") {
            self.count_operator()?;
            left = Node::And(Box::new((left, self.not()?)));
        }
        Ok(left)
    }

    fn not(&mut self) -> Parsed {
        if self.take_word("not") {
            return self.deeper(|parser| Ok(Node::Not(Box::new(parser.not()?))));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed {
        const SYMBOLS: [(&str, Comparison); 7] = [
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("==", Comparison::Equal),
            ("!=", Comparison::Unequal),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
            ("=", Comparison::Equal),
        ];
        let left = self.sum()?;
        for (symbol, comparison) in SYMBOLS {
            if self.take(symbol) {
                return Ok(Node::Compare(comparison, Box::new((left, self.sum()?))));
            }
        }
        Ok(left)
    }

    fn sum(&mut self) -> Parsed {
        let mut left = self.product()?;
        loop {
            let operator = if self.take("+") {
                Arithmetic::Add
            } else if self.take("-") {
                Arithmetic::Subtract
            } else {
                return Ok(left);
            };
            self.count_operator()?;
            left = Node::Arithmetic(operator, Box::new((left, self.product()?)));
        }
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.sign()?;
        loop {
            let operator = if self.take("*") {
                Arithmetic::Multiply
            } else if self.take("/") {
                Arithmetic::Divide
            } else {
                return Ok(left);
            };
            self.count_operator()?;
            left = Node::Arithmetic(operator, Box::new((left, self.sign()?)));
        }
    }

    fn sign(&mut self) -> Parsed {
        if self.take("-") {
            return self.deeper(|parser| Ok(Node::Negate(Box::new(parser.sign()?))));
        }
        self.value()
    }

    fn count_operator(&mut self) -> Result<(), FormulaFault> {
        self.operators += 1;
        if self.operators > MOST_OPERATORS {
            let message = format!("more than {MOST_OPERATORS} operators");
            return Err(self.fault(message, "compute a part of it in a tag of its own"));
        }
        Ok(())
    }

    /// Goes one level down, unless the formula is nested too deep.
    fn deeper(&mut self, parse: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.depth >= DEEPEST {
            return Err(
                self.fault(format!("nested more than {DEEPEST} deep"), "compute a part of it in a tag of its own")
            );
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    fn value(&mut self) -> Parsed {
        self.space();
        if self.take("(") {
            let inner = self.deeper(Self::or)?;
            self.close()?;
            return Ok(inner);
        }
        let start = self.rest;
        match start.chars().next() {
            None => Err(self.fault("the formula ends where a value is expected", "write a tag or a number")),
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_ascii_alphabetic() => {
                let length = start.find(|c| !is_name_char(c)).unwrap_or(start.len());
                let word = &start[..length];
                self.rest = &start[length..];
                match word {
                    "true" => Ok(Node::Truth(true)),
                    "false" => Ok(Node::Truth(false)),
                    _ if self.rest.trim_start().starts_with('(') => self.call(start, word),
                    _ => self.tag(start, word),
                }
            }
            Some(c) => Err(self.fault(format!("'{c}' is not expected here"), "write a tag, a number or a function")),
        }
    }

    fn number(&mut self) -> Parsed {
        let start = self.rest;
        let mut end = start.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(start.len());
        if let Some(exponent) = start[end..].strip_prefix(['e', 'E']) {
            let signed = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            let digits = signed.find(|c: char| !c.is_ascii_digit()).unwrap_or(signed.len());
            if digits > 0 {
                end = start.len() - signed.len() + digits;
            }
        }
        match start[..end].parse::<f64>() {
            Ok(v) if v.is_finite() && !start[end..].starts_with(is_name_char) => {
                self.rest = &start[end..];
                Ok(Node::Number(v))
            }
            _ => {
                let end = start.find(|c: char| !is_name_char(c)).unwrap_or(start.len());
                Err(self.fault(format!("\"{}\" is no number", &start[..end]), "write it like 12.5 or 1e3"))
            }
        }
    }

    fn tag(&mut self, start: &str, name: &str) -> Parsed {
        match (self.resolve)(name) {
            Some(tag) => {
                self.inputs.push(tag);
                Ok(Node::Tag(tag))
            }
            None => {
                let mut fault = self.fault_at(start, format!("there is no tag \"{name}\""), "");
                fault.unknown_tag = Some(name.to_owned());
                Err(fault)
            }
        }
    }

    fn close(&mut self) -> Result<(), FormulaFault> {
        if self.take(")") { Ok(()) } else { Err(self.fault("\")\" is missing here", "close the parenthesis")) }
    }

    fn call(&mut self, start: &str, name: &str) -> Parsed {
        if !self.take("(") {
            return Err(self.fault("\"(\" is missing here", ""));
        }
        let mut parts = Vec::new();
        if !self.take(")") {
            loop {
                let part = self.deeper(Self::or);
                parts.push(part?);
                if self.take(",") {
                    continue;
                }
                self.close()?;
                break;
            }
        }
        let count = parts.len();
        let wrong =
            |parser: &Self, takes: &str| Err(parser.fault_at(start, format!("{name} takes {takes}, not {count}"), ""));
        let mut parts = parts.into_iter();
        let (a, b, c) = match name {
            "min" | "max" | "first_good" if count > 0 => {
                let parts: Vec<Node> = parts.collect();
                return Ok(match name {
                    "min" => Node::Least(parts),
                    "max" => Node::Greatest(parts),
                    _ => Node::FirstGood(parts),
                });
            }
            _ => (parts.next(), parts.next(), parts.next()),
        };
        match (name, a, b, c) {
            ("if", Some(a), Some(b), Some(c)) if count == 3 => Ok(Node::If(Box::new((a, b, c)))),
            ("abs", Some(a), None, None) => Ok(Node::Abs(Box::new(a))),
            ("good", Some(a), None, None) => Ok(Node::Good(Box::new(a))),
            ("round", Some(a), None, None) => Ok(Node::Round(Box::new((a, Node::Number(0.0))))),
            ("round", Some(a), Some(b), None) => Ok(Node::Round(Box::new((a, b)))),
            ("if", ..) => wrong(self, "three values: if(condition, then, else)"),
            ("abs" | "good", ..) => wrong(self, "one value"),
            ("round", ..) => wrong(self, "one value, or a value and digits"),
            ("min" | "max" | "first_good", ..) => wrong(self, "at least one value"),
            _ => Err(self.fault_at(
                start,
                format!("there is no function \"{name}\""),
                "the functions are if, min, max, abs, round, good and first_good",
            )),
        }
    }
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.'
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 5] = ["a", "b", "pump1.flow", "running", "state"];

    fn parse(text: &str) -> Result<Formula, FormulaFault> {
        Formula::parse(text, &mut |name| NAMES.iter().position(|n| *n == name).map(|i| TagId(i as u32)))
    }

    fn eval_with(text: &str, values: [(Option<Value>, Quality); 5]) -> Outcome {
        parse(text).unwrap().eval(&mut |tag| values[tag.index()].clone())
    }

    fn good(v: f64) -> (Option<Value>, Quality) {
        (Some(Value::F64(v)), Quality::GOOD)
    }

    fn eval(text: &str) -> Outcome {
        let running = (Some(Value::Bool(true)), Quality::GOOD);
        eval_with(text, [good(6.0), good(4.0), good(0.0), running, (Some(Value::U64(3)), Quality::GOOD)])
    }

    #[test]
    fn arithmetic_has_its_usual_order() {
        for (text, result) in [
            ("a + b * 2", 14.0),
            ("(a + b) * 2", 20.0),
            ("a - b - 1", 1.0),
            ("-a + 10", 4.0),
            ("a / b", 1.5),
            ("a - -1", 7.0),
            ("min(a, b, 5)", 4.0),
            ("max(a, b)", 6.0),
            ("abs(b - a)", 2.0),
            ("round(a / 4)", 2.0),
            ("round(2.345, 2)", 2.35),
            ("if(a > b, 1, 2)", 1.0),
            ("1e3 + 2.5E-1", 1000.25),
            ("if(state == 3, 7, 8)", 7.0),
        ] {
            assert_eq!(eval(text), good(result), "{text}");
        }
    }

    #[test]
    fn logic_gives_truths() {
        for (text, result) in [
            ("running and a > b", true),
            ("not running", false),
            ("not running or a == 6", true),
            ("a != 6", false),
            ("a >= 6 and a <= 6", true),
            ("good(a)", true),
            ("true and not false", true),
            ("not not running", true),
        ] {
            assert_eq!(eval(text), (Some(Value::Bool(result)), Quality::GOOD), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_calculated_is_bad_and_never_infinite() {
        for text in ["a / pump1.flow", "pump1.flow / pump1.flow", "1e308 * 10 * a", "a / 0 > 1"] {
            assert_eq!(eval(text), (None, Quality::CALCULATION), "{text}");
        }
        let texts = [good(1.0), (Some(Value::Text("x".into())), Quality::GOOD), good(0.0), good(0.0), good(0.0)];
        assert_eq!(eval_with("a + b", texts), (None, Quality::CALCULATION));
    }

    #[test]
    fn quality_is_the_worst_of_the_inputs_that_count() {
        let gone = (None, Quality::NO_COMMUNICATION);
        let stale = (Some(Value::F64(4.0)), Quality::STALE);
        let values = [good(6.0), stale.clone(), gone, (Some(Value::Bool(true)), Quality::GOOD), good(0.0)];
        let eval = |text: &str| eval_with(text, values.clone());
        assert_eq!(eval("a + b"), (Some(Value::F64(10.0)), Quality::STALE));
        assert_eq!(eval("a + pump1.flow"), (None, Quality::NO_COMMUNICATION));
        assert_eq!(eval("if(running, a, pump1.flow)"), good(6.0));
        assert_eq!(eval("if(not running, a, pump1.flow)"), (None, Quality::NO_COMMUNICATION));
        assert_eq!(eval("good(pump1.flow)"), (Some(Value::Bool(false)), Quality::GOOD));
        assert_eq!(eval("first_good(pump1.flow, a)"), good(6.0));
        assert_eq!(eval("first_good(pump1.flow, pump1.flow)"), (None, Quality::NO_COMMUNICATION));
        assert_eq!(eval("running or pump1.flow > 1"), (Some(Value::Bool(true)), Quality::GOOD));
        assert_eq!(eval("pump1.flow > 1 or running"), (Some(Value::Bool(true)), Quality::GOOD));
        assert_eq!(eval("running and pump1.flow > 1"), (None, Quality::NO_COMMUNICATION));
        assert_eq!(eval("min(a, pump1.flow)"), (None, Quality::NO_COMMUNICATION));
    }

    #[test]
    fn faults_say_where_and_what() {
        for (text, column, message) in [
            ("a + ", 4, "ends where a value"),
            ("a + nix", 4, "no tag \"nix\""),
            ("a b", 2, "not expected"),
            ("foo(a)", 0, "no function \"foo\""),
            ("if(a, b)", 0, "three values"),
            ("(a + b", 6, "\")\" is missing"),
            ("1.2.3", 0, "no number"),
            ("a + 3x", 4, "no number"),
            ("a ? b", 2, "not expected"),
            ("ü + 1", 0, "not expected"),
        ] {
            let fault = parse(text).unwrap_err();
            assert_eq!(fault.column_chars, column, "{text}: {fault:?}");
            assert!(fault.message.contains(message), "{text}: {fault:?}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        for text in ["(".repeat(100_000), "-".repeat(100_000), "not ".repeat(100_000), "abs(".repeat(100_000)] {
            assert!(parse(&text).unwrap_err().message.contains("nested"), "{}", &text[..8]);
        }
        let chain = format!("a{}", "+a".repeat(250));
        assert_eq!(eval(&chain), good(251.0 * 6.0));
        assert!(parse(&format!("{chain} + a")).unwrap_err().message.contains("operators"));
    }
}

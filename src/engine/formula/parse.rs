//! Text to program: one pass, by precedence, with bounded nesting.

use super::{DEEPEST, Formula, Kind, NoSuchTag, Op, Two};
use crate::engine::plan::TagId;

/// What is wrong in a formula, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormulaFault {
    /// Characters from the beginning of the formula.
    pub column_chars: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub mend: String,
}

/// Parentheses, functions and signs within each other.
const DEEPEST_NESTING: usize = 48;

/// Letters that a formula may have; one that is longer is no work of a person, and ids of steps stay small.
const LONGEST: usize = 32_768;

type Resolve<'r> = dyn FnMut(&str) -> Result<TagId, NoSuchTag> + 'r;

pub(super) fn compile(text: &str, resolve: &mut Resolve<'_>) -> Result<Formula, Vec<FormulaFault>> {
    let mut parser = Parser {
        text,
        at: 0,
        ops: Vec::new(),
        used: 0,
        depth: 0,
        nesting: 0,
        inputs: Vec::new(),
        faults: Vec::new(),
        resolve,
    };
    if text.len() > LONGEST {
        let fault =
            parser.fault(0, format!("the formula is longer than {LONGEST} letters"), "part it into several tags");
        return Err(vec![fault]);
    }
    let parsed = parser.any().and_then(|()| parser.end());
    let Parser { ops, depth, mut inputs, mut faults, .. } = parser;
    faults.extend(parsed.err());
    if !faults.is_empty() {
        return Err(faults);
    }
    inputs.sort_unstable();
    inputs.dedup();
    let formula = Formula { ops: ops.into(), depth, inputs: inputs.into(), kind: Kind::Number };
    let kind = formula.natural_kind(&|_| Kind::Number);
    Ok(formula.giving(kind))
}

struct Parser<'t, 'r> {
    text: &'t str,
    /// Byte offset of what comes next.
    at: usize,
    ops: Vec<Op>,
    /// Cells in use behind the last step, and the most there ever were.
    used: usize,
    depth: usize,
    nesting: usize,
    inputs: Vec<TagId>,
    /// Names that are not known; parsing goes on behind them.
    faults: Vec<FormulaFault>,
    resolve: &'r mut Resolve<'r>,
}

/// Functions with the least and the greatest number of their arguments.
const FUNCTIONS: [(&str, usize, usize); 7] = [
    ("min", 1, usize::MAX),
    ("max", 1, usize::MAX),
    ("abs", 1, 1),
    ("round", 1, 2),
    ("if", 3, 3),
    ("good", 1, 1),
    ("first_good", 1, usize::MAX),
];

const COMPARISONS: [(&str, Two); 6] = [
    ("==", Two::Equal),
    ("!=", Two::Unequal),
    ("<=", Two::LessOrEqual),
    (">=", Two::GreaterOrEqual),
    ("<", Two::Less),
    (">", Two::Greater),
];

impl<'t> Parser<'t, '_> {
    fn any(&mut self) -> Result<(), FormulaFault> {
        self.all()?;
        while self.word("or") {
            self.all()?;
            self.push(Op::Two(Two::Or), 2);
        }
        Ok(())
    }

    fn all(&mut self) -> Result<(), FormulaFault> {
        self.negation()?;
        while self.word("and") {
            self.negation()?;
            self.push(Op::Two(Two::And), 2);
        }
        Ok(())
    }

    fn negation(&mut self) -> Result<(), FormulaFault> {
        let mut times = 0_usize;
        while self.word("not") {
            times += 1;
        }
        self.comparison()?;
        for _ in 0..times {
            self.push(Op::Not, 1);
        }
        Ok(())
    }

    fn comparison(&mut self) -> Result<(), FormulaFault> {
        self.sum()?;
        let Some(two) = self.compared() else {
            return match self.rest().chars().next() {
                Some('=') => Err(self.fault(self.at, "\"=\" is no comparison", "write == to compare")),
                _ => Ok(()),
            };
        };
        self.sum()?;
        self.push(Op::Two(two), 2);
        let at = self.at;
        if self.compared().is_some() {
            return Err(self.fault(at, "a comparison does not chain", "write a < b and b < c"));
        }
        Ok(())
    }

    fn compared(&mut self) -> Option<Two> {
        self.space();
        let (sign, two) = COMPARISONS.iter().find(|(sign, _)| self.rest().starts_with(sign))?;
        self.at += sign.len();
        Some(*two)
    }

    fn sum(&mut self) -> Result<(), FormulaFault> {
        self.product()?;
        loop {
            let two = if self.sign('+') {
                Two::Add
            } else if self.rest().starts_with('-') {
                self.minus_stands_free()?;
                self.at += 1;
                Two::Subtract
            } else {
                return Ok(());
            };
            self.product()?;
            self.push(Op::Two(two), 2);
        }
    }

    /// `a-b` might once be a name; `a - b`, `a -1` and `a-1` cannot be taken for one by a person.
    fn minus_stands_free(&self) -> Result<(), FormulaFault> {
        let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let before = self.text.get(..self.at).and_then(|t| t.chars().next_back()).is_some_and(name);
        let behind =
            self.text.get(self.at + 1..).and_then(|t| t.chars().next()).is_some_and(|c| c.is_ascii_alphabetic());
        if before && behind {
            return Err(self.fault(self.at, "a minus between two names has no spaces", "write a - b"));
        }
        Ok(())
    }

    fn product(&mut self) -> Result<(), FormulaFault> {
        self.signed()?;
        loop {
            let two = if self.sign('*') {
                Two::Multiply
            } else if self.sign('/') {
                Two::Divide
            } else {
                return Ok(());
            };
            self.signed()?;
            self.push(Op::Two(two), 2);
        }
    }

    fn signed(&mut self) -> Result<(), FormulaFault> {
        let mut negative = false;
        while self.sign('-') {
            negative = !negative;
        }
        self.atom()?;
        if negative {
            self.push(Op::Negate, 1);
        }
        Ok(())
    }

    fn atom(&mut self) -> Result<(), FormulaFault> {
        self.space();
        let start = self.at;
        match self.rest().chars().next() {
            Some('(') => {
                self.at += 1;
                self.inner(start, Self::any)?;
                self.close(start)
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(start),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => self.name(start),
            Some(c) => Err(self.fault(
                start,
                format!("\"{c}\" cannot stand here"),
                "a number, a tag, a function or ( is expected",
            )),
            None => {
                Err(self.fault(start, "the formula ends too early", "a number, a tag, a function or ( is expected"))
            }
        }
    }

    fn number(&mut self, start: usize) -> Result<(), FormulaFault> {
        let bytes = self.text.as_bytes();
        let mut end = start;
        while let Some(b) = bytes.get(end) {
            let exponent_sign = matches!(b, b'+' | b'-')
                && matches!(bytes.get(end.wrapping_sub(1)), Some(b'e' | b'E'))
                && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
            if !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_') || exponent_sign) {
                break;
            }
            end += 1;
        }
        let text = self.text.get(start..end).unwrap_or("");
        let number = text.parse::<f64>().ok().filter(|x| x.is_finite());
        let Some(number) = number else {
            return Err(self.fault(start, format!("\"{text}\" is no number"), "write it like 12.5 or 1e3"));
        };
        self.at = end;
        self.push(Op::Number(number), 0);
        Ok(())
    }

    fn name(&mut self, start: usize) -> Result<(), FormulaFault> {
        let name = self.peek_name();
        self.at += name.len();
        match name {
            "true" | "false" => {
                self.push(Op::Truth(name == "true"), 0);
                return Ok(());
            }
            "and" | "or" | "not" => {
                return Err(self.fault(start, format!("\"{name}\" cannot stand here"), "a value is expected"));
            }
            _ => {}
        }
        let function = FUNCTIONS.iter().find(|(f, _, _)| *f == name);
        self.space();
        if self.rest().starts_with('(') {
            let Some((function, least, most)) = function else {
                let names: Vec<&str> = FUNCTIONS.iter().map(|(f, _, _)| *f).collect();
                return Err(self.fault(
                    start,
                    format!("there is no function \"{name}\""),
                    format!("there are {}", names.join(", ")),
                ));
            };
            self.at += 1;
            let count = self.inner(start, |p| p.call(function))?;
            self.close(start)?;
            if count < *least || count > *most {
                let takes = if least == most {
                    format!("{least}")
                } else if *most == usize::MAX {
                    format!("{least} or more")
                } else {
                    format!("{least} to {most}")
                };
                return Err(self.fault(
                    start,
                    format!("{function} has {count} arguments"),
                    format!("it takes {takes}"),
                ));
            }
            return Ok(());
        }
        if function.is_some() {
            return Err(self.fault(start, format!("the function {name} has no arguments"), format!("write {name}(…)")));
        }
        match (self.resolve)(name) {
            Ok(id) => {
                self.inputs.push(id);
                self.push(Op::Tag(id), 0);
            }
            Err((message, mend)) => {
                let fault = self.fault(start, message, mend);
                self.faults.push(fault);
                self.push(Op::Truth(false), 0);
            }
        }
        Ok(())
    }

    /// The arguments of a function up to the closing parenthesis; how many there were.
    fn call(&mut self, function: &str) -> Result<usize, FormulaFault> {
        let mut count = 0;
        // Steps whose target is known only later.
        let (mut branch, mut jump, mut skips) = (None, None, Vec::new());
        loop {
            self.any()?;
            count += 1;
            match (function, count) {
                ("min", 2..) => self.push(Op::Two(Two::Min), 2),
                ("max", 2..) => self.push(Op::Two(Two::Max), 2),
                ("round", 2) => self.push(Op::RoundTo, 2),
                ("first_good", 2..) => self.push(Op::Better, 2),
                ("if", 1) => branch = Some(self.mark()),
                ("if", 2) => {
                    jump = Some(self.mark());
                    // The other branch begins with the condition alone on the stack.
                    self.used = self.used.saturating_sub(1);
                }
                _ => {}
            }
            if !self.sign(',') {
                break;
            }
            if function == "first_good" {
                skips.push(self.mark());
            }
        }
        match (function, count) {
            ("abs", _) => self.push(Op::Abs, 1),
            ("round", 1) => self.push(Op::Round, 1),
            ("good", _) => self.push(Op::Good, 1),
            ("if", 3) => {
                let join = self.ops.len() as u32;
                self.push(Op::Join, 2);
                if let (Some(branch), Some(jump)) = (branch, jump) {
                    self.set(branch, Op::Branch { otherwise: jump as u32 + 1, behind: join + 1 });
                    self.set(jump, Op::Jump(join));
                }
            }
            _ => {}
        }
        let behind = self.ops.len() as u32;
        for skip in skips {
            self.set(skip, Op::UnlessGood(behind));
        }
        Ok(count)
    }

    /// Goes one deeper, unless that is too deep.
    fn inner<T>(
        &mut self,
        start: usize,
        f: impl FnOnce(&mut Self) -> Result<T, FormulaFault>,
    ) -> Result<T, FormulaFault> {
        self.nesting += 1;
        if self.nesting > DEEPEST_NESTING || self.used + 4 > DEEPEST {
            return Err(self.fault(start, "the formula nests too deep", "part it into several tags"));
        }
        let done = f(self)?;
        self.nesting -= 1;
        Ok(done)
    }

    fn close(&mut self, start: usize) -> Result<(), FormulaFault> {
        if self.sign(')') {
            return Ok(());
        }
        match self.rest().chars().next() {
            Some(c) => {
                Err(self.fault(self.at, format!("\"{c}\" cannot stand here"), "an operator, a comma or ) is expected"))
            }
            None => Err(self.fault(start, "a parenthesis is not closed", "write ) at its end")),
        }
    }

    fn end(&mut self) -> Result<(), FormulaFault> {
        self.space();
        match self.rest().chars().next() {
            None => Ok(()),
            Some(')') => Err(self.fault(self.at, "a parenthesis closes that was not opened", "leave it out")),
            Some(c) => Err(self.fault(
                self.at,
                format!("\"{c}\" cannot stand here"),
                "an operator is expected: + - * / == and or",
            )),
        }
    }

    /// Appends a step that takes `taken` cells and leaves one.
    fn push(&mut self, op: Op, taken: usize) {
        self.ops.push(op);
        self.used = self.used.saturating_sub(taken) + 1;
        self.depth = self.depth.max(self.used);
    }

    /// Appends a step to be set later; it moves no cells.
    fn mark(&mut self) -> usize {
        self.ops.push(Op::Jump(0));
        self.ops.len() - 1
    }

    fn set(&mut self, at: usize, op: Op) {
        if let Some(place) = self.ops.get_mut(at) {
            *place = op;
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Takes a sign, if it comes next.
    fn sign(&mut self, sign: char) -> bool {
        self.space();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len_utf8();
        }
        found
    }

    /// Takes a word, if it comes next as a whole.
    fn word(&mut self, word: &str) -> bool {
        self.space();
        let found = self.peek_name() == word;
        if found {
            self.at += word.len();
        }
        found
    }

    /// Letters, digits, `_` and dots.
    fn peek_name(&self) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(rest.len());
        rest.get(..end).unwrap_or("")
    }

    fn fault(&self, at: usize, message: impl Into<String>, mend: impl Into<String>) -> FormulaFault {
        let column = self.text.get(..at).map_or(0, |t| t.chars().count());
        FormulaFault { column_chars: column, message: message.into(), mend: mend.into() }
    }
}

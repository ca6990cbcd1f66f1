//! Formulas over tags: arithmetic, comparison, logic, a few functions; quality is the worst of the inputs that count.
//!
//! What may be written:
//!
//! | what | how |
//! | --- | --- |
//! | numbers, truths | `5`, `0.25`, `1e3`, `true`, `false` |
//! | a tag's value | its name: `pump1.flow` |
//! | arithmetic | `+` `-` `*` `/`; minus stands between spaces or before a number, since a name may once have one |
//! | comparison | `==` `!=` `<` `<=` `>` `>=`; gives a truth |
//! | logic | `and` `or` `not`; a number is true where it is not 0 |
//! | grouping | `( … )` |
//! | `min(a, b, …)`, `max(a, b, …)`, `abs(x)` | as everywhere |
//! | `round(x)`, `round(x, digits)` | halves away from zero |
//! | `if(c, a, b)` | `a` where `c` is true, else `b`; the other one is not looked at |
//! | `good(x)` | whether `x` is good; the answer itself is always good |
//! | `first_good(a, b, …)` | the first that is good; where none is, the first of the least bad |
//!
//! From loosest to tightest: `or`, `and`, `not`, comparison, `+ -`, `* /`, minus before. A comparison does not chain.
//! Truths count as 1 and 0 in arithmetic. Integers are taken as 64-bit floats, exact to 2^53.
//!
//! Quality is the worst of the inputs that count: of `if` the condition and the branch taken, of `first_good` the one
//! taken, of `and` and `or` the side that decides, where one does. A division by zero, and whatever is not finite, is `bad:calculation`.
//!
//! A formula is compiled to a short program for a stack of known depth, so that evaluating it allocates nothing and a long
//! one cannot overflow anything. It is our own because the crates measured are 10 to 100 times slower, unmaintained or
//! under another licence, and none of them carries quality.

mod parse;

use super::plan::TagId;
use super::{Quality, Value};
pub use parse::FormulaFault;

/// A formula, compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    ops: Box<[Op]>,
    /// Cells that the stack comes to hold at most.
    depth: usize,
    /// Tags it reads, sorted, each once.
    inputs: Box<[TagId]>,
    /// What it gives.
    kind: Kind,
}

/// What a formula or an input gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A 64-bit float.
    Number,
    /// True or false.
    Truth,
}

/// Cells that a stack may have; what nests deeper is refused when it is compiled.
const DEEPEST: usize = 64;

/// Most formulas need no more than this, and a small stack is made faster.
const SHALLOW: usize = 8;

/// Why a name is no tag that can be calculated with, and what would be right.
pub type NoSuchTag = (String, String);

/// Gives a tag's value and quality; a value of bad quality is not looked at.
pub type Get<'a> = dyn FnMut(TagId) -> (Option<Value>, Quality) + 'a;

/// One step of the program.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Op {
    Number(f64),
    Truth(bool),
    Tag(TagId),
    Negate,
    Not,
    Two(Two),
    Abs,
    Round,
    RoundTo,
    Good,
    /// Looks at the condition: true goes on, false goes to `otherwise`, bad goes behind the [`Op::Join`].
    Branch {
        otherwise: u32,
        behind: u32,
    },
    /// The end of a branch taken.
    Jump(u32),
    /// Condition and branch become one: the branch's value, the worse quality.
    Join,
    /// Goes on behind, where the last one is good.
    UnlessGood(u32),
    /// Of the last two the better; the first of equals.
    Better,
}

/// Operations of two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Two {
    Add,
    Subtract,
    Multiply,
    Divide,
    Min,
    Max,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

/// A value on the stack; none where its quality is bad.
#[derive(Debug, Clone, Copy)]
struct Cell {
    value: Option<Scalar>,
    quality: Quality,
}

#[derive(Debug, Clone, Copy)]
enum Scalar {
    Number(f64),
    Truth(bool),
}

impl Scalar {
    const fn number(self) -> f64 {
        match self {
            Self::Number(x) => x,
            Self::Truth(true) => 1.0,
            Self::Truth(false) => 0.0,
        }
    }

    fn truth(self) -> bool {
        match self {
            Self::Number(x) => x != 0.0,
            Self::Truth(t) => t,
        }
    }
}

impl Cell {
    const EMPTY: Self = Self { value: None, quality: Quality::CALCULATION };

    const fn good(value: Scalar) -> Self {
        Self { value: Some(value), quality: Quality::GOOD }
    }

    /// A value of this quality, where there can be one.
    fn new(value: Option<Scalar>, quality: Quality) -> Self {
        if quality.is_bad() {
            return Self { value: None, quality };
        }
        match value {
            Some(Scalar::Number(x)) if !x.is_finite() => Self::EMPTY,
            None => Self::EMPTY,
            value => Self { value, quality },
        }
    }

    fn map(self, f: impl FnOnce(Scalar) -> Scalar) -> Self {
        Self::new(self.value.map(f), self.quality)
    }
}

impl Formula {
    /// Compiles a text. `resolve` gives the tag of a name, or says why there is none.
    ///
    /// # Errors
    /// Every name that is not known, and the first fault of syntax, each with its place in the text.
    pub fn compile(
        text: &str,
        resolve: &mut dyn FnMut(&str) -> Result<TagId, NoSuchTag>,
    ) -> Result<Self, Vec<FormulaFault>> {
        parse::compile(text, resolve)
    }

    /// The same for who wants the first fault alone, and knows no more than whether there is such a tag.
    ///
    /// # Errors
    /// The first fault.
    pub fn parse(text: &str, resolve: &mut dyn FnMut(&str) -> Option<TagId>) -> Result<Self, FormulaFault> {
        let mut resolve = |name: &str| {
            resolve(name).ok_or_else(|| (format!("there is no tag \"{name}\""), "write the name of a tag".to_owned()))
        };
        Self::compile(text, &mut resolve).map_err(|faults| {
            let none = || FormulaFault { column_chars: 0, message: String::new(), mend: String::new() };
            faults.into_iter().next().unwrap_or_else(none)
        })
    }

    /// Tags it reads, sorted, each once.
    pub fn inputs(&self) -> &[TagId] {
        &self.inputs
    }

    /// What it gives.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What it gives by itself, when its inputs give this: comparisons and logic a truth, all else a number.
    pub fn natural_kind(&self, kind_of: &dyn Fn(TagId) -> Kind) -> Kind {
        let mut stack: Vec<Kind> = Vec::with_capacity(self.depth);
        let mix = |a: Option<Kind>, b: Option<Kind>| {
            if a == Some(Kind::Truth) && b == Some(Kind::Truth) { Kind::Truth } else { Kind::Number }
        };
        for op in &self.ops {
            let kind = match op {
                Op::Branch { .. } | Op::Jump(_) | Op::UnlessGood(_) => continue,
                Op::Number(_) => Kind::Number,
                Op::Truth(_) => Kind::Truth,
                Op::Tag(id) => kind_of(*id),
                Op::Negate | Op::Abs | Op::Round => {
                    stack.pop();
                    Kind::Number
                }
                Op::Not | Op::Good => {
                    stack.pop();
                    Kind::Truth
                }
                Op::RoundTo => {
                    stack.pop();
                    stack.pop();
                    Kind::Number
                }
                Op::Two(two) => {
                    stack.pop();
                    stack.pop();
                    if two.gives_truth() { Kind::Truth } else { Kind::Number }
                }
                Op::Join => {
                    let kind = mix(stack.pop(), stack.pop());
                    stack.pop();
                    kind
                }
                Op::Better => mix(stack.pop(), stack.pop()),
            };
            stack.push(kind);
        }
        stack.pop().unwrap_or(Kind::Number)
    }

    /// The same formula, made to give this.
    #[must_use]
    pub fn giving(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// Evaluates it. Allocates nothing.
    pub fn eval(&self, get: &mut Get<'_>) -> (Option<Value>, Quality) {
        let cell = if self.depth <= SHALLOW { self.run::<SHALLOW>(get) } else { self.run::<DEEPEST>(get) };
        let value = cell.value.map(|scalar| match self.kind {
            Kind::Number => Value::F64(scalar.number()),
            Kind::Truth => Value::Bool(scalar.truth()),
        });
        (value, cell.quality)
    }

    /// Whether it is true and good: what suppresses an alarm. A bad, stale or otherwise doubtful input never does.
    pub fn holds(&self, get: &mut Get<'_>) -> bool {
        let (value, quality) = self.eval(get);
        quality.is_good() && value.and_then(|v| v.as_bool()).unwrap_or(false)
    }

    fn run<const N: usize>(&self, get: &mut Get<'_>) -> Cell {
        let mut stack = Stack { cells: [Cell::EMPTY; N], used: 0 };
        let mut next = 0;
        while let Some(op) = self.ops.get(next) {
            next += 1;
            match *op {
                Op::Number(x) => stack.push(Cell::good(Scalar::Number(x))),
                Op::Truth(t) => stack.push(Cell::good(Scalar::Truth(t))),
                Op::Tag(id) => {
                    let (value, quality) = get(id);
                    stack.push(Cell::new(value.as_ref().and_then(scalar_from), quality));
                }
                Op::Negate => stack.change(|c| c.map(|v| Scalar::Number(-v.number()))),
                Op::Not => stack.change(|c| c.map(|v| Scalar::Truth(!v.truth()))),
                Op::Abs => stack.change(|c| c.map(|v| Scalar::Number(v.number().abs()))),
                Op::Round => stack.change(|c| c.map(|v| Scalar::Number(v.number().round()))),
                Op::Good => stack.change(|c| Cell::good(Scalar::Truth(c.quality.is_good()))),
                Op::RoundTo => stack.join(|x, digits| both(x, digits, round_to)),
                Op::Two(two @ (Two::And | Two::Or)) => stack.join(|a, b| logic(two, a, b)),
                Op::Two(two) => stack.join(|a, b| both(a, b, |a, b| two.of(a, b))),
                Op::Branch { otherwise, behind } => match stack.top() {
                    Cell { value: Some(v), .. } if v.truth() => {}
                    Cell { value: Some(_), .. } => next = otherwise as usize,
                    Cell { value: None, .. } => next = behind as usize,
                },
                Op::Jump(to) => next = to as usize,
                Op::Join => {
                    stack.join(|condition, taken| Cell::new(taken.value, condition.quality.worst(taken.quality)));
                }
                Op::UnlessGood(behind) => {
                    if stack.top().quality.is_good() {
                        next = behind as usize;
                    }
                }
                Op::Better => stack.join(|a, b| if b.quality.level() < a.quality.level() { b } else { a }),
            }
        }
        stack.pop()
    }
}

/// A stack of fixed size. The compiler knows the depth of every program, so that the checks here never bite; a fault in it
/// would give a bad value rather than a panic.
struct Stack<const N: usize> {
    cells: [Cell; N],
    used: usize,
}

impl<const N: usize> Stack<N> {
    fn push(&mut self, cell: Cell) {
        if let Some(place) = self.cells.get_mut(self.used) {
            *place = cell;
            self.used += 1;
        }
    }

    fn pop(&mut self) -> Cell {
        let cell = self.top();
        self.used = self.used.saturating_sub(1);
        cell
    }

    fn top(&self) -> Cell {
        self.used.checked_sub(1).and_then(|i| self.cells.get(i)).copied().unwrap_or(Cell::EMPTY)
    }

    fn change(&mut self, f: impl FnOnce(Cell) -> Cell) {
        let cell = self.pop();
        self.push(f(cell));
    }

    fn join(&mut self, f: impl FnOnce(Cell, Cell) -> Cell) {
        let second = self.pop();
        let first = self.pop();
        self.push(f(first, second));
    }
}

fn both(a: Cell, b: Cell, f: impl FnOnce(Scalar, Scalar) -> Scalar) -> Cell {
    Cell::new(a.value.zip(b.value).map(|(a, b)| f(a, b)), a.quality.worst(b.quality))
}

/// A false side decides `and`, a true one `or`, whatever the other is; of two that decide, the better.
fn logic(two: Two, a: Cell, b: Cell) -> Cell {
    let decisive = two == Two::Or;
    let decides = |c: &Cell| c.value.is_some_and(|v| v.truth() == decisive);
    let decider = match (decides(&a), decides(&b)) {
        (true, true) if b.quality.level() < a.quality.level() => b,
        (true, _) => a,
        (false, true) => b,
        (false, false) => return both(a, b, |a, b| two.of(a, b)),
    };
    decider.map(|_| Scalar::Truth(decisive))
}

fn round_to(x: Scalar, digits: Scalar) -> Scalar {
    let factor = 10_f64.powi(digits.number().round() as i32);
    Scalar::Number((x.number() * factor).round() / factor)
}

fn scalar_from(value: &Value) -> Option<Scalar> {
    match value {
        Value::Bool(t) => Some(Scalar::Truth(*t)),
        other => other.as_f64().map(Scalar::Number),
    }
}

impl Two {
    const fn gives_truth(self) -> bool {
        !matches!(self, Self::Add | Self::Subtract | Self::Multiply | Self::Divide | Self::Min | Self::Max)
    }

    fn of(self, a: Scalar, b: Scalar) -> Scalar {
        let (x, y) = (a.number(), b.number());
        match self {
            Self::Add => Scalar::Number(x + y),
            Self::Subtract => Scalar::Number(x - y),
            Self::Multiply => Scalar::Number(x * y),
            // By zero it is infinite or no number, and so bad.
            Self::Divide => Scalar::Number(x / y),
            Self::Min => Scalar::Number(x.min(y)),
            Self::Max => Scalar::Number(x.max(y)),
            Self::Equal => Scalar::Truth(x == y),
            Self::Unequal => Scalar::Truth(x != y),
            Self::Less => Scalar::Truth(x < y),
            Self::LessOrEqual => Scalar::Truth(x <= y),
            Self::Greater => Scalar::Truth(x > y),
            Self::GreaterOrEqual => Scalar::Truth(x >= y),
            Self::And => Scalar::Truth(a.truth() && b.truth()),
            Self::Or => Scalar::Truth(a.truth() || b.truth()),
        }
    }
}

#[cfg(test)]
mod tests;

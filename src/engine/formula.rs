//! Formulas over tags: arithmetic, comparison, logic, a few functions; quality is the worst of the inputs that count.

/// A formula, compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {}

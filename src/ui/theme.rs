//! Tokens by meaning: the only file in which a colour is a number.

/// Tokens of one theme.
#[derive(Debug, Clone)]
pub struct Theme {}

//! What panels tell and ask for.

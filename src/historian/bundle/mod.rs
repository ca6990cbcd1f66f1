//! A bundle: one file with a project, its pictures, and a time of its history and journal, to be looked at elsewhere.
//! docs/bundle-format.md describes it for other programs.
//!
//! ```text
//! zip       parts stored in a file that every system opens
//! manifest  what is in a bundle
//! beside    the files that a project's text names, and which of them go along
//! make      writes a bundle, beside whoever records
//! open      takes a bundle apart, and believes nothing of it
//! scratch   a folder for the parts, that goes with whoever made it
//! ```
//! Invariant: no password, no private key and nothing from outside of the project's folder gets into a bundle.
//! Invariant: what is unpacked lies in a folder of our own and nowhere else; the bundle itself is never written to.

mod beside;
mod make;
pub mod manifest;
mod open;
pub mod scratch;
pub mod zip;

pub use make::{Made, MakeError, Since, Wanted, Working, make};
pub use manifest::Manifest;
pub use open::{OpenError, Opened, Unpacking, is_bundle, open};

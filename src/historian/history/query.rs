//! Reading what was recorded: pictures of a few points a pixel, and steps of the plant's own clock.

pub mod grid;
pub mod picture;
pub mod steps;

pub use grid::Grid;
pub use picture::{Gap, Picture};
pub use steps::Step;

//! All words of the screen, and how numbers, ages and times are written.

//! The shell around the engine: the main loop that owns it, sources, the real clock, the station.

//! One file for each kind of panel, and the registry.

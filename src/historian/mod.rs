//! The SQLite edge: the journal, and who owns the data folder.

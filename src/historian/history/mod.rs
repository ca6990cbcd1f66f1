//! The samples of every tag, for years: an append log that is committed once a second, sealed in the background into
//! compressed chunks with summaries above them. docs/history-format.md describes the file for other programs.

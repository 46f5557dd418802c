//! Files that people write: read into a tree whose every node knows its place, and read out of it so
//! that every problem of a file is told at once.
//!
//! The language is a small part of YAML 1.2: mappings, sequences, scalars, comments. Aliases,
//! anchors, tags, merge keys and several documents in one file are refused, so that a file means
//! what it looks like and cannot grow while it is read. Size, depth and the number of nodes are
//! bounded ([`MAX_BYTES`], [`MAX_DEPTH`], [`MAX_NODES`]).
//!
//! **Invariant.** No input, whatever its bytes, makes this module panic, recurse without bound or
//! take time that is not nearly proportional to the input's length.

mod difference;
mod problem;
mod reader;
mod render;
#[cfg(test)]
mod tests;
mod tree;
mod words;

pub(crate) use problem::codes;
pub(crate) use tree::is_refused;
pub(crate) use words::short;

pub use difference::{Difference, differences};
pub use problem::{Code, Problem, Severity, code, has_errors};
pub use reader::{Fields, Name, Reader};
pub use tree::{Entry, Node, Place, Value};
pub use words::did_you_mean;

/// The longest file, in bytes: 1 MiB.
pub const MAX_BYTES: usize = 1 << 20;
/// How deep mappings and sequences may be nested.
pub const MAX_DEPTH: usize = 32;
/// How many nodes (scalars, mappings, sequences) a file may hold.
pub const MAX_NODES: usize = 100_000;
/// How many problems are told before the rest is only counted.
pub const MAX_PROBLEMS: usize = 500;

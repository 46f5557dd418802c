//! Workflow definitions: the checked graph that a file becomes.
//!
//! A [`Definition`] exists only when the file it came from has no problem left, so that the rest of
//! the crate never meets an unknown step, an owner without a level or a step without a way out.

mod model;

pub use model::*;

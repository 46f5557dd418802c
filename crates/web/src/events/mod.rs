//! Server-sent events: who waits for what, and one listener for all of them.
//!
//! **Invariant.** Before each event it is asked again whether its receiver may know of it, and now and
//! then without one: what somebody may not see any more ends. Nothing waits for a slow receiver: what he
//! has missed he is told to load.

mod hub;
mod wire;

use std::time::Duration;

pub(crate) use self::{
    hub::{Heard, Hub, Seat},
    wire::{Message, Wire, open},
};

/// What streams of events may do.
#[derive(Clone, Debug)]
pub struct Streams {
    /// How many there may be at once.
    pub most: usize,
    /// How many one person may have at once.
    pub of_one_person: usize,
    /// How often it is asked without an event whether somebody may still listen, and something is sent
    /// so that nobody between takes the connection for dead.
    pub beat: Duration,
    /// How often it is looked what has changed without anybody having said so.
    pub look: Duration,
    /// A worklist tells of changes at most so often.
    pub pause: Duration,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            most: 500,
            of_one_person: 10,
            beat: Duration::from_secs(15),
            look: Duration::from_secs(5),
            pause: Duration::from_secs(1),
        }
    }
}

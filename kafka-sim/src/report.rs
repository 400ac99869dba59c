//! What a run came to.

use std::time::Duration;

/// A run in which everything held.
#[derive(Clone, Copy, Default, Debug)]
pub struct Report {
    /// Things that happened.
    pub events: u64,
    /// Records acknowledged.
    pub acknowledged: usize,
    /// Records refused or failed.
    pub failed: usize,
    /// The time that passed in the world.
    pub simulated: Duration,
}

//! A steady rate.

use std::time::{Duration, Instant};

/// Lets records through at a steady rate.
pub(crate) struct Throttle {
    started: Instant,
    /// Records per second; `None` is as fast as possible.
    rate: Option<u64>,
}

impl Throttle {
    /// Kafka's convention: a rate below zero is none at all, and zero lets nothing through.
    pub(crate) fn new(rate: i64) -> Throttle {
        Throttle { started: Instant::now(), rate: u64::try_from(rate).ok() }
    }

    /// Waits until record number `sent` (from 0) is due, or until `stopped`.
    pub(crate) fn wait(&self, sent: u64, stopped: impl Fn() -> bool) {
        let Some(rate) = self.rate else { return };
        while !stopped() {
            let due = match rate {
                0 => Duration::MAX,
                rate => Duration::from_secs_f64(sent as f64 / rate as f64),
            };
            let left = due.saturating_sub(self.started.elapsed());
            if left.is_zero() {
                return;
            }
            // In slices, so that a request to stop is seen.
            std::thread::park_timeout(left.min(Duration::from_millis(100)));
        }
    }

    /// Seconds since the start.
    pub(crate) fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }
}

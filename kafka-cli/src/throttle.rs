//! A steady rate.

use std::time::{Duration, Instant};

/// Lets records through at a steady rate.
pub(crate) struct Throttle {
    started: Instant,
    /// Records per second; `None` is as fast as possible.
    rate: Option<f64>,
}

impl Throttle {
    /// Kafka's convention: a rate below zero is none at all, and zero lets nothing through.
    pub(crate) fn new(rate: i64) -> Throttle {
        Throttle::of(rate as f64)
    }

    /// As [`new`](Self::new), for rates such as one in ten seconds.
    pub(crate) fn of(rate: f64) -> Throttle {
        Throttle { started: Instant::now(), rate: (rate >= 0.0).then_some(rate) }
    }

    /// Waits until record number `sent` (from 0) is due, or until `stopped`.
    pub(crate) fn wait(&self, sent: u64, stopped: impl Fn() -> bool) {
        let Some(rate) = self.rate else { return };
        while !stopped() {
            let due = Duration::try_from_secs_f64(sent as f64 / rate).unwrap_or(Duration::MAX);
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

//! How fast batches come, and what follows from it for waking the engine.

use kafka_types::Monotonic;
use std::time::Duration;

/// Batches are counted over at least this long.
const WINDOW: Duration = Duration::from_millis(1);
/// At shorter intervals a wake-up for each batch that is opened costs more than waking up by oneself.
const BUSY: Duration = Duration::from_micros(500);

/// How often callers close batches.
#[derive(Debug)]
pub(crate) struct Pace {
    since: Monotonic,
    count: u32,
    /// Between two batches, on average over the last window.
    interval: Duration,
}

impl Pace {
    pub(crate) fn new() -> Pace {
        Pace { since: Monotonic::ZERO, count: 0, interval: Duration::MAX }
    }

    /// A batch was closed.
    pub(crate) fn count(&mut self) {
        self.count += 1;
    }

    /// Time has passed.
    pub(crate) fn look(&mut self, now: Monotonic) {
        let elapsed = now.since(self.since);
        if elapsed >= WINDOW {
            self.interval = elapsed.checked_div(self.count).unwrap_or(Duration::MAX);
            self.since = now;
            self.count = 0;
        }
    }

    pub(crate) fn interval(&self) -> Duration {
        self.interval
    }

    /// True if batches come so fast that it pays to look after them every now and then, rather than at each.
    pub(crate) fn is_busy(&self) -> bool {
        self.interval <= BUSY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_the_last_whole_window() {
        let mut pace = Pace::new();
        let at = |micros: u64| Monotonic::from_nanos(micros * 1000);
        assert!(!pace.is_busy());
        pace.look(at(10_000));
        (0..10).for_each(|_| pace.count());
        pace.look(at(10_900));
        assert!(!pace.is_busy(), "the window is not over");
        pace.look(at(11_000));
        assert_eq!(pace.interval(), Duration::from_micros(100));
        assert!(pace.is_busy());
        pace.look(at(12_000));
        assert!(!pace.is_busy(), "a window without any");
    }
}

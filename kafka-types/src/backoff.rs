//! How long to wait before trying again.

use std::time::Duration;

const JITTER: f64 = 0.2;

/// Delays that double with every attempt up to a maximum, spread by ±20% so that clients don't come back in step
/// (KIP-580).
///
/// Serves `retry.backoff.ms` with `retry.backoff.max.ms`, `reconnect.backoff.ms` with `reconnect.backoff.max.ms`, and
/// `socket.connection.setup.timeout.ms` with its maximum.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExponentialBackoff {
    initial: Duration,
    max: Duration,
}

impl ExponentialBackoff {
    /// Starts at `initial` and never exceeds `max`. If `max` is not above `initial`, every delay is `max`, without
    /// spread.
    pub fn new(initial: Duration, max: Duration) -> ExponentialBackoff {
        ExponentialBackoff { initial: initial.min(max), max }
    }

    /// The delay after `attempts` earlier ones: 0 gives about the initial one. The spread comes from `random`, any
    /// number: equal numbers give equal delays.
    pub fn delay(&self, attempts: u32, random: u64) -> Duration {
        if self.initial >= self.max {
            return self.max;
        }
        let (initial, max) = (self.initial.as_secs_f64(), self.max.as_secs_f64());
        // Doubling stops at the maximum before the spread is applied. From zero there is nothing to double; the bound
        // keeps the power finite.
        let doublings = f64::from(attempts).min((max / initial.max(0.001)).log2().max(0.0));
        // 53 bits make a uniform fraction in [0, 1).
        let fraction = (random >> 11) as f64 / (1_u64 << 53) as f64;
        let spread = 1.0 - JITTER + 2.0 * JITTER * fraction;
        let delay = (initial * doublings.exp2() * spread).min(max);
        Duration::try_from_secs_f64(delay).map_or(self.max, |delay| delay.min(self.max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const MIDDLE: u64 = 1 << 63;

    #[test]
    fn delays_double_up_to_the_maximum() {
        let backoff = ExponentialBackoff::new(100 * MS, 1000 * MS);
        let delays: Vec<u128> =
            (0..6).map(|attempts| backoff.delay(attempts, MIDDLE).as_micros().div_ceil(1000)).collect();
        assert_eq!(delays, [100, 200, 400, 800, 1000, 1000]);
    }

    #[test]
    fn delays_spread_by_a_fifth_and_stay_below_the_maximum() {
        let backoff = ExponentialBackoff::new(100 * MS, 1000 * MS);
        assert_eq!(backoff.delay(0, 0), 80 * MS);
        let highest = backoff.delay(0, u64::MAX);
        assert!(highest > 119 * MS && highest <= 120 * MS, "{highest:?}");
        assert_eq!(backoff.delay(u32::MAX, u64::MAX), 1000 * MS);
        assert_eq!(backoff.delay(u32::MAX, 0), 800 * MS);
    }

    #[test]
    fn a_maximum_not_above_the_initial_delay_is_the_delay() {
        let backoff = ExponentialBackoff::new(500 * MS, 200 * MS);
        for random in [0, MIDDLE, u64::MAX] {
            assert_eq!(backoff.delay(3, random), 200 * MS);
        }
        assert_eq!(ExponentialBackoff::new(Duration::ZERO, Duration::ZERO).delay(9, 7), Duration::ZERO);
        assert_eq!(ExponentialBackoff::new(Duration::ZERO, 50 * MS).delay(9, 7), Duration::ZERO);
    }

    #[test]
    fn extreme_bounds_do_not_overflow() {
        let backoff = ExponentialBackoff::new(MS, Duration::MAX);
        assert!(backoff.delay(u32::MAX, u64::MAX) <= Duration::MAX);
    }
}

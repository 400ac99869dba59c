//! Time as an argument.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

/// Both clocks, read once by whoever drives: deadlines come from `mono`, record timestamps from `wall`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// Never goes back.
    pub mono: Monotonic,
    /// May jump; only ever written into records.
    pub wall: Timestamp,
}

/// A point on the driver's monotonic clock, in nanoseconds since an origin of the driver's choice.
///
/// The furthest one stands for "never": arithmetic saturates there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Monotonic(u64);

impl Monotonic {
    /// The origin.
    pub const ZERO: Monotonic = Monotonic(0);
    /// A deadline that never comes.
    pub const NEVER: Monotonic = Monotonic(u64::MAX);

    /// The point this long after the origin.
    pub const fn from_nanos(nanos: u64) -> Self {
        Monotonic(nanos)
    }

    /// The point this long after the origin.
    pub const fn from_millis(millis: u64) -> Self {
        Monotonic(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero if it is not after.
    pub const fn since(self, earlier: Monotonic) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// How long until `later`; zero if it has passed.
    pub const fn until(self, later: Monotonic) -> Duration {
        later.since(self)
    }

    /// True if this is [`Monotonic::NEVER`].
    pub const fn is_never(self) -> bool {
        self.0 == u64::MAX
    }
}

impl Add<Duration> for Monotonic {
    type Output = Monotonic;

    fn add(self, after: Duration) -> Monotonic {
        let nanos = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
        Monotonic(self.0.saturating_add(nanos))
    }
}

impl fmt::Debug for Monotonic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_never() { f.write_str("never") } else { write!(f, "{:?}", Duration::from_nanos(self.0)) }
    }
}

/// Milliseconds since the Unix epoch, as records carry them; -1 where there is none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// No timestamp: only in the format, never accepted from a user.
    pub const NONE: Timestamp = Timestamp(-1);

    /// Milliseconds since the Unix epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }
}

impl From<i64> for Timestamp {
    fn from(millis: i64) -> Self {
        Timestamp(millis)
    }
}

impl From<std::time::SystemTime> for Timestamp {
    /// Times before 1970 become negative.
    fn from(time: std::time::SystemTime) -> Self {
        let clamp = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
        match time.duration_since(std::time::UNIX_EPOCH) {
            Ok(after) => Timestamp(clamp(after)),
            Err(before) => Timestamp(-clamp(before.duration())),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A duration as messages show it: whole milliseconds from 10 ms on, whole microseconds below.
pub fn rounded(duration: Duration) -> Duration {
    let unit = if duration < Duration::from_millis(10) { 1_000 } else { 1_000_000 };
    let units = (duration.as_nanos() + unit / 2) / unit;
    u64::try_from(units * unit).map_or(duration, Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_show_no_nanoseconds() {
        let shown = |nanos| format!("{:?}", rounded(Duration::from_nanos(nanos)));
        assert_eq!(shown(495_999_992), "496ms");
        assert_eq!(shown(337_646), "338µs");
        assert_eq!(shown(60_000_000_000), "60s");
        assert_eq!(shown(1_500_000_001), "1.5s");
        assert_eq!(rounded(Duration::MAX), Duration::MAX);
    }

    #[test]
    fn deadlines_saturate_at_never() {
        let late = Monotonic::from_nanos(u64::MAX - 5) + Duration::from_secs(1);
        assert!(late.is_never());
        assert_eq!(Monotonic::ZERO + Duration::MAX, Monotonic::NEVER);
        assert_eq!(Monotonic::from_millis(1).since(Monotonic::from_millis(2)), Duration::ZERO);
    }
}

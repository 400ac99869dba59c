//! The only place that reads clocks.
//!
//! Both readings of the monotonic clock have one origin. The coarse one lags behind the precise one by at most a tick
//! of the kernel (1 to 10 ms) and costs a few nanoseconds; it is for callers, where it stamps records and starts
//! deadlines. The engine reads the precise one. As coarse is never ahead of precise, a deadline that a caller computed
//! comes a tick early at worst, and what the engine finds due stays due.

use kafka_types::{Monotonic, Now, Timestamp};
use std::cell::Cell;

use rustix::time::{ClockId, Timespec, clock_gettime};

#[cfg(any(target_os = "linux", target_os = "android"))]
const COARSE: (ClockId, ClockId) = (ClockId::MonotonicCoarse, ClockId::RealtimeCoarse);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const COARSE: (ClockId, ClockId) = (ClockId::Monotonic, ClockId::Realtime);

thread_local! {
    /// This thread's last coarse reading, by the monotonic clock as it was given.
    static LAST: Cell<Option<(Timespec, Now)>> = const { Cell::new(None) };
}

/// For callers, once per record. Both coarse clocks stand still between two ticks: within one the second need not be read.
#[inline]
pub(crate) fn coarse() -> Now {
    let mono = clock_gettime(COARSE.0);
    match LAST.get() {
        Some((read, now)) if (read.tv_nsec, read.tv_sec) == (mono.tv_nsec, mono.tv_sec) => now,
        _ => {
            let now = Now { mono: monotonic(mono), wall: timestamp(clock_gettime(COARSE.1)) };
            LAST.set(Some((mono, now)));
            now
        }
    }
}

/// For the engine, once per turn, and for callers who had to wait.
pub(crate) fn precise() -> Now {
    Now {
        mono: monotonic(clock_gettime(ClockId::Monotonic)),
        wall: timestamp(clock_gettime(ClockId::Realtime)),
    }
}

fn monotonic(time: Timespec) -> Monotonic {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
    Monotonic::from_nanos(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
}

#[allow(clippy::useless_conversion, reason = "the width of the fields differs between systems")]
fn timestamp(time: Timespec) -> Timestamp {
    Timestamp(i64::from(time.tv_sec).saturating_mul(1000).saturating_add(i64::from(time.tv_nsec) / 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coarse_is_never_ahead_of_precise() {
        for _ in 0..1000 {
            let coarse = coarse();
            let precise = precise();
            assert!(coarse.mono <= precise.mono, "{coarse:?} {precise:?}");
        }
    }
}

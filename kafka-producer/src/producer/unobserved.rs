//! Failures that nobody looked at: counted, and logged at most once a second per cause.

use crate::driver::clock;
use crate::{Error, ErrorKind};
use kafka_types::Monotonic;
use parking_lot::Mutex;
use std::time::Duration;

/// The least time between two warnings of one cause.
const INTERVAL: Duration = Duration::from_secs(1);

/// Over all producers of the process: what is limited is the log, and that is shared.
static CAUSES: Mutex<Vec<Cause>> = Mutex::new(Vec::new());

struct Cause {
    kind: ErrorKind,
    /// Failures since the last warning.
    count: u64,
    next: Monotonic,
}

/// Counts `count` records that failed with `error` unseen, and warns if it is time.
pub(crate) fn report(error: &Error, count: u64) {
    if let Some(total) = note(&mut CAUSES.lock(), error.kind(), count, clock::coarse().mono) {
        // The lock is released: the subscriber is the program's own code.
        tracing::warn!(records = total, kind = %error.kind(), "records failed and nobody looked: {error}");
    }
}

/// The number to warn about, if it is time to.
fn note(causes: &mut Vec<Cause>, kind: ErrorKind, count: u64, now: Monotonic) -> Option<u64> {
    let at = causes.iter().position(|cause| cause.kind == kind).unwrap_or_else(|| {
        causes.push(Cause { kind, count: 0, next: now });
        causes.len() - 1
    });
    let cause = &mut causes[at];
    cause.count += count;
    if now < cause.next {
        return None;
    }
    cause.next = now + INTERVAL;
    Some(std::mem::take(&mut cause.count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_told_once_a_second_with_all_that_came_between() {
        let mut causes = Vec::new();
        let mut at = |kind, count, millis| note(&mut causes, kind, count, Monotonic::from_millis(millis));
        assert_eq!(at(ErrorKind::Timeout, 1, 0), Some(1));
        assert_eq!(at(ErrorKind::Timeout, 5, 10), None);
        assert_eq!(at(ErrorKind::TooLarge, 2, 20), Some(2));
        assert_eq!(at(ErrorKind::Timeout, 1, 999), None);
        assert_eq!(at(ErrorKind::Timeout, 1, 1000), Some(7));
        assert_eq!(at(ErrorKind::Timeout, 3, 5000), Some(3));
    }
}

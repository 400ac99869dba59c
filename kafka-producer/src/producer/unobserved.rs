//! Failures that nobody looked at: counted, and logged at most once a second per cause.

use crate::driver::clock;
use crate::{Error, ErrorKind};
use kafka_accumulator::{DeliveryFailure, UnseenFailures};
use kafka_types::Monotonic;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The least time between two warnings of one cause.
const INTERVAL: Duration = Duration::from_secs(1);

/// One producer's.
pub(crate) struct Unobserved {
    client_id: String,
    total: AtomicU64,
    causes: Mutex<Vec<Cause>>,
}

struct Cause {
    kind: ErrorKind,
    /// Failures since the last warning.
    count: u64,
    /// The newest of them.
    last: Option<Error>,
    next: Monotonic,
}

/// What is to be warned of.
struct Warning {
    kind: ErrorKind,
    count: u64,
    last: Option<Error>,
}

impl Unobserved {
    pub(crate) fn new(client_id: &str) -> Self {
        Unobserved {
            client_id: client_id.to_owned(),
            total: AtomicU64::new(0),
            causes: Mutex::new(Vec::new()),
        }
    }

    /// How many records there were.
    pub(crate) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// Warns of what was counted since the last warnings, for there may be no later occasion.
    pub(crate) fn tell_rest(&self) {
        let rest: Vec<Warning> = self.causes.lock().iter_mut().filter_map(Cause::take).collect();
        rest.into_iter().for_each(|warning| self.warn(warning));
    }

    fn report(&self, error: Error, count: u64) {
        self.total.fetch_add(count, Ordering::Relaxed);
        // A statement of its own: the subscriber is the program's code, and must not run under the lock.
        let due = note(&mut self.causes.lock(), error, count, clock::coarse().mono);
        if let Some(warning) = due {
            self.warn(warning);
        }
    }

    fn warn(&self, Warning { kind, count, last }: Warning) {
        let last = last.map(|error| error.to_string()).unwrap_or_default();
        tracing::warn!(
            client_id = %self.client_id,
            records = count,
            kind = %kind,
            "records failed and nobody looked: {last}"
        );
    }
}

impl UnseenFailures for Unobserved {
    fn note(&self, failure: DeliveryFailure, records: u32) {
        self.report(failure.into(), u64::from(records));
    }
}

impl Drop for Unobserved {
    fn drop(&mut self) {
        self.tell_rest();
    }
}

impl Cause {
    fn take(&mut self) -> Option<Warning> {
        let (kind, count) = (self.kind, std::mem::take(&mut self.count));
        (count > 0).then(|| Warning { kind, count, last: self.last.take() })
    }
}

/// Counts, and says what to warn of if it is time to.
fn note(causes: &mut Vec<Cause>, error: Error, count: u64, now: Monotonic) -> Option<Warning> {
    let kind = error.kind();
    let at = causes.iter().position(|cause| cause.kind == kind).unwrap_or_else(|| {
        causes.push(Cause { kind, count: 0, last: None, next: now });
        causes.len() - 1
    });
    let cause = &mut causes[at];
    cause.count += count;
    cause.last = Some(error);
    if now < cause.next {
        return None;
    }
    cause.next = now + INTERVAL;
    cause.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_told_once_a_second_with_all_that_came_between() {
        let mut causes = Vec::new();
        let mut at = |error, count, millis| {
            note(&mut causes, error, count, Monotonic::from_millis(millis)).map(|warning| warning.count)
        };
        assert_eq!(at(Error::closed(), 1, 0), Some(1));
        assert_eq!(at(Error::closed(), 5, 10), None);
        assert_eq!(at(Error::stopped(), 2, 20), Some(2));
        assert_eq!(at(Error::closed(), 1, 999), None);
        assert_eq!(at(Error::closed(), 1, 1000), Some(7));
        assert_eq!(at(Error::closed(), 3, 5000), Some(3));
    }
}

//! The system's clocks, read here alone.
#![allow(clippy::disallowed_methods, reason = "this is the driver of the simulated cluster")]

use kafka_types::{Monotonic, Now, Timestamp};
use std::time::{Instant, SystemTime};

/// Both clocks; the monotonic one starts with the cluster.
#[derive(Debug)]
pub(super) struct Clock {
    origin: Instant,
}

impl Clock {
    pub(super) fn start() -> Clock {
        Clock { origin: Instant::now() }
    }

    pub(super) fn now(&self) -> Now {
        let nanos = u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Now { mono: Monotonic::from_nanos(nanos), wall: Timestamp::from(SystemTime::now()) }
    }

    /// The point as the runtime counts it; `None` for never, and for what is too far away to be a point.
    pub(super) fn instant(&self, at: Monotonic) -> Option<tokio::time::Instant> {
        if at.is_never() {
            return None;
        }
        self.origin.checked_add(std::time::Duration::from_nanos(at.as_nanos())).map(Into::into)
    }
}

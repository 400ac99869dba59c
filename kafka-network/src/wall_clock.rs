//! The system's clock: tokens and signatures tell by it when they end.
#![allow(clippy::disallowed_methods, reason = "part of the driver: tokens are dated by the calendar")]

use kafka_types::Timestamp;
use std::time::SystemTime;

pub(crate) fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

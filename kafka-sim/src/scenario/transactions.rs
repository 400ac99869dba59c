//! What kind of transactions a world has.

use crate::random::Random;
use std::time::Duration;

/// The `transactional.id` of every program of the world: each takes over from the one before it.
pub(crate) const TRANSACTIONAL_ID: &str = "simulated-transactions";

/// Settings of a world of transactions.
#[derive(Clone, Debug)]
pub(crate) struct Transactions {
    /// The finalized level of `transaction.version`.
    pub(crate) level: i16,
    /// When it becomes 2, if it does.
    ///
    /// It never goes back: to a coordinator, the end of a transaction by who still has the second version looks like a repeated one
    /// of the producer that took over with the first version, and it tells them that one's epoch.
    pub(crate) upgrade: Option<Duration>,
    /// `transaction.timeout.ms`.
    pub(crate) timeout: Duration,
    pub(crate) marker_delay: Duration,
    /// How many a program runs, at most.
    pub(crate) count: u64,
    /// Records in each, at most, per caller.
    pub(crate) records: u64,
    /// One in so many is aborted.
    pub(crate) aborts: u64,
    /// One in so many has offsets of a consumer group.
    pub(crate) offsets: u64,
    /// The longest time that a call is given, in microseconds.
    pub(crate) call_time: u64,
    /// After how long a program ends in the middle of whatever it does, at most; 0 if it does not.
    pub(crate) life: u64,
}

impl Transactions {
    pub(super) fn draw(random: &mut Random, slow: bool) -> Transactions {
        let level = *random.one_of(&[0, 1, 2, 2]);
        let upgrade = random.once_in(2).then(|| random.micros(100_000..10_000_000)).filter(|_| level < 2);
        // A transaction takes some round trips.
        let timeouts = if slow { &[30_000, 60_000] } else { &[4_000, 15_000, 60_000, 60_000][..] };
        Transactions {
            level,
            upgrade,
            timeout: Duration::from_millis(*random.one_of(timeouts)),
            marker_delay: Duration::from_millis(*random.one_of(&[0, 0, 5, 200, 1_000])),
            count: random.within(3..60),
            records: *random.one_of(&[2, 5, 30]),
            aborts: *random.one_of(&[2, 4, 20]),
            offsets: *random.one_of(&[1, 3]),
            call_time: *random.one_of(&[20_000, 2_000_000, 60_000_000, 60_000_000]),
            life: *random.one_of(&[0, 0, 2_000_000, 8_000_000, 20_000_000]),
        }
    }
}

//! When the next refresh may go out.

use crate::MetadataConfig;
use kafka_types::{ExponentialBackoff, Monotonic, SplitMix64};

/// Keeps refreshes apart: a floor after each, growing while they fail or repeat what is known.
pub(crate) struct Schedule {
    backoff: ExponentialBackoff,
    max_age: std::time::Duration,
    /// Failures in a row.
    attempts: u32,
    /// Answers in a row without news.
    equivalent: u32,
    /// The last full answer.
    succeeded: Option<Monotonic>,
    not_before: Monotonic,
    random: SplitMix64,
}

impl Schedule {
    pub(crate) fn new(config: &MetadataConfig, seed: u64) -> Schedule {
        Schedule {
            backoff: ExponentialBackoff::new(config.retry_backoff, config.retry_backoff_max),
            max_age: config.max_age,
            attempts: 0,
            equivalent: 0,
            succeeded: None,
            not_before: Monotonic::ZERO,
            random: SplitMix64::new(seed),
        }
    }

    /// When a refresh is due: if something asks for one, as soon as the pause allows; else when the age says so.
    pub(crate) fn due(&self, requested: bool) -> Monotonic {
        if requested { self.not_before } else { self.expiry().max(self.not_before) }
    }

    /// True if all of the metadata is too old.
    pub(crate) fn is_expired(&self, now: Monotonic) -> bool {
        self.expiry() <= now
    }

    fn expiry(&self) -> Monotonic {
        self.succeeded.map_or(Monotonic::ZERO, |at| at + self.max_age)
    }

    /// A topic is new: somebody waits who never had an answer.
    pub(crate) fn handle_new_topic(&mut self) {
        self.not_before = Monotonic::ZERO;
        self.equivalent = 0;
    }

    /// A refresh goes out because of the age.
    pub(crate) fn handle_expired(&mut self) {
        self.equivalent = 0;
    }

    pub(crate) fn handle_success(&mut self, now: Monotonic, full: bool, news: bool) {
        self.attempts = 0;
        self.equivalent = if news { 0 } else { self.equivalent.saturating_add(1) };
        if full {
            self.succeeded = Some(now);
        }
        let floor = self.delay(0);
        let repeated = self.equivalent.checked_sub(1).map(|before| self.delay(before));
        self.not_before = now + repeated.map_or(floor, |repeated| repeated.max(floor));
    }

    pub(crate) fn handle_failure(&mut self, now: Monotonic) {
        self.not_before = now + self.delay(self.attempts);
        self.attempts = self.attempts.saturating_add(1);
        self.equivalent = 0;
    }

    fn delay(&mut self, attempts: u32) -> std::time::Duration {
        self.backoff.delay(attempts, self.random.draw())
    }
}

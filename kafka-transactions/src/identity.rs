//! Getting a producer id, and moving its epoch on.

use crate::{FatalError, TransactionConfig};
use kafka_types::{ErrorCode, ExponentialBackoff, Monotonic, ProducerEpoch, ProducerIdentity, SplitMix64};

/// The producer's own identity, as opposed to those that partitions still finish old batches under.
#[derive(Debug)]
pub(crate) struct Identity {
    current: Option<ProducerIdentity>,
    request: RequestState,
    failures: u32,
    fatal: Option<FatalError>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum RequestState {
    /// Nobody needs one.
    Unwanted,
    /// Somebody waits for one; not asked before the deadline.
    Wanted(Monotonic),
    InProgress,
}

impl Identity {
    pub(crate) fn new() -> Identity {
        Identity { current: None, request: RequestState::Unwanted, failures: 0, fatal: None }
    }

    pub(crate) fn current(&self) -> Option<ProducerIdentity> {
        self.current
    }

    pub(crate) fn fatal(&self) -> Option<&FatalError> {
        self.fatal.as_ref()
    }

    /// Somebody can't go on without an identity.
    pub(crate) fn want(&mut self) {
        if self.current.is_none() && self.request == RequestState::Unwanted && self.fatal.is_none() {
            self.request = RequestState::Wanted(Monotonic::ZERO);
        }
    }

    /// When a request is due; never, if none is wanted or one is on its way.
    pub(crate) fn due(&self) -> Monotonic {
        match self.request {
            RequestState::Wanted(at) if self.fatal.is_none() => at,
            _ => Monotonic::NEVER,
        }
    }

    pub(crate) fn start_request(&mut self, now: Monotonic) -> bool {
        let due = self.due() <= now;
        if due {
            self.request = RequestState::InProgress;
        }
        due
    }

    pub(crate) fn set(&mut self, identity: ProducerIdentity) {
        self.current = Some(identity);
        self.request = RequestState::Unwanted;
        self.failures = 0;
    }

    pub(crate) fn retry(&mut self, now: Monotonic, config: &TransactionConfig, random: &mut SplitMix64) {
        let backoff = ExponentialBackoff::new(config.retry_backoff, config.retry_backoff_max);
        let wait = backoff.delay(self.failures, random.draw());
        self.failures = self.failures.saturating_add(1);
        self.request = RequestState::Wanted(now + wait);
    }

    pub(crate) fn fail(&mut self, code: ErrorCode, message: String) {
        self.request = RequestState::Unwanted;
        self.fatal.get_or_insert(FatalError { code, message: message.into() });
    }

    /// A new generation: the next epoch, or another id when the epochs are used up (KIP-360).
    pub(crate) fn bump(&mut self) {
        let Some(identity) = self.current else { return };
        if identity.epoch >= ProducerEpoch::MAX {
            self.current = None;
            self.want();
        } else {
            let epoch = ProducerEpoch(identity.epoch.0 + 1);
            self.current = Some(ProducerIdentity { epoch, ..identity });
        }
    }
}

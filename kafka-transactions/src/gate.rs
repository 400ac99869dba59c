//! The gate that a record passes before it is taken. The only lock of this crate.

use crate::transactional::IllegalCall;
use crate::{FatalError, State};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};

/// The manager's state as callers on other threads see it: whether a record may be taken, without asking the engine.
///
/// A record that passed while the transaction failed is no harm: it fails with the transaction.
#[derive(Debug)]
pub struct TransactionGate {
    /// The place of the state in [`State::ALL`].
    state: AtomicU8,
    /// Why, in a state of error.
    error: Mutex<Option<FatalError>>,
}

const OPEN: u8 = State::InTransaction as u8;

impl TransactionGate {
    pub(crate) fn new() -> TransactionGate {
        TransactionGate { state: AtomicU8::new(State::Uninitialized as u8), error: Mutex::new(None) }
    }

    pub(crate) fn set(&self, state: State, error: Option<&FatalError>) {
        *self.error.lock() = error.cloned();
        self.state.store(state as u8, Ordering::Release);
    }

    /// Whether records are taken.
    #[inline]
    pub fn is_open(&self) -> bool {
        self.state.load(Ordering::Acquire) == OPEN
    }

    /// As [`is_open`](Self::is_open), with the reason.
    ///
    /// # Errors
    /// As [`TransactionalManager::check_send`](crate::TransactionalManager::check_send).
    pub fn check(&self) -> Result<(), IllegalCall> {
        let state = self.state();
        if state == State::InTransaction {
            return Ok(());
        }
        Err(IllegalCall::new("send", state, self.error.lock().as_ref()))
    }

    /// Where the producer is, as far as callers know.
    pub fn state(&self) -> State {
        let index = usize::from(self.state.load(Ordering::Acquire));
        State::ALL.get(index).copied().unwrap_or(State::FatalError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_types::ErrorCode;

    #[test]
    fn only_an_open_transaction_lets_records_through_and_errors_say_why_not() {
        let gate = TransactionGate::new();
        let error = FatalError { code: ErrorCode::PRODUCER_FENCED, message: "fenced".into() };
        for state in State::ALL {
            gate.set(state, None);
            assert_eq!((gate.state(), gate.is_open()), (state, state == State::InTransaction));
            assert_eq!(gate.check().is_ok(), gate.is_open());
        }
        gate.set(State::FatalError, Some(&error));
        assert_eq!(gate.check(), Err(IllegalCall::Fatal(error)));
    }
}

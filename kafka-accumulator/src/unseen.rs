//! Failures that nobody looked at.

use crate::DeliveryFailure;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Told of records that failed without anybody looking: no callback told the program, and the delivery was dropped unread.
///
/// It is called on the thread that drops the delivery or completes the batch, with no lock held.
pub trait UnseenFailures: Send + Sync {
    /// So many records of one batch failed; `failure` is one of theirs.
    fn note(&self, failure: DeliveryFailure, records: u32);
}

/// Whoever wants to know, if anybody does.
#[derive(Default)]
pub(crate) struct Unseen(OnceLock<Arc<dyn UnseenFailures>>);

impl Unseen {
    /// The first watcher stays.
    pub(crate) fn watch(&self, watcher: Arc<dyn UnseenFailures>) {
        let _ = self.0.set(watcher);
    }

    pub(crate) fn note(&self, failure: DeliveryFailure, records: u32) {
        if let Some(watcher) = self.0.get() {
            watcher.note(failure, records);
        }
    }
}

impl fmt::Debug for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unseen(watched: {})", self.0.get().is_some())
    }
}

//! Whether a request's bytes have begun to go out: the one thing that engine and connection task agree on by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const QUEUED: u8 = 0;
const WRITING: u8 = 1;
const WRITTEN: u8 = 2;
const RECALLED: u8 = 3;

/// Queued, then Writing, then Written; or recalled while it was Queued.
///
/// The engine gives up a batch whose time is over. If a connection task could write it a moment later, a record reported as not
/// written would be in the log; so both sides settle it by one compare-exchange, and whoever comes second knows.
#[derive(Clone, Debug)]
pub struct RequestSlot(Arc<AtomicU8>);

impl RequestSlot {
    /// A queued request's.
    pub(crate) fn new() -> RequestSlot {
        RequestSlot(Arc::new(AtomicU8::new(QUEUED)))
    }

    /// The connection task is about to write the first byte. False: the request was recalled and must not go out.
    #[must_use]
    pub fn begin_write(&self) -> bool {
        self.0.compare_exchange(QUEUED, WRITING, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The last byte is in the socket. The engine hears of it by
    /// [`Engine::handle_written`](crate::Engine::handle_written).
    pub fn finish_write(&self) {
        let _ = self.0.compare_exchange(WRITING, WRITTEN, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Takes the request back. True: not a byte of it was written, nor will be. False: it may have been.
    #[must_use]
    pub fn recall(&self) -> bool {
        match self.0.compare_exchange(QUEUED, RECALLED, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => true,
            Err(state) => state == RECALLED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recalled_request_is_never_written() {
        let slot = RequestSlot::new();
        let connection = slot.clone();
        assert!(slot.recall());
        assert!(!connection.begin_write());
        assert!(slot.recall(), "still surely not written");
    }

    #[test]
    fn what_is_being_written_cannot_be_recalled() {
        let slot = RequestSlot::new();
        assert!(slot.begin_write());
        assert!(!slot.recall());
        slot.finish_write();
        assert!(!slot.recall());
        assert!(!slot.begin_write(), "a request goes out once");
    }
}

//! Taking back what is not acknowledged yet.

use super::Producer;
use kafka_sender::Purge;

impl<KS, VS> Producer<KS, VS> {
    /// Gives up the records that were accepted before this call and are queued, in flight, or both: each fails as
    /// [`Purged`](crate::ErrorKind::Purged), and its delivery, callback and interceptors are told.
    ///
    /// What was queued is [`NotWritten`](crate::Outcome::NotWritten), unless an earlier attempt may have been written; what was in
    /// flight is [`Unknown`](crate::Outcome::Unknown), unless nothing of its request had gone out. The producer works on.
    /// This does not wait: [`flush`](Producer::flush) afterwards returns when all outcomes are there. Sends that still wait for
    /// memory or metadata are not accepted yet, and go on.
    pub fn purge(&self, purge: Purge) {
        self.shared.driver.purge(purge);
    }
}

//! Purging: the program takes back what is not acknowledged yet.

use crate::engine::Engine;
use crate::outcome::Refusal;
use kafka_accumulator::{BatchId, QueueId};
use kafka_transactions::BatchKey;
use kafka_types::Monotonic;
use std::collections::BTreeMap;

/// What [`Engine::handle_purge`] takes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purge {
    /// Records that no request has: waiting for more of their batch, for a connection, for a retry.
    Queued,
    /// Records that are in a request whose answer has not come. Where its bytes may have gone out, they may be in the log
    /// nevertheless.
    InFlight,
    /// Both.
    All,
}

/// Batches that were queued when a purge came, and could not be taken out at once: they are being compressed, or stand behind
/// one that is.
pub(crate) type Purging = BTreeMap<QueueId, Vec<BatchId>>;

impl Engine {
    pub(crate) fn start_purge(&mut self, now: Monotonic, purge: Purge) {
        if self.closed {
            return;
        }
        self.read_events(now);
        let queued = matches!(purge, Purge::Queued | Purge::All);
        let in_flight = matches!(purge, Purge::InFlight | Purge::All);
        let refusal = Refusal::of_purge();
        // Listed before anything is recalled: what comes back to its queue was in flight when the purge came.
        let drained: Vec<(BatchKey, Option<crate::RequestId>)> =
            self.batches.iter().map(|(id, batch)| (*id, batch.request)).collect();
        for (id, request) in drained {
            match request {
                Some(request) if in_flight => {
                    self.recall(now, request);
                    self.fail(now, id, refusal.clone());
                }
                None if queued => self.fail(now, id, refusal.clone()),
                _ => {}
            }
        }
        if queued {
            for queue in self.occupied.iter().copied().collect::<Vec<_>>() {
                self.close_open(queue);
                let mut ids = Vec::new();
                self.drainer.undrained(queue, &mut ids);
                self.purging.insert(queue, ids);
            }
            self.fail_purged(now);
        }
    }

    /// Fails what is to be purged and can be taken out. Nothing of it is drained before, since this comes first in each turn.
    pub(crate) fn fail_purged(&mut self, now: Monotonic) {
        for (queue, purged) in std::mem::take(&mut self.purging) {
            let mut left = Vec::new();
            self.drainer.undrained(queue, &mut left);
            for id in left {
                if !purged.contains(&id) {
                    break;
                }
                let Some(batch) = self.drainer.pop(queue) else {
                    self.purging.insert(queue, purged);
                    break;
                };
                self.fail_undrained(now, batch, Refusal::of_purge());
            }
            self.head_left(now, queue);
        }
    }
}

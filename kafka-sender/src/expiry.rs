//! `delivery.timeout.ms`: batches that have run out of time.

use crate::RequestId;
use crate::engine::Engine;
use crate::in_flight::RequestKind;
use crate::node::Node;
use crate::outcome::{Answer, Refusal};
use crate::timers::Timer;
use kafka_accumulator::QueueId;
use kafka_transactions::BatchKey;
use kafka_types::{ErrorCode, Monotonic};
use std::sync::Arc;

impl Engine {
    /// The oldest batch of the queue may have run out of time.
    pub(crate) fn expire_queue(&mut self, now: Monotonic, queue: QueueId) {
        let mut expired = Vec::new();
        let next = self.drainer.expire(queue, now, &mut expired);
        if !expired.is_empty() {
            let refusal = Refusal { message: self.hindrance(queue), ..Refusal::timeout() };
            for batch in expired {
                self.fail_undrained(now, batch, refusal.clone());
            }
        }
        self.head_left(now, queue);
        // The head may be at a worker: what stands behind it has its own time all the same.
        self.timers.watch(Timer::QueueExpiry(queue), now, next);
        self.enlist(now, queue);
    }

    /// What has kept the partition from sending, if it is something outside.
    fn hindrance(&mut self, queue: QueueId) -> Option<Arc<str>> {
        let failure_of = |node: &Node| node.last_failure.clone();
        if let Some(leader) = self.leader(queue) {
            let failure = failure_of(self.nodes.get(&leader)?)?;
            let failure = unended(&failure);
            return Some(format!("there is no connection to its leader, node {leader}: {failure}").into());
        }
        // Leaders are forgotten when every broker is out of reach and the bootstrap servers are asked anew.
        if self.connections.values().all(|connection| !connection.is_ready())
            && let Some(failure) = self.nodes.values().find_map(failure_of)
        {
            return Some(format!("no broker can be reached: {}", unended(&failure)).into());
        }
        Some("the partition has no leader".into())
    }

    /// The oldest of the partition's drained batches may have run out of time.
    pub(crate) fn expire_line(&mut self, now: Monotonic, queue: QueueId) {
        let timeout = self.config.delivery_timeout;
        let expiry = |engine: &Engine, id: &BatchKey| Some(engine.batches.get(id)?.batch.created() + timeout);
        // One at a time: what happens to one may be the end of others.
        while let Some(expired) = {
            let line = &self.partitions[queue.0 as usize].line;
            line.iter().copied().find(|id| expiry(self, id).is_some_and(|at| at <= now))
        } {
            self.expire_batch(now, expired);
        }
        let line = &self.partitions[queue.0 as usize].line;
        if let Some(next) = line.iter().filter_map(|id| expiry(self, id)).min() {
            self.timers.watch(Timer::LineExpiry(queue), now, next);
        }
    }

    /// The batch has run out of time. What its request's slot says decides whether it may be in the log.
    fn expire_batch(&mut self, now: Monotonic, id: BatchKey) {
        let Some(request) = self.batches.get(&id).map(|batch| batch.request) else { return };
        if let Some(request) = request {
            // Recalled, it fails there as any other that is out of time.
            self.recall(now, request);
        }
        self.fail(now, id, Refusal::timeout());
    }

    /// Takes a request back if none of its bytes went out, with all that were queued behind it: they hold the batches that
    /// follow. Their batches are sent again, or fail if they are out of time.
    pub(crate) fn recall(&mut self, now: Monotonic, request: RequestId) {
        let Some(in_flight) = self.requests.get(&request) else { return };
        let connection = in_flight.connection;
        let Some(state) = self.connections.get(&connection) else { return };
        // From the newest back, so that the connection can't write one that follows a recalled one.
        let behind: Vec<RequestId> =
            state.requests.iter().rev().copied().take_while(|id| *id >= request).collect();
        let mut recalled = Vec::new();
        for id in behind {
            let Some(in_flight) = self.requests.get(&id) else { continue };
            if !matches!(in_flight.kind, RequestKind::Produce(_)) {
                continue;
            }
            if !in_flight.slot.recall() {
                break;
            }
            recalled.push(id);
        }
        let mut answers = Vec::new();
        for id in recalled.into_iter().rev() {
            let Some(in_flight) = self.land(now, connection, id) else { continue };
            if let RequestKind::Produce(sent) = in_flight.kind {
                answers.extend(sent.into_iter().filter(|sent| self.is_in(sent, id)));
            }
        }
        for sent in answers {
            let answer = Answer::lost(ErrorCode::NETWORK_EXCEPTION, "recalled".into(), true);
            self.not_acknowledged(now, sent.batch, answer);
        }
    }
}

/// To stand inside another sentence.
fn unended(text: &str) -> &str {
    text.trim_end_matches('.')
}

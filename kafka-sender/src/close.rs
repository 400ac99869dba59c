//! Closing: everything gets its outcome, by the deadline at the latest.

use crate::engine::Engine;
use crate::outcome::Refusal;
use crate::timers::Timer;
use crate::{CloseSummary, ConnectionId, FlushSummary, Output, RequestId};
use kafka_accumulator::{Batch, FailureCause};
use kafka_transactions::BatchKey;
use kafka_types::Monotonic;

#[derive(Debug)]
pub(crate) struct Closing {
    deadline: Monotonic,
    pub(crate) summary: FlushSummary,
}

impl Engine {
    pub(crate) fn start_close(&mut self, now: Monotonic, deadline: Monotonic) {
        if self.closed {
            return;
        }
        let closing = self.closing.get_or_insert(Closing { deadline, summary: FlushSummary::default() });
        closing.deadline = closing.deadline.min(deadline);
        let deadline = closing.deadline;
        self.timers.set(Timer::Close, deadline);
        // Whoever waits for metadata would only be refused afterwards; refreshing goes on.
        let wakers = self.metadata.close();
        self.wake(wakers);
        self.read_events(now);
        self.close_transaction(now);
        self.all_open_are_due(now);
    }

    /// Closes when nothing is left, or when the deadline has come.
    pub(crate) fn finish_close(&mut self, now: Monotonic) {
        let Some(closing) = &self.closing else { return };
        let done = !self.has_unfinished() && !self.is_transaction_ending();
        if !done && now < closing.deadline {
            return;
        }
        if !done {
            self.fail_everything(now, &Refusal::new(FailureCause::ProducerClosed, "the producer was closed"));
        }
        let connections: Vec<ConnectionId> = std::mem::take(&mut self.connections).into_keys().collect();
        for connection in connections {
            self.outputs.push_back(Output::Close { connection });
        }
        self.requests.clear();
        self.nodes.clear();
        self.dirty.clear();
        self.gathering.clear();
        self.timers.clear();
        let wakers = self.metadata.close();
        self.wake(wakers);
        // What is still being split or sealed fails when its job is dropped; nobody waits for it any more.
        for (id, flush) in std::mem::take(&mut self.flushes) {
            self.outputs.push_back(Output::Flushed(id, flush.into_summary()));
        }
        self.end_calls();
        let summary = self.closing.take().map(|closing| closing.summary).unwrap_or_default();
        self.closed = true;
        self.outputs.push_back(Output::Closed(CloseSummary {
            acknowledged: summary.acknowledged,
            failed: summary.failed,
            first_error: summary.first_error,
        }));
    }

    /// The producer can't go on: what is in no request fails, the rest when its answer comes.
    pub(crate) fn give_up_if_fatal(&mut self, now: Monotonic) {
        let Some(fatal) = self.transactions.fatal() else { return };
        let refusal = Refusal::of(fatal);
        self.fail_all_waiting(now, &refusal);
    }

    /// Fails what is in no request, wherever it is.
    pub(crate) fn fail_all_waiting(&mut self, now: Monotonic, refusal: &Refusal) {
        let idle = self.batches.values().all(|batch| batch.request.is_some());
        if idle && self.occupied.is_empty() {
            return;
        }
        self.fail_waiting(now, refusal);
        // The accumulator stays open: whoever still sends is told the cause, batch by batch.
        for queue in self.occupied.iter().copied().collect::<Vec<_>>() {
            self.close_open(queue);
            self.fail_partition(now, queue, refusal);
        }
    }

    /// A batch came back from a worker after everything was failed: so is this.
    pub(crate) fn fail_late(&mut self, now: Monotonic, batch: Batch) {
        let refusal = match self.transactions.fatal() {
            Some(fatal) if !self.closed => Refusal::of(fatal),
            None if !self.closed && self.transactional.is_some() => Refusal::of_abort(),
            _ => Refusal::new(FailureCause::ProducerClosed, "the producer was closed"),
        };
        self.fail_undrained(now, batch, refusal);
    }

    fn fail_everything(&mut self, now: Monotonic, refusal: &Refusal) {
        // What no connection has begun to write was surely not written.
        let requests: Vec<RequestId> = self.requests.keys().copied().collect();
        for request in requests {
            self.recall(now, request);
        }
        self.fail_waiting(now, refusal);
        let mut undrained = Vec::new();
        self.drainer.drain_all(&mut undrained);
        for batch in undrained {
            self.fail_undrained(now, batch, refusal.clone());
        }
        let rest: Vec<BatchKey> = self.batches.keys().copied().collect();
        for id in rest {
            self.fail(now, id, refusal.clone());
        }
    }

    fn fail_waiting(&mut self, now: Monotonic, refusal: &Refusal) {
        let waiting: Vec<BatchKey> =
            self.batches.iter().filter(|(_, batch)| batch.request.is_none()).map(|(id, _)| *id).collect();
        for id in waiting {
            self.fail(now, id, refusal.clone());
        }
    }
}

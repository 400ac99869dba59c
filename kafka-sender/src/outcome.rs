//! How a batch's attempt ends, and how the batch ends.

use crate::RequestId;
use crate::drained::DrainedBatch;
use crate::engine::Engine;
use crate::in_flight::Sent;
use kafka_accumulator::{Batch, BatchFailure, BatchOutcome, FailureCause, QueueId, Written};
use kafka_transactions::{Attempt, BatchKey, FatalError, Verdict};
use kafka_types::{Acks, ErrorCode, ExponentialBackoff, Monotonic, Offset, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An attempt that was not acknowledged.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: ErrorCode,
    pub(crate) message: Option<Arc<str>>,
    pub(crate) attempt: Attempt,
    /// Not a byte went out: that is no attempt.
    pub(crate) recalled: bool,
    /// By index in the batch (KIP-467).
    pub(crate) record_errors: BTreeMap<u32, Arc<str>>,
}

impl Answer {
    /// The request has no answer.
    pub(crate) fn lost(code: ErrorCode, message: Arc<str>, recalled: bool) -> Answer {
        let attempt = if recalled { Attempt::Refused } else { Attempt::Ambiguous };
        Answer { code, message: Some(message), attempt, recalled, record_errors: BTreeMap::new() }
    }
}

impl Answer {
    fn text(&self) -> Arc<str> {
        match &self.message {
            Some(message) => format!("{}: {message}", self.code).into(),
            None => self.code.to_string().into(),
        }
    }
}

/// Why a batch fails.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) cause: FailureCause,
    pub(crate) message: Option<Arc<str>>,
    pub(crate) record_errors: BTreeMap<u32, Arc<str>>,
}

impl Refusal {
    pub(crate) fn new(cause: FailureCause, message: impl Into<Arc<str>>) -> Refusal {
        Refusal { cause, message: Some(message.into()), record_errors: BTreeMap::new() }
    }

    pub(crate) fn of(fatal: &FatalError) -> Refusal {
        Refusal::new(cause_of(fatal.code), fatal.message.clone())
    }

    /// The transaction of the records is aborted.
    pub(crate) fn of_abort() -> Refusal {
        Refusal { cause: FailureCause::TransactionAborted, message: None, record_errors: BTreeMap::new() }
    }

    /// The program has taken the records back.
    pub(crate) fn of_purge() -> Refusal {
        Refusal { cause: FailureCause::Purged, message: None, record_errors: BTreeMap::new() }
    }

    pub(crate) fn timeout() -> Refusal {
        Refusal { cause: FailureCause::Timeout, message: None, record_errors: BTreeMap::new() }
    }
}

impl Engine {
    /// Whether the batch is still in that request, rather than failed meanwhile.
    pub(crate) fn is_in(&self, sent: &Sent, request: RequestId) -> bool {
        self.batches.get(&sent.batch).is_some_and(|batch| batch.request == Some(request))
    }

    pub(crate) fn acknowledged(
        &mut self,
        now: Monotonic,
        id: BatchKey,
        base_offset: Offset,
        log_append_time: Option<Timestamp>,
    ) {
        let Some(batch) = self.disown(id) else { return };
        self.transactions.handle_acknowledged(batch.stream(), batch.key);
        self.complete(batch.batch, BatchOutcome::Acknowledged { base_offset, log_append_time });
        self.enlist(now, batch.queue);
    }

    /// Sends the batch again later, splits it, or fails it.
    pub(crate) fn not_acknowledged(&mut self, now: Monotonic, id: BatchKey, answer: Answer) {
        let Some(batch) = self.batches.get_mut(&id) else { return };
        let (queue, stream, key) = (batch.queue, batch.stream(), batch.key);
        if batch.request.take().is_some() {
            self.partitions[queue.0 as usize].landed();
        }
        if !batch.maybe_written && answer.attempt == Attempt::Refused {
            batch.batch.set_written(Written::NotWritten);
        }
        let verdict = if answer.recalled {
            batch.attempts = batch.attempts.saturating_sub(1);
            if batch.attempts == 0 {
                batch.first_sent = None;
            }
            self.transactions.handle_recalled(stream, key)
        } else {
            batch.last_error = Some(answer.text());
            if answer.attempt == Attempt::Ambiguous {
                batch.maybe_written = true;
                self.transactions.handle_ambiguous(stream, key)
            } else {
                self.transactions.handle_refused(stream, key, answer.code)
            }
        };
        if answer.code.refreshes_metadata() && !answer.recalled {
            self.metadata.request_update();
        }
        for condemned in &verdict.condemned {
            self.condemn(now, *condemned);
        }
        if answer.code == ErrorCode::MESSAGE_TOO_LARGE && self.split(now, id) {
            return;
        }
        self.retry_or_fail(now, id, &verdict, answer);
        self.enlist(now, queue);
    }

    fn retry_or_fail(&mut self, now: Monotonic, id: BatchKey, verdict: &Verdict, answer: Answer) {
        let random = self.random.draw();
        let idempotent = self.transactions.is_idempotent();
        let Some(batch) = self.batches.get_mut(&id) else { return };
        let expired = batch.batch.created() + self.config.delivery_timeout <= now;
        let of_sequence =
            matches!(answer.code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER | ErrorCode::UNKNOWN_PRODUCER_ID);
        // With `acks=0` nobody ever says what became of it: sent again, it would be there twice as often as it would be saved.
        let forgotten = self.config.acks == Acks::None && !answer.recalled;
        let retriable =
            !forgotten && (answer.recalled || answer.code.is_retriable() || (idempotent && of_sequence));
        let left = answer.recalled || batch.attempts <= self.config.retries;
        if verdict.retry && retriable && left && !expired {
            if !answer.recalled {
                let backoff =
                    ExponentialBackoff::new(self.config.retry_backoff, self.config.retry_backoff_max);
                batch.retry_at = now + backoff.delay(batch.attempts.saturating_sub(1), random);
            }
            return;
        }
        let cause =
            if expired && retriable && verdict.retry { FailureCause::Timeout } else { cause_of(answer.code) };
        if answer.recalled && !verdict.retry {
            // This attempt did not go out; an earlier one did.
            return self.condemn(now, id);
        }
        let refusal = Refusal { cause, message: answer.message, record_errors: answer.record_errors };
        self.fail(now, id, refusal);
    }

    fn condemn(&mut self, now: Monotonic, key: BatchKey) {
        let cause = FailureCause::Broker(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
        let message = "an earlier attempt had no answer, and its sequence is not accepted any more";
        self.fail(now, key, Refusal::new(cause, message));
    }

    /// Gives a batch up, wherever it is. One in a request is taken to be written, perhaps: recall it before if it can be.
    pub(crate) fn fail(&mut self, now: Monotonic, id: BatchKey, refusal: Refusal) {
        let Some(mut batch) = self.disown(id) else { return };
        if batch.request.is_some() {
            batch.maybe_written = true;
        }
        let stream = batch.stream();
        self.transactions.handle_failed(stream, batch.key, batch.maybe_written);
        let failure = BatchFailure {
            fatal: self.transactions.fatal().is_some(),
            in_transaction: self.transactional.is_some(),
            ..failure_of(now, &batch, refusal)
        };
        self.tell_transaction(batch.queue, &failure);
        if self.transactions.is_broken(stream)
            && let Some(transactional) = &mut self.transactional
        {
            transactional.manager.handle_broken_sequence();
        }
        self.complete(batch.batch, BatchOutcome::Failed(failure));
        self.enlist(now, batch.queue);
    }

    /// Fails a batch that was never in a request.
    pub(crate) fn fail_undrained(&mut self, now: Monotonic, batch: Batch, refusal: Refusal) {
        let failure = BatchFailure {
            in_queue: now.since(batch.created()),
            record_errors: refusal.record_errors,
            message: refusal.message,
            fatal: self.transactions.fatal().is_some(),
            in_transaction: self.transactional.is_some(),
            ..BatchFailure::not_written(refusal.cause)
        };
        self.tell_transaction(batch.queue(), &failure);
        self.complete(batch, BatchOutcome::Failed(failure));
    }

    /// Fails what the partition would send, and what is ready behind it.
    pub(crate) fn fail_partition(&mut self, now: Monotonic, queue: QueueId, refusal: &Refusal) {
        let waiting: Vec<BatchKey> = self
            .partition(queue)
            .line
            .clone()
            .into_iter()
            .filter(|id| self.batches.get(id).is_some_and(|batch| batch.request.is_none()))
            .collect();
        for id in waiting {
            self.fail(now, id, refusal.clone());
        }
        if self.partition(queue).due {
            self.close_open(queue);
        }
        while let Some(batch) = self.drainer.pop(queue) {
            self.fail_undrained(now, batch, refusal.clone());
        }
        self.head_left(now, queue);
    }

    /// Takes the batch out of everything that the engine keeps, streams apart.
    pub(crate) fn disown(&mut self, id: BatchKey) -> Option<DrainedBatch> {
        let batch = *self.batches.remove(&id)?;
        let partition = self.partition(batch.queue);
        partition.leave(id);
        if batch.request.is_some() {
            partition.landed();
        }
        Some(batch)
    }
}

fn failure_of(now: Monotonic, batch: &DrainedBatch, refusal: Refusal) -> BatchFailure {
    let first_sent = batch.first_sent.unwrap_or(now);
    BatchFailure {
        written: if batch.maybe_written { Written::Unknown } else { Written::NotWritten },
        attempts: batch.attempts,
        last_broker: batch.last_broker.clone(),
        last_error: batch.last_error.clone(),
        in_queue: first_sent.since(batch.batch.created()),
        in_flight: now.since(first_sent),
        record_errors: refusal.record_errors,
        message: refusal.message,
        ..BatchFailure::not_written(refusal.cause)
    }
}

fn cause_of(code: ErrorCode) -> FailureCause {
    match code {
        ErrorCode::MESSAGE_TOO_LARGE => FailureCause::RecordTooLarge,
        ErrorCode::NETWORK_EXCEPTION => FailureCause::Disconnected,
        ErrorCode::INVALID_RECORD => FailureCause::InvalidRecord,
        ErrorCode::UNSUPPORTED_VERSION => FailureCause::UnsupportedVersion,
        code => FailureCause::Broker(code),
    }
}

//! The producer without a runtime: everything that a send does on the caller's thread, and the engine beside it.
//!
//! A driver of one's own, or a simulation, makes both with
//! [`ProducerBuilder::build_core`](crate::ProducerBuilder::build_core), sends with [`CoreProducer::poll_send`], and runs
//! the [`Engine`] as its documentation says. Time and wakers are arguments; whenever [`PendingSend::take_wake`] says so
//! the engine has to be polled.

mod at_once;
mod engine;
mod interceptors;
mod lookup;
mod pending;
mod scratch;
mod send;
pub(crate) mod topic_name;
mod topics;
mod wait;

#[cfg(test)]
mod tests;

use crate::error::Cause;
use crate::{Error, ProducerConfig};
use kafka_accumulator::{Accumulator, AppendError, UnseenFailures};
use kafka_interceptor::InterceptorChain;
use kafka_metadata::Metadata;
use kafka_partitioner::{DefaultPartitioner, Partitioner};
use kafka_sender::{CallError, Engine};
use kafka_transactions::TransactionGate;
use kafka_types::Now;
use parking_lot::Mutex;
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use topics::{TopicSlot, TopicTable};

pub use at_once::Left;
pub use lookup::PartitionLookup;
pub use pending::{AtOnce, PendingSend, SendCallback, Waiting};

/// The callers' half of a producer; the other half is the [`Engine`].
#[derive(Clone)]
pub struct CoreProducer {
    shared: Arc<Shared>,
}

struct Shared {
    /// Unlike any other producer's in this process: threads remember topics by it.
    id: u64,
    config: ProducerConfig,
    accumulator: Accumulator,
    metadata: Metadata,
    partitioner: Arc<dyn Partitioner>,
    /// The same, if it is Kafka's own: called without a look at its type.
    built_in: Option<DefaultPartitioner>,
    /// The smaller of `max.request.size` and `buffer.memory`.
    small_record: usize,
    /// It is told of every record that is appended.
    partitioner_learns: bool,
    interceptors: Arc<InterceptorChain>,
    topics: TopicTable,
    /// What went wrong with the latest connection, if that was not used since.
    connection_error: Mutex<Option<Arc<str>>>,
    /// Records are taken only inside a transaction.
    gate: Option<Arc<TransactionGate>>,
    /// One of the constants below.
    state: AtomicU8,
    /// For what a tick of the callers' clock is too long.
    clock: OnceLock<fn() -> Now>,
}

const OPEN: u8 = 0;
const CLOSED: u8 = 1;
const STOPPED: u8 = 2;

impl CoreProducer {
    /// A producer with the partitioner that its configuration names and no interceptors, and its engine. The same seed
    /// and inputs give the same outputs.
    pub fn new(config: ProducerConfig, seed: u64) -> (CoreProducer, Engine) {
        engine::assemble(config, seed, None, InterceptorChain::default())
    }

    /// What the producer runs with.
    pub fn config(&self) -> &ProducerConfig {
        &self.shared.config
    }

    /// Bytes of `buffer.memory` that are free.
    pub fn available_memory(&self) -> usize {
        self.shared.accumulator.available_memory()
    }

    /// The cluster as far as it is known.
    pub fn metadata(&self) -> &Metadata {
        &self.shared.metadata
    }

    /// Accepts no more records, and wakes who waits for memory. The engine still has to be told, with
    /// [`Engine::handle_close`]. False if that had happened before.
    pub fn close(&self) -> bool {
        let first =
            self.shared.state.compare_exchange(OPEN, CLOSED, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if first {
            self.shared.accumulator.close();
        }
        first
    }

    /// The engine is gone: later sends say so.
    pub fn stop(&self) {
        self.shared.state.store(STOPPED, Ordering::Release);
        self.shared.accumulator.close();
    }

    /// Has `watcher` told of records that fail while nobody looks: no callback, and the delivery dropped unread. Only the
    /// first one given is.
    pub fn watch_unseen(&self, watcher: Arc<dyn UnseenFailures>) {
        self.shared.accumulator.watch_unseen(watcher);
    }

    /// A connection became usable, or failed for this reason: sends that time out for lack of metadata tell it.
    pub fn note_connection(&self, error: Option<Arc<str>>) {
        *self.shared.connection_error.lock() = error;
    }

    /// Has the time of a batch's first record read from `clock` where the callers' `now` is a coarse one, which may lag behind by
    /// more than `linger.ms`. Only the first one given is.
    pub fn use_precise_clock(&self, clock: fn() -> Now) {
        let _ = self.shared.clock.set(clock);
    }

    fn precisely(&self, now: Now) -> Now {
        self.shared.clock.get().map_or(now, |clock| clock())
    }

    /// Tells the interceptors that it is over, once.
    pub fn close_interceptors(&self) {
        self.shared.interceptors.on_close();
    }

    /// Whether records are taken.
    #[inline(always)]
    fn is_open(&self) -> bool {
        self.shared.state.load(Ordering::Acquire) == OPEN
            && self.shared.gate.as_ref().is_none_or(|gate| gate.is_open())
    }

    fn check_open(&self) -> Result<(), Error> {
        if self.shared.state.load(Ordering::Acquire) == OPEN { Ok(()) } else { Err(self.gone()) }
    }

    /// As [`is_open`](Self::is_open), with the reason.
    fn check_takes_records(&self) -> Result<(), Error> {
        self.check_open()?;
        match &self.shared.gate {
            Some(gate) => gate
                .check()
                .map_err(|illegal| Error::from_call("send", Duration::ZERO, CallError::Illegal(illegal))),
            None => Ok(()),
        }
    }

    /// Why nothing can be sent any more.
    fn gone(&self) -> Error {
        match self.shared.state.load(Ordering::Acquire) {
            CLOSED => Error::closed(),
            // What a dying engine wakes may look before the state is set.
            _ => Error::stopped(),
        }
    }

    fn append_error(&self, topic: &str, error: AppendError) -> Error {
        match error {
            AppendError::TooLargeForMemory { bytes, limit } => {
                Cause::TooLarge { topic: topic.to_owned(), size: bytes, limit, property: "buffer.memory" }
                    .into()
            }
            // Closed; the enum is open, and what else may come ends a send as well.
            _ => self.gone(),
        }
    }

    /// The slot of a topic that this thread does not remember.
    #[cold]
    fn slot(&self, topic: &str) -> Result<Arc<TopicSlot>, Error> {
        send::check_topic(topic)?;
        Ok(self.shared.topics.slot(topic, &self.shared.accumulator))
    }
}

impl fmt::Debug for CoreProducer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoreProducer")
            .field("client_id", &self.shared.config.client_id)
            .finish_non_exhaustive()
    }
}

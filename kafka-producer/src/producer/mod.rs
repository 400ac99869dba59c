//! The producer as a program uses it.

mod build;
mod close;
mod delivery;
pub(crate) mod flush;
mod partitions;
mod purge;
mod send;
mod send_all;
pub(crate) mod sending;
#[cfg(feature = "futures")]
mod sink;
pub(crate) mod unobserved;

use crate::core::CoreProducer;
use crate::driver::Driver;
use crate::{ProducerBuilder, ProducerConfig};
use kafka_types::BytesSerializer;
use std::fmt;
use std::sync::Arc;
use unobserved::Unobserved;

pub use close::CloseSummary;
pub use delivery::Delivery;
pub use flush::FlushSummary;
pub use partitions::PartitionInfo;
pub use send::TrySendError;
pub use sending::Sending;
#[cfg(feature = "futures")]
pub use sink::RecordSink;

/// Sends records to a Kafka cluster.
///
/// It is a handle: clone it freely and use it from any thread, any async runtime, or none. Records are collected into
/// batches per partition and sent in the background.
///
/// | | waits for metadata and memory | waits for the acknowledgement |
/// |---|---|---|
/// | [`send`](Producer::send), [`send_with`](Producer::send_with) | asynchronously | no |
/// | [`send_and_wait`](Producer::send_and_wait) | asynchronously | asynchronously |
/// | [`send_blocking`](Producer::send_blocking) | on this thread | no |
/// | [`try_send`](Producer::try_send) | never | no |
///
/// Dropping the last clone closes the producer gracefully in the background, for at most
/// [`delivery_timeout`](ProducerBuilder::delivery_timeout); a program that ends right away should
/// [`close`](Producer::close) or [`flush`](Producer::flush) first.
pub struct Producer<KS = BytesSerializer, VS = BytesSerializer> {
    shared: Arc<Shared<KS, VS>>,
}

struct Shared<KS, VS> {
    core: CoreProducer,
    unobserved: Arc<Unobserved>,
    driver: Driver,
    key_serializer: KS,
    value_serializer: VS,
}

impl Producer {
    /// Starts a builder with Kafka's defaults.
    pub fn builder() -> ProducerBuilder {
        ProducerBuilder::new()
    }
}

impl<KS, VS> Producer<KS, VS> {
    /// What this producer runs with, after defaults and adjustments.
    pub fn config(&self) -> &ProducerConfig {
        self.shared.core.config()
    }

    /// How many accepted records have failed while nobody looked: sent without a callback, their deliveries dropped unread.
    ///
    /// They are warned about as well, at most once a second per cause, and for what is left when the producer is closed.
    pub fn unobserved_failures(&self) -> u64 {
        self.shared.unobserved.total()
    }

    pub(crate) fn driver(&self) -> &Driver {
        &self.shared.driver
    }

    /// Bytes of `buffer.memory` that are free for further records.
    pub fn available_memory(&self) -> usize {
        self.shared.core.available_memory()
    }
}

impl<KS, VS> Clone for Producer<KS, VS> {
    fn clone(&self) -> Self {
        Producer { shared: self.shared.clone() }
    }
}

impl<KS, VS> fmt::Debug for Producer<KS, VS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").field("client_id", &self.config().client_id).finish_non_exhaustive()
    }
}

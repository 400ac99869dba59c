//! Where a Kafka producer's records wait to be sent: one queue of batches for each partition, one budget of memory for all of them,
//! and a [`Delivery`] for each record.
//!
//! A caller's record is copied once, in wire format, into the open batch of its partition, under a short lock that only this
//! partition has. A batch closes when it is full, when it has lingered, or when nobody can wait; then it is compressed
//! outside of every lock, and the engine takes it out through the [`Drainer`]. Nothing here knows a socket, a clock or a
//! runtime: time is an argument, and whoever must be woken is given as a [`Waker`](std::task::Waker).
//!
//! ```
//! use kafka_accumulator::{Accumulator, AccumulatorConfig, Append, AppendOptions, AppendRecord, BatchOutcome};
//! use kafka_types::{Monotonic, Now, Offset, PartitionId, Timestamp};
//!
//! let (accumulator, mut drainer) = Accumulator::new(AccumulatorConfig::default());
//! let now = Now { mono: Monotonic::ZERO, wall: Timestamp(0) };
//! let record = AppendRecord { timestamp: now.wall, key: None, value: Some(b"v"), headers: &[] };
//! let options = AppendOptions { may_open_batch: true, grant: &mut None, callback: &mut None, told: false };
//! let Append::Appended(appended) =
//!     accumulator.topic("orders").append(PartitionId(0), &record, options, now)?
//! else {
//!     panic!("there is room");
//! };
//!
//! let mut events = Vec::new();
//! drainer.take_events(&mut events);
//! let queue = kafka_accumulator::QueueId(0);
//! drainer.seal_open(queue);
//! let batch = drainer.pop(queue).expect("it is ready");
//! batch.complete(BatchOutcome::Acknowledged { base_offset: Offset(1042), log_append_time: None }).run();
//! assert_eq!(appended.delivery.try_result().unwrap().unwrap().to_string(), "orders-0@1042");
//! # Ok::<(), kafka_accumulator::AppendError>(())
//! ```
//!
//! Not here: which broker a batch goes to, when, and how often (`kafka-sender`), and how its bytes look (`kafka-protocol`). A
//! program that sends records uses `kafka-producer`.

mod accumulator;
mod batch;
mod budget;
mod buffer_pool;
mod callback;
mod completion;
mod config;
mod delivery;
mod drainer;
mod events;
mod failure;
mod ids;
mod open_batch;
mod park;
mod partition_queue;
mod pending;
mod ratio;
mod seal;
mod shared;
mod slow_leaders;
mod split;
mod topic;
mod unseen;

pub use accumulator::Accumulator;
pub use batch::{Batch, BatchOutcome};
pub use budget::{Grant, MemoryError, MemoryWait};
pub use callback::{Callback, in_callback};
pub use completion::CompletedBatch;
pub use config::AccumulatorConfig;
pub use delivery::Delivery;
pub use drainer::{Drainer, SealedResult};
pub use events::QueueEvent;
pub use failure::{BatchFailure, DeliveryFailure, FailureCause, Written};
pub use ids::{BatchId, QueueId};
pub use partition_queue::Head;
pub use seal::{SealJob, Sealed};
pub use topic::{Append, AppendError, AppendOptions, AppendRecord, Appended, TopicQueues};
pub use unseen::UnseenFailures;

#[cfg(test)]
mod tests;

//! A Kafka producer's identity: producer id, epoch, and the sequences by which brokers recognise a batch (KIP-98, KIP-360).
//!
//! [`TransactionManager`] is a sans-IO state machine of the engine. It says when an `InitProducerId` request is due, stamps
//! batches with identity and sequence, and decides what a broker's refusal means for a batch and for those behind it.
//! It never resends by itself, holds no bytes and reads no clock.
//!
//! The rule that everything here serves: **a batch that may have been written keeps its identity**. It is sent again with the
//! same producer id, epoch and sequence, or it fails as unknown and the epoch moves on before anything new goes to that
//! partition. Only batches that were never on the wire, or were definitely refused every time, get another sequence.
//!
//! ```
//! use kafka_transactions::{BatchKey, Stamping, StreamKey, TransactionConfig, TransactionManager};
//! use kafka_types::{Monotonic, ProducerEpoch, ProducerId, ProducerIdentity, Sequence};
//!
//! let mut manager = TransactionManager::new(TransactionConfig::default(), 7);
//! let (stream, batch) = (StreamKey(0), BatchKey(1));
//! assert!(!manager.may_assign(stream), "no identity yet");
//! let request = manager.poll_request(Monotonic::ZERO).expect("asks for one");
//! assert_eq!(request.transactional_id, None);
//! manager.handle_identity(ProducerIdentity { id: ProducerId(1000), epoch: ProducerEpoch(0) });
//! assert!(manager.may_assign(stream));
//! let Stamping::Stamp(stamp) = manager.stamp(stream, batch, 3) else { unreachable!() };
//! assert_eq!(stamp.base_sequence, Sequence(0));
//! manager.handle_acknowledged(stream, batch);
//! ```
//!
//! [`TransactionalManager`] is the state machine of transactions (KIP-98, KIP-360, KIP-447, KIP-890): what may be done in which
//! [`State`], which request goes to which coordinator, and what its answer means ([`reaction`]).
//!
//! Not here: batches, which `kafka-sender` keeps and sends, and the clock.

mod config;
mod error;
mod gate;
mod identity;
mod manager;
mod offsets;
mod reaction;
mod refusal;
mod state;
mod stream;
mod transactional;

pub use config::TransactionConfig;
pub use error::FatalError;
pub use gate::TransactionGate;
pub use manager::TransactionManager;
pub use offsets::{GroupMetadata, OffsetAndMetadata};
pub use reaction::{Circumstances, Reaction, TransactionApi, is_fatal_to_producer, reaction};
pub use refusal::{Attempt, attempt_of};
pub use state::State;
pub use stream::{BatchKey, MAX_OUTSTANDING_BATCHES, Stamp, Stamping, StreamKey, Verdict};
pub use transactional::{
    CoordinatorLookup, IllegalCall, RequestTarget, TransactionEvent, TransactionRequest, TransactionResponse,
    TransactionVersion, TransactionalConfig, TransactionalManager,
};

//! The engine of a Kafka producer: a sans-IO state machine from ready batches to requests and outcomes.
//!
//! [`Engine`] takes batches out of the accumulator, groups them by leader into Produce requests, keeps their order and their
//! sequences, reads the answers, retries, and gives every batch exactly one outcome. It finds brokers through metadata, says
//! when to open and close connections, and serves flush, close, and the calls of transactions. It has no clock and no sockets: a driver tells it what
//! happened and does what it says.
//!
//! ```no_run
//! use kafka_sender::{Engine, Output};
//! # fn example(mut engine: Engine, now: kafka_types::Now) {
//! loop {
//!     match engine.poll_output(now) {
//!         Output::Transmit(request) => { /* hand it to the connection's task */ }
//!         Output::Complete(batch) => batch.run(),
//!         Output::Wait { deadline, .. } => break, // sleep until then, or until an input
//!         other => { /* … */ }
//!     }
//! }
//! # }
//! ```
//!
//! Not here: bytes on sockets (`kafka-network`), records and their memory (`kafka-accumulator`), which sequences a batch may
//! carry (`kafka-transactions`), what the cluster looks like (`kafka-metadata`).
//!
//! Where to go next: `kafka_producer::core` puts the engine together with what it needs; `kafka-sim` drives that without I/O.

mod call;
mod close;
mod cluster;
mod config;
mod connections;
mod drain;
mod drained;
mod engine;
mod expiry;
mod flush;
mod gather;
mod ids;
mod in_flight;
mod node;
mod outcome;
mod output;
mod pace;
mod partition;
mod produce_request;
mod produce_response;
mod purge;
mod queues;
mod request_slot;
mod slow_nodes;
mod split;
mod timers;
mod transaction;
mod transaction_request;

pub use call::{CallError, TransactionCall};
pub use config::{GatherConfig, SenderConfig};
pub use engine::Engine;
pub use ids::{CallId, ConnectionId, FlushId, RequestId};
pub use output::{CloseSummary, DisconnectReason, FlushSummary, Output, Transmit, WaitReason};
pub use purge::Purge;
pub use request_slot::RequestSlot;

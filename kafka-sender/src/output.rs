//! What the engine asks its driver for.

use crate::{CallError, CallId, ConnectionId, FlushId, RequestId, RequestSlot};
use bytes::Bytes;
use kafka_accumulator::{BatchFailure, CompletedBatch, SealJob};

use kafka_protocol::wire::ApiKey;
use kafka_types::{BrokerAddress, Monotonic, NodeId, TopicPartition};
use std::sync::Arc;
use std::task::Waker;

/// One thing to do. Exhaustive: a driver has to do all of them.
#[derive(Debug)]
pub enum Output {
    /// Open a connection, ApiVersions included; then [`handle_connected`](crate::Engine::handle_connected) or
    /// [`handle_disconnected`](crate::Engine::handle_disconnected).
    Connect {
        /// Its name from now on.
        connection: ConnectionId,
        /// The node it leads to; negative for a bootstrap address.
        node: NodeId,
        /// Where the node is.
        address: BrokerAddress,
    },
    /// Close the connection, or stop opening it. The engine has forgotten it already; nothing needs to be reported.
    Close {
        /// Which one.
        connection: ConnectionId,
    },
    /// Send a request, after those sent before on the same connection.
    Transmit(Transmit),
    /// Run the job on any thread, and hand its result to [`handle_sealed`](crate::Engine::handle_sealed).
    Seal(SealJob),
    /// Run it, with no lock held: it tells the batch's outcome to whoever waits for it.
    Complete(CompletedBatch),
    /// A flush is over.
    Flushed(FlushId, FlushSummary),
    /// A transactional producer's call is over.
    Called(CallId, Result<(), CallError>),
    /// Wake them: their wait for memory or metadata is over.
    Wake(Vec<Waker>),
    /// The engine is done and asks for nothing more.
    Closed(CloseSummary),
    /// Nothing to do until an input comes or the deadline is reached; then ask again.
    Wait {
        /// When at the latest.
        deadline: Monotonic,
        /// What is due then.
        reason: WaitReason,
    },
}

/// A request to send.
#[derive(Debug)]
pub struct Transmit {
    /// Where.
    pub connection: ConnectionId,
    /// Its name in [`handle_response`](crate::Engine::handle_response) and
    /// [`handle_written`](crate::Engine::handle_written).
    pub request: RequestId,
    /// Which API.
    pub api_key: ApiKey,
    /// In which version.
    pub version: i16,
    /// The body, after the header that the connection writes.
    pub body: Vec<Bytes>,
    /// False with `acks=0`: the broker sends nothing back.
    pub expects_response: bool,
    /// [`begin_write`](RequestSlot::begin_write) before the first byte; skip the request if it says false.
    pub slot: RequestSlot,
}

/// What became of the records that a flush waited for.
#[derive(Clone, Debug, Default)]
pub struct FlushSummary {
    /// Records acknowledged.
    pub acknowledged: u64,
    /// Records failed.
    pub failed: u64,
    /// Why the first of them failed.
    pub first_error: Option<(TopicPartition, Arc<BatchFailure>)>,
}

/// What became of the records that were left when closing began.
#[derive(Clone, Debug, Default)]
pub struct CloseSummary {
    /// Records acknowledged.
    pub acknowledged: u64,
    /// Records failed.
    pub failed: u64,
    /// Why the first of them failed.
    pub first_error: Option<(TopicPartition, Arc<BatchFailure>)>,
}

/// What the engine's next deadline is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum WaitReason {
    /// Nothing is due.
    Idle,
    /// Batches are coming so fast that the engine looks after them by itself.
    Gather,
    /// An open batch's `linger.ms`.
    Linger,
    /// `delivery.timeout.ms` of a batch.
    Delivery,
    /// The backoff before a retry.
    Retry,
    /// A request's or a connection's time-out, a reconnect, the end of throttling, or idleness.
    Connection,
    /// A metadata refresh, or somebody's wait for metadata.
    Metadata,
    /// The request for a producer id.
    ProducerId,
    /// A transaction's request, or the end of somebody's wait for it.
    Transaction,
    /// Somebody's wait for memory.
    Memory,
    /// The deadline of closing.
    Close,
}

/// Why a connection is gone, or never came to be.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// It could not be opened.
    ConnectFailed(Arc<str>),
    /// The peer closed it, or an I/O error ended it.
    Io(Arc<str>),
    /// The peer sent what is not Kafka's protocol.
    Protocol(Arc<str>),
    /// The peer refused the credentials (KIP-152).
    AuthenticationFailed(Arc<str>),
}

//! Everything that the engine's task is told.

use crate::CloseSummary;
use crate::FlushSummary;
use bytes::Bytes;
use kafka_accumulator::Sealed;
use kafka_network::FinalizedFeatures;
use kafka_protocol::wire::ApiVersionRanges;
use kafka_sender::{CallError, ConnectionId, DisconnectReason, Purge, RequestId, TransactionCall};
use kafka_types::Monotonic;
use tokio::sync::oneshot;

pub(crate) enum Input {
    Connected {
        connection: ConnectionId,
        versions: ApiVersionRanges,
        features: FinalizedFeatures,
    },
    Response {
        connection: ConnectionId,
        request: RequestId,
        body: Bytes,
    },
    Written {
        connection: ConnectionId,
        request: RequestId,
    },
    Disconnected {
        connection: ConnectionId,
        reason: DisconnectReason,
    },
    Sealed(Sealed),
    /// A seal job's place is free again; comes after its `Sealed`, if it got that far.
    SealEnded,
    /// A transactional producer's call.
    Call {
        call: TransactionCall,
        deadline: Monotonic,
        reply: oneshot::Sender<Result<(), CallError>>,
    },
    Flush {
        reply: oneshot::Sender<FlushSummary>,
    },
    Purge(Purge),
    /// Nobody waits for a close in the background.
    Close {
        deadline: Monotonic,
        reply: Option<oneshot::Sender<CloseSummary>>,
    },
}

//! Requests without an answer.

use crate::{ConnectionId, RequestSlot};
use kafka_transactions::{BatchKey, TransactionApi};
use kafka_types::{Monotonic, PartitionId, TopicId};
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct InFlight {
    pub(crate) connection: ConnectionId,
    pub(crate) version: i16,
    pub(crate) sent: Monotonic,
    pub(crate) slot: RequestSlot,
    pub(crate) kind: RequestKind,
}

#[derive(Debug)]
pub(crate) enum RequestKind {
    Metadata,
    InitProducerId,
    Transaction(TransactionApi),
    Produce(Vec<Sent>),
}

/// A batch of a Produce request, by what its answer is matched with.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) batch: BatchKey,
    pub(crate) topic: Arc<str>,
    pub(crate) topic_id: TopicId,
    pub(crate) partition: PartitionId,
}

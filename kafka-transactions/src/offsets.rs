//! Offsets of a consumer group that are to be committed with a transaction.

use kafka_types::{LeaderEpoch, Offset};
use std::sync::Arc;

/// Who consumed what the offsets stand for (KIP-447): the coordinator refuses offsets of a generation that is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupMetadata {
    /// `group.id`.
    pub group_id: Arc<str>,
    /// The generation, or the member's epoch; -1 if the consumer is no member.
    pub generation: i32,
    /// The member's id; empty if the consumer is no member.
    pub member_id: Arc<str>,
    /// `group.instance.id` of a static member.
    pub instance_id: Option<Arc<str>>,
}

impl GroupMetadata {
    /// A group without saying which member consumed: any member's offsets are accepted.
    pub fn new(group_id: impl Into<Arc<str>>) -> Self {
        GroupMetadata { group_id: group_id.into(), generation: -1, member_id: "".into(), instance_id: None }
    }
}

/// Where a partition's consumer goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OffsetAndMetadata {
    /// The offset of the next record to be read.
    pub offset: Offset,
    /// The leader's epoch of the last record that was read, if it is known (KIP-320).
    pub leader_epoch: Option<LeaderEpoch>,
    /// Whatever the consumer wants to find beside the offset.
    pub metadata: Arc<str>,
}

impl From<Offset> for OffsetAndMetadata {
    fn from(offset: Offset) -> Self {
        OffsetAndMetadata { offset, leader_epoch: None, metadata: "".into() }
    }
}

//! What a group committed.

use kafka_types::{LeaderEpoch, Offset};

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CommittedOffset {
    pub(crate) offset: Offset,
    pub(crate) leader_epoch: LeaderEpoch,
    pub(crate) metadata: Option<String>,
}

//! Consumer groups by the classic protocol: who is a member, and when everybody gets an assignment.

mod group;
mod member;
mod offsets;
mod transactional;

pub(crate) use group::{Group, JoinRequest, SyncRequest};
pub(crate) use offsets::CommittedOffset;

use crate::cluster::ConnectionId;
use bytes::Bytes;
use kafka_types::{ErrorCode, Monotonic, Offset, TopicPartition};
use std::collections::BTreeMap;
use std::time::Duration;

/// All groups of the cluster, by id.
#[derive(Debug)]
pub(crate) struct Groups {
    initial_delay: Duration,
    groups: BTreeMap<String, Group>,
}

/// An answer to a request that waited in a group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct GroupReply {
    pub(crate) connection: ConnectionId,
    pub(crate) content: ReplyContent,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ReplyContent {
    Join(JoinReply),
    Sync(SyncReply),
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct JoinReply {
    pub(crate) error: ErrorCode,
    pub(crate) generation: i32,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) leader: String,
    pub(crate) member_id: String,
    /// Only the leader gets these: member id, instance id, subscription.
    pub(crate) members: Vec<(String, Option<String>, Bytes)>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct SyncReply {
    pub(crate) error: ErrorCode,
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) assignment: Bytes,
}

impl Groups {
    pub(crate) fn new(initial_delay: Duration) -> Self {
        Groups { initial_delay, groups: BTreeMap::new() }
    }

    pub(crate) fn group(&self, id: &str) -> Option<&Group> {
        self.groups.get(id)
    }

    pub(crate) fn existing(&mut self, id: &str) -> Option<&mut Group> {
        self.groups.get_mut(id)
    }

    /// The group of this id, made if there is none.
    pub(crate) fn group_mut(&mut self, id: &str) -> &mut Group {
        let delay = self.initial_delay;
        self.groups.entry(id.to_owned()).or_insert_with(|| Group::new(delay))
    }

    /// Does what is due in every group, and gives the answers that are ready.
    pub(crate) fn advance(&mut self, now: Monotonic) -> Vec<GroupReply> {
        self.groups.values_mut().flat_map(|group| group.advance(now)).collect()
    }

    pub(crate) fn next_deadline(&self) -> Monotonic {
        self.groups.values().map(Group::next_deadline).min().unwrap_or(Monotonic::NEVER)
    }

    pub(crate) fn committed(&self, group: &str) -> BTreeMap<TopicPartition, Offset> {
        let offsets = self.groups.get(group).map(Group::offsets);
        offsets.into_iter().flatten().map(|(of, committed)| (of.clone(), committed.offset)).collect()
    }
}

#[cfg(test)]
mod tests;

//! A member of a group.

use crate::cluster::ConnectionId;
use bytes::Bytes;
use kafka_types::Monotonic;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Member {
    /// Its place in the order of arrival: the first of those there becomes the leader.
    pub(super) arrival: u64,
    pub(super) instance_id: Option<String>,
    pub(super) session_timeout: Duration,
    pub(super) rebalance_timeout: Duration,
    /// Assignors by name with the member's subscription, the preferred one first.
    pub(super) protocols: Vec<(String, Bytes)>,
    pub(super) assignment: Bytes,
    /// Where its JoinGroup waits.
    pub(super) joining: Option<ConnectionId>,
    /// Where its SyncGroup waits.
    pub(super) syncing: Option<ConnectionId>,
    /// When it counts as dead unless it is heard of; not while a request of it waits here.
    pub(super) expires_at: Monotonic,
}

impl Member {
    pub(super) fn is_waiting(&self) -> bool {
        self.joining.is_some() || self.syncing.is_some()
    }

    pub(super) fn heard_of(&mut self, now: Monotonic) {
        self.expires_at = now + self.session_timeout;
    }

    pub(super) fn supports(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|(name, _)| name == protocol)
    }

    pub(super) fn subscription(&self, protocol: &str) -> Bytes {
        let found = self.protocols.iter().find(|(name, _)| name == protocol);
        found.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }
}

//! A topic and its partitions.

use crate::config::TopicConfig;
use crate::log::Log;
use kafka_types::{ErrorCode, LeaderEpoch, Monotonic, NodeId, TopicId};
use std::collections::BTreeSet;

#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) id: TopicId,
    pub(crate) config: TopicConfig,
    pub(crate) partitions: Vec<Partition>,
}

/// A partition: who keeps it, who leads it, and the one log.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) replicas: Vec<NodeId>,
    pub(crate) leadership: Leadership,
    /// What brokers say in metadata until `announced_at`.
    previous: Leadership,
    announced_at: Monotonic,
    pub(crate) log: Log,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Leadership {
    pub(crate) leader: Option<NodeId>,
    pub(crate) epoch: LeaderEpoch,
}

impl Partition {
    pub(crate) fn new(replicas: Vec<NodeId>, leader: Option<NodeId>) -> Self {
        let leadership = Leadership { leader, epoch: LeaderEpoch(0) };
        Partition {
            replicas,
            leadership,
            previous: leadership,
            announced_at: Monotonic::ZERO,
            log: Log::default(),
        }
    }

    /// Gives the partition another leader, or none; each change has its own epoch.
    pub(crate) fn elect(&mut self, leader: Option<NodeId>, now: Monotonic, announced_at: Monotonic) {
        if self.leadership.leader == leader {
            return;
        }
        self.previous = self.announced(now);
        self.announced_at = announced_at;
        self.leadership = Leadership { leader, epoch: LeaderEpoch(self.leadership.epoch.0 + 1) };
    }

    /// Who leads according to the brokers' metadata.
    pub(crate) fn announced(&self, now: Monotonic) -> Leadership {
        if now < self.announced_at { self.previous } else { self.leadership }
    }

    /// Whether a broker may answer for the partition to a client that knows of this epoch; a negative one is none.
    pub(crate) fn check_leader(&self, node: NodeId, epoch: i32) -> ErrorCode {
        let Leadership { leader, epoch: current } = self.leadership;
        match epoch {
            _ if leader != Some(node) => ErrorCode::NOT_LEADER_OR_FOLLOWER,
            0.. if epoch < current.0 => ErrorCode::FENCED_LEADER_EPOCH,
            0.. if epoch > current.0 => ErrorCode::UNKNOWN_LEADER_EPOCH,
            _ => ErrorCode::NONE,
        }
    }

    /// The replicas that are up, in order of preference.
    pub(crate) fn in_sync<'a>(&'a self, up: &'a BTreeSet<NodeId>) -> impl Iterator<Item = NodeId> + 'a {
        self.replicas.iter().copied().filter(|node| up.contains(node))
    }
}

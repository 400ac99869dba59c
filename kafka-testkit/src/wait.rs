//! What a request waits for before it is answered.

use crate::cluster::Cluster;
use bytes::Bytes;
use kafka_protocol::messages::{FetchRequest, ProduceResponse};
use kafka_types::{LeaderEpoch, Monotonic, TopicId, TopicPartition};

#[derive(Debug)]
pub(crate) enum Waiting {
    /// For nothing: the answer is lost.
    Forever,
    /// The answer is ready, and a rule delays it.
    Delayed { until: Monotonic, body: Option<Bytes> },
    /// For followers to have what was appended.
    Replication(Replicating),
    /// For enough to be there.
    Fetch(Box<Fetching>),
    /// For the other members of a group.
    Group,
}

/// A Fetch request.
#[derive(Debug)]
pub(crate) struct Fetching {
    pub(crate) request: FetchRequest,
    /// When it is answered with whatever there is.
    pub(crate) until: Monotonic,
    /// When it was looked at last.
    pub(crate) checked_at: Monotonic,
}

/// A Produce request with `acks=all`.
#[derive(Debug)]
pub(crate) struct Replicating {
    /// What is answered if all goes well.
    pub(crate) response: ProduceResponse,
    pub(crate) partitions: Vec<ReplicatingPartition>,
    /// When the client's own limit is over (`timeout.ms`).
    pub(crate) until: Monotonic,
}

#[derive(Debug)]
pub(crate) struct ReplicatingPartition {
    pub(crate) of: TopicPartition,
    /// Topic and partition in the response.
    pub(crate) place: (usize, usize),
    /// The offset that must be replicated.
    pub(crate) end: i64,
    /// The topic's id then: made again under its name, it is another one, which will never have this.
    pub(crate) topic_id: Option<TopicId>,
    /// The epoch in which it was appended.
    pub(crate) epoch: LeaderEpoch,
}

impl Waiting {
    /// When something will have come without anybody's doing.
    pub(crate) fn deadline(&self, cluster: &Cluster) -> Monotonic {
        match self {
            Waiting::Forever | Waiting::Group => Monotonic::NEVER,
            Waiting::Delayed { until, .. } => *until,
            Waiting::Replication(replicating) => {
                let replicated = replicating
                    .partitions
                    .iter()
                    .map(|waiting| cluster.replicated_at(&waiting.of, waiting.end))
                    .max()
                    .unwrap_or(Monotonic::ZERO);
                replicated.min(replicating.until)
            }
            Waiting::Fetch(fetching) => cluster.fetchable_at(fetching).min(fetching.until),
        }
    }
}

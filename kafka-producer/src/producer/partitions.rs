//! What is known of a topic's partitions.

use super::Producer;
use crate::Error;
use crate::driver::{block_on, clock};
use kafka_types::{NodeId, PartitionId};
use std::future::poll_fn;

/// One partition of a topic.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PartitionInfo {
    /// Its index.
    pub partition: PartitionId,
    /// The broker that leads it; `None` while there is none.
    pub leader: Option<NodeId>,
}

impl<KS, VS> Producer<KS, VS> {
    /// The partitions of a topic, in order; asks the cluster if they are not known, for at most `max.block.ms`.
    ///
    /// # Errors
    /// As [`send`](Producer::send) to that topic.
    pub async fn partitions_for(&self, topic: &str) -> Result<Vec<PartitionInfo>, Error> {
        let shared = &*self.shared;
        let mut lookup = shared.core.look_up(topic);
        let metadata = poll_fn(|context| {
            let result = lookup.poll(&shared.core, clock::coarse(), context.waker());
            if lookup.take_wake() {
                shared.driver.wake();
            }
            result
        })
        .await?;
        let partitions = metadata.partitions.iter().zip(0..);
        let info = partitions.map(|(partition, index)| PartitionInfo {
            partition: PartitionId(index),
            leader: partition.leader,
        });
        Ok(info.collect())
    }

    /// As [`partitions_for`](Producer::partitions_for), waiting on this thread.
    ///
    /// # Errors
    /// As [`partitions_for`](Producer::partitions_for), and [`Misuse`](crate::ErrorKind::Misuse) if it would have to
    /// wait inside a callback.
    pub fn partitions_for_blocking(&self, topic: &str) -> Result<Vec<PartitionInfo>, Error> {
        block_on(self.partitions_for(topic))
    }
}

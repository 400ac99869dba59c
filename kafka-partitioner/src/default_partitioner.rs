//! The partitioner that Kafka producers use unless told otherwise.

use crate::{Appended, Partitioner, TopicView, partition_for_key};

/// Settings of [`DefaultPartitioner`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DefaultPartitionerConfig {
    /// `batch.size` in bytes: after so many, records without a key move on to another partition. Default 16384;
    /// 0 counts as 1, and more than `i32::MAX` as that.
    pub batch_size: usize,
    /// `partitioner.adaptive.partitioning.enable`: partitions with longer queues are chosen less often. Default true.
    pub adaptive: bool,
    /// `partitioner.ignore.keys`: records with a key are placed like those without. Default false.
    pub ignore_keys: bool,
    /// `partitioner.rack.aware`: partitions whose leader is in the client's rack are preferred for records without a
    /// key, as long as there are any (KIP-1123). Default false.
    pub rack_aware: bool,
}

impl Default for DefaultPartitionerConfig {
    fn default() -> Self {
        DefaultPartitionerConfig { batch_size: 16_384, adaptive: true, ignore_keys: false, rack_aware: false }
    }
}

/// Records with a key by its hash over all partitions; records without one to a partition that changes when a batch's
/// worth of bytes went there, chosen among those that have a leader (KIP-480, KIP-794).
///
/// Hashing is over all partitions, with or without leader, since a key must not move when a broker fails. Adding
/// partitions to a topic moves keys.
#[derive(Clone, Debug, Default)]
pub struct DefaultPartitioner {
    config: DefaultPartitionerConfig,
}

impl DefaultPartitioner {
    /// A partitioner with these settings.
    pub fn new(config: DefaultPartitionerConfig) -> Self {
        DefaultPartitioner { config }
    }

    #[inline]
    fn hashes(&self, has_key: bool) -> bool {
        has_key && !self.config.ignore_keys
    }

    fn batch_size(&self) -> u64 {
        (self.config.batch_size as u64).clamp(1, i32::MAX as u64)
    }

    /// The next sticky partition.
    #[cold]
    fn choose(&self, topic: &TopicView<'_>) -> i32 {
        let local = self.config.rack_aware && !topic.local.is_empty();
        let loads = topic.loads.filter(|_| self.config.adaptive);
        let weighted = loads.and_then(|loads| {
            let random = topic.state.random();
            if local { loads.pick_local(random) } else { loads.pick(random) }
        });
        let candidates = if local { topic.local } else { topic.available };
        match weighted {
            // Loads are a little older than the view: a partition may have lost its leader, or its broker its rack.
            Some(partition) if candidates.binary_search(&partition).is_ok() => partition,
            _ => topic.state.random_of(candidates).unwrap_or_else(|| {
                let count = u32::try_from(topic.partition_count).unwrap_or(0);
                if count == 0 { -1 } else { topic.state.random_below(count) as i32 }
            }),
        }
    }
}

impl Partitioner for DefaultPartitioner {
    #[inline]
    fn partition(&self, topic: &TopicView<'_>, key: Option<&[u8]>) -> i32 {
        match key {
            Some(key) if self.hashes(true) => partition_for_key(key, topic.partition_count),
            _ => topic.state.current(topic, || self.choose(topic)),
        }
    }

    fn on_appended(&self, topic: &TopicView<'_>, appended: &Appended) {
        // What goes into a batch counts when the batch ends: records in between cost nothing.
        if !appended.batch_complete || self.hashes(appended.has_key) {
            return;
        }
        topic.state.count(appended.partition, appended.batched, self.batch_size(), || self.choose(topic));
    }

    fn learns_from_each_record(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;

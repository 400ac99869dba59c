//! A topic's name with a partition's index.

use crate::PartitionId;
use std::fmt;
use std::sync::Arc;

/// One partition of one topic. Prints as Kafka does: `orders-3`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic's name; shared, since it is named often.
    pub topic: Arc<str>,
    /// The partition's index.
    pub partition: PartitionId,
}

impl TopicPartition {
    /// Names a partition.
    pub fn new(topic: impl Into<Arc<str>>, partition: impl Into<PartitionId>) -> Self {
        TopicPartition { topic: topic.into(), partition: partition.into() }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

impl fmt::Debug for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

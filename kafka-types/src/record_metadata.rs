//! What a broker said of a record.

use crate::{Offset, Timestamp, TopicPartition};
use std::fmt;

/// Where an acknowledged record lies. Prints as `orders-3@1042`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordMetadata {
    /// Topic and partition.
    pub topic_partition: TopicPartition,
    /// The offset; [`Offset::UNKNOWN`] with `acks=0`, or for a duplicate whose offset the broker forgot.
    pub offset: Offset,
    /// The record's own timestamp, or the broker's where the topic has `message.timestamp.type=LogAppendTime`.
    pub timestamp: Timestamp,
    /// Bytes of the serialized key; `None` for a null key.
    pub serialized_key_size: Option<u32>,
    /// Bytes of the serialized value; `None` for a null value.
    pub serialized_value_size: Option<u32>,
}

impl RecordMetadata {
    /// The topic.
    pub fn topic(&self) -> &str {
        &self.topic_partition.topic
    }

    /// The partition.
    pub fn partition(&self) -> crate::PartitionId {
        self.topic_partition.partition
    }
}

impl fmt::Display for RecordMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.offset.is_known() {
            write!(f, "{}@{}", self.topic_partition, self.offset)
        } else {
            write!(f, "{}@?", self.topic_partition)
        }
    }
}

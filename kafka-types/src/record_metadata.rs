//! What a broker said of a record.

use crate::{Offset, Timestamp, TopicPartition};
use std::fmt;
use std::sync::Arc;

/// Where an acknowledged record lies. Prints as `orders-3@1042`.
#[derive(Clone)]
pub struct RecordMetadata {
    /// Shared by all records of a batch, so that none of them counts references of its own.
    placed: Arc<dyn Placed>,
    /// The offset; [`Offset::UNKNOWN`] with `acks=0`, or for a duplicate whose offset the broker forgot.
    pub offset: Offset,
    /// The record's own timestamp, or the broker's where the topic has `message.timestamp.type=LogAppendTime`.
    pub timestamp: Timestamp,
    /// Bytes of the serialized key; `None` for a null key.
    pub serialized_key_size: Option<u32>,
    /// Bytes of the serialized value; `None` for a null value.
    pub serialized_value_size: Option<u32>,
}

/// Something that is in one partition.
pub trait Placed: Send + Sync {
    /// Which one.
    fn topic_partition(&self) -> &TopicPartition;
}

impl Placed for TopicPartition {
    fn topic_partition(&self) -> &TopicPartition {
        self
    }
}

impl RecordMetadata {
    /// Of a record at this offset, with sizes unknown as for null.
    #[inline]
    pub fn new(placed: Arc<dyn Placed>, offset: Offset, timestamp: Timestamp) -> RecordMetadata {
        RecordMetadata { placed, offset, timestamp, serialized_key_size: None, serialized_value_size: None }
    }

    /// Topic and partition.
    pub fn topic_partition(&self) -> &TopicPartition {
        self.placed.topic_partition()
    }

    /// The topic.
    pub fn topic(&self) -> &str {
        &self.topic_partition().topic
    }

    /// The partition.
    pub fn partition(&self) -> crate::PartitionId {
        self.topic_partition().partition
    }
}

impl PartialEq for RecordMetadata {
    fn eq(&self, other: &RecordMetadata) -> bool {
        self.topic_partition() == other.topic_partition()
            && self.offset == other.offset
            && self.timestamp == other.timestamp
            && self.serialized_key_size == other.serialized_key_size
            && self.serialized_value_size == other.serialized_value_size
    }
}

impl Eq for RecordMetadata {}

impl fmt::Debug for RecordMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordMetadata")
            .field("topic_partition", self.topic_partition())
            .field("offset", &self.offset)
            .field("timestamp", &self.timestamp)
            .field("serialized_key_size", &self.serialized_key_size)
            .field("serialized_value_size", &self.serialized_value_size)
            .finish()
    }
}

impl fmt::Display for RecordMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.offset.is_known() {
            write!(f, "{}@{}", self.topic_partition(), self.offset)
        } else {
            write!(f, "{}@?", self.topic_partition())
        }
    }
}

//! The partitioners of librdkafka, for programs that come from there with their topics.

use crate::{
    Appended, DefaultPartitioner, DefaultPartitionerConfig, Partitioner, TopicView, crc32, fnv1a,
    partition_for_key,
};
use std::fmt;
use std::str::FromStr;

/// Which of librdkafka's partitioners; the names are its property's, `partitioner`.
///
/// The names tell where records with a key go, and with `Random` at the end that those without one don't go where an empty
/// key would.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HashedBy {
    /// `random`: a key doesn't count, each record goes anywhere.
    Random,
    /// `consistent`: by CRC-32; records without a key all go to partition 0, as those with an empty one.
    Consistent,
    /// `consistent_random`, librdkafka's default: by CRC-32, unless the key is null or empty.
    ConsistentRandom,
    /// `murmur2`: as Java's, and records without a key all go to one partition.
    Murmur2,
    /// `murmur2_random`: as Java's; an empty key is a key.
    Murmur2Random,
    /// `fnv1a`: by FNV-1a as Sarama takes it, and records without a key all go to one partition.
    Fnv1a,
    /// `fnv1a_random`: by FNV-1a; an empty key is a key.
    Fnv1aRandom,
}

impl HashedBy {
    /// All of them, by name.
    pub const ALL: [HashedBy; 7] = [
        HashedBy::Consistent,
        HashedBy::ConsistentRandom,
        HashedBy::Fnv1a,
        HashedBy::Fnv1aRandom,
        HashedBy::Murmur2,
        HashedBy::Murmur2Random,
        HashedBy::Random,
    ];

    /// Librdkafka's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            HashedBy::Random => "random",
            HashedBy::Consistent => "consistent",
            HashedBy::ConsistentRandom => "consistent_random",
            HashedBy::Murmur2 => "murmur2",
            HashedBy::Murmur2Random => "murmur2_random",
            HashedBy::Fnv1a => "fnv1a",
            HashedBy::Fnv1aRandom => "fnv1a_random",
        }
    }

    /// The partition of a record that its key alone decides on, in a topic of so many partitions; `None` if it may go
    /// anywhere. `Some(-1)` if `partition_count` is not positive.
    pub fn partition(self, key: Option<&[u8]>, partition_count: i32) -> Option<i32> {
        let hash: fn(&[u8], i32) -> i32 = match (self, key) {
            (HashedBy::Random, _)
            | (HashedBy::ConsistentRandom, None | Some([]))
            | (HashedBy::Murmur2Random | HashedBy::Fnv1aRandom, None) => return None,
            (HashedBy::Consistent | HashedBy::ConsistentRandom, _) => |key, count| modulo(crc32(key), count),
            (HashedBy::Murmur2 | HashedBy::Murmur2Random, _) => partition_for_key,
            (HashedBy::Fnv1a | HashedBy::Fnv1aRandom, _) => |key, count| modulo(fnv1a(key), count),
        };
        Some(hash(key.unwrap_or_default(), partition_count))
    }
}

impl fmt::Display for HashedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for HashedBy {
    type Err = UnknownPartitioner;

    fn from_str(name: &str) -> Result<Self, UnknownPartitioner> {
        HashedBy::ALL.into_iter().find(|known| known.name() == name).ok_or(UnknownPartitioner)
    }
}

/// Librdkafka has no partitioner of that name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnknownPartitioner;

impl fmt::Display for UnknownPartitioner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = HashedBy::ALL.map(HashedBy::name).join(", ");
        write!(f, "no partitioner of librdkafka: expected one of {names}")
    }
}

impl std::error::Error for UnknownPartitioner {}

/// Places records as librdkafka does, so that a key stays in its partition when its producer becomes another one.
///
/// Records that may go anywhere stay on a partition for a batch's worth of bytes, away from long queues, as those of
/// [`DefaultPartitioner`]; librdkafka stays for `sticky.partitioning.linger.ms` instead. Only
/// [`Random`](HashedBy::Random) places each record that has a key anew.
#[derive(Clone, Debug)]
pub struct LibrdkafkaPartitioner {
    hashed_by: HashedBy,
    anywhere: DefaultPartitioner,
}

impl LibrdkafkaPartitioner {
    /// The partitioner of that name. `config` is for records that may go anywhere; its `ignore_keys` doesn't count.
    pub fn new(hashed_by: HashedBy, config: DefaultPartitionerConfig) -> Self {
        let anywhere = DefaultPartitioner::new(DefaultPartitionerConfig { ignore_keys: true, ..config });
        LibrdkafkaPartitioner { hashed_by, anywhere }
    }
}

impl Partitioner for LibrdkafkaPartitioner {
    fn partition(&self, topic: &TopicView<'_>, key: Option<&[u8]>) -> i32 {
        if let Some(partition) = self.hashed_by.partition(key, topic.partition_count) {
            return partition;
        }
        match (self.hashed_by, key) {
            (HashedBy::Random, Some([_, ..])) => topic.state.anywhere(topic),
            _ => self.anywhere.partition(topic, key),
        }
    }

    fn on_appended(&self, topic: &TopicView<'_>, appended: &Appended) {
        // Records with a key may end a batch that the others are in: what was in it counts for them.
        self.anywhere.on_appended(topic, appended);
    }

    fn learns_from_each_record(&self) -> bool {
        false
    }
}

fn modulo(hash: u32, partition_count: i32) -> i32 {
    match u32::try_from(partition_count) {
        Ok(count) if count > 0 => (hash % count) as i32,
        _ => -1,
    }
}

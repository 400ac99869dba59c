//! One partition after the other.

use crate::{Appended, Partitioner, TopicView};

/// Record by record to one partition after the other among those that have a leader, or among all if none has; keys
/// don't matter. Batches fill slowly this way: [`DefaultPartitioner`](crate::DefaultPartitioner) spreads as evenly with
/// larger batches.
///
/// The turn ends when a record was appended, not when a partition was asked for: an append that first has to open a
/// batch asks twice, and would skip a partition each time (with two partitions, one would get everything). Threads that
/// send at once may share a turn; none is skipped.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoundRobinPartitioner;

impl RoundRobinPartitioner {
    fn partition_of(topic: &TopicView<'_>, turn: u64) -> i32 {
        if topic.available.is_empty() {
            match u64::try_from(topic.partition_count) {
                Ok(count) if count > 0 => (turn % count) as i32,
                _ => -1,
            }
        } else {
            topic.available[(turn % topic.available.len() as u64) as usize]
        }
    }
}

impl Partitioner for RoundRobinPartitioner {
    fn partition(&self, topic: &TopicView<'_>, _key: Option<&[u8]>) -> i32 {
        Self::partition_of(topic, topic.state.turn())
    }

    fn on_appended(&self, topic: &TopicView<'_>, appended: &Appended) {
        let turn = topic.state.turn();
        // Another partition's turn: a thread that shared ours already ended it.
        if !appended.is_would_open_batch() && Self::partition_of(topic, turn) == appended.partition {
            topic.state.end_turn(turn);
        }
    }
}

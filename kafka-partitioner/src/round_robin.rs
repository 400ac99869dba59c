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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StickyState;

    fn topic<'a>(available: &'a [i32], state: &'a StickyState) -> TopicView<'a> {
        TopicView { name: "t", partition_count: 4, available, local: &[], loads: None, state }
    }

    fn appended(partition: i32) -> Appended {
        Appended { partition, bytes: 10, batch_complete: false, batched: 0, has_key: false }
    }

    fn send(topic: &TopicView<'_>) -> i32 {
        let partition = RoundRobinPartitioner.partition(topic, Some(b"always the same key"));
        RoundRobinPartitioner.on_appended(topic, &appended(partition));
        partition
    }

    #[test]
    fn one_after_the_other_among_those_with_a_leader() {
        let state = StickyState::new(0);
        let sent: Vec<i32> = (0..6).map(|_| send(&topic(&[0, 2, 3], &state))).collect();
        assert_eq!(sent, [0, 2, 3, 0, 2, 3]);
        let state = StickyState::new(0);
        let sent: Vec<i32> = (0..5).map(|_| send(&topic(&[], &state))).collect();
        assert_eq!(sent, [0, 1, 2, 3, 0]);
    }

    #[test]
    fn a_record_that_opens_a_batch_takes_one_turn() {
        let state = StickyState::new(0);
        let topic = topic(&[0, 1], &state);
        let mut sent = [0, 0];
        for _ in 0..10 {
            // Every record opens a batch: asked twice, appended once.
            let first = RoundRobinPartitioner.partition(&topic, None);
            RoundRobinPartitioner.on_appended(&topic, &Appended::would_open_batch(first, 0, false));
            sent[send(&topic) as usize] += 1;
        }
        assert_eq!(sent, [5, 5]);
    }

    #[test]
    fn threads_that_share_a_turn_skip_nobody() {
        let state = StickyState::new(0);
        let topic = topic(&[0, 1, 2, 3], &state);
        let (a, b) =
            (RoundRobinPartitioner.partition(&topic, None), RoundRobinPartitioner.partition(&topic, None));
        RoundRobinPartitioner.on_appended(&topic, &appended(a));
        RoundRobinPartitioner.on_appended(&topic, &appended(b));
        assert_eq!(send(&topic), 1);
    }

    #[test]
    fn a_topic_without_partitions_gives_an_index_that_is_refused() {
        let state = StickyState::new(0);
        let none = TopicView { partition_count: 0, ..topic(&[], &state) };
        assert_eq!(RoundRobinPartitioner.partition(&none, None), -1);
    }
}

//! How loaded a topic's partitions are (KIP-794).

/// What [`PartitionLoads`] are made from.
#[derive(Clone, Copy, Debug, Default)]
pub struct TopicQueueLengths<'a> {
    /// Batches that wait or are in flight, by partition. Shorter than `partition_count` as long as there are
    /// partitions that never had a queue.
    pub lengths: &'a [u32],
    /// All partitions of the topic.
    pub partition_count: i32,
    /// The partitions that have a leader, ascending.
    pub available: &'a [i32],
    /// Those of `available` whose leader is in the client's rack, ascending.
    pub local: &'a [i32],
    /// Partitions to leave out, ascending: their broker has not taken anything for longer than
    /// `partitioner.availability.timeout.ms`.
    pub slow: &'a [i32],
}

/// Weights for the choice of a sticky partition: the longer a partition's queue, the less likely it is chosen.
///
/// A queue of length `q` weighs `longest + 1 - q`, so the longest one still weighs 1. A snapshot: the producer's
/// engine makes a new one as queues change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartitionLoads {
    any: Option<Table>,
    local: Option<Table>,
}

impl PartitionLoads {
    /// Weighs a topic's queues. `None` where weights would say nothing: some partition never had a queue, the topic has
    /// fewer than two partitions, none is left to choose from, or all lengths are equal and no partition is left out.
    pub fn new(queues: &TopicQueueLengths<'_>) -> Option<Self> {
        let partition_count = usize::try_from(queues.partition_count).ok()?;
        if partition_count < 2 || queues.lengths.len() < partition_count {
            return None;
        }
        let any = Table::new(queues.available, queues);
        let local = Table::new(queues.local, queues);
        (any.is_some() || local.is_some()).then_some(PartitionLoads { any, local })
    }

    /// A partition with a leader, by weight. `random` is uniform over all of `u64`.
    pub fn pick(&self, random: u64) -> Option<i32> {
        self.any.as_ref().map(|table| table.pick(random))
    }

    /// The same among partitions whose leader is in the client's rack.
    pub fn pick_local(&self, random: u64) -> Option<i32> {
        self.local.as_ref().map(|table| table.pick(random))
    }
}

/// Never empty: `cumulative` ascends strictly, since every weight is at least 1.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Table {
    partitions: Vec<i32>,
    cumulative: Vec<u64>,
}

impl Table {
    fn new(candidates: &[i32], queues: &TopicQueueLengths<'_>) -> Option<Self> {
        let length = |&partition: &i32| {
            let length = usize::try_from(partition).ok().and_then(|index| queues.lengths.get(index));
            length.map(|&length| (partition, u64::from(length)))
        };
        let choices: Vec<(i32, u64)> = candidates
            .iter()
            .filter(|partition| queues.slow.binary_search(partition).is_err())
            .filter_map(length)
            .collect();
        let longest = choices.iter().map(|&(_, length)| length).max()?;
        let all_equal = choices.iter().all(|&(_, length)| length == longest);
        if all_equal && choices.len() == candidates.len() {
            return None;
        }
        let mut total = 0;
        let cumulative = choices.iter().map(|&(_, length)| {
            total += longest + 1 - length;
            total
        });
        Some(Table {
            cumulative: cumulative.collect(),
            partitions: choices.iter().map(|&(partition, _)| partition).collect(),
        })
    }

    fn pick(&self, random: u64) -> i32 {
        let total = self.cumulative.last().copied().unwrap_or(0);
        let drawn = below(random, total);
        self.partitions[self.cumulative.partition_point(|&upto| upto <= drawn)]
    }
}

/// Scales a random number to `0..bound` by multiplication, without the bias of a remainder; 0 if `bound` is 0.
pub(crate) fn below(random: u64, bound: u64) -> u64 {
    ((u128::from(random) * u128::from(bound)) >> 64) as u64
}

#[cfg(test)]
mod tests;

//! Records without a key: when the choice moves on, and where to.

use super::*;
use crate::{PartitionLoads, StickyState, TopicQueueLengths};

const ALL: [i32; 6] = [0, 1, 2, 3, 4, 5];

fn partitioner(batch_size: usize) -> DefaultPartitioner {
    DefaultPartitioner::new(DefaultPartitionerConfig { batch_size, ..DefaultPartitionerConfig::default() })
}

fn topic<'a>(available: &'a [i32], state: &'a StickyState) -> TopicView<'a> {
    TopicView { name: "t", partition_count: 6, available, local: &[], loads: None, state }
}

/// The caller's side: chooses, appends, and asks once more where the record would open a batch.
struct Queue {
    open: [Option<usize>; 6],
    /// Bytes of ended batches that the partitioner has not heard of.
    ended: [usize; 6],
    batch_size: usize,
}

impl Queue {
    fn new(batch_size: usize) -> Self {
        Queue { open: [None; 6], ended: [0; 6], batch_size }
    }

    fn send(&mut self, partitioner: &dyn Partitioner, topic: &TopicView<'_>, bytes: usize) -> i32 {
        let mut partition = partitioner.partition(topic, None);
        if !self.fits(partition, bytes) {
            let batched = self.end(partition);
            partitioner.on_appended(topic, &Appended::would_open_batch(partition, batched, false));
            partition = partitioner.partition(topic, None);
        }
        let opened = !self.fits(partition, bytes);
        if opened {
            let batched = self.end(partition);
            self.ended[partition as usize] += batched;
            self.open[partition as usize] = Some(0);
        }
        let filled = self.open[partition as usize].unwrap() + bytes;
        self.open[partition as usize] = Some(filled);
        let full = filled >= self.batch_size;
        let batched = if full { self.end(partition) } else { 0 };
        let batched = batched + if opened { std::mem::take(&mut self.ended[partition as usize]) } else { 0 };
        let batch_complete = opened || full;
        partitioner
            .on_appended(topic, &Appended { partition, bytes, batch_complete, batched, has_key: false });
        partition
    }

    /// A batch that ends since it is full counts as a full one.
    fn end(&mut self, partition: i32) -> usize {
        self.open[partition as usize].take().map_or(0, |filled| filled.max(self.batch_size))
    }

    fn fits(&self, partition: i32, bytes: usize) -> bool {
        self.open[partition as usize].is_some_and(|filled| filled + bytes <= self.batch_size)
    }
}

#[test]
fn the_choice_moves_on_only_where_a_batch_ends() {
    let state = StickyState::new(11);
    let topic = topic(&ALL, &state);
    let (partitioner, mut queue) = (partitioner(1000), Queue::new(1000));
    let mut previous = None;
    let mut moves = 0;
    for record in 0..2000 {
        let open_before = queue.open;
        let partition = queue.send(&partitioner, &topic, 90 + record % 20);
        if let Some(previous) = previous
            && previous != partition
        {
            moves += 1;
            let left = open_before[previous as usize].unwrap_or(1000);
            assert!(left + 110 > 1000, "left {previous} with a batch of only {left} bytes");
        }
        previous = Some(partition);
    }
    // 2000 records of about 100 bytes: about 210 batches, each of which moves the choice on; a sixth of the choices repeat
    // the last.
    assert!((160..=200).contains(&moves), "{moves}");
}

#[test]
fn bytes_short_of_a_batch_stay_even_if_a_batch_ends() {
    // A batch may end early: the linger time was over, or flush closed it.
    let state = StickyState::new(2);
    let topic = topic(&ALL, &state);
    let partitioner = partitioner(1000);
    let partition = partitioner.partition(&topic, None);
    for _ in 0..9 {
        let appended = Appended { partition, bytes: 111, batch_complete: true, batched: 0, has_key: false };
        partitioner.on_appended(&topic, &appended);
        partitioner.on_appended(&topic, &Appended::would_open_batch(partition, 111, false));
        assert_eq!(partitioner.partition(&topic, None), partition);
    }
}

/// The number of switches that were made, whether or not the random choice came out different.
fn switches_after(batch_size: usize, appends: &[(usize, bool)]) -> usize {
    // Of so many partitions a random choice practically never repeats one.
    let available: Vec<i32> = (0..1_000_000).collect();
    let state = StickyState::new(9);
    let topic = TopicView { partition_count: 1_000_000, ..topic(&available, &state) };
    let partitioner = partitioner(batch_size);
    let mut switches = 0;
    for &(bytes, batch_complete) in appends {
        let partition = partitioner.partition(&topic, None);
        let batched = if batch_complete { bytes } else { 0 };
        partitioner
            .on_appended(&topic, &Appended { partition, bytes, batch_complete, batched, has_key: false });
        switches += usize::from(partitioner.partition(&topic, None) != partition);
    }
    switches
}

#[test]
fn a_batch_s_worth_moves_on_where_a_batch_ends() {
    assert_eq!(switches_after(1000, &[(999, true)]), 0);
    assert_eq!(switches_after(1000, &[(1000, true)]), 1);
    assert_eq!(switches_after(1000, &[(5000, false)]), 0);
    assert_eq!(switches_after(1000, &[(600, true), (399, true)]), 0);
    assert_eq!(switches_after(1000, &[(600, true), (400, true), (999, true)]), 1);
}

#[test]
fn odd_batch_sizes_are_brought_into_range() {
    assert_eq!(switches_after(0, &[(0, true)]), 0, "nothing was appended yet");
    assert_eq!(switches_after(0, &[(1, true)]), 1);
    assert_eq!(switches_after(usize::MAX, &[(i32::MAX as usize, true)]), 1);
}

#[test]
fn records_with_a_key_leave_the_sticky_choice_alone() {
    let state = StickyState::new(4);
    let topic = topic(&ALL, &state);
    let partitioner = partitioner(10);
    let partition = partitioner.partition(&topic, None);
    for _ in 0..100 {
        let appended =
            Appended { partition, bytes: 1000, batch_complete: true, batched: 1000, has_key: true };
        partitioner.on_appended(&topic, &appended);
    }
    assert_eq!(partitioner.partition(&topic, None), partition);
}

/// Chooses anew this often, and counts.
fn distribution(config: DefaultPartitionerConfig, view: TopicView<'_>, choices: usize) -> [usize; 6] {
    let partitioner = DefaultPartitioner::new(DefaultPartitionerConfig { batch_size: 1, ..config });
    let mut counts = [0; 6];
    for _ in 0..choices {
        let partition = partitioner.partition(&view, None);
        counts[partition as usize] += 1;
        let appended = Appended { partition, bytes: 1, batch_complete: true, batched: 1, has_key: false };
        partitioner.on_appended(&view, &appended);
    }
    counts
}

fn assert_near(counts: [usize; 6], expected: [usize; 6]) {
    for (count, expected) in counts.into_iter().zip(expected) {
        let slack = expected / 20;
        assert!(count.abs_diff(expected) <= slack, "{counts:?} is not near {expected}");
    }
}

#[test]
fn all_partitions_get_their_share() {
    let state = StickyState::new(21);
    let counts = distribution(DefaultPartitionerConfig::default(), topic(&ALL, &state), 60_000);
    assert_near(counts, [10_000; 6]);
}

#[test]
fn partitions_without_a_leader_are_avoided_until_none_has_one() {
    let state = StickyState::new(22);
    let counts = distribution(DefaultPartitionerConfig::default(), topic(&[1, 4], &state), 20_000);
    assert_near(counts, [0, 10_000, 0, 0, 10_000, 0]);
    let counts = distribution(DefaultPartitionerConfig::default(), topic(&[], &state), 60_000);
    assert_near(counts, [10_000; 6]);
}

#[test]
fn a_choice_that_lost_its_leader_is_left_at_once() {
    let state = StickyState::new(23);
    let partitioner = partitioner(1000);
    let chosen = partitioner.partition(&topic(&ALL, &state), None);
    let others: Vec<i32> = ALL.into_iter().filter(|&partition| partition != chosen).collect();
    let next = partitioner.partition(&topic(&others, &state), None);
    assert_ne!(next, chosen);
    assert_eq!(partitioner.partition(&topic(&others, &state), None), next);
    assert_eq!(partitioner.partition(&topic(&[], &state), None), next, "no better choice: stays");
}

#[test]
fn a_choice_beyond_the_topics_partitions_is_left_at_once() {
    for seed in 0..50 {
        let state = StickyState::new(seed);
        let partitioner = partitioner(1000);
        partitioner.partition(&topic(&ALL, &state), None);
        let shrunk = TopicView { partition_count: 2, ..topic(&[0, 1], &state) };
        assert!((0..2).contains(&partitioner.partition(&shrunk, None)));
    }
}

#[test]
fn partitions_added_later_get_their_share() {
    let state = StickyState::new(24);
    let one = TopicView { partition_count: 1, ..topic(&[0], &state) };
    let config = DefaultPartitionerConfig::default();
    assert_eq!(distribution(config.clone(), one, 1000), [1000, 0, 0, 0, 0, 0]);
    let three = TopicView { partition_count: 3, ..topic(&[0, 1, 2], &state) };
    assert_near(distribution(config, three, 30_000), [10_000, 10_000, 10_000, 0, 0, 0]);
}

fn loads(lengths: &[u32; 6], local: &[i32]) -> PartitionLoads {
    let queues = TopicQueueLengths {
        lengths,
        partition_count: 6,
        available: &ALL,
        local,
        ..TopicQueueLengths::default()
    };
    PartitionLoads::new(&queues).unwrap()
}

#[test]
fn a_slow_brokers_partitions_get_less_and_equal_ones_the_same() {
    let state = StickyState::new(25);
    let loads = loads(&[0, 3, 3, 0, 2, 2], &[]);
    let view = TopicView { loads: Some(&loads), ..topic(&ALL, &state) };
    let counts = distribution(DefaultPartitionerConfig::default(), view, 140_000);
    assert_near(counts, [40_000, 10_000, 10_000, 40_000, 20_000, 20_000]);

    let indifferent = DefaultPartitionerConfig { adaptive: false, ..DefaultPartitionerConfig::default() };
    assert_near(distribution(indifferent, view, 60_000), [10_000; 6]);
}

#[test]
fn loads_older_than_the_view_do_not_choose_a_partition_without_a_leader() {
    let state = StickyState::new(26);
    let loads = loads(&[0, 9, 9, 9, 9, 9], &[]);
    let view = TopicView { loads: Some(&loads), ..topic(&[2, 3], &state) };
    let counts = distribution(DefaultPartitionerConfig::default(), view, 20_000);
    assert_near(counts, [0, 0, 10_000, 10_000, 0, 0]);
}

#[test]
fn the_clients_rack_is_preferred_only_if_asked_for_and_there() {
    let state = StickyState::new(27);
    let config = DefaultPartitionerConfig { rack_aware: true, ..DefaultPartitionerConfig::default() };
    let at_home = TopicView { local: &[1, 5], ..topic(&ALL, &state) };
    assert_near(distribution(config.clone(), at_home, 20_000), [0, 10_000, 0, 0, 0, 10_000]);
    assert_near(distribution(DefaultPartitionerConfig::default(), at_home, 60_000), [10_000; 6]);
    assert_near(distribution(config.clone(), topic(&ALL, &state), 60_000), [10_000; 6]);

    let loads = loads(&[0, 2, 0, 0, 0, 0], &[1, 5]);
    let loaded = TopicView { loads: Some(&loads), ..at_home };
    assert_near(distribution(config, loaded, 40_000), [0, 10_000, 0, 0, 0, 30_000]);
}

#[test]
fn same_seed_same_choices() {
    let run = |seed| {
        let state = StickyState::new(seed);
        let topic = topic(&ALL, &state);
        let (partitioner, mut queue) = (partitioner(500), Queue::new(500));
        (0..300).map(|record| queue.send(&partitioner, &topic, 100 + record % 7)).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

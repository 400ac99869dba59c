//! Loads weigh as KIP-794 says, and say nothing where they know nothing.

use super::*;

const FOUR: [i32; 4] = [0, 1, 2, 3];

fn queues<'a>(lengths: &'a [u32], available: &'a [i32]) -> TopicQueueLengths<'a> {
    TopicQueueLengths { lengths, partition_count: 4, available, ..TopicQueueLengths::default() }
}

/// How often each partition is picked when the random numbers cover `u64` evenly, `each` times per unit of weight.
fn picks(loads: &PartitionLoads, total: u64, each: u64) -> [u64; 4] {
    let mut picks = [0; 4];
    let steps = total * each;
    for step in 0..steps {
        // The middle of each step, so that no rounding at the borders shows.
        let random = ((u128::from(2 * step + 1) << 64) / u128::from(2 * steps)) as u64;
        picks[loads.pick(random).unwrap() as usize] += 1;
    }
    picks
}

#[test]
fn a_queue_weighs_what_the_longest_has_more_plus_one() {
    let loads = PartitionLoads::new(&queues(&[0, 3, 1, 3], &FOUR)).unwrap();
    // 4, 1, 3, 1: the longest are still chosen now and then.
    assert_eq!(picks(&loads, 9, 100), [400, 100, 300, 100]);
}

#[test]
fn partitions_without_a_leader_weigh_nothing_and_their_queues_do_not_count() {
    let loads = PartitionLoads::new(&queues(&[0, 1000, 1, 2], &[0, 2, 3])).unwrap();
    assert_eq!(picks(&loads, 6, 100), [300, 0, 200, 100]);
}

#[test]
fn slow_partitions_are_left_out_even_among_equals() {
    let equal = queues(&[1, 1, 1, 1], &FOUR);
    assert_eq!(PartitionLoads::new(&equal), None);
    let loads = PartitionLoads::new(&TopicQueueLengths { slow: &[1, 3], ..equal }).unwrap();
    assert_eq!(picks(&loads, 2, 100), [100, 0, 100, 0]);
}

#[test]
fn there_are_no_loads_where_they_would_say_nothing() {
    let lengths = [0, 1, 2, 3];
    assert_eq!(PartitionLoads::new(&queues(&lengths[..3], &FOUR)), None, "a partition never had a queue");
    assert_eq!(PartitionLoads::new(&queues(&lengths, &[])), None, "no leader");
    let slow = TopicQueueLengths { slow: &FOUR, ..queues(&lengths, &FOUR) };
    assert_eq!(PartitionLoads::new(&slow), None, "all slow");
    assert_eq!(PartitionLoads::new(&queues(&[7; 4], &FOUR)), None, "all equal");
    for partition_count in [1, 0, -1] {
        let few = TopicQueueLengths { partition_count, slow: &[1], ..queues(&lengths, &FOUR) };
        assert_eq!(PartitionLoads::new(&few), None, "{partition_count} partitions");
    }
}

#[test]
fn partitions_that_nobody_can_have_are_not_picked() {
    let odd = queues(&[0, 1, 2, 3], &[-5, 1, 2, 99]);
    let loads = PartitionLoads::new(&odd).unwrap();
    assert_eq!(picks(&loads, 3, 10), [0, 20, 10, 0]);
}

#[test]
fn the_rack_has_weights_of_its_own() {
    let rack = TopicQueueLengths { local: &[1, 2], ..queues(&[0, 9, 8, 9], &FOUR) };
    let loads = PartitionLoads::new(&rack).unwrap();
    let thirds: Vec<_> = (0..3).map(|i| loads.pick_local((u64::MAX / 6) * (2 * i + 1))).collect();
    assert_eq!(thirds, [Some(1), Some(2), Some(2)]);

    let equal_in_the_rack = TopicQueueLengths { local: &[1, 3], ..rack };
    let loads = PartitionLoads::new(&equal_in_the_rack).unwrap();
    assert_eq!(loads.pick_local(0), None);
    assert_eq!(loads.pick(0), Some(0));
}

#[test]
fn the_greatest_lengths_and_numbers_stay_in_range() {
    let loads = PartitionLoads::new(&queues(&[u32::MAX, 0, u32::MAX, 0], &FOUR)).unwrap();
    assert_eq!(loads.pick(0), Some(0));
    assert_eq!(loads.pick(u64::MAX), Some(3));
    assert_eq!(below(u64::MAX, 10), 9);
    assert_eq!(below(u64::MAX, 0), 0);
}

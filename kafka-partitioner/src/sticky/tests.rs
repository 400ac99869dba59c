//! The sticky choice in company: each race of [`StickyState::count`] played out, and threads that really collide.

use super::*;
use std::sync::atomic::AtomicUsize;

const BATCH: u64 = 100;

fn sticky(generation: u32, partition: i32, counted: Produced) -> StickyState {
    let state = StickyState::new(7);
    state.choice.store(Choice { generation, partition }.to_word(), Ordering::Relaxed);
    state.produced.store(counted.to_word(), Ordering::Relaxed);
    state
}

fn generation(state: &StickyState) -> u32 {
    Choice::from_word(state.choice.load(Ordering::Relaxed)).generation
}

fn counted(state: &StickyState) -> (u32, u64) {
    let produced = Produced::from_word(state.produced.load(Ordering::Relaxed));
    (produced.generation, produced.bytes)
}

#[test]
fn words_hold_what_they_were_made_of() {
    let choice = Choice::from_word(Choice { generation: u32::MAX, partition: -1 }.to_word());
    assert_eq!((choice.generation, choice.partition), (u32::MAX, -1));
    let produced = Produced { generation: u32::MAX, bytes: (1 << 40) - 1 };
    let read = Produced::from_word(produced.to_word());
    assert_eq!((read.generation, read.bytes), ((1 << 24) - 1, (1 << 40) - 1));
}

#[test]
fn two_who_cross_the_limit_at_once_switch_once() {
    let state = sticky(7, 3, Produced { generation: 7, bytes: 90 });
    state.count(3, 10, BATCH, || {
        // Between A's decision and A's switch, B comes, crosses the limit too, and switches.
        state.count(3, 10, BATCH, || 5);
        6
    });
    assert_eq!(state.partition(), Some(5));
    assert_eq!(generation(&state), 8);
    assert_eq!(counted(&state), (8, 0));
}

#[test]
fn a_switch_whose_count_was_not_restarted_yet_does_not_switch_again() {
    // As A leaves it when interrupted between the two.
    let state = sticky(8, 5, Produced { generation: 7, bytes: 250 });
    state.count(5, 40, BATCH, || panic!("40 bytes are no reason to move on"));
    assert_eq!(counted(&state), (8, 40));
    state.count(5, 59, BATCH, || panic!("nor are 99"));
    state.count(5, 1, BATCH, || 6);
    assert_eq!(state.partition(), Some(6));
    assert_eq!(counted(&state), (9, 0));
}

#[test]
fn the_count_is_restarted_across_the_wrap_of_its_generations() {
    for first in [Produced::GENERATIONS - 1, Produced::GENERATIONS, u32::MAX] {
        let state = sticky(first, 0, Produced { generation: first, bytes: 0 });
        for step in 1..=3 {
            state.count(step - 1, 100, BATCH, || step);
            assert_eq!(state.partition(), Some(step));
            assert_eq!(counted(&state).1, 0);
        }
        assert_eq!(generation(&state), first.wrapping_add(3));
    }
}

#[test]
fn bytes_for_another_partition_do_not_count() {
    let state = sticky(7, 3, Produced { generation: 7, bytes: 90 });
    state.count(4, 1000, BATCH, || panic!("partition 4 is not the choice"));
    assert_eq!(counted(&state), (7, 90));
}

#[test]
fn the_first_choice_is_made_once() {
    let state = StickyState::new(1);
    let view =
        TopicView { name: "t", partition_count: 9, available: &[], local: &[], loads: None, state: &state };
    assert_eq!(state.partition(), None);
    let chosen = state.current(&view, || {
        assert_eq!(state.current(&view, || 2), 2);
        8
    });
    assert_eq!(chosen, 2, "whoever comes second takes the first one's choice");
}

#[test]
fn random_numbers_follow_from_the_seed() {
    let draw = |seed| {
        let state = StickyState::new(seed);
        [state.random(), state.random(), state.random()]
    };
    // SplitMix64's published first outputs for seed 0.
    assert_eq!(draw(0), [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]);
    assert_ne!(draw(1), draw(2));
}

/// Whatever the schedule: each switch used up a batch's worth of bytes of its own, and no more than a batch's worth and
/// what the threads had in hand went by without one.
#[test]
fn colliding_threads_neither_lose_switches_nor_skip() {
    const THREADS: u64 = 4;
    const RECORDS: u64 = 20_000;
    const RECORD: u64 = 30;
    let state = StickyState::new(3);
    let switches = AtomicUsize::new(0);
    let available: Vec<i32> = (0..50).collect();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let view = TopicView {
                    name: "t",
                    partition_count: 50,
                    available: &available,
                    local: &[],
                    loads: None,
                    state: &state,
                };
                let choose = || {
                    switches.fetch_add(1, Ordering::Relaxed);
                    state.random_of(&available).unwrap()
                };
                for _ in 0..RECORDS {
                    let partition = state.current(&view, choose);
                    state.count(partition, RECORD as usize, BATCH, choose);
                }
            });
        }
    });
    let total = THREADS * RECORDS * RECORD;
    let generations = u64::from(generation(&state));
    assert!(generations <= total / BATCH + 1, "{generations} switches for {total} bytes");
    let between = BATCH + 3 * THREADS * RECORD;
    assert!(generations >= total / between, "{generations} switches for {total} bytes");
    assert!(switches.load(Ordering::Relaxed) as u64 >= generations);
}

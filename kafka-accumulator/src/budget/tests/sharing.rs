//! What leaders leave to each other.

use super::*;
use proptest::prelude::*;

const A: Group = Group::from_index(1);
const B: Group = Group::from_index(2);
const C: Group = Group::from_index(3);

fn budget(leaders: usize) -> Budget {
    let budget = Budget::new(1_000);
    budget.set_leaders(leaders);
    budget
}

/// All that the group gets, ten bytes at a time.
fn fill(budget: &Budget, group: Group) -> Vec<Charge> {
    std::iter::from_fn(|| budget.try_charge(group, 10)).collect()
}

#[test]
fn a_leader_that_gives_nothing_back_leaves_a_fifth_to_the_others() {
    let budget = budget(2);
    let stuck = fill(&budget, A);
    assert_eq!(budget.used(), 800);
    for _ in 0..100 {
        assert!(fill(&budget, B).len() > 10);
    }
    drop(stuck);
    assert_eq!(budget.available(), 1_000);
}

#[test]
fn who_writes_to_one_leader_alone_may_use_all_memory() {
    let alone = budget(1);
    let at_first = alone.try_charge(LEADERLESS, 10).unwrap();
    assert!(fill(&alone, A).len() < 99, "others have no leader yet: something is left to them");
    drop(at_first);
    let all = fill(&alone, A);
    assert_eq!(alone.used(), 1_000);
    drop(all);
    let unknown = budget(0);
    assert_eq!(fill(&unknown, LEADERLESS).len(), 100);
}

#[test]
fn a_request_larger_than_any_share_is_served_when_its_group_holds_nothing() {
    let budget = budget(3);
    let held = budget.try_charge(A, 10).unwrap();
    let mut large = budget.wait(QUEUE, A, 950, NEVER);
    assert!(poll(&mut large).is_pending());
    let other = budget.try_charge(B, 100).unwrap();
    drop(held);
    assert!(poll(&mut large).is_pending());
    assert!(budget.try_charge(B, 10).is_none(), "it would never find room if others went on");
    drop(other);
    assert_eq!(granted(&mut large).0.bytes(), 950);
}

#[test]
fn those_who_wait_beyond_their_share_hold_up_nobody_but_their_own() {
    let budget = budget(2);
    let mut stuck = fill(&budget, A);
    let counter = Arc::new(Counter::default());
    let mut behind: Vec<MemoryWait> = [50, 5].map(|bytes| budget.wait(QUEUE, A, bytes, NEVER)).into();
    assert!(behind[0].poll(&counter.clone().into()).is_pending());
    assert!(poll(&mut behind[1]).is_pending());
    assert!(budget.has_waiters());
    for _ in 0..10 {
        let mut charge = budget.try_charge(B, 50).unwrap();
        assert!(charge.try_grow(50));
        drop(granted(&mut budget.wait(QUEUE, B, 50, NEVER)));
    }
    assert!(budget.try_charge(A, 1).is_none(), "its own wait before it");
    assert!(!stuck[0].try_grow(1));
    assert_eq!(counter.count(), 0);
    stuck.truncate(70);
    assert_eq!(counter.count(), 1);
    let _first = granted(&mut behind[0]);
    drop(granted(&mut behind[1]));
}

#[test]
fn arrival_decides_within_a_group_and_among_groups_within_their_share() {
    let budget = budget(3);
    let mut held = budget.try_charge(C, 1_000).unwrap();
    let mut waits: Vec<MemoryWait> =
        [(A, 400), (B, 100), (A, 100)].map(|(group, bytes)| budget.wait(QUEUE, group, bytes, NEVER)).into();
    held.shrink_to(650);
    assert!(waits.iter_mut().all(|wait| poll(wait).is_pending()), "400 bytes come first, 350 are free");
    assert!(budget.try_charge(B, 1).is_none());
    held.shrink_to(600);
    let _first = granted(&mut waits[0]);
    assert!(waits[1..].iter_mut().all(|wait| poll(wait).is_pending()));
    held.shrink_to(500);
    let _second = granted(&mut waits[1]);
    held.shrink_to(300);
    assert!(poll(&mut waits[2]).is_pending(), "A may not hold 500 while 100 are left");
    assert!(budget.try_charge(B, 10).is_some());
    drop(held);
    drop(granted(&mut waits[2]));
}

#[test]
fn memory_that_was_waited_for_moves_to_the_group_that_uses_it_if_that_has_its_share_left() {
    let budget = budget(2);
    let stuck = fill(&budget, A);
    let mut charge = budget.try_charge(B, 100).unwrap();
    assert!(!charge.move_to(A), "A would take by and by what is left to others");
    let mut waiting = budget.wait(QUEUE, A, 10, NEVER);
    drop(stuck);
    drop(granted(&mut waiting));
    assert!(charge.move_to(A));
    assert_eq!((budget.0.shares.held_by(A), budget.0.shares.held_by(B)), (100, 0));
    drop(charge);
    assert_eq!(budget.available(), 1_000);
}

#[test]
fn those_who_wait_follow_their_partition_to_its_new_leader() {
    let budget = budget(2);
    let _stuck = fill(&budget, A);
    let (mut moved, mut stays) =
        (budget.wait(QueueId(1), A, 10, NEVER), budget.wait(QueueId(2), A, 10, NEVER));
    let counter = Arc::new(Counter::default());
    assert!(moved.poll(&counter.clone().into()).is_pending());
    wake_all(budget.regroup(QueueId(1), B));
    assert_eq!(counter.count(), 1);
    assert_eq!(granted(&mut moved).0.group, B);
    assert!(poll(&mut stays).is_pending());
}

#[derive(Clone, Debug)]
enum Step {
    Charge(Group, usize),
    Grow(usize, usize),
    Shrink(usize, usize),
    Drop(usize),
    Move(usize, Group),
    Wait(Group, usize, u64),
    DropWait(usize),
    Regroup(u32, Group),
    Expire(u64),
    Leaders(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let group = || (0_u8..5).prop_map(Group::from_index);
    let bytes = || prop_oneof![4 => 1_usize..120, 1 => 1_usize..=1_000];
    prop_oneof![
        8 => (group(), bytes()).prop_map(|(group, bytes)| Step::Charge(group, bytes)),
        2 => (any::<usize>(), bytes()).prop_map(|(at, bytes)| Step::Grow(at, bytes)),
        1 => (any::<usize>(), bytes()).prop_map(|(at, bytes)| Step::Shrink(at, bytes)),
        4 => any::<usize>().prop_map(Step::Drop),
        1 => (any::<usize>(), group()).prop_map(|(at, group)| Step::Move(at, group)),
        4 => (group(), bytes(), 1_u64..100).prop_map(|(group, bytes, at)| Step::Wait(group, bytes, at)),
        1 => any::<usize>().prop_map(Step::DropWait),
        1 => (0_u32..4, group()).prop_map(|(queue, group)| Step::Regroup(queue, group)),
        1 => (1_u64..100).prop_map(Step::Expire),
        1 => (0_usize..5).prop_map(Step::Leaders),
    ]
}

#[derive(Default)]
struct Waiting {
    /// In the order of arrival, with the number of the queue.
    waits: Vec<(u32, Group, usize, MemoryWait)>,
    charges: Vec<Charge>,
}

impl Waiting {
    /// Takes what was granted; nobody of a group is served before another who came earlier.
    fn collect(&mut self) -> Result<(), TestCaseError> {
        let mut pending: Vec<(u32, Group, usize, MemoryWait)> = Vec::new();
        for (queue, group, bytes, mut wait) in mem::take(&mut self.waits) {
            match poll(&mut wait) {
                Poll::Ready(Ok(grant)) => {
                    prop_assert_eq!((grant.0.group, grant.0.bytes()), (group, bytes));
                    prop_assert!(pending.iter().all(|(_, other, ..)| *other != group), "not in order");
                    self.charges.push(grant.0);
                }
                Poll::Ready(Err(error)) => prop_assert_eq!(error, MemoryError::TimedOut),
                Poll::Pending => pending.push((queue, group, bytes, wait)),
            }
        }
        self.waits = pending;
        Ok(())
    }
}

proptest! {
    #[test]
    fn memory_is_bounded_and_counted_to_the_byte_and_nobody_waits_without_need(
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let budget = budget(2);
        let mut world = Waiting::default();
        for step in steps {
            let pick = |at: usize, len: usize| (len > 0).then(|| at % len.max(1));
            match step {
                Step::Charge(group, bytes) => world.charges.extend(budget.try_charge(group, bytes)),
                Step::Grow(at, bytes) => {
                    if let Some(at) = pick(at, world.charges.len()) {
                        world.charges[at].try_grow(bytes);
                    }
                }
                Step::Shrink(at, bytes) => {
                    if let Some(at) = pick(at, world.charges.len()) {
                        world.charges[at].shrink_to(bytes);
                    }
                }
                Step::Drop(at) => {
                    pick(at, world.charges.len()).map(|at| world.charges.remove(at));
                }
                Step::Move(at, group) => {
                    if let Some(at) = pick(at, world.charges.len()) {
                        world.charges[at].move_to(group);
                    }
                }
                Step::Wait(group, bytes, deadline) => {
                    let queue = world.waits.len() as u32 % 4;
                    let wait = budget.wait(QueueId(queue), group, bytes, Monotonic::from_millis(deadline));
                    world.waits.push((queue, group, bytes, wait));
                }
                Step::DropWait(at) => {
                    pick(at, world.waits.len()).map(|at| world.waits.remove(at));
                }
                Step::Regroup(queue, group) => {
                    for (_, of, ..) in world.waits.iter_mut().filter(|(other, ..)| *other == queue) {
                        *of = group;
                    }
                    wake_all(budget.regroup(QueueId(queue), group));
                }
                Step::Expire(at) => wake_all(budget.expire(Monotonic::from_millis(at))),
                Step::Leaders(leaders) => {
                    budget.set_leaders(leaders);
                    // In use there are only ever more leaders; fewer make room, which somebody has to be told of.
                    budget.0.serve();
                }
            }
            world.collect()?;
            let sum = |charges: &[Charge]| charges.iter().map(Charge::bytes).sum::<usize>();
            prop_assert_eq!(budget.used(), sum(&world.charges));
            prop_assert!(budget.used() <= 1_000);
            for group in (0..5).map(Group::from_index) {
                let held = world.charges.iter().filter(|charge| charge.group == group).map(Charge::bytes);
                prop_assert_eq!(budget.0.shares.held_by(group), held.sum::<usize>());
            }
            // The first of each group, in the order of arrival.
            let mut seen = Vec::new();
            for (_, group, bytes, _) in &world.waits {
                if seen.contains(group) {
                    continue;
                }
                seen.push(*group);
                match budget.0.shares.take(*group, *bytes) {
                    Room::Enough => prop_assert!(false, "{:?} waits for {} bytes that are there", group, bytes),
                    Room::TooLittle => break,
                    Room::BeyondShare => {}
                }
            }
        }
        drop(world);
        prop_assert_eq!((budget.available(), budget.has_waiters()), (1_000, false));
        prop_assert!(budget.0.waiting_of.iter().all(|waiting| waiting.load(Ordering::SeqCst) == 0));
        prop_assert!((0..5).all(|group| budget.0.shares.held_by(Group::from_index(group)) == 0));
        prop_assert!(budget.try_charge(A, 1_000).is_some(), "nobody bars the way");
    }
}

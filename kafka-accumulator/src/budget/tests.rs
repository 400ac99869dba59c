mod sharing;

use super::*;
use std::sync::atomic::AtomicUsize;
use std::task::{Poll, Wake};

#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Counter {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

const NEVER: Monotonic = Monotonic::NEVER;
const QUEUE: QueueId = QueueId(0);
const LEADERLESS: Group = Group::from_index(0);

fn poll(wait: &mut MemoryWait) -> Poll<Result<Grant, MemoryError>> {
    wait.poll(Waker::noop())
}

fn granted(wait: &mut MemoryWait) -> Grant {
    match poll(wait) {
        Poll::Ready(Ok(grant)) => grant,
        other => panic!("not granted: {other:?}"),
    }
}

#[test]
fn memory_is_granted_in_the_order_of_arrival_to_all_who_fit() {
    let budget = Budget::new(100);
    let first = budget.try_charge(LEADERLESS, 60).unwrap();
    let second = budget.try_charge(LEADERLESS, 40).unwrap();
    let mut waits: Vec<MemoryWait> =
        [50, 10, 30, 30].map(|bytes| budget.wait(QUEUE, LEADERLESS, bytes, NEVER)).into();
    drop(second);
    // The head needs 50: nobody overtakes it.
    assert!(waits.iter_mut().all(|wait| poll(wait).is_pending()));
    drop(first);
    let grants: Vec<Grant> = waits[..3].iter_mut().map(granted).collect();
    assert!(poll(&mut waits[3]).is_pending());
    assert_eq!(budget.available(), 10);
    drop(grants);
    drop(granted(&mut waits[3]));
}

#[test]
fn one_release_wakes_everybody_whom_it_makes_room_for() {
    let budget = Budget::new(100);
    let held = budget.try_charge(LEADERLESS, 100).unwrap();
    let mut waits: Vec<MemoryWait> =
        [50, 50, 1].map(|bytes| budget.wait(QUEUE, LEADERLESS, bytes, NEVER)).into();
    let counters: Vec<Arc<Counter>> = waits.iter().map(|_| Arc::default()).collect();
    for (wait, counter) in waits.iter_mut().zip(&counters) {
        assert!(wait.poll(&counter.clone().into()).is_pending());
    }
    drop(held);
    assert_eq!(counters.iter().map(|counter| counter.count()).collect::<Vec<_>>(), [1, 1, 0]);
    let first = granted(&mut waits[0]);
    let _second = granted(&mut waits[1]);
    drop(first);
    assert_eq!(counters[2].count(), 1);
    drop(granted(&mut waits[2]));
}

#[test]
fn newcomers_do_not_overtake_those_who_wait() {
    let budget = Budget::new(100);
    let held = budget.try_charge(LEADERLESS, 90).unwrap();
    let mut wait = budget.wait(QUEUE, LEADERLESS, 50, NEVER);
    assert!(budget.try_charge(LEADERLESS, 5).is_none(), "5 bytes are free, but somebody waits");
    drop(held);
    drop(granted(&mut wait));
    assert!(budget.try_charge(LEADERLESS, 100).is_some());
}

#[test]
fn a_granted_waiter_that_is_dropped_passes_its_grant_on() {
    let budget = Budget::new(100);
    let held = budget.try_charge(LEADERLESS, 100).unwrap();
    let first = budget.wait(QUEUE, LEADERLESS, 100, NEVER);
    let counter = Arc::new(Counter::default());
    let mut second = budget.wait(QUEUE, LEADERLESS, 80, NEVER);
    assert!(second.poll(&counter.clone().into()).is_pending());
    drop(held);
    assert_eq!(counter.count(), 0);
    drop(first);
    assert_eq!(counter.count(), 1);
    drop(granted(&mut second));
    assert_eq!(budget.available(), 100);
}

#[test]
fn a_head_that_gives_up_or_expires_no_longer_stands_in_the_way() {
    let budget = Budget::new(100);
    let _held = budget.try_charge(LEADERLESS, 70).unwrap();
    let head = budget.wait(QUEUE, LEADERLESS, 90, NEVER);
    let mut small = budget.wait(QUEUE, LEADERLESS, 10, NEVER);
    assert!(poll(&mut small).is_pending());
    drop(head);
    drop(granted(&mut small));

    let mut head = budget.wait(QUEUE, LEADERLESS, 90, Monotonic::from_millis(5));
    let mut small = budget.wait(QUEUE, LEADERLESS, 10, NEVER);
    assert_eq!(budget.next_deadline(), Monotonic::from_millis(5));
    assert!(budget.expire(Monotonic::from_millis(4)).is_empty());
    budget.expire(Monotonic::from_millis(5));
    assert!(matches!(poll(&mut head), Poll::Ready(Err(MemoryError::TimedOut))));
    drop(granted(&mut small));
    assert_eq!(budget.next_deadline(), NEVER);
}

#[test]
fn closing_fails_all_who_wait_and_all_who_come() {
    let budget = Budget::new(10);
    let _held = budget.try_charge(LEADERLESS, 10).unwrap();
    let mut early = budget.wait(QUEUE, LEADERLESS, 5, NEVER);
    let counter = Arc::new(Counter::default());
    assert!(early.poll(&counter.clone().into()).is_pending());
    wake_all(budget.close());
    assert_eq!(counter.count(), 1);
    assert!(matches!(poll(&mut early), Poll::Ready(Err(MemoryError::Closed))));
    let mut late = budget.wait(QUEUE, LEADERLESS, 5, NEVER);
    assert!(matches!(poll(&mut late), Poll::Ready(Err(MemoryError::Closed))));
    assert!(!budget.has_waiters());
}

#[test]
fn charges_grow_shrink_and_return() {
    let budget = Budget::new(100);
    let mut charge = budget.try_charge(LEADERLESS, 10).unwrap();
    assert!(charge.try_grow(80));
    assert!(!charge.try_grow(11));
    charge.shrink_to(50);
    assert_eq!((charge.bytes(), budget.available()), (50, 50));
    drop(charge);
    assert_eq!(budget.available(), 100);
    assert!(budget.try_charge(LEADERLESS, usize::MAX).is_none());
}

#[test]
fn many_threads_get_all_of_it_and_give_all_of_it_back() {
    let budget = Budget::new(64);
    std::thread::scope(|scope| {
        for thread in 0..4_usize {
            let budget = &budget;
            scope.spawn(move || {
                for round in 0..500 {
                    let bytes = 1 + (thread * 31 + round * 17) % 64;
                    let mut wait = budget.wait(QUEUE, LEADERLESS, bytes, NEVER);
                    let thread = crate::park::thread_waker();
                    loop {
                        match wait.poll(&thread) {
                            Poll::Ready(grant) => break drop(grant.unwrap()),
                            Poll::Pending => std::thread::park(),
                        }
                    }
                }
            });
        }
    });
    assert_eq!(budget.available(), 64);
    assert!(!budget.has_waiters());
}

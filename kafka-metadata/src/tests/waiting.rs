use super::*;
use crate::MetadataError;
use std::task::Poll;

fn woken() -> (Arc<Woken>, Waker) {
    let woken = Arc::new(Woken::default());
    (woken.clone(), woken.into())
}

fn wake(wakers: Vec<Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}

#[test]
fn news_wake_who_waits_for_them() {
    let (metadata, mut manager) = pair();
    let (woken, waker) = woken();
    let mut wait = metadata.wait(metadata.generation(), at(1000));
    assert!(wait.poll(&waker).is_pending());
    manager.poll_request(at(0)).unwrap();
    respond(&mut manager, at(0), response([]));
    assert_eq!(woken.count(), 1);
    assert_eq!(wait.poll(&waker), Poll::Ready(Ok(())));
}

#[test]
fn news_between_the_look_and_the_wait_are_not_missed() {
    let (metadata, mut manager) = pair();
    let generation = metadata.generation();
    manager.poll_request(at(0)).unwrap();
    respond(&mut manager, at(0), response([]));
    let mut wait = metadata.wait(generation, at(1000));
    assert_eq!(wait.poll(Waker::noop()), Poll::Ready(Ok(())));
}

#[test]
fn a_wait_ends_at_its_deadline_and_not_before() {
    let (metadata, mut manager) = pair();
    let (woken, waker) = woken();
    let mut early = metadata.wait(0, at(10));
    let mut late = metadata.wait(0, at(20));
    assert!(early.poll(&waker).is_pending() && late.poll(&waker).is_pending());
    manager.poll_request(at(0)).unwrap();
    assert_eq!(manager.next_deadline(at(0)), at(10));
    wake(manager.expire_waiters(at(9)));
    assert_eq!(woken.count(), 0);
    wake(manager.expire_waiters(at(10)));
    assert_eq!(woken.count(), 1);
    assert_eq!(early.poll(&waker), Poll::Ready(Err(MetadataError::TimedOut)));
    assert!(late.poll(&waker).is_pending());
    assert_eq!(manager.next_deadline(at(10)), at(20));
}

#[test]
fn a_wait_that_was_never_polled_has_a_deadline_too() {
    let (metadata, mut manager) = pair();
    let mut wait = metadata.wait(0, at(10));
    assert!(manager.expire_waiters(at(10)).is_empty());
    assert_eq!(wait.poll(Waker::noop()), Poll::Ready(Err(MetadataError::TimedOut)));
}

#[test]
fn a_dropped_wait_is_not_woken_and_sets_no_deadline() {
    let (metadata, mut manager) = pair();
    let (woken, waker) = woken();
    let mut wait = metadata.wait(0, at(10));
    assert!(wait.poll(&waker).is_pending());
    drop(wait);
    manager.poll_request(at(0)).unwrap();
    assert!(manager.next_deadline(at(0)) > at(10));
    respond(&mut manager, at(0), response([]));
    assert_eq!((woken.count(), Arc::strong_count(&woken)), (0, 2));
}

#[test]
fn a_fatal_error_reaches_everybody_who_waits_and_nobody_later() {
    let (metadata, mut manager) = pair();
    let (woken, waker) = woken();
    let mut waits: Vec<_> = (0..3).map(|_| metadata.wait(0, at(1000))).collect();
    // One has not been polled yet.
    for wait in &mut waits[1..] {
        assert!(wait.poll(&waker).is_pending());
    }
    manager.poll_request(at(0)).unwrap();
    let fatal = MetadataError::Authentication { message: "no such user".into() };
    wake(manager.handle_failure(at(0), Some(fatal.clone())));
    assert_eq!(woken.count(), 2);
    for wait in &mut waits {
        assert_eq!(wait.poll(&waker), Poll::Ready(Err(fatal.clone())));
    }
    // The credentials may have been put right since.
    assert!(metadata.wait(0, at(1000)).poll(&waker).is_pending());
}

#[test]
fn credentials_refused_elsewhere_do_not_take_back_the_request_that_is_out() {
    let (metadata, mut manager) = pair();
    let mut wait = metadata.wait(0, at(1000));
    assert!(wait.poll(Waker::noop()).is_pending());
    manager.poll_request(at(0)).unwrap();
    let cause = MetadataError::Authentication { message: "no such user".into() };
    wake(manager.handle_fatal(&cause));
    assert_eq!(wait.poll(Waker::noop()), Poll::Ready(Err(cause)));
    assert!(manager.is_update_in_progress());
}

#[test]
fn a_failure_that_may_pass_ends_no_wait() {
    let (metadata, mut manager) = pair();
    let mut wait = metadata.wait(0, at(1000));
    assert!(wait.poll(Waker::noop()).is_pending());
    manager.poll_request(at(0)).unwrap();
    assert!(manager.handle_failure(at(0), None).is_empty());
    assert!(wait.poll(Waker::noop()).is_pending());
}

#[test]
fn the_end_of_the_manager_ends_all_waits_now_and_later() {
    let (metadata, manager) = pair();
    let (woken, waker) = woken();
    let mut wait = metadata.wait(0, at(1000));
    assert!(wait.poll(&waker).is_pending());
    drop(manager);
    assert_eq!(woken.count(), 1);
    assert_eq!(wait.poll(&waker), Poll::Ready(Err(MetadataError::Closed)));
    assert_eq!(metadata.wait(0, at(1000)).poll(&waker), Poll::Ready(Err(MetadataError::Closed)));
}

#[test]
fn only_the_last_waker_is_woken() {
    let (metadata, mut manager) = pair();
    let (first, second) = (woken(), woken());
    let mut wait = metadata.wait(0, at(1000));
    assert!(wait.poll(&first.1).is_pending() && wait.poll(&second.1).is_pending());
    manager.poll_request(at(0)).unwrap();
    respond(&mut manager, at(0), response([]));
    assert_eq!((first.0.count(), second.0.count()), (0, 1));
}

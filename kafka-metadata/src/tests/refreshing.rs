use super::*;

#[test]
fn a_new_topic_is_asked_for_at_once_and_alone() {
    let (metadata, mut manager) = knowing(&[1]);
    assert!(manager.poll_request(at(1)).is_none());
    assert!(metadata.touch("payments", at(1)));
    metadata.request_topic("payments");
    let request = manager.poll_request(at(1)).unwrap();
    assert_eq!(asked(&request), ["payments"]);
    assert!(request.allow_auto_topic_creation);
    assert!(!metadata.touch("payments", at(1)));
}

#[test]
fn a_topic_added_while_a_request_is_out_is_asked_for_right_after_it() {
    let (metadata, mut manager) = pair();
    metadata.touch("orders", at(0));
    manager.poll_request(at(0)).unwrap();
    metadata.touch("payments", at(1));
    assert!(manager.poll_request(at(1)).is_none(), "one at a time");
    respond(&mut manager, at(2), response([topic("orders", [partition(0, 1, 0)])]));
    let request = manager.poll_request(at(200)).unwrap();
    assert_eq!(asked(&request), ["payments"]);
}

#[test]
fn all_topics_are_asked_for_when_somebody_wants_it_or_by_age() {
    let (metadata, mut manager) = knowing(&[1]);
    metadata.touch("payments", at(0));
    metadata.request_update();
    let request = manager.poll_request(at(1)).unwrap();
    assert_eq!(asked(&request), ["orders", "payments"]);
    respond(
        &mut manager,
        at(1),
        response([topic("orders", [partition(0, 1, 6)]), topic("payments", [partition(0, 1, 6)])]),
    );
    let age = 300_000;
    metadata.touch("orders", at(age));
    assert_eq!(manager.next_deadline(at(2)), at(1 + age));
    assert!(manager.poll_request(at(age)).is_none());
    assert_eq!(asked(&manager.poll_request(at(1 + age)).unwrap()), ["orders", "payments"]);
}

#[test]
fn a_partial_answer_does_not_count_for_the_age() {
    let (metadata, mut manager) = knowing(&[1]);
    metadata.touch("payments", at(1000));
    assert_eq!(asked(&manager.poll_request(at(1000)).unwrap()), ["payments"]);
    respond(&mut manager, at(1000), response([topic("payments", [partition(0, 1, 1)])]));
    assert_eq!(manager.next_deadline(at(1000)), at(300_000));
}

#[test]
fn refreshes_keep_a_distance_after_success() {
    let (metadata, mut manager) = knowing(&[1]);
    metadata.request_update();
    let due = manager.next_deadline(at(0));
    assert!(about(due.since(at(0)), 100), "{due:?}");
    assert!(!manager.is_update_due(at(79)));
    assert!(manager.is_update_due(due));
}

#[test]
fn failures_back_off_to_the_maximum_and_success_starts_over() {
    let (_metadata, mut manager) = pair();
    let mut now = at(0);
    for expected in [100, 200, 400, 800] {
        manager.poll_request(now).unwrap();
        assert!(manager.handle_failure(now, None).is_empty());
        let due = manager.next_deadline(now);
        assert!(about(due.since(now), expected), "{:?} for {expected}", due.since(now));
        now = due;
    }
    manager.poll_request(now).unwrap();
    respond(&mut manager, now, response([]));
    manager.request_update();
    let due = manager.next_deadline(now);
    assert!(about(due.since(now), 100), "{:?}", due.since(now));
}

#[test]
fn answers_that_bring_nothing_new_back_off() {
    let (_metadata, mut manager) = knowing(&[1]);
    let mut now = at(200);
    for expected in [100, 200, 400, 800] {
        refresh(&mut manager, now, response([topic("orders", [partition(0, 1, 5)])]));
        manager.request_update();
        let due = manager.next_deadline(now);
        assert!(about(due.since(now), expected), "{:?} for {expected}", due.since(now));
        now = due;
    }
    refresh(&mut manager, now, response([topic("orders", [partition(0, 2, 6)])]));
    manager.request_update();
    let due = manager.next_deadline(now);
    assert!(about(due.since(now), 100), "{:?} after news", due.since(now));
}

#[test]
fn a_topic_in_the_making_is_asked_for_at_most_four_times_in_a_second() {
    let (metadata, mut manager) = pair();
    metadata.touch("orders", at(0));
    let errors = [ErrorCode::LEADER_NOT_AVAILABLE, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION];
    let mut requests = 0;
    for millis in 0..1000 {
        if let Some(request) = manager.poll_request(at(millis)) {
            assert_eq!(asked(&request), ["orders"]);
            respond(&mut manager, at(millis), response([failed("orders", errors[requests % 2])]));
            requests += 1;
        }
    }
    assert!((3..=4).contains(&requests), "{requests} requests");
    assert_eq!(manager.snapshot().topic_error("orders"), Some(errors[(requests - 1) % 2]));
}

#[test]
fn a_topic_that_nobody_names_any_more_is_forgotten() {
    let (metadata, mut manager) = knowing(&[1]);
    metadata.touch("payments", at(299_000));
    respond_to_new(&mut manager, at(299_000), "payments");
    manager.keep_topic(at(299_000), "payments");
    assert!(metadata.snapshot().topic("orders").is_some(), "forgotten too early");
    refresh(&mut manager, at(300_000), response([topic("orders", [partition(0, 1, 5)])]));
    assert!(metadata.snapshot().topic("orders").is_none());
    assert!(metadata.snapshot().topic("payments").is_some());
    manager.request_update();
    assert_eq!(asked(&manager.poll_request(at(310_000)).unwrap()), ["payments"]);
}

fn respond_to_new(manager: &mut MetadataManager, now: Monotonic, name: &str) {
    assert_eq!(asked(&manager.poll_request(now).unwrap()), [name]);
    respond(manager, now, response([topic(name, [partition(0, 1, 1)])]));
}

#[test]
fn a_topic_that_was_not_answered_yet_is_not_forgotten() {
    let (metadata, mut manager) = pair();
    manager.poll_request(at(0)).unwrap();
    metadata.touch("orders", at(0));
    respond(&mut manager, at(400_000), response([]));
    assert_eq!(asked(&manager.poll_request(at(500_000)).unwrap()), ["orders"]);
}

#[test]
fn an_answer_without_usable_brokers_is_a_failure() {
    for brokers in [
        vec![],
        vec![broker(1, "", 9092)],
        vec![broker(1, "h", 0)],
        vec![broker(1, "h", 70_000)],
        vec![broker(-1, "h", 1)],
    ] {
        let (_metadata, mut manager) = knowing(&[1]);
        let before = manager.snapshot().clone();
        refresh(&mut manager, at(200), MetadataResponse { brokers, ..response([]) });
        assert_eq!(*manager.snapshot(), before);
        assert!(!manager.is_update_due(at(279)));
        assert!(manager.is_update_due(at(320)), "it is still wanted");
    }
}

#[test]
fn a_lost_connection_counts_as_a_failure_only_if_a_refresh_was_due() {
    let (_metadata, mut manager) = knowing(&[1]);
    assert!(manager.handle_failure(at(200), None).is_empty());
    manager.request_update();
    assert!(manager.is_update_due(at(200)));
    assert!(manager.handle_failure(at(200), None).is_empty());
    assert!(!manager.is_update_due(at(200)));
    assert!(manager.is_update_due(at(320)));
}

#[test]
fn a_refresh_wanted_after_the_request_went_out_gets_a_request_of_its_own() {
    let (metadata, mut manager) = knowing(&[1]);
    manager.request_update();
    manager.poll_request(at(200)).unwrap();
    metadata.request_update();
    respond(&mut manager, at(201), response([topic("orders", [partition(0, 1, 5)])]));
    assert!(manager.poll_request(at(500)).is_some());
}

#[test]
fn a_broker_that_demands_it_makes_the_client_start_over() {
    let (metadata, mut manager) = knowing(&[1, 2]);
    assert!(!manager.is_rebootstrap_due(at(200)));
    let generation = metadata.generation();
    refresh(
        &mut manager,
        at(200),
        MetadataResponse { error_code: ErrorCode::REBOOTSTRAP_REQUIRED, ..response([]) },
    );
    assert!(manager.is_rebootstrap_due(at(200)));
    assert!(manager.rebootstrap(at(200)).is_empty(), "nobody waits");
    assert!(!manager.is_rebootstrap_due(at(200)));
    assert_ne!(metadata.generation(), generation);
    let snapshot = metadata.snapshot();
    assert!(snapshot.is_bootstrap());
    assert_eq!(snapshot.brokers.keys().map(|id| id.0).collect::<Vec<_>>(), [-2, -1]);
    // Records can still be queued, for leaders that are to be found.
    assert_eq!(leaders(&manager), [None, None]);
    assert!(snapshot.topic("orders").unwrap().available.is_empty());
    // Who answers next may be another cluster, with lower epochs.
    refresh(&mut manager, at(400), response([topic("orders", [partition(0, 3, 0), partition(1, 3, 0)])]));
    assert_eq!(leaders(&manager), [Some(3), Some(3)]);
}

#[test]
fn a_refresh_that_never_succeeds_makes_the_client_start_over() {
    let (_metadata, mut manager) = knowing(&[1]);
    manager.request_update();
    assert!(manager.is_update_due(at(1000)));
    for millis in (1000..301_000).step_by(1000) {
        if manager.poll_request(at(millis)).is_some() {
            assert!(manager.handle_failure(at(millis), None).is_empty());
        }
    }
    assert!(!manager.is_rebootstrap_due(at(301_000)));
    assert!(manager.is_rebootstrap_due(at(301_001)));
}

#[test]
fn starting_over_can_be_forbidden() {
    let (_metadata, mut manager) =
        pair_with(MetadataConfig { rebootstrap: false, ..MetadataConfig::default() });
    manager.poll_request(at(0)).unwrap();
    respond(&mut manager, at(0), response([]));
    let before = manager.snapshot().clone();
    assert!(manager.rebootstrap(at(1)).is_empty());
    assert_eq!(*manager.snapshot(), before);
    manager.request_update();
    assert!(manager.is_update_due(at(1000)));
    assert!(!manager.is_rebootstrap_due(at(10_000_000)));
}

#[test]
fn an_idle_client_has_nothing_due_before_the_age() {
    let (_metadata, manager) = knowing(&[1]);
    assert_eq!(manager.next_deadline(at(0)), at(300_000));
}

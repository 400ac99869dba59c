//! Every partition has its own answer.

mod world;

use kafka_accumulator::{Delivery, FailureCause, Written};
use kafka_protocol::messages::ProduceResponse;
use kafka_protocol::wire::ApiKey;
use kafka_sender::SenderConfig;
use kafka_testkit::{ClusterConfig, ErrorCode, Rule, TopicConfig};
use kafka_types::Acks;
use world::{SECOND, Settings, World, failed, offset};

/// Without idempotence, where whatever is sent twice is there twice.
fn world() -> World {
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 2));
    let sender = SenderConfig { acks: Acks::Leader, ..SenderConfig::default() };
    let mut world = World::new(cluster, Settings { sender, idempotence: false, ..Settings::default() });
    drop((world.send("orders", 0, "warm"), world.send("orders", 1, "warm")));
    world
}

/// One record to each partition, in one request.
fn send_both(world: &mut World) -> [Delivery; 2] {
    let before = world.requests(ApiKey::PRODUCE);
    let sent = [world.append("orders", 0, "a"), world.append("orders", 1, "b")];
    world.flush(1);
    assert!(world.requests(ApiKey::PRODUCE) > before);
    sent
}

#[test]
fn a_refused_partition_fails_alone_and_the_acknowledged_one_is_not_sent_again() {
    let mut world = world();
    let refusal = Rule::new().api(ApiKey::PRODUCE).partition(1).refuse(ErrorCode::INVALID_RECORD);
    world.cluster.add_rule(refusal.record_error(0, "no key"));
    let [a, b] = send_both(&mut world);
    world.run(SECOND);
    assert_eq!(offset(&a).0, 1);
    assert_eq!((failed(&b).cause(), failed(&b).message()), (FailureCause::InvalidRecord, Some("no key")));
    assert_eq!(failed(&b).outcome(), Written::NotWritten);
    assert_eq!(world.log("orders", 0), ["warm", "a"]);
}

#[test]
fn a_partition_that_is_tried_again_takes_no_other_along() {
    let mut world = world();
    let refusal = Rule::new().api(ApiKey::PRODUCE).partition(1).refuse(ErrorCode::NOT_ENOUGH_REPLICAS);
    world.cluster.add_rule(refusal.times(2));
    let [a, b] = send_both(&mut world);
    world.run(2 * SECOND);
    assert_eq!((offset(&a).0, offset(&b).0), (1, 1));
    assert_eq!((world.log("orders", 0).len(), world.log("orders", 1).len()), (2, 2));
}

/// Changes the next response.
fn once(mut change: impl FnMut(&mut ProduceResponse) + 'static) -> Option<world::Tamper> {
    let mut done = false;
    Some(Box::new(move |response| {
        if !std::mem::replace(&mut done, true) {
            change(response);
        }
    }))
}

#[test]
fn a_partition_left_out_of_the_answer_is_asked_for_again_and_the_answered_one_is_not() {
    let mut world = world();
    world.tamper = once(|response| response.responses[0].partition_responses.retain(|p| p.index == 0));
    let connects = world.connects;
    let [a, b] = send_both(&mut world);
    world.run(2 * SECOND);
    assert_eq!(offset(&a).0, 1);
    assert!(offset(&b).is_known());
    assert_eq!(world.log("orders", 0), ["warm", "a"], "its answer was there");
    assert_eq!(world.connects, connects + 1, "a peer that leaves answers out is not relied on");
}

#[test]
fn an_answer_for_a_partition_that_was_not_asked_for_harms_nobody() {
    let mut world = world();
    world.tamper = once(|response| {
        let mut extra = response.responses[0].partition_responses[0].clone();
        extra.index = 77;
        response.responses[0].partition_responses.push(extra);
    });
    let [a, b] = send_both(&mut world);
    world.run(2 * SECOND);
    assert_eq!((offset(&a).0, offset(&b).0), (1, 1));
    assert_eq!((world.log("orders", 0).len(), world.log("orders", 1).len()), (2, 2));
}

#[test]
fn a_partition_answered_twice_counts_as_not_answered() {
    let mut world = world();
    world.tamper = once(|response| {
        let twice = response.responses[0].partition_responses[0].clone();
        response.responses[0].partition_responses.push(twice);
    });
    let [a, b] = send_both(&mut world);
    world.run(2 * SECOND);
    assert!(offset(&a).is_known() && offset(&b).is_known());
    assert_eq!(world.log("orders", 0).len() + world.log("orders", 1).len(), 5, "one of them twice");
}

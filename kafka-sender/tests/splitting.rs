//! Batches that the broker finds too large.

mod world;

use kafka_accumulator::{AccumulatorConfig, Delivery, FailureCause, Written};
use kafka_protocol::wire::ApiKey;
use kafka_sender::SenderConfig;
use kafka_testkit::{ClusterConfig, ErrorCode, Rule, TopicConfig};
use kafka_types::Compression;
use world::{SECOND, Settings, World, failed, is_open, offset};

/// Text that no codec makes much smaller.
fn noise(seed: u64, length: usize) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b' ' + (state >> 32) as u8 % 95)
    };
    (0..length).map(|_| next()).collect()
}

#[test]
fn a_batch_far_too_large_takes_few_requests_and_costs_only_the_record_that_is_too_large_itself() {
    split_a_giant(SenderConfig::default(), true);
}

#[test]
fn splitting_uses_no_retry_up() {
    // With idempotence some retries are needed: of what was sent behind the batch that is split.
    split_a_giant(SenderConfig { retries: 0, max_in_flight: 1, ..SenderConfig::default() }, false);
}

fn split_a_giant(sender: SenderConfig, idempotence: bool) {
    let topic = TopicConfig::new("orders", 1).max_message_bytes(100_000);
    let cluster = ClusterConfig::new(1).topic(topic);
    let accumulator = AccumulatorConfig {
        compression: Compression::LZ4,
        batch_size: 8 << 20,
        buffer_memory: 64 << 20,
        ..AccumulatorConfig::default()
    };
    let mut world = World::new(cluster, Settings { sender, accumulator, idempotence, ..Settings::default() });
    let send = |world: &mut World, at: u64, length| world.append("orders", 0, &noise(at, length));
    let before: Vec<Delivery> = (0..200).map(|at| send(&mut world, at, 20_000)).collect();
    let large = send(&mut world, 1_000, 200_000);
    let after: Vec<Delivery> = (200..400).map(|at| send(&mut world, at, 20_000)).collect();
    world.flush(1);
    world.run(SECOND);
    let failure = failed(&large);
    assert_eq!((failure.cause(), failure.outcome()), (FailureCause::RecordTooLarge, Written::NotWritten));
    let offsets: Vec<i64> = before.iter().chain(&after).map(|delivery| offset(delivery).0).collect();
    assert_eq!(offsets, (0..400).collect::<Vec<_>>());
    // About 130 are accepted, of three records each; what is refused besides does not grow with their number.
    let requests = world.requests(ApiKey::PRODUCE);
    assert!(requests <= 170, "{requests} requests");
    assert_eq!(world.accumulator.used_memory(), 0);
}

#[test]
fn what_was_split_leaves_nothing_behind_that_could_run_out_of_time() {
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 1));
    let mut world = World::new(cluster, Settings::default());
    let too_large = ErrorCode::MESSAGE_TOO_LARGE;
    world.cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).refuse(too_large).times(1));
    let sent: Vec<Delivery> = (0..4).map(|n| world.append("orders", 0, &n.to_string())).collect();
    world.flush(1);
    assert_eq!(sent.iter().map(|delivery| offset(delivery).0).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(world.accumulator.used_memory(), 0);
    let polls = world.polls;
    world.run(130 * SECOND);
    assert!(world.polls - polls <= 8, "{} turns of an idle engine", world.polls - polls);
    assert!(sent.iter().all(|delivery| offset(delivery).is_known()));
    assert_eq!(world.log("orders", 0), ["0", "1", "2", "3"]);
}

#[test]
fn pieces_run_out_of_time_with_their_parent_and_each_record_once() {
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 1));
    let sender =
        SenderConfig { delivery_timeout: 3 * SECOND, request_timeout: SECOND, ..SenderConfig::default() };
    let mut world = World::new(cluster, Settings { sender, ..Settings::default() });
    let rule = |code| Rule::new().api(ApiKey::PRODUCE).refuse(code);
    world.cluster.add_rule(rule(ErrorCode::MESSAGE_TOO_LARGE).times(1));
    let leaderless = world.cluster.add_rule(rule(ErrorCode::NOT_LEADER_OR_FOLLOWER));
    let sent: Vec<Delivery> = (0..4).map(|n| world.append("orders", 0, &n.to_string())).collect();
    world.flush(1);
    world.run(2 * SECOND);
    assert!(sent.iter().all(is_open));
    world.run(SECOND);
    for delivery in &sent {
        assert_eq!(failed(delivery).outcome(), Written::NotWritten);
    }
    assert_eq!(world.accumulator.used_memory(), 0);
    world.cluster.remove_rule(leaderless);
    let next = world.send("orders", 0, "next");
    world.run(5 * SECOND);
    assert_eq!(offset(&next).0, 0);
    assert_eq!(world.log("orders", 0), ["next"]);
}

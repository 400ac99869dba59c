//! What happens while a cluster is away or refuses everything, and when it is back.

mod world;

use kafka_protocol::wire::ApiKey;
use kafka_sender::SenderConfig;
use kafka_testkit::{ClusterConfig, ErrorCode, Rule, TopicConfig};
use kafka_types::NodeId;
use world::{MS, SECOND, Settings, World, offset};

fn one_partition(sender: SenderConfig) -> World {
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 1));
    World::new(cluster, Settings { sender, ..Settings::default() })
}

#[test]
fn a_partition_without_a_leader_is_asked_about_with_backoff_and_goes_on_soon_after() {
    let mut world = one_partition(SenderConfig::default());
    drop(world.send("orders", 0, "warm"));
    let rule =
        world.cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).refuse(ErrorCode::NOT_LEADER_OR_FOLLOWER));
    let (produces, metadata) = (world.requests(ApiKey::PRODUCE), world.requests(ApiKey::METADATA));
    let a = world.send("orders", 0, "a");
    world.run(10 * SECOND);
    assert!(world.requests(ApiKey::PRODUCE) - produces <= 25);
    assert!(world.requests(ApiKey::METADATA) - metadata <= 25);
    world.cluster.remove_rule(rule);
    world.run(1500 * MS);
    assert_eq!(offset(&a).0, 1);
}

#[test]
fn a_short_outage_loses_nothing_and_keeps_the_order() {
    let sender =
        SenderConfig { request_timeout: SECOND, delivery_timeout: 30 * SECOND, ..SenderConfig::default() };
    let mut world = one_partition(sender);
    drop(world.send("orders", 0, "first"));
    world.cluster.stop_broker(world.now(), NodeId(1));
    let sent: Vec<_> = (0..1000)
        .map(|n| {
            if n % 10 == 0 {
                world.run(50 * MS);
            }
            world.append("orders", 0, &n.to_string())
        })
        .collect();
    world.cluster.start_broker(world.now(), NodeId(1));
    world.run(10 * SECOND);
    let offsets: Vec<_> = sent.iter().map(|delivery| offset(delivery).0).collect();
    assert_eq!(offsets, (1..=1000).collect::<Vec<_>>());
    assert_eq!(world.log("orders", 0).len(), 1001);
}

#[test]
fn with_one_request_in_flight_and_no_idempotence_no_batch_passes_one_that_broke_or_timed_out() {
    let faults = [
        Rule::new().disconnect_before(),
        Rule::new().disconnect_after(),
        Rule::new().drop_response(),
        Rule::new().refuse(ErrorCode::NOT_LEADER_OR_FOLLOWER),
    ];
    for fault in faults {
        let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", 1));
        let sender = SenderConfig { max_in_flight: 1, request_timeout: SECOND, ..SenderConfig::default() };
        let mut world = World::new(cluster, Settings { sender, idempotence: false, ..Settings::default() });
        drop(world.send("orders", 0, "warm"));
        world.cluster.add_rule(fault.clone().api(ApiKey::PRODUCE).times(1));
        let [a, b] = ["a", "b"].map(|value| world.send("orders", 0, value));
        world.run(5 * SECOND);
        assert!(offset(&a) < offset(&b), "{fault:?}");
        let mut log = world.log("orders", 0);
        log.dedup();
        assert_eq!(log, ["warm", "a", "b"], "{fault:?}: the first may be there twice, but never behind");
    }
}

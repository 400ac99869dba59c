//! What a broker speaks decides what it is sent, and what can't be sent is refused by name.

mod world;

use kafka_accumulator::{AccumulatorConfig, FailureCause, Written};
use kafka_protocol::wire::ApiKey;
use kafka_sender::SenderConfig;
use kafka_testkit::{ClusterConfig, ServedVersions, TopicConfig};
use kafka_types::{Acks, Compression, NodeId, TopicPartition};
use world::{MS, SECOND, Settings, World, failed, offset};

fn cluster(versions: ServedVersions) -> ClusterConfig {
    ClusterConfig::new(1).topic(TopicConfig::new("orders", 2)).served_versions(versions)
}

fn without_idempotence() -> Settings {
    let sender = SenderConfig { acks: Acks::Leader, ..SenderConfig::default() };
    Settings { sender, idempotence: false, ..Settings::default() }
}

#[test]
fn a_broker_without_producer_ids_fails_records_at_once_and_names_feature_and_property() {
    let versions = ServedVersions::default().without(ApiKey::INIT_PRODUCER_ID);
    let mut world = World::new(cluster(versions), Settings::default());
    let a = world.send("orders", 0, "a");
    let failure = failed(&a);
    assert_eq!(failure.outcome(), Written::NotWritten);
    assert!(failure.is_fatal());
    let text = failure.to_string();
    assert!(text.contains("InitProducerId") && text.contains("enable.idempotence=false"), "{text}");
}

#[test]
fn a_broker_without_producer_ids_takes_records_that_have_none() {
    let versions = ServedVersions::default().without(ApiKey::INIT_PRODUCER_ID);
    let mut world = World::new(cluster(versions), without_idempotence());
    let a = world.send("orders", 0, "a");
    assert_eq!(offset(&a).0, 0);
    let batches = world.cluster.batches(&TopicPartition::new("orders", 0));
    assert_eq!((batches[0].producer.id.0, batches[0].base_sequence.0), (-1, -1));
}

#[test]
fn without_a_common_produce_version_an_idempotent_producer_ends_and_names_both_ranges() {
    let versions = ServedVersions::default().without(ApiKey::PRODUCE);
    let mut world = World::new(cluster(versions), Settings::default());
    let (a, b) = (world.append("orders", 0, "a"), world.append("orders", 1, "b"));
    world.flush(1);
    for delivery in [&a, &b] {
        let failure = failed(delivery);
        assert_eq!(
            (failure.cause(), failure.outcome()),
            (FailureCause::UnsupportedVersion, Written::NotWritten)
        );
        assert!(failure.is_fatal(), "whatever comes later fails as well");
        let text = failure.to_string();
        assert!(text.contains("Produce in versions none, this client speaks 3 to"), "{text}");
    }
    let turns = world.polls;
    let later = world.send("orders", 0, "later");
    assert_eq!(failed(&later).message(), failed(&a).message(), "it says again why it ended");
    world.run(SECOND);
    assert!(world.polls - turns < 20, "and does not spin");
}

#[test]
fn without_a_common_produce_version_a_producer_without_idempotence_fails_what_that_broker_leads_alone() {
    let mut config = ClusterConfig::new(2).topic(TopicConfig::new("orders", 4));
    config.brokers[0].versions = ServedVersions::default().without(ApiKey::PRODUCE);
    let mut world = World::new(config, without_idempotence());
    for partition in 0..4 {
        let delivery = world.send("orders", partition, "x");
        let leader = world.cluster.leader(&TopicPartition::new("orders", partition)).unwrap();
        match leader {
            NodeId(1) => {
                let failure = failed(&delivery);
                assert_eq!((failure.cause(), failure.is_fatal()), (FailureCause::UnsupportedVersion, false));
            }
            _ => assert_eq!(offset(&delivery).0, 0),
        }
    }
}

#[test]
fn the_oldest_kafka_that_clients_talk_to_is_served() {
    let mut world = World::new(cluster(ServedVersions::kafka_2_1()), Settings::default());
    let sent: Vec<_> = (0..3).map(|n| world.send("orders", 0, &n.to_string())).collect();
    world.run(10 * MS);
    assert_eq!(sent.iter().map(|delivery| offset(delivery).0).collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn zstd_is_not_sent_to_a_broker_that_can_not_read_it_and_the_error_names_the_version() {
    let versions = ServedVersions::default().limit(ApiKey::PRODUCE, 3, 6);
    let accumulator = AccumulatorConfig { compression: Compression::ZSTD, ..AccumulatorConfig::default() };
    let mut world = World::new(cluster(versions), Settings { accumulator, ..Settings::default() });
    for value in ["a", "b"] {
        let delivery = world.send("orders", 0, value);
        let failure = failed(&delivery);
        assert_eq!(
            (failure.cause(), failure.outcome()),
            (FailureCause::UnsupportedVersion, Written::NotWritten)
        );
        let text = failure.to_string();
        assert!(text.contains("zstd needs Produce version 7, the broker has 6"), "{text}");
    }
    assert_eq!(world.requests(ApiKey::PRODUCE), 0);
}

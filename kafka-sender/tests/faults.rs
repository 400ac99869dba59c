//! Random faults by seed: connections break, leaders move, brokers stop and freeze, answers are lost or leave it open.
//! Whatever happens: one outcome per record, acknowledged ones once and in order, what was not written nowhere.

mod world;

use kafka_accumulator::{Delivery, Written};
use kafka_protocol::wire::ApiKey;
use kafka_sender::SenderConfig;
use kafka_testkit::{ClusterConfig, ErrorCode, Rule, TopicConfig};
use kafka_types::{NodeId, SplitMix64, TopicPartition};
use std::collections::BTreeMap;
use world::{MS, SECOND, Settings, World};

const PARTITIONS: i32 = 3;

fn fault(world: &mut World, random: &mut SplitMix64) {
    let node = NodeId(1 + random.below(3) as i32);
    let partition = TopicPartition::new("orders", random.below(PARTITIONS as usize) as i32);
    let produce = || Rule::new().api(ApiKey::PRODUCE).times(1);
    let now = world.now();
    match random.below(16) {
        0 => world.break_connections(),
        1 => drop(world.cluster.move_leader(now, &partition, node)),
        2 => drop(world.cluster.stop_broker(now, node)),
        3 | 4 => drop((1..=3).map(|node| world.cluster.start_broker(now, NodeId(node))).count()),
        5 => world.cluster.freeze(node),
        6 | 7 => (1..=3).for_each(|node| world.cluster.thaw(now, NodeId(node))),
        8 => drop(world.cluster.add_rule(produce().disconnect_after())),
        9 => drop(world.cluster.add_rule(produce().disconnect_before())),
        10 => drop(world.cluster.add_rule(produce().drop_response())),
        11 => drop(world.cluster.add_rule(produce().fail_after(ErrorCode::REQUEST_TIMED_OUT))),
        12 => drop(world.cluster.add_rule(produce().refuse(ErrorCode::NOT_ENOUGH_REPLICAS))),
        13 => drop(world.cluster.add_rule(produce().refuse(ErrorCode::INVALID_RECORD))),
        14 => drop(world.cluster.add_rule(produce().cut_response(5))),
        _ => world.stalled = !world.stalled,
    }
}

#[derive(Default)]
struct Outcomes {
    acknowledged: usize,
    not_written: usize,
    unknown: usize,
}

fn check(seed: u64, outcomes: &mut Outcomes) {
    let cluster = ClusterConfig::new(3)
        .topic(TopicConfig::new("orders", PARTITIONS as u32))
        .failover_delay(200 * MS)
        .seed(seed);
    let sender = SenderConfig {
        delivery_timeout: 4 * SECOND,
        request_timeout: SECOND,
        max_in_flight: 1 + (seed % 5) as usize,
        ..SenderConfig::default()
    };
    let mut world = World::new(cluster, Settings { sender, ..Settings::default() });
    let mut random = SplitMix64::new(seed);
    let mut sent: BTreeMap<i32, Vec<(String, Delivery)>> = BTreeMap::new();
    for number in 0..200 {
        let partition = random.below(PARTITIONS as usize) as i32;
        let value = format!("{partition}-{number}");
        let delivery = if random.below(2) == 0 {
            world.append("orders", partition, &value)
        } else {
            world.send("orders", partition, &value)
        };
        sent.entry(partition).or_default().push((value, delivery));
        if random.below(6) == 0 {
            fault(&mut world, &mut random);
        }
        world.run(MS * random.below(60) as u32);
    }
    world.stalled = false;
    world.cluster.clear_rules();
    let now = world.now();
    for node in (1..=3).map(NodeId) {
        world.cluster.thaw(now, node);
        world.cluster.start_broker(now, node);
    }
    world.run(10 * SECOND);
    for (partition, sent) in sent {
        let log = world.log("orders", partition);
        let position = |value: &str| log.iter().position(|logged| logged == value);
        let mut last = None;
        for (value, delivery) in sent {
            let count = log.iter().filter(|logged| **logged == value).count();
            assert!(count <= 1, "seed {seed}: {value} is there {count} times");
            match delivery.try_result() {
                None => panic!("seed {seed}: {value} has no outcome"),
                Some(Ok(metadata)) => {
                    let at = position(&value).unwrap_or_else(|| panic!("seed {seed}: {value} is lost"));
                    assert!(Some(at) > last, "seed {seed}: {value} is out of order");
                    if metadata.offset.is_known() {
                        assert_eq!(metadata.offset.0, at as i64, "seed {seed}: {value}");
                    }
                    last = Some(at);
                    outcomes.acknowledged += 1;
                }
                Some(Err(failure)) if failure.outcome() == Written::NotWritten => {
                    assert_eq!(count, 0, "seed {seed}: {value} was not to be written: {failure}");
                    outcomes.not_written += 1;
                }
                Some(Err(_)) => outcomes.unknown += 1,
            }
        }
    }
}

#[test]
fn whatever_breaks_the_log_has_what_was_acknowledged_once_and_in_order() {
    let mut outcomes = Outcomes::default();
    for seed in 0..60 {
        check(seed, &mut outcomes);
    }
    let Outcomes { acknowledged, not_written, unknown } = outcomes;
    assert!(
        acknowledged > 5_000 && not_written > 0 && unknown > 0,
        "{acknowledged}, {not_written}, {unknown}"
    );
}

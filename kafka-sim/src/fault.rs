//! What goes wrong.

use crate::link::LinkId;
use crate::random::Random;
use crate::scenario::TOPICS;
use kafka_testkit::{ApiKey, Cluster, ErrorCode, Rule, TopicConfig};
use kafka_types::{Monotonic, NodeId, Now, TopicPartition};
use std::time::Duration;

/// Something that happens to the cluster or the network.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// A broker stops at once; its partitions move.
    Stop(NodeId),
    /// It is back.
    Start(NodeId),
    /// A broker stands still, its connections stay.
    Freeze(NodeId),
    /// It goes on.
    Thaw(NodeId),
    /// A partition gets another leader.
    Move(TopicPartition, NodeId),
    /// All connections to a broker break.
    Disconnect(NodeId),
    /// A connection takes no more bytes from the producer.
    Block(LinkId),
    /// It does again.
    Unblock(LinkId),
    /// Requests meet this.
    Rule(Box<Rule>),
    /// A topic grows.
    Grow(&'static str, u32),
    /// A topic is deleted with its records, and made again.
    Recreate(&'static str, u32),
    /// The wall clock jumps by so many milliseconds.
    ClockJump(i64),
}

/// Answers that say the batch was not appended, and some of them lie about why.
const REFUSALS: &[ErrorCode] = &[
    ErrorCode::NOT_LEADER_OR_FOLLOWER,
    ErrorCode::LEADER_NOT_AVAILABLE,
    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode::NOT_ENOUGH_REPLICAS,
    ErrorCode::KAFKA_STORAGE_ERROR,
    ErrorCode::CORRUPT_MESSAGE,
    ErrorCode::THROTTLING_QUOTA_EXCEEDED,
    ErrorCode::INVALID_RECORD,
    ErrorCode::INVALID_TIMESTAMP,
    ErrorCode::MESSAGE_TOO_LARGE,
    ErrorCode::TOPIC_AUTHORIZATION_FAILED,
    ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER,
    ErrorCode::UNKNOWN_PRODUCER_ID,
    ErrorCode::INVALID_PRODUCER_EPOCH,
];

/// Answers after which the batch may lie in the log.
const AMBIGUOUS: &[ErrorCode] = &[ErrorCode::REQUEST_TIMED_OUT, ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND];

impl Fault {
    /// A fault, and when it is over, if it ends by itself.
    pub(crate) fn draw(
        random: &mut Random,
        brokers: u32,
        links: &[LinkId],
        transactions: bool,
        now: Monotonic,
    ) -> (Fault, Option<(Monotonic, Fault)>) {
        let node = NodeId(1 + random.index(brokers as usize) as i32);
        let after = |random: &mut Random, most: u64| now + random.micros(10_000..most);
        match random.within(0..15) {
            0 | 1 => (Fault::Stop(node), Some((after(random, 8_000_000), Fault::Start(node)))),
            2 => (Fault::Freeze(node), Some((after(random, 8_000_000), Fault::Thaw(node)))),
            3 | 4 => {
                let (topic, partitions) = *random.one_of(&TOPICS);
                let partition = random.index(partitions as usize) as i32;
                (Fault::Move(TopicPartition::new(topic, partition), node), None)
            }
            5 => (Fault::Disconnect(node), None),
            6 if !links.is_empty() => {
                let link = *random.one_of(links);
                (Fault::Block(link), Some((after(random, 5_000_000), Fault::Unblock(link))))
            }
            7 if random.once_in(4) => {
                let (topic, partitions) = *random.one_of(&TOPICS);
                (Fault::Grow(topic, partitions + random.within(1..4) as u32), None)
            }
            8 if random.once_in(4) => {
                let (topic, partitions) = *random.one_of(&TOPICS);
                (Fault::Recreate(topic, partitions), None)
            }
            9 => (Fault::ClockJump(random.within(0..7_200_000) as i64 - 3_600_000), None),
            10 | 11 if transactions => (Fault::Rule(Box::new(transaction_rule(random))), None),
            _ => (Fault::Rule(Box::new(rule(random))), None),
        }
    }

    /// Applies what concerns the cluster; the rest is the network's.
    pub(crate) fn apply(&self, cluster: &mut Cluster, now: Now) {
        match self {
            Fault::Stop(node) => {
                cluster.stop_broker(now, *node);
            }
            Fault::Start(node) => {
                cluster.start_broker(now, *node);
            }
            Fault::Freeze(node) => cluster.freeze(*node),
            Fault::Thaw(node) => cluster.thaw(now, *node),
            Fault::Move(partition, node) => {
                cluster.move_leader(now, partition, *node);
            }
            Fault::Disconnect(node) => cluster.disconnect_clients(now, *node),
            Fault::Rule(rule) => {
                cluster.add_rule((**rule).clone());
            }
            Fault::Grow(topic, total) => {
                cluster.add_partitions(topic, *total);
            }
            Fault::Recreate(topic, partitions) => {
                cluster.delete_topic(now, topic);
                cluster.create_topic(TopicConfig::new(*topic, *partitions));
            }
            Fault::Block(_) | Fault::Unblock(_) | Fault::ClockJump(_) => {}
        }
    }
}

/// Answers of coordinators that cannot be reached, or are not ready.
const COORDINATOR_REFUSALS: &[ErrorCode] = &[
    ErrorCode::CONCURRENT_TRANSACTIONS,
    ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode::COORDINATOR_NOT_AVAILABLE,
    ErrorCode::NOT_COORDINATOR,
    ErrorCode::REQUEST_TIMED_OUT,
];

/// Answers of coordinators whose log may have what was asked for all the same.
const COORDINATOR_DOUBTS: &[ErrorCode] =
    &[ErrorCode::COORDINATOR_NOT_AVAILABLE, ErrorCode::NOT_COORDINATOR, ErrorCode::REQUEST_TIMED_OUT];

/// A few requests of transactions meet a mishap.
fn transaction_rule(random: &mut Random) -> Rule {
    let adding = [ApiKey::ADD_PARTITIONS_TO_TXN, ApiKey::ADD_OFFSETS_TO_TXN, ApiKey::TXN_OFFSET_COMMIT];
    let others = [ApiKey::FIND_COORDINATOR, ApiKey::INIT_PRODUCER_ID, ApiKey::END_TXN, ApiKey::END_TXN];
    let adds = random.once_in(2);
    let api = if adds { *random.one_of(&adding) } else { *random.one_of(&others) };
    let rule = Rule::new().api(api).times(random.within(1..5));
    match random.within(0..10) {
        0 => rule.disconnect_before(),
        1 | 2 => rule.disconnect_after(),
        3 => rule.drop_response(),
        4 => rule.delay(random.micros(0..3_000_000)),
        5 => rule.cut_response(random.index(40)),
        6 if adds => rule.refuse(ErrorCode::TRANSACTION_ABORTABLE),
        6 | 7 => rule.refuse(*random.one_of(COORDINATOR_REFUSALS)),
        _ if api != ApiKey::FIND_COORDINATOR => rule.fail_after(*random.one_of(COORDINATOR_DOUBTS)),
        _ => rule.throttle(Duration::from_millis(random.within(1..500))),
    }
}

/// A few requests meet a mishap.
fn rule(random: &mut Random) -> Rule {
    let times = random.within(1..5);
    let produce = Rule::new().api(ApiKey::PRODUCE).times(times);
    match random.within(0..14) {
        0..=3 => produce.refuse(*random.one_of(REFUSALS)),
        4 | 5 => produce.fail_after(*random.one_of(AMBIGUOUS)),
        6 => produce.disconnect_before(),
        7 => produce.disconnect_after(),
        8 => produce.drop_response(),
        9 => produce.delay(random.micros(0..3_000_000)),
        10 => produce.cut_response(random.index(40)),
        11 => produce.garbage(vec![random.draw() as u8; 1 + random.index(30)]),
        12 => produce.throttle(Duration::from_millis(random.within(1..500))),
        _ => {
            let apis = [ApiKey::METADATA, ApiKey::INIT_PRODUCER_ID, ApiKey::API_VERSIONS];
            let rule = Rule::new().api(*random.one_of(&apis)).times(times);
            match random.within(0..4) {
                0 => rule.disconnect_before(),
                1 => rule.drop_response(),
                2 => rule.cut_response(random.index(40)),
                _ => rule.delay(random.micros(0..3_000_000)),
            }
        }
    }
}

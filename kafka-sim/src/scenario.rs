//! What kind of world a seed stands for.

mod transactions;

pub(crate) use transactions::{TRANSACTIONAL_ID, Transactions};

use crate::history::Promise;
use crate::random::Random;
use kafka_producer::{ProducerBuilder, ProducerConfig};
use kafka_sender::GatherConfig;
use kafka_testkit::{ClusterConfig, TopicConfig};
use std::time::Duration;

/// A topic of which nothing happens to: offsets are of its partitions, and simple records go there.
pub(crate) const INPUT: (&str, u32) = ("input", 40);

/// Topics that exist from the start; callers also make new ones by sending to them.
pub(crate) const TOPICS: [(&str, u32); 3] = [("orders", 4), ("audit", 1), ("wide", 40)];

/// Everything that the seed decides before the first event.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The seed.
    pub seed: u64,
    pub(crate) brokers: u32,
    pub(crate) cluster: ClusterConfig,
    pub(crate) producer: ProducerConfig,
    pub(crate) callers: usize,
    pub(crate) records_each: u64,
    /// How long the world is unwell.
    pub(crate) troubled_for: Duration,
    /// The mean time between two faults; `None` is a world without faults.
    pub(crate) fault_interval: Option<Duration>,
    /// One way over the network, in microseconds.
    pub(crate) latency: (u64, u64),
    /// How long a worker takes to compress a batch, at most, in microseconds.
    pub(crate) sealing: u64,
    /// One in so many of its jobs is lost; none, if it is 0.
    pub(crate) lost_jobs: u64,
    pub(crate) ending: Ending,
    pub(crate) promise: Promise,
    pub(crate) gather: GatherConfig,
    /// A world of transactions.
    pub(crate) transactions: Option<Transactions>,
}

/// How the run ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// The world heals, everything gets its outcome, the producer closes.
    Heal,
    /// The producer closes while the world is unwell, with this much time.
    CloseInTrouble(Duration),
    /// The engine dies.
    EngineDies,
}

impl Scenario {
    /// The scenario of a seed.
    pub fn new(seed: u64) -> Scenario {
        let mut random = Random::new(seed);
        let brokers = *random.one_of(&[1, 1, 2, 3, 3, 5]);
        let faults = !random.once_in(6);
        let latency =
            *random.one_of(&[(50, 300), (200, 2_000), (5_000, 20_000), (10, 80_000), (100_000, 400_000)]);
        let slow = latency.1 > 100_000;
        let transactions = random.once_in(3).then(|| Transactions::draw(&mut random, slow));
        let idempotent = transactions.is_some() || !random.once_in(6);
        let acks = if idempotent { "all" } else { *random.one_of(&["all", "1", "0"]) };
        let ending = match random.within(0..10) {
            0 => Ending::EngineDies,
            1 | 2 => Ending::CloseInTrouble(random.micros(0..8_000_000)),
            _ => Ending::Heal,
        };
        let producer = producer(&mut random, idempotent, acks, slow, transactions.as_ref());
        let promise = Promise {
            exactly_once: idempotent,
            ordered: idempotent || producer.max_in_flight == 1,
            durable: acks == "all",
        };
        Scenario {
            seed,
            brokers,
            cluster: cluster(&mut random, seed, brokers, faults, transactions.as_ref()),
            producer,
            callers: random.within(1..6) as usize,
            records_each: random.within(20..if slow { 60 } else { 400 }),
            troubled_for: random.micros(1_000_000..40_000_000),
            fault_interval: faults.then(|| random.micros(20_000..3_000_000)),
            latency,
            sealing: *random.one_of(&[1, 3_000, 400_000]),
            lost_jobs: if faults { *random.one_of(&[0, 0, 30]) } else { 0 },
            ending,
            promise,
            gather: gather(&mut random),
            transactions,
        }
    }
}

/// Callers here are never as fast as those that requests wait for: half of the worlds have requests wait for slow ones.
fn gather(random: &mut Random) -> GatherConfig {
    GatherConfig {
        batches: *random.one_of(&[1, 2, 8]),
        interval: *random.one_of(&[Duration::from_micros(100), Duration::MAX]),
        patience: *random.one_of(&[Duration::from_millis(1), Duration::from_millis(40)]),
    }
}

fn cluster(
    random: &mut Random,
    seed: u64,
    brokers: u32,
    faults: bool,
    transactions: Option<&Transactions>,
) -> ClusterConfig {
    let mut config = ClusterConfig::new(brokers).seed(seed).default_partitions(3);
    if let Some(transactions) = transactions {
        config = config
            .topic(TopicConfig::new(INPUT.0, INPUT.1))
            .transaction_version(transactions.level)
            .transaction_marker_delay(transactions.marker_delay);
    }
    for (name, partitions) in TOPICS {
        let mut topic = TopicConfig::new(name, partitions);
        if random.once_in(4) {
            topic = topic.max_message_bytes(random.within(400..3_000) as usize);
        }
        if random.once_in(6) {
            topic = topic.log_append_time();
        }
        config = config.topic(topic);
    }
    if random.once_in(4) {
        config = config.first_producer_epoch(i16::MAX - random.within(0..3) as i16);
    }
    if faults {
        config = config
            .failover_delay(random.micros(0..2_000_000))
            .metadata_delay(random.micros(0..500_000))
            .replication_delay(random.micros(0..50_000));
    }
    config
}

/// Settings that make small worlds meet large ones' troubles: small batches, little memory, short time-outs.
fn producer(
    random: &mut Random,
    idempotent: bool,
    acks: &str,
    slow: bool,
    transactions: Option<&Transactions>,
) -> ProducerConfig {
    let batch_size = *random.one_of(&["1", "200", "1000", "16384"]);
    let linger = *random.one_of(&["0", "1", "5", "50"]);
    // A round trip has to fit in.
    let request_timeout =
        *random.one_of(if slow { &["2000", "30000"] } else { &["500", "2000", "30000"][..] });
    let delivery_timeout = *random.one_of(&["3000", "10000", "60000", "120000"]);
    // Not less than linger.ms + request.timeout.ms, as the producer itself would say.
    let delivery_timeout = if request_timeout == "30000" { "60000" } else { delivery_timeout };
    let builder = ProducerBuilder::new()
        .property("bootstrap.servers", "broker-1:9092")
        .property("client.id", "simulated")
        .property("batch.size", batch_size)
        .property("linger.ms", linger)
        .property("request.timeout.ms", request_timeout)
        .property("delivery.timeout.ms", delivery_timeout)
        .property("buffer.memory", *random.one_of(&["8000", "30000", "33554432"]))
        .property("max.block.ms", *random.one_of(&["100", "2000", "60000"]))
        .property("max.request.size", *random.one_of(&["5000", "1048576"]))
        .property("compression.type", *random.one_of(&["none", "none", "lz4", "zstd", "gzip", "snappy"]))
        .property("max.in.flight.requests.per.connection", *random.one_of(&["1", "2", "5", "5"]))
        .property("socket.connection.setup.timeout.ms", "3000")
        .property("socket.connection.setup.timeout.max.ms", "6000")
        .property("metadata.max.age.ms", *random.one_of(&["5000", "300000"]))
        .property("retry.backoff.ms", *random.one_of(&["10", "100"]))
        .property("reconnect.backoff.ms", "20")
        .property("reconnect.backoff.max.ms", "500")
        .property("retries", *random.one_of(&["2147483647", "2147483647", "3"]));
    let mut builder = builder.property("enable.idempotence", idempotent.to_string()).property("acks", acks);
    if let Some(transactions) = transactions {
        builder = builder
            .property("transactional.id", TRANSACTIONAL_ID)
            .property("transaction.timeout.ms", transactions.timeout.as_millis().to_string());
        if transactions.marker_delay > Duration::from_millis(5) {
            // A batch that meets the markers of the transaction before is tried again until they are written; three times may
            // be too few, transaction after transaction.
            builder = builder.property("retries", "2147483647");
        }
    }
    builder.config().expect("the properties above are legal in every combination")
}

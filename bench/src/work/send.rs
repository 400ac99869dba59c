//! A record's whole way: the caller's part, the network thread's, and looking at the answer. The driver's clock, sockets
//! and wake-ups are not in it.

use super::{Done, Round, Work};
use crate::broker::TOPIC;
use crate::gauge::{Gauge, Unmeasured};
use crate::values::values;
use crate::world::World;
use kafka_accumulator::Delivery;
use kafka_producer::core::CoreProducer;
use kafka_producer::{Compression, ProducerBuilder, ProducerRecord};
use kafka_types::Now;
use std::hint::black_box;
use std::time::Duration;

/// What is measured here.
pub const WORKS: &[Work] = &[
    Work { name: "send", unit: "record", start: || keyless(Side::Caller, Compression::None) },
    Work { name: "send-keyed", unit: "record", start: || keyed(Side::Caller) },
    Work { name: "send-lz4", unit: "record", start: || keyless(Side::Caller, Compression::LZ4) },
    Work { name: "network", unit: "record", start: || keyless(Side::Network, Compression::None) },
    Work { name: "network-keyed", unit: "record", start: || keyed(Side::Network) },
    Work { name: "network-small-batches", unit: "batch", start: small_batches },
    Work { name: "delivery", unit: "record", start: || keyless(Side::Answer, Compression::None) },
];

const RECORDS: usize = 1000;
const BROKERS: i32 = 3;
const PARTITIONS: i32 = 6;
const MANY_PARTITIONS: i32 = 300;
/// Longer than `linger.ms` is by default.
const LINGERED: Duration = Duration::from_millis(10);

/// What counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// The thread that sends.
    Caller,
    /// The engine and its connections: from ready batches to frames, from answers to outcomes.
    Network,
    /// Looking at the deliveries.
    Answer,
}

/// One gauge for the side that counts, none for the others.
struct Gauges<'m> {
    side: Side,
    counts: &'m mut dyn Gauge,
    others: Unmeasured,
}

impl Gauges<'_> {
    fn of(&mut self, side: Side) -> &mut dyn Gauge {
        if side == self.side { &mut *self.counts } else { &mut self.others }
    }
}

/// Values of 100 bytes that stay together.
fn keyless(side: Side, compression: Compression) -> Round {
    let values = values(100);
    rounds(side, compression, move |core, number, now| {
        World::send(core, ProducerRecord::new(TOPIC).value(&values[number]), now)
    })
}

/// Values of 100 bytes that go to all partitions by their key.
fn keyed(side: Side) -> Round {
    let values = values(100);
    let keys: Vec<String> = (0..RECORDS).map(|number| format!("customer-{number:03}")).collect();
    rounds(side, Compression::None, move |core, number, now| {
        World::send(core, ProducerRecord::new(TOPIC).key(&keys[number]).value(&values[number]), now)
    })
}

/// Sends, lets all of it linger out and be answered, and looks at the answers.
fn rounds(
    side: Side,
    compression: Compression,
    send: impl Fn(&CoreProducer, usize, Now) -> Delivery + 'static,
) -> Round {
    let mut world = World::new(ProducerBuilder::new().compression(compression), BROKERS, PARTITIONS);
    let mut deliveries: Vec<Delivery> = Vec::with_capacity(RECORDS);
    Box::new(move |gauge| {
        let mut gauges = Gauges { side, counts: gauge, others: Unmeasured };
        let (core, now) = (&world.core, world.now);
        gauges.of(Side::Caller).measure(&mut || {
            deliveries.extend((0..RECORDS).map(|number| send(core, number, now)));
        });
        world.pass(LINGERED);
        let batches = world.turn(gauges.of(Side::Network));
        gauges.of(Side::Answer).measure(&mut || {
            for delivery in deliveries.drain(..) {
                let metadata = delivery.try_result().expect("it is answered").expect("it is acknowledged");
                black_box(metadata.offset);
            }
        });
        Done { units: RECORDS as u64, batches }
    })
}

/// One record for each of many partitions: what a batch costs, however small.
fn small_batches() -> Round {
    let mut world = World::new(ProducerBuilder::new(), BROKERS, MANY_PARTITIONS);
    let mut deliveries: Vec<Delivery> = Vec::with_capacity(MANY_PARTITIONS as usize);
    Box::new(move |gauge| {
        deliveries.clear();
        deliveries.extend((0..MANY_PARTITIONS).map(|partition| {
            let record = ProducerRecord::new(TOPIC).partition(partition).value("a small value");
            World::send(&world.core, record, world.now)
        }));
        world.pass(LINGERED);
        let batches = world.turn(gauge);
        Done { units: batches, batches }
    })
}

//! The producer without a driver, and brokers that answer at once.

use crate::broker::{Brokers, TOPIC};
use crate::gauge::{Gauge, Unmeasured};
use bytes::{Bytes, BytesMut};
use kafka_accumulator::Delivery;
use kafka_network::{Connection, ConnectionConfig, ConnectionEvent, OutgoingRequest};
use kafka_producer::core::{AtOnce, CoreProducer, Left, PendingSend};
use kafka_producer::{BytesSerializer, Payload, ProducerBuilder, ProducerRecord};
use kafka_sender::{ConnectionId, Engine, Output, RequestId, Transmit};
use kafka_types::{Monotonic, Now, Timestamp};
use std::collections::BTreeMap;
use std::task::{Poll, Waker};
use std::time::Duration;

/// Everything of a producer but its clock, its sockets and its threads.
pub(crate) struct World {
    pub(crate) core: CoreProducer,
    pub(crate) now: Now,
    network: Network,
    brokers: Brokers,
}

/// What runs on the network thread.
struct Network {
    engine: Engine,
    links: BTreeMap<ConnectionId, Link>,
    /// Opened since the last turn.
    opened: Vec<ConnectionId>,
    /// Frames that have gone out since the last turn.
    sent: Vec<(ConnectionId, Vec<Bytes>)>,
    /// Batches that were completed since the last turn.
    completed: u64,
}

struct Link {
    connection: Connection,
    /// What came from the socket and was not read yet.
    received: BytesMut,
}

impl World {
    /// A producer that is connected, knows the topic and has its id: what it does next is its steady state.
    pub(crate) fn new(builder: ProducerBuilder, brokers: i32, partitions: i32) -> World {
        let builder = builder.bootstrap_servers("broker-1:9092").client_id("bench");
        let (core, engine) = builder.build_core(7).expect("a legal configuration");
        let network = Network {
            engine,
            links: BTreeMap::new(),
            opened: Vec::new(),
            sent: Vec::with_capacity(64),
            completed: 0,
        };
        let now = Now { mono: Monotonic::from_millis(1000), wall: Timestamp(1_700_000_000_000) };
        let mut world = World { core, now, network, brokers: Brokers::new(brokers, partitions) };
        let mut first = PendingSend::new(ProducerRecord::new(TOPIC).value("first"), None);
        let delivery = loop {
            let polled = world.core.poll_send(
                &mut first,
                &BytesSerializer,
                &BytesSerializer,
                world.now,
                Waker::noop(),
            );
            if let Poll::Ready(result) = polled {
                break result.expect("the topic exists");
            }
            world.turn(&mut Unmeasured);
            world.pass(Duration::from_millis(1));
        };
        while !delivery.is_done() {
            world.pass(Duration::from_millis(1));
            world.turn(&mut Unmeasured);
        }
        world
    }

    /// Sends a record that needs no waiting.
    pub(crate) fn send<K, V>(core: &CoreProducer, mut record: ProducerRecord<'_, K, V>, now: Now) -> Delivery
    where
        K: Payload<BytesSerializer>,
        V: Payload<BytesSerializer>,
    {
        let (keys, values) = (&BytesSerializer, &BytesSerializer);
        let mut left = Left::default();
        if let Some(delivery) = core.send_at_once(&mut record, keys, values, now, &mut left) {
            return delivery;
        }
        match core.send_on(&mut record, left, keys, values, now) {
            AtOnce::Appended { delivery, .. } => delivery,
            AtOnce::Refused(error) => panic!("not accepted: {error}"),
            AtOnce::Waits(_) => panic!("there is memory, and metadata are known"),
        }
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now.mono = self.now.mono + time;
        self.now.wall.0 += time.as_millis() as i64;
    }

    /// Lets the network thread do all that is to do now; measured is its part, without the brokers'. How many batches were
    /// completed.
    pub(crate) fn turn(&mut self, gauge: &mut dyn Gauge) -> u64 {
        let World { network, brokers, now, .. } = self;
        network.completed = 0;
        loop {
            gauge.measure(&mut || network.run(*now));
            if network.sent.is_empty() && network.opened.is_empty() {
                return network.completed;
            }
            for id in network.opened.drain(..) {
                if let Some(link) = network.links.get_mut(&id) {
                    link.connection.handle_connected();
                }
            }
            for (id, frame) in network.sent.drain(..) {
                if let Some(link) = network.links.get_mut(&id) {
                    link.received.unsplit(brokers.answer(&frame));
                }
            }
        }
    }
}

impl Network {
    /// Reads what the brokers answered, then asks the engine until it wants to wait.
    fn run(&mut self, now: Now) {
        for (&id, link) in &mut self.links {
            link.connection.handle_data(&mut link.received).expect("brokers answer as they should");
            while let Some(event) = link.connection.poll_event() {
                match event {
                    ConnectionEvent::Ready { versions, .. } => {
                        self.engine.handle_connected(now, id, versions);
                    }
                    ConnectionEvent::Response { token, body } => {
                        self.engine.handle_response(now, id, RequestId(token), body);
                    }
                    _ => {}
                }
            }
            while let Some(frame) = link.connection.poll_transmit() {
                self.sent.push((id, frame.segments));
            }
        }
        loop {
            match self.engine.poll_output(now) {
                Output::Connect { connection, .. } => self.connect(connection),
                Output::Close { connection } => {
                    self.links.remove(&connection);
                }
                Output::Transmit(transmit) => self.transmit(now, transmit),
                Output::Called(..) => {}
                Output::Seal(job) => self.engine.handle_sealed(now, job.run()),
                Output::Complete(completed) => {
                    self.completed += 1;
                    completed.run();
                }
                Output::Wake(wakers) => wakers.into_iter().for_each(Waker::wake),
                Output::Flushed(..) | Output::Closed(..) => {}
                Output::Wait { .. } => return,
            }
        }
    }

    fn connect(&mut self, id: ConnectionId) {
        let connection = Connection::new(ConnectionConfig::new("bench"));
        self.links.insert(id, Link { connection, received: BytesMut::new() });
        self.opened.push(id);
    }

    /// The connection's task and the socket, which takes all at once.
    fn transmit(&mut self, now: Now, transmit: Transmit) {
        let (id, request, slot) = (transmit.connection, transmit.request, transmit.slot);
        let Some(link) = self.links.get_mut(&id) else { return };
        if !slot.begin_write() {
            return;
        }
        let outgoing = OutgoingRequest {
            api_key: transmit.api_key,
            version: transmit.version,
            body: transmit.body,
            token: request.0,
            expects_response: transmit.expects_response,
        };
        link.connection.send(outgoing).expect("the engine sends what the connection can");
        while let Some(frame) = link.connection.poll_transmit() {
            self.sent.push((id, frame.segments));
        }
        slot.finish_write();
        self.engine.handle_written(now, id, request);
    }
}

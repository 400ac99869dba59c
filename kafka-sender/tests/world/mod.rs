//! An engine with a simulated cluster: no latency unless a test makes some, time that only the test moves.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test file uses its part")]

use bytes::{Bytes, BytesMut};
use kafka_accumulator::{
    Accumulator, AccumulatorConfig, Append, AppendOptions, AppendRecord, Delivery, DeliveryFailure, Grant,
    MemoryWait, SealJob,
};
use kafka_metadata::{Metadata, MetadataConfig};
use kafka_network::{Connection, ConnectionConfig, ConnectionEvent, OutgoingRequest};
use kafka_protocol::frame::{RequestHeader, request_frame};
use kafka_protocol::messages::ProduceResponse;
use kafka_protocol::wire::{ApiKey, Request, decode_exact, encode_to_bytes};
use kafka_sender::{
    CallError, CallId, CloseSummary, ConnectionId, DisconnectReason, Engine, FlushId, FlushSummary, Output,
    Purge, RequestId, SenderConfig, TransactionCall, Transmit,
};
use kafka_testkit::{Cluster, ClusterConfig, ClusterOutput};
use kafka_transactions::{TransactionConfig, TransactionManager, TransactionalConfig, TransactionalManager};
use kafka_types::{
    BrokerAddress, Monotonic, NodeId, Now, Offset, PartitionId, RecordMetadata, Timestamp, TopicPartition,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

pub const MS: Duration = Duration::from_millis(1);
pub const SECOND: Duration = Duration::from_secs(1);

/// The host of [`Settings::bootstrap_by_name`].
pub const BOOTSTRAP: &str = "bootstrap";

pub struct Settings {
    pub sender: SenderConfig,
    pub accumulator: AccumulatorConfig,
    pub idempotence: bool,
    pub transactional_id: Option<&'static str>,
    /// The bootstrap address is a name of its own, which leads to the first broker; else those of the brokers.
    pub bootstrap_by_name: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let accumulator = AccumulatorConfig::default();
        Settings {
            sender: SenderConfig::default(),
            accumulator,
            idempotence: true,
            transactional_id: None,
            bootstrap_by_name: false,
        }
    }
}

struct Link {
    connection: Connection,
    /// `None` while the connection is refused or filtered.
    peer: Option<kafka_testkit::ConnectionId>,
    queued: VecDeque<Transmit>,
    /// The version of each request that is out.
    versions: BTreeMap<RequestId, (ApiKey, i16)>,
}

/// Changes what a broker answers.
pub type Tamper = Box<dyn FnMut(&mut ProduceResponse)>;

pub struct World {
    pub cluster: Cluster,
    pub engine: Engine,
    pub accumulator: Accumulator,
    pub metadata: Metadata,
    pub flushed: BTreeMap<FlushId, FlushSummary>,
    pub called: BTreeMap<CallId, Result<(), CallError>>,
    calls: u64,
    pub closed: Option<CloseSummary>,
    /// How often the engine wanted a connection.
    pub connects: usize,
    /// When, and where to.
    pub attempts: Vec<(Monotonic, BrokerAddress)>,
    /// Brokers whose packets get lost before there is a connection.
    pub filtered: BTreeSet<NodeId>,
    /// Brokers refuse the credentials.
    pub refuses_credentials: bool,
    /// Changes what brokers answer to Produce.
    pub tamper: Option<Tamper>,
    /// Sockets take no more bytes.
    pub stalled: bool,
    /// Turns of the engine.
    pub polls: usize,
    /// Workers don't get to the jobs.
    pub hold_jobs: bool,
    /// Those that wait for that.
    pub jobs: Vec<SealJob>,
    links: BTreeMap<ConnectionId, Link>,
    now: Duration,
    wake_at: Monotonic,
}

impl World {
    pub fn new(cluster: ClusterConfig, settings: Settings) -> World {
        let cluster = Cluster::new(cluster);
        let Settings { sender, mut accumulator, idempotence, transactional_id, bootstrap_by_name } = settings;
        let bootstrap = match bootstrap_by_name {
            true => vec![BrokerAddress::new(BOOTSTRAP, 9092)],
            false => cluster.nodes().map(|node| address(&cluster, node)).collect(),
        };
        accumulator.linger = sender.linger;
        accumulator.delivery_timeout = sender.delivery_timeout;
        let (accumulator, drainer) = Accumulator::new(accumulator);
        let (metadata, manager) = Metadata::new(MetadataConfig::default(), bootstrap, 3);
        let transactional = transactional_id.is_some();
        let of_batches = TransactionConfig { idempotence, transactional, ..TransactionConfig::default() };
        let transactions = TransactionManager::new(of_batches, 5);
        let mut engine = Engine::new(sender, drainer, manager, transactions, 11);
        if let Some(id) = transactional_id {
            engine.set_transactional(TransactionalManager::new(TransactionalConfig::new(id), 7));
        }
        World {
            cluster,
            engine,
            accumulator,
            metadata,
            flushed: BTreeMap::new(),
            called: BTreeMap::new(),
            calls: 0,
            closed: None,
            connects: 0,
            attempts: Vec::new(),
            filtered: BTreeSet::new(),
            refuses_credentials: false,
            tamper: None,
            stalled: false,
            polls: 0,
            hold_jobs: false,
            jobs: Vec::new(),
            links: BTreeMap::new(),
            now: SECOND,
            wake_at: Monotonic::ZERO,
        }
    }

    pub fn now(&self) -> Now {
        let wall = Timestamp(1_700_000_000_000 + self.now.as_millis() as i64);
        Now { mono: Monotonic::ZERO + self.now, wall }
    }

    pub fn at(&self, after: Duration) -> Monotonic {
        self.now().mono + after
    }

    /// Appends a record to the partition, with metadata's interest in its topic, as a producer does.
    pub fn append(&mut self, topic: &str, partition: i32, value: &str) -> Delivery {
        match self.try_append(topic, partition, value, &mut None) {
            Ok(delivery) => delivery,
            Err(bytes) => panic!("no room for {bytes} bytes"),
        }
    }

    /// Appends a record, or says how much memory that needs.
    pub fn try_append(
        &mut self,
        topic: &str,
        partition: i32,
        value: &str,
        grant: &mut Option<Grant>,
    ) -> Result<Delivery, usize> {
        let now = self.now();
        self.metadata.touch(topic, now.mono);
        let record =
            AppendRecord { timestamp: now.wall, key: None, value: Some(value.as_bytes()), headers: &[] };
        let options = AppendOptions { may_open_batch: true, grant, callback: &mut None, told: true };
        let queues = self.accumulator.topic(topic);
        match queues.append(PartitionId(partition), &record, options, now).unwrap() {
            Append::Appended(appended) => Ok(appended.delivery),
            Append::NeedsMemory { bytes, .. } => Err(bytes),
            other => panic!("{other:?}"),
        }
    }

    /// Waits for memory for the partition.
    pub fn reserve(&mut self, topic: &str, partition: i32, bytes: usize, deadline: Monotonic) -> MemoryWait {
        self.accumulator.topic(topic).reserve(PartitionId(partition), bytes, deadline)
    }

    /// A record in a batch of its own, which is on its way when this returns.
    pub fn send(&mut self, topic: &str, partition: i32, value: &str) -> Delivery {
        let delivery = self.append(topic, partition, value);
        self.engine.handle_flush(self.now(), FlushId(u64::MAX));
        self.settle();
        delivery
    }

    /// A call with a minute's time.
    pub fn call(&mut self, call: TransactionCall) -> CallId {
        self.call_within(60 * SECOND, call)
    }

    pub fn call_within(&mut self, time: Duration, call: TransactionCall) -> CallId {
        self.calls += 1;
        let (now, id) = (self.now(), CallId(self.calls));
        self.engine.handle_call(now, id, call, self.at(time));
        self.settle();
        id
    }

    pub fn answer(&self, call: CallId) -> Option<Result<(), CallError>> {
        self.called.get(&call).cloned()
    }

    /// A call, and what is said to it within some seconds.
    pub fn ask(&mut self, call: TransactionCall) -> Result<(), CallError> {
        let id = self.call(call);
        for _ in 0..50 {
            if self.called.contains_key(&id) {
                break;
            }
            self.run(100 * MS);
        }
        self.called[&id].clone()
    }

    /// A request of some other program to the coordinator of a transactional id. Nobody reads the answer.
    pub fn tell_coordinator<R: Request>(&mut self, id: &str, request: &R, version: i16) {
        let now = self.now();
        let node = self.cluster.coordinator_of(id).unwrap();
        let connection = self.cluster.connect(now, node).unwrap();
        let header =
            RequestHeader { api_key: R::API_KEY, api_version: version, correlation_id: 1, client_id: None };
        let body = vec![encode_to_bytes(request, version).unwrap()];
        let frame = request_frame(&header, R::header_version(version), body).unwrap();
        self.cluster.handle_data(now, connection, &frame.concat());
        self.settle();
    }

    pub fn flush(&mut self, id: u64) {
        self.engine.handle_flush(self.now(), FlushId(id));
        self.settle();
    }

    pub fn purge(&mut self, purge: Purge) {
        self.engine.handle_purge(self.now(), purge);
        self.settle();
    }

    /// Workers get to all the jobs, and find them done.
    pub fn run_jobs(&mut self) {
        for job in std::mem::take(&mut self.jobs) {
            self.engine.handle_sealed(self.now(), job.run());
        }
        self.settle();
    }

    pub fn close(&mut self, after: Duration) {
        self.accumulator.close();
        self.engine.handle_close(self.now(), self.at(after));
        self.settle();
    }

    /// Lets everything happen that happens now.
    pub fn settle(&mut self) {
        loop {
            let engine = self.run_engine();
            let cluster = self.run_cluster();
            if !engine && !cluster {
                return;
            }
        }
    }

    /// Moves time on, from one thing that is due to the next.
    pub fn run(&mut self, time: Duration) {
        let end = Monotonic::ZERO + self.now + time;
        self.settle();
        loop {
            let next =
                self.wake_at.min(self.cluster.next_deadline()).max(self.now().mono + Duration::from_nanos(1));
            if next > end {
                break;
            }
            self.now = next.since(Monotonic::ZERO);
            self.settle();
        }
        self.now = end.since(Monotonic::ZERO);
        self.settle();
    }

    /// The connection of that name is gone.
    pub fn break_connections(&mut self) {
        let now = self.now();
        for (id, link) in std::mem::take(&mut self.links) {
            if let Some(peer) = link.peer {
                self.cluster.handle_closed(now, peer);
            }
            self.engine.handle_disconnected(now, id, DisconnectReason::Io("reset".into()));
        }
        self.settle();
    }

    /// The connection that is open, of the one there is.
    pub fn connection(&self) -> ConnectionId {
        *self.links.keys().next_back().expect("there is one")
    }

    pub fn log(&self, topic: &str, partition: i32) -> Vec<String> {
        let of = TopicPartition::new(topic, partition);
        let values = self.cluster.records(&of).into_iter();
        values.map(|record| String::from_utf8(record.value.unwrap().to_vec()).unwrap()).collect()
    }

    pub fn requests(&self, api: ApiKey) -> u64 {
        self.cluster.requests().count(api)
    }

    fn run_engine(&mut self) -> bool {
        let mut busy = false;
        loop {
            let now = self.now();
            self.polls += 1;
            match self.engine.poll_output(now) {
                Output::Wait { deadline, .. } => {
                    assert!(deadline > now.mono || self.engine.is_closed(), "the engine would spin");
                    self.wake_at = deadline;
                    break;
                }
                Output::Connect { connection, address, .. } => self.connect(connection, &address),
                Output::Close { connection } => {
                    if let Some(peer) = self.links.remove(&connection).and_then(|link| link.peer) {
                        self.cluster.handle_closed(now, peer);
                    }
                }
                Output::Transmit(transmit) => {
                    if let Some(link) = self.links.get_mut(&transmit.connection) {
                        link.queued.push_back(transmit);
                    }
                }
                Output::Seal(job) if self.hold_jobs => self.jobs.push(job),
                Output::Seal(job) => self.engine.handle_sealed(now, job.run()),
                Output::Complete(batch) => batch.run(),
                Output::Flushed(id, summary) => {
                    self.flushed.insert(id, summary);
                }
                Output::Called(id, result) => {
                    assert!(self.called.insert(id, result).is_none(), "answered twice")
                }
                Output::Wake(wakers) => wakers.into_iter().for_each(|waker| waker.wake()),
                Output::Closed(summary) => self.closed = Some(summary),
            }
            busy = true;
        }
        self.write();
        busy
    }

    fn connect(&mut self, id: ConnectionId, to: &BrokerAddress) {
        self.connects += 1;
        let now = self.now();
        self.attempts.push((now.mono, to.clone()));
        let named = |node: &NodeId| &*to.host == BOOTSTRAP || address(&self.cluster, *node) == *to;
        let node = self.cluster.nodes().find(named);
        let mut connection = Connection::new(ConnectionConfig::new("test"));
        let (queued, versions) = (VecDeque::new(), BTreeMap::new());
        if node.is_some_and(|node| self.filtered.contains(&node)) {
            self.links.insert(id, Link { connection, peer: None, queued, versions });
            return;
        }
        let reason = match node.and_then(|node| self.cluster.connect(now, node)) {
            Some(peer) if self.refuses_credentials => {
                self.cluster.handle_closed(now, peer);
                DisconnectReason::AuthenticationFailed("no such user".into())
            }
            Some(peer) => {
                connection.handle_connected();
                self.links.insert(id, Link { connection, peer: Some(peer), queued, versions });
                return self.write();
            }
            None => DisconnectReason::ConnectFailed("refused".into()),
        };
        self.engine.handle_disconnected(now, id, reason);
    }

    fn write(&mut self) {
        let now = self.now();
        let mut written = Vec::new();
        for (id, link) in &mut self.links {
            let Some(peer) = link.peer else { continue };
            while !self.stalled
                && let Some(transmit) = link.queued.pop_front()
            {
                if !transmit.slot.begin_write() {
                    continue;
                }
                link.versions.insert(transmit.request, (transmit.api_key, transmit.version));
                let request = OutgoingRequest {
                    api_key: transmit.api_key,
                    version: transmit.version,
                    body: transmit.body,
                    token: transmit.request.0,
                    expects_response: transmit.expects_response,
                };
                link.connection.send(request).unwrap();
                transmit.slot.finish_write();
                written.push((*id, transmit.request));
            }
            while let Some(frame) = link.connection.poll_transmit() {
                for segment in frame.segments {
                    self.cluster.handle_data(now, peer, &segment);
                }
            }
        }
        for (connection, request) in written {
            self.engine.handle_written(now, connection, request);
        }
    }

    fn run_cluster(&mut self) -> bool {
        let mut busy = false;
        let now = self.now();
        while let Some(output) = self.cluster.poll_output(now) {
            busy = true;
            match output {
                ClusterOutput::Send { connection, data } => self.receive(connection, data),
                ClusterOutput::Close { connection } => {
                    let found = self.links.iter().find(|(_, link)| link.peer == Some(connection));
                    if let Some(id) = found.map(|(id, _)| *id) {
                        self.links.remove(&id);
                        self.engine.handle_disconnected(now, id, DisconnectReason::Io("closed".into()));
                    }
                }
            }
        }
        busy
    }

    fn receive(&mut self, peer: kafka_testkit::ConnectionId, data: Bytes) {
        let now = self.now();
        let Some((id, link)) = self.links.iter_mut().find(|(_, link)| link.peer == Some(peer)) else {
            return;
        };
        let id = *id;
        if let Err(error) = link.connection.handle_data(&mut BytesMut::from(&data[..])) {
            self.links.remove(&id);
            self.cluster.handle_closed(now, peer);
            let reason = DisconnectReason::Protocol(error.to_string().into());
            self.engine.handle_disconnected(now, id, reason);
            return;
        }
        while let Some(event) = link.connection.poll_event() {
            match event {
                ConnectionEvent::Ready { versions, features } => {
                    let level = features.level("transaction.version");
                    self.engine.handle_transaction_feature(features.epoch.unwrap_or(-1), level);
                    self.engine.handle_connected(now, id, versions);
                }
                ConnectionEvent::Response { token, mut body } => {
                    let request = RequestId(token);
                    let version = link.versions.remove(&request);
                    if let (Some(tamper), Some((ApiKey::PRODUCE, version))) = (&mut self.tamper, version) {
                        let mut response = decode_exact::<ProduceResponse>(body, version).unwrap();
                        tamper(&mut response);
                        body = encode_to_bytes(&response, version).unwrap();
                    }
                    self.engine.handle_response(now, id, request, body);
                }
                _ => {}
            }
        }
        self.write();
    }
}

fn address(cluster: &Cluster, node: NodeId) -> BrokerAddress {
    let (host, port) = cluster.address(node).unwrap();
    BrokerAddress::new(host, port)
}

pub fn acknowledged(delivery: &Delivery) -> RecordMetadata {
    match delivery.try_result() {
        Some(Ok(metadata)) => metadata,
        other => panic!("expected an offset, got {other:?}"),
    }
}

pub fn offset(delivery: &Delivery) -> Offset {
    acknowledged(delivery).offset
}

pub fn failed(delivery: &Delivery) -> DeliveryFailure {
    match delivery.try_result() {
        Some(Err(failure)) => failure,
        other => panic!("expected a failure, got {other:?}"),
    }
}

pub fn is_open(delivery: &Delivery) -> bool {
    delivery.try_result().is_none()
}

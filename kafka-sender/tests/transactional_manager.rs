//! The transactional manager against the simulated cluster's coordinators and leaders, while brokers die, answers get lost
//! and requests are refused.
//!
//! Whatever happens: a reader of committed records gets what was reported committed, once and in order, and nothing else; and
//! every transaction ends.

#![allow(clippy::unwrap_used, reason = "test code")]

use bytes::{Bytes, BytesMut};
use kafka_protocol::frame::{RequestHeader, decode_response_header, request_frame, split_frame};
use kafka_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, EndTxnRequest, FindCoordinatorRequest,
    InitProducerIdRequest, ProduceRequest, TxnOffsetCommitRequest,
};
use kafka_protocol::records::{Attributes, BatchHeader, BatchSummary, PayloadChecksum, append_record};
use kafka_protocol::wire::{Decoder, Message, Records, Request, encode_to_bytes};
use kafka_testkit::{ApiKey, Cluster, ClusterConfig, ClusterOutput, Rule, TopicConfig};
use kafka_transactions::{
    GroupMetadata, RequestTarget, State, TransactionEvent, TransactionRequest, TransactionResponse,
    TransactionalConfig, TransactionalManager,
};
use kafka_types::{
    ErrorCode, Monotonic, NodeId, Now, Offset, ProducerIdentity, Sequence, SplitMix64, Timestamp,
    TopicPartition,
};
use std::collections::BTreeMap;
use std::time::Duration;

const PARTITIONS: i32 = 3;

struct World {
    cluster: Cluster,
    manager: TransactionalManager,
    random: SplitMix64,
    now: Monotonic,
    level: i16,
    sequences: BTreeMap<TopicPartition, i32>,
    identity: ProducerIdentity,
    /// What was reported committed, and the group's offset with it.
    committed: BTreeMap<TopicPartition, Vec<String>>,
    offset: Option<i64>,
    open: Vec<(TopicPartition, String)>,
    open_offset: Option<i64>,
    faults: bool,
    events: Vec<TransactionEvent>,
}

impl World {
    fn new(seed: u64, level: i16) -> World {
        let mut random = SplitMix64::new(seed);
        let marker_delay = Duration::from_millis([0, 3, 150][random.below(3)]);
        let config = ClusterConfig::new(3)
            .topic(TopicConfig::new("orders", PARTITIONS as u32))
            .transaction_version(level)
            .transaction_marker_delay(marker_delay)
            .first_producer_epoch([0, i16::MAX - 4][random.below(2)])
            .seed(seed);
        let mut of_producer = TransactionalConfig::new("tx");
        of_producer.transaction_timeout = Duration::from_secs(600);
        let mut manager = TransactionalManager::new(of_producer, seed);
        manager.handle_feature(level);
        World {
            cluster: Cluster::new(config),
            manager,
            random,
            now: Monotonic::ZERO,
            level,
            sequences: BTreeMap::new(),
            identity: ProducerIdentity::NONE,
            committed: BTreeMap::new(),
            offset: None,
            open: Vec::new(),
            open_offset: None,
            faults: true,
            events: Vec::new(),
        }
    }

    fn now(&self) -> Now {
        Now { mono: self.now, wall: Timestamp(1_700_000_000_000 + (self.now.as_nanos() / 1_000_000) as i64) }
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.random.below(one_in) == 0
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
        let now = self.now();
        while self.cluster.poll_output(now).is_some() {}
    }

    /// Something goes wrong, or right again.
    fn fault(&mut self) {
        if !self.faults {
            return;
        }
        let now = self.now();
        let node = NodeId(1 + self.random.below(3) as i32);
        let apis = [
            ApiKey::FIND_COORDINATOR,
            ApiKey::INIT_PRODUCER_ID,
            ApiKey::ADD_PARTITIONS_TO_TXN,
            ApiKey::ADD_OFFSETS_TO_TXN,
            ApiKey::TXN_OFFSET_COMMIT,
            ApiKey::END_TXN,
            ApiKey::PRODUCE,
        ];
        let codes = [
            ErrorCode::CONCURRENT_TRANSACTIONS,
            ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
            ErrorCode::COORDINATOR_NOT_AVAILABLE,
            ErrorCode::NOT_COORDINATOR,
            ErrorCode::REQUEST_TIMED_OUT,
        ];
        let (api, code) = (apis[self.random.below(apis.len())], codes[self.random.below(codes.len())]);
        let rule = Rule::new().api(api).times(1);
        match self.random.below(12) {
            0 => drop(self.cluster.stop_broker(now, node)),
            1..=3 => drop(self.cluster.start_broker(now, node)),
            4 => self.cluster.freeze(node),
            5 | 6 => self.cluster.thaw(now, node),
            7 => drop(self.cluster.add_rule(rule.disconnect_before())),
            8 | 9 => drop(self.cluster.add_rule(rule.disconnect_after())),
            10 => drop(self.cluster.add_rule(rule.refuse(code))),
            // What was carried out all the same; brokers don't answer so to a batch that they appended.
            _ if api != ApiKey::PRODUCE => drop(self.cluster.add_rule(rule.fail_after(code))),
            _ => {}
        }
    }

    fn heal(&mut self) {
        let now = self.now();
        self.faults = false;
        self.cluster.clear_rules();
        for node in 1..=3 {
            self.cluster.start_broker(now, NodeId(node));
            self.cluster.thaw(now, NodeId(node));
        }
    }

    /// Asks a broker; `None` if it is down or gives no answer.
    fn call<R: Request>(&mut self, node: NodeId, request: &R, version: i16) -> Option<R::Response> {
        let now = self.now();
        let connection = self.cluster.connect(now, node)?;
        let header =
            RequestHeader { api_key: R::API_KEY, api_version: version, correlation_id: 1, client_id: None };
        let body = encode_to_bytes(request, version).unwrap();
        let frame = request_frame(&header, R::header_version(version), vec![body]).unwrap().concat();
        self.cluster.handle_data(now, connection, &frame);
        let mut received = BytesMut::new();
        while let Some(output) = self.cluster.poll_output(now) {
            if let ClusterOutput::Send { connection: to, data } = output
                && to == connection
            {
                received.extend_from_slice(&data);
            }
        }
        self.cluster.handle_closed(now, connection);
        let frame = split_frame(&mut received, 1 << 20).unwrap()?;
        let mut decoder = Decoder::new(frame);
        decode_response_header(&mut decoder, R::response_header_version(version)).unwrap();
        Some(R::Response::decode(&mut decoder, version).unwrap())
    }

    fn ask(&mut self, target: RequestTarget, request: &TransactionRequest) -> Option<TransactionResponse> {
        let node = match target {
            RequestTarget::Node(node) => node,
            RequestTarget::Any => NodeId(1 + self.random.below(3) as i32),
        };
        // From version 6 on TxnOffsetCommit names topics by id, which are not known here.
        let version = self.manager.max_version(request.api()).min(5);
        Some(match request {
            TransactionRequest::FindCoordinator(lookup) => {
                let request: FindCoordinatorRequest = lookup.request(version);
                TransactionResponse::FindCoordinator(self.call(node, &request, version)?)
            }
            TransactionRequest::InitProducerId(request) => TransactionResponse::InitProducerId(
                self.call::<InitProducerIdRequest>(node, request, version)?,
            ),
            TransactionRequest::AddPartitionsToTxn(request) => TransactionResponse::AddPartitionsToTxn(
                self.call::<AddPartitionsToTxnRequest>(node, request, version)?,
            ),
            TransactionRequest::AddOffsetsToTxn(request) => TransactionResponse::AddOffsetsToTxn(
                self.call::<AddOffsetsToTxnRequest>(node, request, version)?,
            ),
            TransactionRequest::TxnOffsetCommit(request) => TransactionResponse::TxnOffsetCommit(
                self.call::<TxnOffsetCommitRequest>(node, request, version)?,
            ),
            TransactionRequest::EndTxn(request) => {
                TransactionResponse::EndTxn(self.call::<EndTxnRequest>(node, request, version)?)
            }
        })
    }

    /// Does what is due once. The world goes on meanwhile.
    fn step(&mut self) {
        if self.faults && self.chance(4) {
            self.fault();
        }
        if let Some((target, request)) = self.manager.poll_request(self.now, false) {
            match self.ask(target, &request) {
                Some(response) => self.manager.handle_response(self.now, &response),
                None => self.manager.handle_request_failed(self.now),
            }
        }
        while let Some(event) = self.manager.poll_event() {
            match &event {
                TransactionEvent::Identity(identity) => {
                    self.identity = *identity;
                    self.sequences.clear();
                }
                TransactionEvent::Ended { committed } => {
                    let offset = self.open_offset.take();
                    for (of, value) in std::mem::take(&mut self.open) {
                        if *committed {
                            self.committed.entry(of).or_default().push(value);
                        }
                    }
                    self.offset = if *committed { offset.or(self.offset) } else { self.offset };
                }
                _ => {}
            }
            self.events.push(event);
        }
        self.wait(Duration::from_millis(100));
    }

    fn run_until(&mut self, what: &str, done: impl Fn(&World) -> bool) {
        for step in 0..2_000 {
            if done(self) {
                return;
            }
            if step == 300 {
                self.heal();
            }
            self.step();
        }
        panic!("{what} never came: {:?} {:?}", self.manager.state(), self.manager.error());
    }

    /// Sends a record until it has an outcome: what may have been written is sent again as it was.
    fn produce(&mut self, of: &TopicPartition, value: &str) {
        if self.manager.add_partition(of).is_err() {
            return;
        }
        let wanted = of.clone();
        self.run_until("the partition", move |world| {
            world.manager.may_produce(&wanted) || world.manager.state() != State::InTransaction
        });
        if !self.manager.may_produce(of) {
            return;
        }
        self.manager.handle_sent();
        let sequence = self.sequences.get(of).copied().unwrap_or(0);
        let request = self.batch(of, value, sequence);
        for attempt in 0..400 {
            if attempt == 100 {
                self.heal();
            }
            self.wait(Duration::from_millis(50));
            let Some(leader) = self.cluster.leader(of) else { continue };
            let version = if self.level == 2 { 12 } else { 11 };
            let Some(answer) = self.call(leader, &request, version) else { continue };
            let code = answer.responses[0].partition_responses[0].error_code;
            if code.is_none() {
                self.sequences.insert(of.clone(), sequence + 1);
                self.open.push((of.clone(), value.to_owned()));
                return;
            }
            if !code.is_retriable() {
                return self.manager.handle_failed(code, "refused");
            }
        }
        panic!("the record has no outcome");
    }

    fn batch(&self, of: &TopicPartition, value: &str, sequence: i32) -> ProduceRequest {
        let mut payload = Vec::new();
        let mut summary = BatchSummary::EMPTY;
        append_record(&mut payload, &mut summary, self.now().wall, None, Some(value.as_bytes()), &[]);
        let attributes = Attributes::default().with_transactional(true);
        let checksum = PayloadChecksum::of(&payload);
        let header = BatchHeader::new(attributes, &summary, checksum, self.identity, Sequence(sequence));
        let batch = Bytes::from([header.encode().as_slice(), &payload].concat());
        let partition = PartitionProduceData {
            index: of.partition.0,
            records: Some(Records::from(batch)),
            ..Default::default()
        };
        let topic = TopicProduceData {
            name: of.topic.as_ref().into(),
            partition_data: vec![partition],
            ..Default::default()
        };
        ProduceRequest {
            transactional_id: Some("tx".into()),
            acks: -1,
            timeout_ms: 30_000,
            topic_data: vec![topic],
            ..Default::default()
        }
    }

    fn transaction(&mut self, number: usize) {
        self.run_until("the end of the last transaction", |world| world.manager.state() == State::Ready);
        self.manager.begin().unwrap();
        for record in 0..self.random.below(4) {
            let of = TopicPartition::new("orders", self.random.below(PARTITIONS as usize) as i32);
            self.produce(&of, &format!("{number}-{record}"));
        }
        if self.chance(2) && self.manager.state() == State::InTransaction {
            let offsets = BTreeMap::from([(TopicPartition::new("orders", 0), Offset(number as i64).into())]);
            self.manager.send_offsets(GroupMetadata::new("readers"), offsets).unwrap();
            self.open_offset = Some(number as i64);
        }
        let abort = self.chance(3) || self.manager.commit().is_err();
        if abort && self.manager.abort().is_err() {
            // The commit failed before it was decided.
            assert_eq!(self.manager.state(), State::CommittingTransaction);
        }
        self.run_until("the transaction's end", |world| {
            matches!(world.manager.state(), State::Ready | State::AbortableError | State::FatalError)
        });
        if self.manager.state() == State::AbortableError {
            self.manager.abort().unwrap();
        }
    }

    fn check(&self) {
        for index in 0..PARTITIONS {
            let of = TopicPartition::new("orders", index);
            let read: Vec<String> = self
                .cluster
                .committed_records(&of)
                .iter()
                .map(|record| String::from_utf8(record.value.clone().unwrap().to_vec()).unwrap())
                .collect();
            assert_eq!(read, self.committed.get(&of).cloned().unwrap_or_default(), "{of}");
        }
        let offset = self.cluster.committed("readers").values().next().map(|offset| offset.0);
        assert_eq!(offset, self.offset);
    }
}

#[test]
fn what_was_committed_is_read_once_and_nothing_else_whatever_breaks() {
    for level in [1, 2] {
        let mut committed = 0;
        for seed in 0..150 {
            let mut world = World::new(seed, level);
            world.manager.init().unwrap();
            for number in 0..8 {
                world.faults = true;
                world.transaction(number);
                assert_ne!(
                    world.manager.state(),
                    State::FatalError,
                    "seed {seed}: {:?}",
                    world.manager.error()
                );
            }
            world.heal();
            world.run_until("the last end", |world| world.manager.state() == State::Ready);
            for _ in 0..10 {
                world.wait(Duration::from_secs(1));
            }
            world.check();
            committed += world.committed.values().map(Vec::len).sum::<usize>();
        }
        assert!(committed > 300, "version {level}: only {committed} records were committed");
    }
}

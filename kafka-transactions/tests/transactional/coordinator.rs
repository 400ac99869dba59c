//! A manager, and brokers that answer it: well, unless they are told an error.

use kafka_protocol::messages::add_partitions_to_txn::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
};
use kafka_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnResponse, AddPartitionsToTxnResponse, EndTxnResponse, FindCoordinatorResponse,
    InitProducerIdResponse, TxnOffsetCommitResponse,
};
use kafka_transactions::{
    State, TransactionEvent, TransactionRequest, TransactionResponse, TransactionVersion,
    TransactionalConfig, TransactionalManager,
};
use kafka_types::{ErrorCode, Monotonic, TopicPartition};
use std::collections::VecDeque;
use std::time::Duration;

pub struct World {
    pub manager: TransactionalManager,
    pub now: Monotonic,
    /// Every request that went out.
    pub asked: Vec<TransactionRequest>,
    pub events: Vec<TransactionEvent>,
    /// What the next requests are answered with.
    pub errors: VecDeque<ErrorCode>,
    on_its_way: Option<TransactionRequest>,
    epoch: i16,
}

pub fn partition(index: i32) -> TopicPartition {
    TopicPartition::new("orders", index)
}

impl World {
    pub fn new(level: i16) -> World {
        let mut manager = TransactionalManager::new(TransactionalConfig::new("tx"), 7);
        manager.handle_feature(level);
        World {
            manager,
            now: Monotonic::ZERO,
            asked: Vec::new(),
            events: Vec::new(),
            errors: VecDeque::new(),
            on_its_way: None,
            epoch: -1,
        }
    }

    /// One that was initialized.
    pub fn ready(level: i16) -> World {
        let mut world = World::new(level);
        world.manager.init().unwrap();
        world.run();
        assert_eq!(world.manager.state(), State::Ready);
        world
    }

    /// Sends and answers until nothing is due.
    pub fn run(&mut self) {
        for _ in 0..50 {
            self.wait();
            self.send();
            if self.on_its_way.is_none() {
                break;
            }
            let code = self.errors.pop_front().unwrap_or(ErrorCode::NONE);
            self.answer(Some(code));
        }
        self.drain_events();
    }

    /// A record to a partition, whose batch goes out as soon as it may.
    pub fn add(&mut self, index: i32) {
        self.manager.add_partition(&partition(index)).unwrap();
        if self.manager.may_produce(&partition(index)) {
            self.manager.handle_sent();
        }
    }

    pub fn commit_one(&mut self) {
        self.manager.begin().unwrap();
        self.add(0);
        self.manager.commit().unwrap();
        self.run();
        assert_eq!(self.manager.state(), State::Ready);
    }

    /// Runs until the transaction's end is on its way, and loses its answer.
    pub fn lose_end(&mut self) {
        for _ in 0..10 {
            self.wait();
            self.send();
            let lost = matches!(self.on_its_way, Some(TransactionRequest::EndTxn(_)));
            self.answer((!lost).then_some(ErrorCode::NONE));
            if lost {
                return;
            }
        }
        panic!("no EndTxn in {:?}", self.asked);
    }

    pub fn wait(&mut self) {
        self.now = self.now + Duration::from_secs(2);
    }

    pub fn send(&mut self) {
        if let Some((_, request)) = self.manager.poll_request(self.now, false) {
            assert!(self.on_its_way.is_none(), "one request at a time");
            self.asked.push(request.clone());
            self.on_its_way = Some(request);
        }
    }

    /// Answers what is on its way with a code; `None` is no answer.
    pub fn answer(&mut self, code: Option<ErrorCode>) {
        let Some(request) = self.on_its_way.take() else { return };
        match code {
            Some(code) => {
                let response = self.response(&request, code);
                self.manager.handle_response(self.now, &response);
            }
            None => self.manager.handle_request_failed(self.now),
        }
    }

    pub fn drain_events(&mut self) {
        while let Some(event) = self.manager.poll_event() {
            self.events.push(event);
        }
    }

    fn response(&mut self, request: &TransactionRequest, error_code: ErrorCode) -> TransactionResponse {
        match request {
            TransactionRequest::FindCoordinator(_) => {
                let response = FindCoordinatorResponse { error_code, node_id: 1, ..Default::default() };
                TransactionResponse::FindCoordinator(response)
            }
            TransactionRequest::InitProducerId(_) => {
                self.epoch += i16::from(error_code.is_none());
                TransactionResponse::InitProducerId(InitProducerIdResponse {
                    error_code,
                    producer_id: if error_code.is_none() { 9 } else { -1 },
                    producer_epoch: if error_code.is_none() { self.epoch } else { -1 },
                    ..Default::default()
                })
            }
            TransactionRequest::AddPartitionsToTxn(request) => {
                let topics = request.v3_and_below_topics.iter().map(|topic| AddPartitionsToTxnTopicResult {
                    name: topic.name.clone(),
                    results_by_partition: topic
                        .partitions
                        .iter()
                        .map(|index| AddPartitionsToTxnPartitionResult {
                            partition_index: *index,
                            partition_error_code: error_code,
                            ..Default::default()
                        })
                        .collect(),
                    ..Default::default()
                });
                TransactionResponse::AddPartitionsToTxn(AddPartitionsToTxnResponse {
                    results_by_topic_v3_and_below: topics.collect(),
                    ..Default::default()
                })
            }
            TransactionRequest::AddOffsetsToTxn(_) => {
                let response = AddOffsetsToTxnResponse { error_code, ..Default::default() };
                TransactionResponse::AddOffsetsToTxn(response)
            }
            TransactionRequest::TxnOffsetCommit(request) => {
                let topics = request.topics.iter().map(|topic| TxnOffsetCommitResponseTopic {
                    name: topic.name.clone(),
                    partitions: topic
                        .partitions
                        .iter()
                        .map(|one| TxnOffsetCommitResponsePartition {
                            partition_index: one.partition_index,
                            error_code,
                            ..Default::default()
                        })
                        .collect(),
                    ..Default::default()
                });
                let response = TxnOffsetCommitResponse { topics: topics.collect(), ..Default::default() };
                TransactionResponse::TxnOffsetCommit(response)
            }
            TransactionRequest::EndTxn(_) => {
                let bumps = self.manager.version() == TransactionVersion::Two && error_code.is_none();
                self.epoch += i16::from(bumps);
                TransactionResponse::EndTxn(EndTxnResponse {
                    error_code,
                    producer_id: if bumps { 9 } else { -1 },
                    producer_epoch: if bumps { self.epoch } else { -1 },
                    ..Default::default()
                })
            }
        }
    }
}

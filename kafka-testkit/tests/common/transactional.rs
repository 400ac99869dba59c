//! A transactional producer without sockets, which knows both versions of the protocol.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use crate::common::{Batch, Client, produce_request};
use kafka_protocol::messages::add_partitions_to_txn::AddPartitionsToTxnTopic;
use kafka_protocol::messages::fetch::{FetchPartition, FetchTopic, PartitionData};
use kafka_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, EndTxnRequest, FetchRequest, InitProducerIdRequest,
    TxnOffsetCommitRequest,
};
use kafka_protocol::wire::Request;
use kafka_testkit::{Cluster, ErrorCode};
use kafka_types::{Now, ProducerEpoch, ProducerId, ProducerIdentity, Sequence, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

pub struct TxnClient {
    pub id: String,
    /// `transaction.version` as the client sees it.
    pub version: i16,
    pub identity: ProducerIdentity,
    pub timeout_ms: i32,
    pub produce_version: i16,
    sequences: BTreeMap<TopicPartition, i32>,
    added: BTreeSet<TopicPartition>,
}

impl TxnClient {
    pub fn new(id: &str, version: i16) -> Self {
        TxnClient {
            id: id.to_owned(),
            version,
            identity: ProducerIdentity::NONE,
            timeout_ms: 60_000,
            produce_version: if version == 2 { 12 } else { 11 },
            sequences: BTreeMap::new(),
            added: BTreeSet::new(),
        }
    }

    /// Another client with the same id and epoch.
    pub fn clone_identity(&self) -> Self {
        let sequences = self.sequences.clone();
        TxnClient { identity: self.identity, sequences, ..TxnClient::new(&self.id, self.version) }
    }

    /// Asks the coordinator.
    pub fn call<R: Request>(
        &mut self,
        cluster: &mut Cluster,
        now: Now,
        request: &R,
        version: i16,
    ) -> R::Response {
        call_at(cluster, now, &self.id, request, version)
    }

    /// Asks the coordinator of the group.
    pub fn call_group<R: Request>(
        &mut self,
        cluster: &mut Cluster,
        now: Now,
        request: &R,
        version: i16,
    ) -> R::Response {
        call_at(cluster, now, "readers", request, version)
    }

    pub fn init_request(&self) -> InitProducerIdRequest {
        InitProducerIdRequest {
            transactional_id: Some(self.id.as_str().into()),
            transaction_timeout_ms: self.timeout_ms,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        }
    }

    pub fn init(&mut self, cluster: &mut Cluster, now: Now) -> ErrorCode {
        let request = self.init_request();
        self.take_identity(cluster, now, &request)
    }

    /// InitProducerId that names who the producer is (KIP-360).
    pub fn bump(&mut self, cluster: &mut Cluster, now: Now) -> ErrorCode {
        let mut request = self.init_request();
        (request.producer_id, request.producer_epoch) = (self.identity.id.0, self.identity.epoch.0);
        self.take_identity(cluster, now, &request)
    }

    fn take_identity(
        &mut self,
        cluster: &mut Cluster,
        now: Now,
        request: &InitProducerIdRequest,
    ) -> ErrorCode {
        let answer = self.call(cluster, now, request, 5);
        if answer.error_code.is_none() {
            self.become_producer(answer.producer_id, answer.producer_epoch);
        }
        answer.error_code
    }

    fn become_producer(&mut self, id: i64, epoch: i16) {
        self.identity = ProducerIdentity { id: ProducerId(id), epoch: ProducerEpoch(epoch) };
        self.sequences.clear();
        self.added.clear();
    }

    pub fn add_request(&self, of: &TopicPartition) -> AddPartitionsToTxnRequest {
        let topic = AddPartitionsToTxnTopic {
            name: of.topic.as_ref().into(),
            partitions: [of.partition.0].into(),
            ..Default::default()
        };
        AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: self.id.as_str().into(),
            v3_and_below_producer_id: self.identity.id.0,
            v3_and_below_producer_epoch: self.identity.epoch.0,
            v3_and_below_topics: vec![topic],
            ..Default::default()
        }
    }

    /// Adds the partition if this version of the protocol wants it, and produces one record.
    pub fn send(
        &mut self,
        cluster: &mut Cluster,
        now: Now,
        of: &TopicPartition,
        value: &'static str,
    ) -> ErrorCode {
        match self.add(cluster, now, of) {
            ErrorCode::NONE => self.produce(cluster, now, of, value),
            error => error,
        }
    }

    fn add(&mut self, cluster: &mut Cluster, now: Now, of: &TopicPartition) -> ErrorCode {
        if self.version == 2 || self.added.contains(of) {
            return ErrorCode::NONE;
        }
        let request = self.add_request(of);
        let answer = self.call(cluster, now, &request, 3);
        let error = answer.results_by_topic_v3_and_below[0].results_by_partition[0].partition_error_code;
        if error.is_none() {
            self.added.insert(of.clone());
        }
        error
    }

    pub fn produce(
        &mut self,
        cluster: &mut Cluster,
        now: Now,
        of: &TopicPartition,
        value: &'static str,
    ) -> ErrorCode {
        self.produce_acks(cluster, now, of, value, -1)
    }

    /// Adds and produces without waiting for followers.
    pub fn send_unreplicated(
        &mut self,
        cluster: &mut Cluster,
        now: Now,
        of: &TopicPartition,
        value: &'static str,
    ) -> ErrorCode {
        match self.add(cluster, now, of) {
            ErrorCode::NONE => self.produce_acks(cluster, now, of, value, 1),
            error => error,
        }
    }

    fn produce_acks(
        &mut self,
        cluster: &mut Cluster,
        now: Now,
        of: &TopicPartition,
        value: &'static str,
        acks: i16,
    ) -> ErrorCode {
        let sequence = self.sequences.get(of).copied().unwrap_or(0);
        let mut batch = Batch::of(&[value]);
        (batch.identity, batch.sequence) = (self.identity, Sequence(sequence));
        let mut header = batch.header();
        header.attributes = header.attributes.with_transactional(true);
        let mut request = produce_request(of, batch.with_header(header), acks);
        request.transactional_id = Some(self.id.as_str().into());
        let mut client = Client::to_leader(cluster, now, of);
        let answer = client.call(cluster, now, &request, self.produce_version);
        cluster.handle_closed(now, client.connection);
        let error = answer.responses[0].partition_responses[0].error_code;
        if error.is_none() {
            self.sequences.insert(of.clone(), sequence + 1);
        }
        error
    }

    pub fn end_request(&self, committed: bool) -> EndTxnRequest {
        EndTxnRequest {
            transactional_id: self.id.as_str().into(),
            producer_id: self.identity.id.0,
            producer_epoch: self.identity.epoch.0,
            committed,
            ..Default::default()
        }
    }

    pub fn end(&mut self, cluster: &mut Cluster, now: Now, committed: bool) -> ErrorCode {
        let request = self.end_request(committed);
        let answer = self.call(cluster, now, &request, if self.version == 2 { 5 } else { 4 });
        if answer.error_code.is_none() {
            self.added.clear();
            if self.version == 2 {
                self.become_producer(answer.producer_id, answer.producer_epoch);
            }
        }
        answer.error_code
    }

    pub fn offsets_request(&self, of: &TopicPartition, offset: i64) -> TxnOffsetCommitRequest {
        let partition = TxnOffsetCommitRequestPartition {
            partition_index: of.partition.0,
            committed_offset: offset,
            committed_metadata: None,
            ..Default::default()
        };
        let topic = TxnOffsetCommitRequestTopic {
            name: of.topic.as_ref().into(),
            partitions: vec![partition],
            ..Default::default()
        };
        TxnOffsetCommitRequest {
            transactional_id: self.id.as_str().into(),
            group_id: "readers".into(),
            producer_id: self.identity.id.0,
            producer_epoch: self.identity.epoch.0,
            topics: vec![topic],
            ..Default::default()
        }
    }

    pub fn commit_offset(
        &mut self,
        cluster: &mut Cluster,
        now: Now,
        of: &TopicPartition,
        offset: i64,
    ) -> ErrorCode {
        if self.version == 1 {
            let request = AddOffsetsToTxnRequest {
                transactional_id: self.id.as_str().into(),
                producer_id: self.identity.id.0,
                producer_epoch: self.identity.epoch.0,
                group_id: "readers".into(),
                ..Default::default()
            };
            let answer = self.call(cluster, now, &request, 4);
            if !answer.error_code.is_none() {
                return answer.error_code;
            }
        }
        let request = self.offsets_request(of, offset);
        let answer = self.call_group(cluster, now, &request, if self.version == 2 { 5 } else { 4 });
        answer.topics[0].partitions[0].error_code
    }
}

fn call_at<R: Request>(cluster: &mut Cluster, now: Now, key: &str, request: &R, version: i16) -> R::Response {
    let node = cluster.coordinator_of(key).expect("a broker is up");
    let mut client = Client::connect(cluster, now, node.0);
    let answer = client.call(cluster, now, request, version);
    cluster.handle_closed(now, client.connection);
    answer
}

/// What a `read_committed` consumer gets from an offset on.
pub fn fetch_committed(cluster: &mut Cluster, now: Now, of: &TopicPartition, offset: i64) -> PartitionData {
    let wanted = FetchPartition {
        partition: of.partition.0,
        fetch_offset: offset,
        partition_max_bytes: 1 << 20,
        ..FetchPartition::default()
    };
    let topic =
        FetchTopic { topic: of.topic.as_ref().into(), partitions: vec![wanted], ..FetchTopic::default() };
    let request = FetchRequest {
        max_bytes: 1 << 20,
        isolation_level: 1,
        topics: vec![topic],
        ..FetchRequest::default()
    };
    let mut client = Client::to_leader(cluster, now, of);
    let mut answer = client.call(cluster, now, &request, 12);
    cluster.handle_closed(now, client.connection);
    answer.responses.remove(0).partitions.remove(0)
}

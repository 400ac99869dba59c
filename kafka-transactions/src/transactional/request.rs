//! Which request is due.

use super::{PendingOffsets, TransactionVersion, TransactionalManager};
use crate::State;
use crate::reaction::TransactionApi;
use kafka_protocol::messages::add_partitions_to_txn::AddPartitionsToTxnTopic;
use kafka_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    EndTxnRequest, EndTxnResponse, FindCoordinatorRequest, FindCoordinatorResponse, InitProducerIdRequest,
    InitProducerIdResponse, TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};
use kafka_types::{Monotonic, NodeId, ProducerIdentity, TopicPartition};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Whom to ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestTarget {
    /// Any broker.
    Any,
    /// This one.
    Node(NodeId),
}

/// A request that is due. Exhaustive: these are all that transactions need.
#[derive(Clone, PartialEq, Debug)]
pub enum TransactionRequest {
    /// Which broker coordinates. How it is asked depends on the version.
    FindCoordinator(CoordinatorLookup),
    /// Producer id and epoch.
    InitProducerId(InitProducerIdRequest),
    /// Partitions come into the transaction.
    AddPartitionsToTxn(AddPartitionsToTxnRequest),
    /// A group comes into the transaction.
    AddOffsetsToTxn(AddOffsetsToTxnRequest),
    /// A group's offsets.
    TxnOffsetCommit(TxnOffsetCommitRequest),
    /// The transaction ends.
    EndTxn(EndTxnRequest),
}

/// Whose coordinator is looked up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CoordinatorLookup {
    /// The one of a consumer group.
    Group(Arc<str>),
    /// The one of a transactional id.
    Transaction(Arc<str>),
}

impl CoordinatorLookup {
    /// The request in a version: from 4 on it has a list of keys (KIP-699).
    pub fn request(&self, version: i16) -> FindCoordinatorRequest {
        let (key, key_type) = match self {
            CoordinatorLookup::Group(key) => (key.as_ref().into(), 0),
            CoordinatorLookup::Transaction(key) => (key.as_ref().into(), 1),
        };
        match version {
            4.. => FindCoordinatorRequest { key_type, coordinator_keys: vec![key], ..Default::default() },
            _ => FindCoordinatorRequest { key, key_type, ..Default::default() },
        }
    }
}

/// The answer to a request of the same name.
#[derive(Clone, PartialEq, Debug)]
pub enum TransactionResponse {
    /// Which broker coordinates.
    FindCoordinator(FindCoordinatorResponse),
    /// Producer id and epoch.
    InitProducerId(InitProducerIdResponse),
    /// Partitions come into the transaction.
    AddPartitionsToTxn(AddPartitionsToTxnResponse),
    /// A group comes into the transaction.
    AddOffsetsToTxn(AddOffsetsToTxnResponse),
    /// A group's offsets.
    TxnOffsetCommit(TxnOffsetCommitResponse),
    /// The transaction ends.
    EndTxn(EndTxnResponse),
}

impl TransactionRequest {
    /// What it is.
    pub fn api(&self) -> TransactionApi {
        match self {
            TransactionRequest::FindCoordinator(_) => TransactionApi::FindCoordinator,
            TransactionRequest::InitProducerId(_) => TransactionApi::InitProducerId,
            TransactionRequest::AddPartitionsToTxn(_) => TransactionApi::AddPartitionsToTxn,
            TransactionRequest::AddOffsetsToTxn(_) => TransactionApi::AddOffsetsToTxn,
            TransactionRequest::TxnOffsetCommit(_) => TransactionApi::TxnOffsetCommit,
            TransactionRequest::EndTxn(_) => TransactionApi::EndTxn,
        }
    }
}

impl TransactionalManager {
    /// The request that is due, and whom to ask. It counts as on its way until
    /// [`handle_response`](Self::handle_response) or [`handle_request_failed`](Self::handle_request_failed).
    ///
    /// `unfinished` says whether batches of this transaction have no outcome yet: its end waits for them.
    pub fn poll_request(
        &mut self,
        now: Monotonic,
        unfinished: bool,
    ) -> Option<(RequestTarget, TransactionRequest)> {
        if self.in_flight.is_some() || now < self.not_before {
            return None;
        }
        let api = self.due(unfinished)?;
        let (target, request) = match self.target(api) {
            Ok(node) => (RequestTarget::Node(node), self.request(api)?),
            Err(lookup) => {
                self.looking_up = Some(lookup.clone());
                (RequestTarget::Any, TransactionRequest::FindCoordinator(lookup))
            }
        };
        self.in_flight = Some(request.api());
        Some((target, request))
    }

    /// When [`poll_request`](Self::poll_request) is to be called again, if nothing happens before.
    pub fn next_deadline(&self, unfinished: bool) -> Monotonic {
        match self.in_flight {
            None if self.is_due(unfinished) => self.not_before,
            _ => Monotonic::NEVER,
        }
    }

    /// The newest version in which a request may be sent, whatever the broker serves.
    pub fn max_version(&self, api: TransactionApi) -> i16 {
        match (api, self.version) {
            (TransactionApi::FindCoordinator, _) => 6,
            // Version 6 belongs to two-phase commit.
            (TransactionApi::InitProducerId, _) => 5,
            // From version 4 on only brokers may ask.
            (TransactionApi::AddPartitionsToTxn, _) => 3,
            (TransactionApi::AddOffsetsToTxn, _) => 4,
            (TransactionApi::TxnOffsetCommit | TransactionApi::EndTxn, TransactionVersion::One) => 4,
            (TransactionApi::EndTxn, TransactionVersion::Two) => 5,
            // Version 6 names topics by id (KIP-1319); its answer has to be given names again.
            (TransactionApi::TxnOffsetCommit, TransactionVersion::Two) => 6,
        }
    }

    fn is_due(&self, unfinished: bool) -> bool {
        match self.state {
            State::Initializing => true,
            State::InTransaction | State::CommittingTransaction | State::AbortingTransaction => {
                !self.new_partitions.is_empty()
                    || !self.asked_partitions.is_empty()
                    || !self.offsets.is_empty()
                    || self.state != State::InTransaction && !unfinished
            }
            _ => false,
        }
    }

    /// What is next to be done. A transaction that nobody heard of ends here and now.
    fn due(&mut self, unfinished: bool) -> Option<TransactionApi> {
        if !self.is_due(unfinished) {
            return None;
        }
        if self.state == State::Initializing {
            return Some(TransactionApi::InitProducerId);
        }
        if !self.new_partitions.is_empty() || !self.asked_partitions.is_empty() {
            return Some(TransactionApi::AddPartitionsToTxn);
        }
        if let Some(next) = self.offsets.front() {
            return Some(match self.version {
                TransactionVersion::One if !next.added => TransactionApi::AddOffsetsToTxn,
                _ => TransactionApi::TxnOffsetCommit,
            });
        }
        if self.started {
            return Some(TransactionApi::EndTxn);
        }
        self.end();
        (self.state == State::Initializing).then_some(TransactionApi::InitProducerId)
    }

    fn target(&self, api: TransactionApi) -> Result<NodeId, CoordinatorLookup> {
        let id = || CoordinatorLookup::Transaction(Arc::clone(&self.config.transactional_id));
        if api != TransactionApi::TxnOffsetCommit {
            return self.coordinator.ok_or_else(id);
        }
        let Some(offsets) = self.offsets.front() else { return Err(id()) };
        match &self.group_coordinator {
            Some((group, node)) if *group == offsets.group.group_id => Ok(*node),
            _ => Err(CoordinatorLookup::Group(Arc::clone(&offsets.group.group_id))),
        }
    }

    fn request(&mut self, api: TransactionApi) -> Option<TransactionRequest> {
        match api {
            TransactionApi::AddOffsetsToTxn => self.offsets.front_mut()?.asked = true,
            TransactionApi::TxnOffsetCommit => self.handle_sent(),
            TransactionApi::EndTxn => self.end_sent = true,
            _ => {}
        }
        let transactional_id = self.config.transactional_id.as_ref().into();
        let identity = self.identity.unwrap_or(ProducerIdentity::NONE);
        let (producer_id, producer_epoch) = (identity.id.0, identity.epoch.0);
        Some(match api {
            TransactionApi::FindCoordinator => return None,
            TransactionApi::InitProducerId => TransactionRequest::InitProducerId(InitProducerIdRequest {
                transactional_id: Some(transactional_id),
                transaction_timeout_ms: i32::try_from(self.config.transaction_timeout.as_millis())
                    .unwrap_or(i32::MAX),
                producer_id,
                producer_epoch,
                ..Default::default()
            }),
            TransactionApi::AddPartitionsToTxn => {
                self.asked_partitions.append(&mut self.new_partitions);
                TransactionRequest::AddPartitionsToTxn(AddPartitionsToTxnRequest {
                    v3_and_below_transactional_id: transactional_id,
                    v3_and_below_producer_id: producer_id,
                    v3_and_below_producer_epoch: producer_epoch,
                    v3_and_below_topics: by_topic(&self.asked_partitions),
                    ..Default::default()
                })
            }
            TransactionApi::AddOffsetsToTxn => TransactionRequest::AddOffsetsToTxn(AddOffsetsToTxnRequest {
                transactional_id,
                producer_id,
                producer_epoch,
                group_id: self.offsets.front()?.group.group_id.as_ref().into(),
                ..Default::default()
            }),
            TransactionApi::TxnOffsetCommit => {
                let PendingOffsets { group, left, .. } = self.offsets.front()?;
                let mut topics: Vec<TxnOffsetCommitRequestTopic> = Vec::new();
                for (of, offset) in left {
                    if topics.last().is_none_or(|last| last.name.as_str() != of.topic.as_ref()) {
                        let name = of.topic.as_ref().into();
                        topics.push(TxnOffsetCommitRequestTopic { name, ..Default::default() });
                    }
                    let partition = TxnOffsetCommitRequestPartition {
                        partition_index: of.partition.0,
                        committed_offset: offset.offset.0,
                        committed_leader_epoch: offset.leader_epoch.map_or(-1, |epoch| epoch.0),
                        committed_metadata: Some(offset.metadata.as_ref().into()),
                        ..Default::default()
                    };
                    if let Some(topic) = topics.last_mut() {
                        topic.partitions.push(partition);
                    }
                }
                TransactionRequest::TxnOffsetCommit(TxnOffsetCommitRequest {
                    transactional_id,
                    group_id: group.group_id.as_ref().into(),
                    producer_id,
                    producer_epoch,
                    generation_id_or_member_epoch: group.generation,
                    member_id: group.member_id.as_ref().into(),
                    group_instance_id: group.instance_id.as_deref().map(Into::into),
                    topics,
                    ..Default::default()
                })
            }
            TransactionApi::EndTxn => TransactionRequest::EndTxn(EndTxnRequest {
                transactional_id,
                producer_id,
                producer_epoch,
                committed: self.state == State::CommittingTransaction,
                ..Default::default()
            }),
        })
    }
}

fn by_topic(partitions: &BTreeSet<TopicPartition>) -> Vec<AddPartitionsToTxnTopic> {
    let mut topics: Vec<AddPartitionsToTxnTopic> = Vec::new();
    // In order, so that those of one topic follow each other.
    for of in partitions {
        if topics.last().is_none_or(|last| last.name.as_str() != of.topic.as_ref()) {
            topics.push(AddPartitionsToTxnTopic { name: of.topic.as_ref().into(), ..Default::default() });
        }
        if let Some(topic) = topics.last_mut() {
            topic.partitions.push(of.partition.0);
        }
    }
    topics
}

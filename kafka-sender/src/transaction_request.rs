//! The requests of transactions: to the coordinator, or to whoever knows it.

use crate::ConnectionId;
use crate::cluster::AnyBroker;
use crate::engine::Engine;
use crate::in_flight::RequestKind;
use crate::node::Node;
use bytes::Bytes;
use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, EndTxnRequest, FindCoordinatorRequest,
    FindCoordinatorResponse, InitProducerIdRequest, TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};
use kafka_protocol::wire::{ApiKey, DecodeError, Message, decode_exact};
use kafka_transactions::{
    RequestTarget, TransactionApi, TransactionRequest, TransactionResponse, TransactionalManager,
};
use kafka_types::{BrokerAddress, ErrorCode, Monotonic, NodeId, TopicId};
use std::collections::BTreeMap;

/// The first InitProducerId that moves an epoch on (KIP-360).
const BUMPS_SINCE: i16 = 3;
/// The first TxnOffsetCommit that names topics by id (KIP-1319).
const TOPIC_IDS_SINCE: i16 = 6;

impl Engine {
    /// Sends the request that is due, to its broker. Waiting for a connection it holds up nothing else.
    pub(crate) fn serve_transaction(&mut self, now: Monotonic) {
        let unfinished = self.has_unfinished();
        let Some(transactional) = &mut self.transactional else { return };
        if transactional.due.is_none() && now >= transactional.hold_until {
            transactional.due = transactional.manager.poll_request(now, unfinished);
        }
        // A transaction of which nobody has heard ends without a request.
        self.follow_transaction(now);
        let Some((target, _)) =
            self.transactional.as_ref().and_then(|transactional| transactional.due.as_ref())
        else {
            return;
        };
        let connection = match *target {
            RequestTarget::Any => match self.any_broker(now) {
                AnyBroker::Ready(connection) => connection,
                AnyBroker::Soon | AnyBroker::Nowhere => return,
            },
            RequestTarget::Node(id) => {
                self.learn_node(id);
                match self.usable(id, now) {
                    Some(connection) => connection,
                    None if self.nodes.contains_key(&id) => return self.connect(now, id),
                    None => return self.coordinator_lost(now, id),
                }
            }
        };
        let Some(transactional) = &mut self.transactional else { return };
        let Some((_, request)) = transactional.due.take() else { return };
        self.send_to_coordinator(now, connection, &request);
    }

    /// The time before which nothing of transactions is due.
    pub(crate) fn transaction_deadline(&self, now: Monotonic) -> Monotonic {
        let Some(transactional) = &self.transactional else { return Monotonic::NEVER };
        if transactional.due.is_some() {
            // The connection's events and timers bring it on.
            return Monotonic::NEVER;
        }
        let due = transactional.manager.next_deadline(self.has_unfinished()).max(transactional.hold_until);
        if due > now { due } else { Monotonic::NEVER }
    }

    fn send_to_coordinator(
        &mut self,
        now: Monotonic,
        connection: ConnectionId,
        request: &TransactionRequest,
    ) {
        let api = request.api();
        let (key, min) = match api {
            TransactionApi::FindCoordinator => {
                (ApiKey::FIND_COORDINATOR, FindCoordinatorRequest::MIN_VERSION)
            }
            TransactionApi::InitProducerId => (ApiKey::INIT_PRODUCER_ID, InitProducerIdRequest::MIN_VERSION),
            TransactionApi::AddPartitionsToTxn => {
                (ApiKey::ADD_PARTITIONS_TO_TXN, AddPartitionsToTxnRequest::MIN_VERSION)
            }
            TransactionApi::AddOffsetsToTxn => {
                (ApiKey::ADD_OFFSETS_TO_TXN, AddOffsetsToTxnRequest::MIN_VERSION)
            }
            TransactionApi::TxnOffsetCommit => {
                (ApiKey::TXN_OFFSET_COMMIT, TxnOffsetCommitRequest::MIN_VERSION)
            }
            TransactionApi::EndTxn => (ApiKey::END_TXN, EndTxnRequest::MIN_VERSION),
        };
        let Some(transactional) = &mut self.transactional else { return };
        let max = transactional.manager.max_version(api);
        let Some(version) = self.highest_common(connection, key, min..=max) else {
            return self.manage(now, TransactionalManager::handle_unsupported);
        };
        let kind = RequestKind::Transaction(api);
        let sent = match request {
            TransactionRequest::FindCoordinator(lookup) => {
                self.send_any(now, connection, version, &lookup.request(version), kind)
            }
            TransactionRequest::InitProducerId(request) => {
                if let Some(transactional) = &mut self.transactional {
                    transactional.manager.handle_can_bump(version >= BUMPS_SINCE);
                }
                self.send_any(now, connection, version, request, kind)
            }
            TransactionRequest::AddPartitionsToTxn(request) => {
                self.send_any(now, connection, version, request, kind)
            }
            TransactionRequest::AddOffsetsToTxn(request) => {
                self.send_any(now, connection, version, request, kind)
            }
            TransactionRequest::TxnOffsetCommit(request) => {
                let mut request = request.clone();
                let version =
                    if self.name_by_id(&mut request) { version } else { version.min(TOPIC_IDS_SINCE - 1) };
                self.send_any(now, connection, version, &request, kind)
            }
            TransactionRequest::EndTxn(request) => self.send_any(now, connection, version, request, kind),
        };
        if !sent {
            // What a version can't carry no retry can send.
            self.manage(now, TransactionalManager::handle_unsupported);
        }
    }

    pub(crate) fn transaction_response(
        &mut self,
        now: Monotonic,
        connection: ConnectionId,
        api: TransactionApi,
        version: i16,
        body: Bytes,
    ) {
        let mut response = match read(api, version, body) {
            Ok(response) => response,
            Err(error) => {
                self.manage(now, |manager| manager.handle_request_failed(now));
                let message = format!("the {api:?} response can't be read: {error}");
                return self.give_up(now, connection, ErrorCode::NETWORK_EXCEPTION, &message);
            }
        };
        match &mut response {
            TransactionResponse::FindCoordinator(response) => self.learn_coordinator(response),
            TransactionResponse::TxnOffsetCommit(response) if version >= TOPIC_IDS_SINCE => {
                self.name_again(response);
            }
            _ => {}
        }
        self.throttle(now, connection, throttle_time(&response));
        if let Some(transactional) = &mut self.transactional {
            transactional.manager.handle_response(now, &response);
        }
        self.follow_transaction(now);
        if api == TransactionApi::AddPartitionsToTxn {
            self.list_joined(now);
        }
    }

    /// The request on its way has no answer, `recalled` if it surely never went out.
    pub(crate) fn transaction_request_lost(&mut self, now: Monotonic, recalled: bool) {
        self.manage(now, |manager| match recalled {
            true => manager.handle_not_sent(now),
            false => manager.handle_request_failed(now),
        });
    }

    /// There is no connection to the node that was to be asked.
    pub(crate) fn coordinator_lost(&mut self, now: Monotonic, node: NodeId) {
        let Some(transactional) = &mut self.transactional else { return };
        if matches!(&transactional.due, Some((RequestTarget::Node(id), _)) if *id == node) {
            transactional.due = None;
            self.manage(now, |manager| manager.handle_not_sent(now));
        }
    }

    fn manage(&mut self, now: Monotonic, tell: impl FnOnce(&mut TransactionalManager)) {
        if let Some(transactional) = &mut self.transactional {
            tell(&mut transactional.manager);
        }
        self.follow_transaction(now);
    }

    /// Gives topics the ids that the metadata have for them; false if they have not all. A topic that is only consumed from is
    /// usually not known to a producer.
    fn name_by_id(&mut self, request: &mut TxnOffsetCommitRequest) -> bool {
        let snapshot = self.metadata.snapshot();
        let mut named = BTreeMap::new();
        for topic in &mut request.topics {
            topic.topic_id = snapshot.topic(&topic.name).map_or(TopicId::ZERO, |known| known.id);
            if topic.topic_id.is_zero() {
                return false;
            }
            named.insert(topic.topic_id, topic.name.clone());
        }
        if let Some(transactional) = &mut self.transactional {
            transactional.topics_by_id = named;
        }
        true
    }

    fn name_again(&mut self, response: &mut TxnOffsetCommitResponse) {
        let Some(transactional) = &self.transactional else { return };
        for topic in &mut response.topics {
            if let Some(name) = transactional.topics_by_id.get(&topic.topic_id) {
                topic.name = name.clone();
            }
            if topic.partitions.iter().any(|partition| partition.error_code.refreshes_metadata()) {
                self.metadata.request_update();
            }
        }
    }

    /// A coordinator may be a broker that the metadata have not named yet.
    fn learn_coordinator(&mut self, response: &FindCoordinatorResponse) {
        let (node, host, port) = match response.coordinators.first() {
            Some(found) => (found.node_id, &found.host, found.port),
            None => (response.node_id, &response.host, response.port),
        };
        if let (true, Ok(port)) = (node >= 0 && !host.as_str().is_empty(), u16::try_from(port)) {
            let address = BrokerAddress::new(host.as_str(), port);
            self.nodes.entry(NodeId(node)).or_insert_with(|| Node::new(address));
        }
    }
}

fn read(api: TransactionApi, version: i16, body: Bytes) -> Result<TransactionResponse, DecodeError> {
    Ok(match api {
        TransactionApi::FindCoordinator => TransactionResponse::FindCoordinator(decode_exact(body, version)?),
        TransactionApi::InitProducerId => TransactionResponse::InitProducerId(decode_exact(body, version)?),
        TransactionApi::AddPartitionsToTxn => {
            TransactionResponse::AddPartitionsToTxn(decode_exact(body, version)?)
        }
        TransactionApi::AddOffsetsToTxn => TransactionResponse::AddOffsetsToTxn(decode_exact(body, version)?),
        TransactionApi::TxnOffsetCommit => TransactionResponse::TxnOffsetCommit(decode_exact(body, version)?),
        TransactionApi::EndTxn => TransactionResponse::EndTxn(decode_exact(body, version)?),
    })
}

fn throttle_time(response: &TransactionResponse) -> i32 {
    match response {
        TransactionResponse::FindCoordinator(response) => response.throttle_time_ms,
        TransactionResponse::InitProducerId(response) => response.throttle_time_ms,
        TransactionResponse::AddPartitionsToTxn(response) => response.throttle_time_ms,
        TransactionResponse::AddOffsetsToTxn(response) => response.throttle_time_ms,
        TransactionResponse::TxnOffsetCommit(response) => response.throttle_time_ms,
        TransactionResponse::EndTxn(response) => response.throttle_time_ms,
    }
}

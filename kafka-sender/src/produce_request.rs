//! Building a Produce request.

use crate::engine::Engine;
use crate::in_flight::{RequestKind, Sent};
use crate::outcome::Refusal;
use crate::partition::Place;
use crate::{ConnectionId, RequestId};
use kafka_accumulator::{FailureCause, Written};
use kafka_protocol::messages::ProduceRequest;
use kafka_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use kafka_protocol::wire::{ApiKey, Encoder, Message, Records, StrBytes};
use kafka_transactions::BatchKey;
use kafka_transactions::{Stamp, TransactionVersion};
use kafka_types::{Codec, ErrorCode, Monotonic, NodeId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The first version that allows zstd (KIP-110).
const ZSTD_SINCE: i16 = 7;
/// The first version that takes partitions into a transaction by itself (KIP-890).
const IMPLICIT_SINCE: i16 = 12;
/// The first version that names topics by id (KIP-516).
const TOPIC_IDS_SINCE: i16 = 13;

/// A request being filled. A partition's index, length and a topic's name are not counted to its size, as in Kafka.
pub(crate) struct ProduceBuilder {
    id: RequestId,
    connection: ConnectionId,
    node: NodeId,
    address: Arc<str>,
    version: i16,
    by_name: Option<i16>,
    topics: BTreeMap<Arc<str>, TopicProduceData>,
    sent: Vec<Sent>,
    size: usize,
}

impl ProduceBuilder {
    /// `None` if the broker speaks no version that the client speaks.
    pub(crate) fn new(engine: &mut Engine, connection: ConnectionId) -> Option<ProduceBuilder> {
        let versions = |max: i16| ProduceRequest::MIN_VERSION..=max;
        let max = match &engine.transactional {
            Some(transactional) if transactional.version() == TransactionVersion::One => IMPLICIT_SINCE - 1,
            _ => ProduceRequest::MAX_VERSION,
        };
        let version = engine.highest_common(connection, ApiKey::PRODUCE, versions(max))?;
        let by_name = engine.highest_common(connection, ApiKey::PRODUCE, versions(TOPIC_IDS_SINCE - 1));
        let node = engine.connections.get(&connection)?.node;
        let address = engine.nodes.get_mut(&node)?.display();
        Some(ProduceBuilder {
            id: engine.new_request_id(),
            connection,
            node,
            address,
            version,
            by_name,
            topics: BTreeMap::new(),
            sent: Vec::new(),
            size: 0,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    pub(crate) fn batches(&self) -> usize {
        self.sent.len()
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Adds a batch with the stamp it got.
    pub(crate) fn add(&mut self, engine: &mut Engine, now: Monotonic, id: BatchKey, stamp: Stamp) {
        let Some(queue) = engine.batches.get(&id).map(|drained| drained.queue) else { return };
        let place = engine.place(queue);
        let Some(drained) = engine.batches.get_mut(&id) else { return };
        let topic_partition = engine.drainer.topic_partition(queue);
        if drained.batch.codec() == Codec::ZSTD && self.version < ZSTD_SINCE {
            let message = format!("zstd needs Produce version {ZSTD_SINCE}, the broker has {}", self.version);
            let cause = FailureCause::UnsupportedVersion;
            engine.fail(now, id, Refusal::new(cause, message));
            return;
        }
        let Place { topic_id, leader_epoch, .. } = place;
        if topic_id.is_zero()
            && self.version >= TOPIC_IDS_SINCE
            && let Some(by_name) = self.by_name
        {
            self.version = by_name;
        }
        drained.leader_epoch = leader_epoch;
        drained.request = Some(self.id);
        drained.attempts += 1;
        drained.first_sent.get_or_insert(now);
        drained.last_broker = Some((self.node, self.address.clone()));
        // If the engine is dropped meanwhile, nobody can tell any more.
        drained.batch.set_written(Written::Unknown);

        let header =
            drained.batch.header(stamp.identity, stamp.base_sequence, engine.transactional.is_some());
        self.size += drained.batch.wire_size();
        let mut records = Records::new();
        records.push(header);
        records.push(drained.batch.payload().clone());
        let topic = self.topics.entry(topic_partition.topic.clone()).or_insert_with(|| TopicProduceData {
            name: StrBytes::from(topic_partition.topic.clone()),
            topic_id,
            ..TopicProduceData::default()
        });
        topic.partition_data.push(PartitionProduceData {
            index: topic_partition.partition.0,
            records: Some(records),
            ..PartitionProduceData::default()
        });
        self.sent.push(Sent {
            batch: id,
            topic: topic_partition.topic.clone(),
            topic_id,
            partition: topic_partition.partition,
        });
        let partition = engine.partition(queue);
        partition.in_flight += 1;
        partition.last_sent = now;
        partition.connection = Some(self.connection);
    }

    /// Hands it to the connection. False if it is empty.
    pub(crate) fn send(self, engine: &mut Engine, now: Monotonic) -> bool {
        if self.sent.is_empty() {
            return false;
        }
        let timeout = i32::try_from(engine.config.request_timeout.as_millis()).unwrap_or(i32::MAX);
        let request = ProduceRequest {
            transactional_id: engine
                .transactional
                .as_ref()
                .map(|transactional| transactional.manager.id().into()),
            acks: engine.config.acks.value(),
            timeout_ms: timeout,
            topic_data: self.topics.into_values().collect(),
            ..ProduceRequest::default()
        };
        let mut encoder = Encoder::new();
        if let Err(error) = request.encode(&mut encoder, self.version) {
            // A topic's name or a batch that is too long for the protocol.
            for sent in self.sent {
                let cause = FailureCause::Broker(ErrorCode::INVALID_REQUEST);
                engine.fail(now, sent.batch, Refusal::new(cause, error.to_string()));
            }
            return true;
        }
        if let Some(transactional) = &mut engine.transactional {
            transactional.manager.handle_sent();
        }
        let api = (ApiKey::PRODUCE, self.version);
        let kind = RequestKind::Produce(self.sent);
        engine.transmit(now, self.connection, self.id, api, encoder.finish(), kind);
        true
    }
}

impl Engine {
    /// The node serves no Produce that this client speaks: what waits for it can't be delivered.
    pub(crate) fn refuse_node(&mut self, now: Monotonic, id: NodeId) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let range = node.connection.and_then(|connection| {
            self.connections.get(&connection)?.versions.as_ref()?.range(ApiKey::PRODUCE)
        });
        let theirs = range.map_or("none".to_owned(), |range| range.to_string());
        let message = format!(
            "node {id} serves Produce in versions {theirs}, this client speaks {} to {}",
            ProduceRequest::MIN_VERSION,
            ProduceRequest::MAX_VERSION
        );
        let cause = FailureCause::UnsupportedVersion;
        if self.transactions.is_idempotent() {
            // Behind what fails here a sequence is missing: Kafka's producer ends there as well.
            self.transactions.handle_fatal(ErrorCode::UNSUPPORTED_VERSION, message.clone());
        }
        for queue in node.ready.split_off(0) {
            self.partition(queue).listed = false;
            self.fail_partition(now, queue, &Refusal::new(cause, message.clone()));
        }
    }
}

//! AddPartitionsToTxn: partitions come into a transaction; from version 4 on for many transactions at once, as brokers ask.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use kafka_protocol::messages::add_partitions_to_txn::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResult, AddPartitionsToTxnTopic,
    AddPartitionsToTxnTopicResult, AddPartitionsToTxnTransaction,
};
use kafka_protocol::messages::{AddPartitionsToTxnRequest, AddPartitionsToTxnResponse};
use kafka_types::{ErrorCode, Now, ProducerEpoch, ProducerId, ProducerIdentity, TopicPartition};

/// From this version on a fenced producer is told so by an error of its own.
const FENCED: i16 = 2;
/// From this version on transactions are named one by one (KIP-890).
const BATCHED: i16 = 4;

impl Handle for AddPartitionsToTxnRequest {
    fn targets(&self, _cluster: &Cluster) -> Vec<(String, Option<i32>)> {
        let batched = self.transactions.iter().flat_map(|transaction| &transaction.topics);
        let topics = batched.chain(&self.v3_and_below_topics);
        let partitions = topics.flat_map(|topic| {
            topic.partitions.iter().map(|partition| (topic.name.to_string(), Some(*partition)))
        });
        partitions.collect()
    }

    fn handle(
        self,
        now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<AddPartitionsToTxnResponse> {
        let mut response = AddPartitionsToTxnResponse {
            throttle_time_ms: context.throttle_ms(),
            ..AddPartitionsToTxnResponse::default()
        };
        if context.version >= BATCHED {
            for transaction in &self.transactions {
                response.results_by_transaction.push(AddPartitionsToTxnResult {
                    transactional_id: transaction.transactional_id.clone(),
                    topic_results: cluster.add_to_transaction(now, context, transaction),
                    ..AddPartitionsToTxnResult::default()
                });
            }
            return Handled::Answer(response);
        }
        let transaction = AddPartitionsToTxnTransaction {
            transactional_id: self.v3_and_below_transactional_id,
            producer_id: self.v3_and_below_producer_id,
            producer_epoch: self.v3_and_below_producer_epoch,
            topics: self.v3_and_below_topics,
            ..AddPartitionsToTxnTransaction::default()
        };
        response.results_by_topic_v3_and_below = cluster.add_to_transaction(now, context, &transaction);
        Handled::Answer(response)
    }
}

impl Cluster {
    fn add_to_transaction(
        &mut self,
        now: Now,
        context: &RequestContext,
        request: &AddPartitionsToTxnTransaction,
    ) -> Vec<AddPartitionsToTxnTopicResult> {
        let named = || partitions_of(&request.topics);
        // One that is refused keeps all the others out.
        let errors: Vec<ErrorCode> = named()
            .map(|of| match context.refusal_of(&of.topic, of.partition.0) {
                Some(refusal) => refusal.error,
                None if self.partition(&of).is_none() => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                None => ErrorCode::NONE,
            })
            .collect();
        if errors.iter().any(|error| !error.is_none()) {
            let mut errors = errors.into_iter();
            return results(&request.topics, |_| match errors.next() {
                Some(error) if !error.is_none() => error,
                _ => ErrorCode::OPERATION_NOT_ATTEMPTED,
            });
        }
        let partitions: Vec<TopicPartition> = named().collect();
        let outcome = self.add_or_verify(now, context, request, &partitions);
        results(&request.topics, |of| match outcome {
            Err(ErrorCode::PRODUCER_FENCED) if context.version < FENCED => ErrorCode::INVALID_PRODUCER_EPOCH,
            Err(error) => error,
            Ok(()) if request.verify_only && !self.is_in_transaction(&request.transactional_id, of) => {
                ErrorCode::TRANSACTION_ABORTABLE
            }
            Ok(()) => {
                let failure = context.failure_of(&of.topic, of.partition.0);
                failure.map_or(ErrorCode::NONE, |failure| failure.error)
            }
        })
    }

    fn add_or_verify(
        &mut self,
        now: Now,
        context: &RequestContext,
        request: &AddPartitionsToTxnTransaction,
        partitions: &[TopicPartition],
    ) -> Result<(), ErrorCode> {
        self.check_transaction_coordinator(context, &request.transactional_id)?;
        let producer = ProducerIdentity {
            id: ProducerId(request.producer_id),
            epoch: ProducerEpoch(request.producer_epoch),
        };
        let transaction = self.transactions.known(&request.transactional_id)?;
        match request.verify_only {
            true => transaction.check(producer),
            false => transaction.add(now.mono, producer, partitions, None),
        }
    }

    fn is_in_transaction(&self, transactional_id: &str, of: &TopicPartition) -> bool {
        self.transaction(transactional_id).is_some_and(|state| state.partitions.contains(of))
    }
}

fn partitions_of(topics: &[AddPartitionsToTxnTopic]) -> impl Iterator<Item = TopicPartition> + '_ {
    topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|partition| TopicPartition::new(topic.name.as_str(), *partition))
    })
}

fn results(
    topics: &[AddPartitionsToTxnTopic],
    mut error: impl FnMut(&TopicPartition) -> ErrorCode,
) -> Vec<AddPartitionsToTxnTopicResult> {
    let mut results = Vec::new();
    for topic in topics {
        let mut one = |partition: &i32| AddPartitionsToTxnPartitionResult {
            partition_index: *partition,
            partition_error_code: error(&TopicPartition::new(topic.name.as_str(), *partition)),
            ..AddPartitionsToTxnPartitionResult::default()
        };
        results.push(AddPartitionsToTxnTopicResult {
            name: topic.name.clone(),
            results_by_partition: topic.partitions.iter().map(&mut one).collect(),
            ..AddPartitionsToTxnTopicResult::default()
        });
    }
    results
}

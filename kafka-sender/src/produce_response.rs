//! Reading the answer to a Produce request.

use crate::ConnectionId;
use crate::engine::Engine;
use crate::in_flight::Sent;
use crate::outcome::Answer;
use bytes::Bytes;
use kafka_metadata::{Broker, LeaderHint};
use kafka_protocol::messages::ProduceResponse;
use kafka_protocol::messages::produce::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::wire::decode_exact;
use kafka_transactions::{Attempt, attempt_of};
use kafka_types::{
    BrokerAddress, ErrorCode, LeaderEpoch, Monotonic, NodeId, Offset, PartitionId, Timestamp, TopicId,
};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Engine {
    /// `acks=0`: the socket has the bytes, and nobody will say more.
    pub(crate) fn produce_written(&mut self, now: Monotonic, sent: Vec<Sent>) {
        for sent in sent {
            self.acknowledged(now, sent.batch, Offset::UNKNOWN, None);
        }
    }

    pub(crate) fn produce_response(
        &mut self,
        now: Monotonic,
        connection: ConnectionId,
        version: i16,
        sent: Vec<Sent>,
        body: Bytes,
    ) {
        let (answers, complaint) = match decode_exact::<ProduceResponse>(body, version) {
            Ok(mut response) => {
                let (answers, complaint) = match_answers(version, &sent, &mut response);
                self.throttle(now, connection, response.throttle_time_ms);
                self.follow_leader_hints(&sent, &answers, &response);
                (answers, complaint)
            }
            Err(error) => {
                (vec![None; sent.len()], Some(format!("the Produce response can't be read: {error}")))
            }
        };
        // Each partition has its own answer: what is wrong with another's does not send its records again.
        for (sent, answer) in sent.iter().zip(answers) {
            match answer {
                Some(answer) => self.produce_answer(now, sent, answer),
                None => {
                    let message = complaint.as_deref().unwrap_or_default().into();
                    let answer = Answer::lost(ErrorCode::NETWORK_EXCEPTION, message, false);
                    self.not_acknowledged(now, sent.batch, answer);
                }
            }
        }
        if let Some(message) = complaint {
            self.give_up(now, connection, ErrorCode::NETWORK_EXCEPTION, &message);
        }
    }

    fn produce_answer(&mut self, now: Monotonic, sent: &Sent, answer: PartitionProduceResponse) {
        let (code, base_offset) = (answer.error_code, Offset(answer.base_offset));
        let attempt = attempt_of(code, base_offset, self.config.acks);
        if attempt == Attempt::Written {
            let offset = if code.is_none() { base_offset } else { Offset::UNKNOWN };
            let time = (answer.log_append_time_ms >= 0).then_some(Timestamp(answer.log_append_time_ms));
            self.acknowledged(now, sent.batch, offset, time);
            return;
        }
        let record_errors = answer
            .record_errors
            .into_iter()
            .filter_map(|error| {
                let message = error.batch_index_error_message.as_deref().unwrap_or_default();
                Some((u32::try_from(error.batch_index).ok()?, Arc::from(message)))
            })
            .collect();
        let message = answer.error_message.as_deref().map(Arc::from);
        self.not_acknowledged(
            now,
            sent.batch,
            Answer { code, message, attempt, recalled: false, record_errors },
        );
    }

    /// The answer names the new leader (KIP-951): the retry goes there at once, without waiting for metadata.
    fn follow_leader_hints(
        &mut self,
        sent: &[Sent],
        answers: &[Option<PartitionProduceResponse>],
        response: &ProduceResponse,
    ) {
        let hints: Vec<LeaderHint> = sent
            .iter()
            .zip(answers)
            .filter_map(|(sent, answer)| Some((sent, answer.as_ref()?)))
            .filter(|(_, answer)| {
                matches!(
                    answer.error_code,
                    ErrorCode::NOT_LEADER_OR_FOLLOWER | ErrorCode::FENCED_LEADER_EPOCH
                ) && answer.current_leader.leader_id >= 0
            })
            .map(|(sent, answer)| LeaderHint {
                topic: sent.topic.clone(),
                partition: sent.partition,
                leader: NodeId(answer.current_leader.leader_id),
                leader_epoch: LeaderEpoch(answer.current_leader.leader_epoch),
            })
            .collect();
        if hints.is_empty() {
            return;
        }
        let endpoints: Vec<Broker> = response
            .node_endpoints
            .iter()
            .filter_map(|endpoint| {
                let address = BrokerAddress::new(endpoint.host.as_str(), u16::try_from(endpoint.port).ok()?);
                let rack = endpoint.rack.as_deref().map(Arc::from);
                Some(Broker { id: NodeId(endpoint.node_id), address, rack })
            })
            .collect();
        let wakers = self.metadata.handle_leader_hints(&hints, &endpoints);
        self.wake(wakers);
    }
}

/// The answer to each batch of the request, in the request's order, as far as there is one; and what is wrong with the response.
fn match_answers(
    version: i16,
    sent: &[Sent],
    response: &mut ProduceResponse,
) -> (Vec<Option<PartitionProduceResponse>>, Option<String>) {
    let by_id = version >= 13;
    let topics = std::mem::take(&mut response.responses);
    if in_order(by_id, sent, &topics) {
        let answers = topics.into_iter().flat_map(|topic| topic.partition_responses);
        return (answers.map(Some).collect(), None);
    }
    let mut complaint = None;
    let mut answers: BTreeMap<(&str, TopicId, PartitionId), Option<PartitionProduceResponse>> =
        BTreeMap::new();
    for topic in &topics {
        for partition in &topic.partition_responses {
            let key = (topic.name.as_str(), topic.topic_id, PartitionId(partition.index));
            let seen = answers.contains_key(&key);
            if seen {
                complaint = Some(format!("the Produce response answers partition {} twice", partition.index));
            }
            answers.insert(key, (!seen).then(|| partition.clone()));
        }
    }
    let matched: Vec<_> = sent
        .iter()
        .map(|sent| {
            let (name, id) = if by_id { ("", sent.topic_id) } else { (&*sent.topic, TopicId::ZERO) };
            answers.remove(&(name, id, sent.partition)).unwrap_or_else(|| {
                complaint = Some("the Produce response leaves out a partition".to_owned());
                None
            })
        })
        .collect();
    if !answers.is_empty() {
        complaint = Some("the Produce response answers a partition that was not asked for".to_owned());
    }
    (matched, complaint)
}

/// Whether the answers are those of the request, in its order, as most brokers give them.
fn in_order(by_id: bool, sent: &[Sent], topics: &[TopicProduceResponse]) -> bool {
    let answers = topics.iter().flat_map(|topic| {
        topic.partition_responses.iter().map(move |partition| (topic, PartitionId(partition.index)))
    });
    // No batch but one is sent of a partition, so equal lists leave no room for doubles.
    answers.clone().count() == sent.len()
        && answers.zip(sent).all(|((topic, partition), sent)| {
            let same_topic =
                if by_id { topic.topic_id == sent.topic_id } else { topic.name.as_str() == &*sent.topic };
            same_topic && partition == sent.partition
        })
}

//! A request's way through a broker: header, body, rules, answer.

use super::{Cluster, ConnectionId};
use crate::connection::Busy;
use crate::groups::GroupReply;
use crate::handlers::{self, Handled, encode};
use crate::request_context::RequestContext;
use crate::request_log::RequestSeen;
use crate::rules::Applying;
use crate::wait::{Fetching, Replicating, Waiting};
use bytes::Bytes;
use kafka_protocol::frame::{RequestHeader, response_frame};
use kafka_protocol::wire::{ApiKey, Decoder};
use kafka_types::{ErrorCode, Monotonic, Now, TopicPartition};

impl Cluster {
    /// Takes up a request. What is no request, or not served, closes the connection, as a broker does.
    pub(super) fn take_up(&mut self, now: Now, connection: ConnectionId, frame: Bytes) {
        let Some(node) = self.node_of(connection) else { return };
        let size = frame.len() + 4;
        let mut decoder = Decoder::new(frame);
        let Ok(header) = RequestHeader::decode(&mut decoder, handlers::request_header_version) else {
            return self.close(connection);
        };
        let (api, version) = (header.api_key, header.api_version);
        let client_id = header.client_id.map(|id| id.to_string());
        self.requests.record(RequestSeen {
            at: now,
            node,
            connection,
            api,
            version,
            correlation_id: header.correlation_id,
            client_id: client_id.clone(),
            size,
        });
        let served =
            self.brokers.get(&node).is_some_and(|broker| broker.config.versions.serves(api, version));
        let mut context = RequestContext {
            connection,
            node,
            api,
            version,
            correlation_id: header.correlation_id,
            client_id: client_id.unwrap_or_default(),
            response_header_version: handlers::response_header_version(api, version),
            applying: Applying::default(),
        };
        if !served {
            return match api {
                ApiKey::API_VERSIONS => {
                    let body = encode(&self.unsupported_api_versions(node), 0);
                    context.version = 0;
                    self.answer(now, context, body)
                }
                _ => self.close(connection),
            };
        }
        if !self.admits(now, connection, api) {
            return self.close(connection);
        }
        match handlers::carry_out(now, self, &mut context, decoder.into_rest()) {
            Ok(Handled::Answer(body)) => self.answer(now, context, Some(body)),
            Ok(Handled::Unanswered) => self.answer(now, context, None),
            Ok(Handled::Wait(waiting)) => self.park(connection, Busy { context, waiting }),
            Ok(Handled::Close) | Err(_) => self.close(connection),
        }
    }

    /// Lets a waiting request go on: gives it back if it has to wait longer.
    pub(super) fn poll_wait(&mut self, now: Now, busy: Busy) -> Option<Busy> {
        let Busy { mut context, waiting } = busy;
        match waiting {
            Waiting::Forever | Waiting::Group => Some(Busy { context, waiting }),
            Waiting::Delayed { until, body } if until <= now.mono => {
                context.applying.effects.delay = None;
                self.answer(now, context, body);
                None
            }
            Waiting::Delayed { .. } => Some(Busy { context, waiting }),
            Waiting::Fetch(mut fetching) => {
                let Some(response) = self.fetch(now, &context, &fetching) else {
                    fetching.checked_at = now.mono;
                    return Some(Busy { context, waiting: Waiting::Fetch(fetching) });
                };
                let body = encode(&response, context.version);
                self.answer(now, context, body);
                None
            }
            Waiting::Replication(mut replicating) => {
                self.check_replication(now, &mut replicating);
                if !replicating.partitions.is_empty() {
                    return Some(Busy { context, waiting: Waiting::Replication(replicating) });
                }
                self.add_leader_hints(context.version, &mut replicating.response);
                let body = encode(&replicating.response, context.version);
                self.answer(now, context, body);
                None
            }
        }
    }

    /// Removes the partitions that need no waiting any more, and writes their errors into the response.
    fn check_replication(&mut self, now: Now, replicating: &mut Replicating) {
        let Replicating { response, partitions, until } = replicating;
        partitions.retain(|waiting| {
            let error = match self.partition(&waiting.of) {
                None => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                Some(_) if self.topic_id(&waiting.of.topic) != waiting.topic_id => {
                    ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                }
                Some(partition) if partition.leadership.epoch != waiting.epoch => {
                    ErrorCode::NOT_LEADER_OR_FOLLOWER
                }
                Some(partition) if partition.log.high_watermark(now.mono) >= waiting.end => {
                    let wanted = self.topics.get(waiting.of.topic.as_ref());
                    let wanted = wanted.map_or(1, |topic| topic.config.min_insync_replicas);
                    match partition.in_sync(&self.up).count() < usize::from(wanted) {
                        true => ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND,
                        false => ErrorCode::NONE,
                    }
                }
                Some(_) if *until <= now.mono => ErrorCode::REQUEST_TIMED_OUT,
                Some(_) => return true,
            };
            let (topic, partition) = waiting.place;
            let answered = response.responses.get_mut(topic);
            if let Some(answered) = answered.and_then(|topic| topic.partition_responses.get_mut(partition)) {
                answered.error_code = error;
            }
            false
        });
    }

    /// When followers have everything before an offset.
    pub(crate) fn replicated_at(&self, of: &TopicPartition, end: i64) -> Monotonic {
        let Some(partition) = self.partition(of) else { return Monotonic::ZERO };
        let batches = partition.log.batches();
        let last = batches.partition_point(|batch| batch.last_offset() < end);
        batches[..last].last().map_or(Monotonic::ZERO, |batch| batch.replicated_at)
    }

    /// When followers have more of what is being fetched than when it was looked at last.
    pub(crate) fn fetchable_at(&self, fetching: &Fetching) -> Monotonic {
        let mut next = Monotonic::NEVER;
        for topic in &fetching.request.topics {
            let Some(name) = self.fetched_topic(topic) else { continue };
            for wanted in &topic.partitions {
                let partition = self.partition(&TopicPartition::new(name.as_str(), wanted.partition));
                let batches = partition.map(|partition| partition.log.batches()).unwrap_or_default();
                let times = batches.iter().rev().map(|batch| batch.replicated_at);
                next = times.take_while(|at| *at > fetching.checked_at).min().unwrap_or(next).min(next);
            }
        }
        next
    }

    /// Sends an answer, unless rules want it otherwise. Without a body the request is just done.
    fn answer(&mut self, now: Now, mut context: RequestContext, body: Option<Bytes>) {
        let connection = context.connection;
        let effects = &mut context.applying.effects;
        if let Some(delay) = effects.delay.take() {
            let waiting = Waiting::Delayed { until: now.mono + delay, body };
            return self.park(connection, Busy { context, waiting });
        }
        if effects.disconnect_after {
            return self.close(connection);
        }
        let Some(body) = body else { return };
        if effects.drop_response {
            return self.park(connection, Busy { context, waiting: Waiting::Forever });
        }
        if let Some(garbage) = effects.garbage.take() {
            return self.send(connection, garbage);
        }
        let cut = effects.cut_response;
        let Ok(frame) = response_frame(context.correlation_id, context.response_header_version, vec![body])
        else {
            return self.close(connection);
        };
        let mut frame = Bytes::from(frame.concat());
        if let Some(cut) = cut {
            frame.truncate(cut);
        }
        if !frame.is_empty() {
            self.send(connection, frame);
        }
        if cut.is_some() || self.is_doomed(connection) {
            self.close(connection);
        }
    }

    /// Answers a request that waited in a group, if its connection is still there.
    pub(super) fn answer_group(&mut self, now: Now, reply: GroupReply) {
        let Some(busy) = self.unpark(reply.connection) else { return };
        if !matches!(busy.waiting, Waiting::Group) {
            return self.park(reply.connection, busy);
        }
        let body = handlers::group_answer(&busy.context, reply.content);
        self.answer(now, busy.context, body);
        self.serve(now, reply.connection);
    }
}

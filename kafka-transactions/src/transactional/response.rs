//! What an answer changes.

use super::{CoordinatorLookup, TransactionEvent, TransactionResponse, TransactionalManager};
use crate::reaction::{Reaction, TransactionApi, reaction};
use crate::{FatalError, State};
use kafka_protocol::messages::{
    AddPartitionsToTxnResponse, EndTxnResponse, FindCoordinatorResponse, InitProducerIdResponse,
    TxnOffsetCommitResponse,
};
use kafka_types::{
    ErrorCode, Monotonic, NodeId, ProducerEpoch, ProducerId, ProducerIdentity, TopicPartition,
};
use std::time::Duration;

/// The first partitions of a transaction wait only so long for the last one's markers.
const CONCURRENT_WAIT: Duration = Duration::from_millis(20);

impl TransactionalManager {
    /// The answer to the request that is on its way. Another's is ignored.
    pub fn handle_response(&mut self, now: Monotonic, response: &TransactionResponse) {
        let api = match response {
            TransactionResponse::FindCoordinator(_) => TransactionApi::FindCoordinator,
            TransactionResponse::InitProducerId(_) => TransactionApi::InitProducerId,
            TransactionResponse::AddPartitionsToTxn(_) => TransactionApi::AddPartitionsToTxn,
            TransactionResponse::AddOffsetsToTxn(_) => TransactionApi::AddOffsetsToTxn,
            TransactionResponse::TxnOffsetCommit(_) => TransactionApi::TxnOffsetCommit,
            TransactionResponse::EndTxn(_) => TransactionApi::EndTxn,
        };
        if self.in_flight != Some(api) {
            return;
        }
        self.in_flight = None;
        if self.state == State::FatalError {
            return;
        }
        match response {
            TransactionResponse::FindCoordinator(response) => self.found_coordinator(now, response),
            TransactionResponse::InitProducerId(response) => self.got_identity(now, response),
            TransactionResponse::AddPartitionsToTxn(response) => self.added_partitions(now, response),
            TransactionResponse::AddOffsetsToTxn(response) => {
                if self.react(now, api, response.error_code) == Reaction::Done {
                    (self.started, self.maybe_idle) = (true, false);
                    if let Some(offsets) = self.offsets.front_mut() {
                        offsets.added = true;
                    }
                    if self.state != State::InTransaction && self.state != State::CommittingTransaction {
                        self.offsets.clear();
                    }
                }
            }
            TransactionResponse::TxnOffsetCommit(response) => self.committed_offsets(now, response),
            TransactionResponse::EndTxn(response) => self.ended(now, response),
        }
    }

    /// The request that is on its way got no answer: it may have been carried out. The coordinator is looked up again.
    pub fn handle_request_failed(&mut self, now: Monotonic) {
        if let Some(api) = self.in_flight.take() {
            self.end_unanswered |= api == TransactionApi::EndTxn;
            self.add_unanswered |= adds(api);
            self.look_up(now, api);
        }
    }

    /// The request that is on its way never went out: there was no connection. The coordinator is looked up again.
    pub fn handle_not_sent(&mut self, now: Monotonic) {
        if let Some(api) = self.in_flight.take() {
            self.look_up(now, api);
        }
    }

    /// The broker does not serve the request that is on its way in any version that transactions can use.
    pub fn handle_unsupported(&mut self) {
        if let Some(api) = self.in_flight.take() {
            let message = format!("the broker does not serve {api:?} in a version that transactions can use");
            self.fail(FatalError { code: ErrorCode::UNSUPPORTED_VERSION, message: message.into() });
        }
    }

    /// Does what the code asks for, except for what is done once the request was carried out.
    fn react(&mut self, now: Monotonic, api: TransactionApi, code: ErrorCode) -> Reaction {
        let reaction = reaction(api, code, self.circumstances());
        let error = || FatalError { code, message: format!("{api:?} was answered {code}").into() };
        match reaction {
            Reaction::Done => {
                self.failures = 0;
                self.not_before = Monotonic::ZERO;
            }
            Reaction::Retry => {
                self.add_unanswered |= adds(api) && code != ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
                self.back_off(now);
            }
            Reaction::LookUp => {
                self.add_unanswered |= adds(api);
                self.look_up(now, api);
            }
            Reaction::Fatal => self.fail(error()),
            Reaction::Reinitialize | Reaction::Abort if self.state == State::Initializing => {
                self.uninitialize(error());
            }
            Reaction::Reinitialize | Reaction::Abort => {
                // While it is aborted, an abort is what is wanted: nobody can do better than to go on with it.
                self.bump |= code == ErrorCode::UNKNOWN_PRODUCER_ID && self.can_bump;
                self.offsets.clear();
                self.give_up_adding();
                (self.end_sent, self.end_unanswered) = (false, false);
                self.must_abort(error());
                if self.state == State::AbortingTransaction {
                    self.back_off(now);
                }
            }
        }
        reaction
    }

    /// `init` may be tried again: nothing of the producer is broken. Between two transactions it is the producer that is.
    fn uninitialize(&mut self, error: FatalError) {
        self.go_to(State::AbortableError);
        self.go_to(State::Uninitialized);
        self.error = None;
        self.bump = false;
        self.identity = None;
        self.events.push_back(TransactionEvent::InitFailed(error));
    }

    fn look_up(&mut self, now: Monotonic, api: TransactionApi) {
        match api {
            TransactionApi::TxnOffsetCommit => self.group_coordinator = None,
            _ => self.coordinator = None,
        }
        self.back_off(now);
    }

    fn found_coordinator(&mut self, now: Monotonic, response: &FindCoordinatorResponse) {
        let (code, node) = match response.coordinators.first() {
            Some(found) => (found.error_code, found.node_id),
            None => (response.error_code, response.node_id),
        };
        if code.is_none() && node < 0 {
            return self.back_off(now);
        }
        if self.react(now, TransactionApi::FindCoordinator, code) != Reaction::Done {
            return;
        }
        match self.looking_up.take() {
            Some(CoordinatorLookup::Group(group)) => self.group_coordinator = Some((group, NodeId(node))),
            Some(CoordinatorLookup::Transaction(_)) => self.coordinator = Some(NodeId(node)),
            None => {}
        }
    }

    fn got_identity(&mut self, now: Monotonic, response: &InitProducerIdResponse) {
        let identity = ProducerIdentity {
            id: ProducerId(response.producer_id),
            epoch: ProducerEpoch(response.producer_epoch),
        };
        let code = response.error_code;
        if code.is_none() && (identity.id.0 < 0 || identity.epoch.0 < 0) {
            return self.back_off(now);
        }
        if self.react(now, TransactionApi::InitProducerId, code) != Reaction::Done {
            return;
        }
        let bumped = std::mem::take(&mut self.bump);
        self.become_producer(identity);
        self.version = self.finalized;
        self.go_to(State::Ready);
        if !bumped {
            self.events.push_back(TransactionEvent::Initialized);
        }
    }

    fn added_partitions(&mut self, now: Monotonic, response: &AddPartitionsToTxnResponse) {
        let answered = response.results_by_topic_v3_and_below.iter().flat_map(|topic| {
            let one = |result: &kafka_protocol::messages::add_partitions_to_txn::AddPartitionsToTxnPartitionResult| {
                let of = TopicPartition::new(topic.name.as_str(), result.partition_index);
                (of, result.partition_error_code)
            };
            topic.results_by_partition.iter().map(one)
        });
        let answered: Vec<(TopicPartition, ErrorCode)> = answered.collect();
        let circumstances = self.circumstances();
        let api = TransactionApi::AddPartitionsToTxn;
        // One that waits decides before those that are refused: they may only have been kept out by it.
        let reaction_to = |code: ErrorCode| reaction(api, code, circumstances);
        let said_more = |code: &ErrorCode| *code != ErrorCode::OPERATION_NOT_ATTEMPTED;
        let worst =
            answered.iter().map(|(_, code)| *code).max_by_key(|code| (reaction_to(*code), said_more(code)));
        let complete = self.asked_partitions.iter().all(|of| answered.iter().any(|(known, _)| known == of));
        let Some(worst) = worst.filter(|_| complete) else { return self.back_off(now) };
        match self.react(now, api, worst) {
            Reaction::Done => {
                (self.started, self.maybe_idle) = (true, false);
                self.partitions.append(&mut self.asked_partitions);
            }
            // They may never exist, and an abort need not wait for that. One that is unknown keeps the others out.
            Reaction::Retry
                if worst == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                    && self.state == State::AbortingTransaction =>
            {
                let unknown = |of: &TopicPartition| {
                    answered
                        .iter()
                        .any(|(known, code)| known == of && *code == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
                };
                self.asked_partitions.retain(|of| !unknown(of));
                if self.asked_partitions.is_empty() {
                    self.give_up_adding();
                }
            }
            Reaction::Retry if worst == ErrorCode::CONCURRENT_TRANSACTIONS && self.partitions.is_empty() => {
                self.not_before = now + CONCURRENT_WAIT.min(self.config.retry_backoff);
            }
            _ => {}
        }
    }

    fn committed_offsets(&mut self, now: Monotonic, response: &TxnOffsetCommitResponse) {
        let api = TransactionApi::TxnOffsetCommit;
        let circumstances = self.circumstances();
        let mut worst = ErrorCode::NONE;
        let Some(offsets) = self.offsets.front_mut() else { return };
        for topic in &response.topics {
            for partition in &topic.partitions {
                let code = partition.error_code;
                if code.is_none() {
                    let of = TopicPartition::new(topic.name.as_str(), partition.partition_index);
                    offsets.left.remove(&of);
                } else if reaction(api, code, circumstances) > reaction(api, worst, circumstances) {
                    worst = code;
                }
            }
        }
        let done = offsets.left.is_empty();
        if worst.is_none() && !done {
            return self.back_off(now);
        }
        if self.react(now, api, worst) == Reaction::Done {
            self.offsets.pop_front();
            self.events.push_back(TransactionEvent::OffsetsSent);
        }
    }

    fn ended(&mut self, now: Monotonic, response: &EndTxnResponse) {
        let nothing_to_end = response.error_code == ErrorCode::INVALID_TXN_STATE && self.maybe_idle;
        if nothing_to_end && self.state == State::AbortingTransaction {
            return self.end();
        }
        self.end_unanswered |= may_be_carried_out(response.error_code);
        if self.react(now, TransactionApi::EndTxn, response.error_code) != Reaction::Done {
            return;
        }
        if response.producer_id >= 0 {
            self.become_producer(ProducerIdentity {
                id: ProducerId(response.producer_id),
                epoch: ProducerEpoch(response.producer_epoch),
            });
        }
        self.end();
    }
}

/// Whether the end of a transaction may come about although its request was answered with this error: the coordinator's own log
/// may have it, and its successor, when there is no confirmation from its followers.
fn may_be_carried_out(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::NOT_COORDINATOR
            | ErrorCode::REQUEST_TIMED_OUT
            | ErrorCode::UNKNOWN_SERVER_ERROR
    ) || code.name().is_none()
}

/// Whether the request brings something into the transaction.
fn adds(api: TransactionApi) -> bool {
    matches!(api, TransactionApi::AddPartitionsToTxn | TransactionApi::AddOffsetsToTxn)
}

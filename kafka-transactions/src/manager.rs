//! The producer's identity and all its streams.

use crate::identity::Identity;
use crate::stream::{BatchKey, Stamp, Stamping, Stream, StreamKey, Verdict};
use crate::{FatalError, TransactionConfig};
use kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};
use kafka_types::{ErrorCode, Monotonic, ProducerEpoch, ProducerId, ProducerIdentity, SplitMix64};

/// Stamps batches and judges their answers. See the crate's page for the rules.
///
/// For every batch, in this order: [`may_assign`](Self::may_assign) before it is taken from its queue,
/// [`stamp`](Self::stamp) when it goes into a request, then exactly one of
///
/// - [`handle_acknowledged`](Self::handle_acknowledged): it has its outcome;
/// - [`handle_recalled`](Self::handle_recalled): the request did not go out;
/// - [`handle_refused`](Self::handle_refused) or [`handle_ambiguous`](Self::handle_ambiguous): the verdict says whether it may be
///   stamped again;
/// - [`handle_split`](Self::handle_split): its children take its place;
///
/// and [`handle_failed`](Self::handle_failed), at any time, when its owner gives it up.
#[derive(Debug)]
pub struct TransactionManager {
    config: TransactionConfig,
    identity: Identity,
    streams: Vec<Stream>,
    random: SplitMix64,
}

impl TransactionManager {
    /// A manager without an identity; it asks for one when the first batch needs it.
    pub fn new(config: TransactionConfig, seed: u64) -> TransactionManager {
        TransactionManager {
            config,
            identity: Identity::new(),
            streams: Vec::new(),
            random: SplitMix64::new(seed),
        }
    }

    /// Whether batches carry an identity.
    pub fn is_idempotent(&self) -> bool {
        self.config.idempotence
    }

    /// The newest identity; partitions may still finish batches of older ones.
    pub fn identity(&self) -> Option<ProducerIdentity> {
        self.identity.current()
    }

    /// Why nothing can be sent any more, if so.
    pub fn fatal(&self) -> Option<&FatalError> {
        self.identity.fatal()
    }

    /// The `InitProducerId` request that is due, if one is. It counts as in progress until
    /// [`handle_init_producer_id`](Self::handle_init_producer_id) or [`handle_request_failed`](Self::handle_request_failed).
    pub fn poll_request(&mut self, now: Monotonic) -> Option<InitProducerIdRequest> {
        self.identity.start_request(now).then(|| InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: i32::MAX,
            ..InitProducerIdRequest::default()
        })
    }

    /// When [`poll_request`](Self::poll_request) has something to say next.
    pub fn next_deadline(&self) -> Monotonic {
        self.identity.due()
    }

    /// The answer to the request.
    pub fn handle_init_producer_id(&mut self, now: Monotonic, response: &InitProducerIdResponse) {
        let code = response.error_code;
        if code.is_none() && response.producer_id >= 0 && response.producer_epoch >= 0 {
            self.handle_identity(ProducerIdentity {
                id: ProducerId(response.producer_id),
                epoch: ProducerEpoch(response.producer_epoch),
            });
        } else if code.is_retriable() || code.is_none() {
            self.identity.retry(now, &self.config, &mut self.random);
        } else {
            let hint = match code {
                ErrorCode::CLUSTER_AUTHORIZATION_FAILED => {
                    ": grant IdempotentWrite on the cluster, or set enable.idempotence=false"
                }
                _ => "",
            };
            self.identity.fail(code, format!("no producer id: the broker answered {code}{hint}"));
        }
    }

    /// The request got no answer: it is due again after a backoff.
    pub fn handle_request_failed(&mut self, now: Monotonic) {
        self.identity.retry(now, &self.config, &mut self.random);
    }

    /// The broker serves no `InitProducerId` in a version that the client speaks.
    pub fn handle_unsupported(&mut self) {
        self.identity.fail(
            ErrorCode::UNSUPPORTED_VERSION,
            "the broker does not serve InitProducerId, which an idempotent producer needs: \
             set enable.idempotence=false, or upgrade the broker"
                .to_owned(),
        );
    }

    /// An identity to use from now on.
    pub fn handle_identity(&mut self, identity: ProducerIdentity) {
        self.identity.set(identity);
    }

    /// Ends everything: what was in no request yet can't be sent.
    pub fn handle_fatal(&mut self, code: ErrorCode, message: String) {
        self.identity.fail(code, message);
    }

    /// Whether a batch of this partition that has no sequence yet may be stamped now. Asks for an identity if that is what is
    /// missing.
    pub fn may_assign(&mut self, stream: StreamKey) -> bool {
        if !self.config.idempotence {
            return true;
        }
        if self.identity.fatal().is_some() {
            return false;
        }
        match self.identity.current() {
            Some(current) => {
                self.renew(stream);
                let current = self.identity.current().unwrap_or(current);
                self.stream(stream).may_assign(current)
            }
            None => {
                if !self.config.transactional {
                    self.identity.want();
                }
                false
            }
        }
    }

    /// Stamps a batch for a request: with its own sequence if it has one, else with the next of its partition.
    pub fn stamp(&mut self, stream: StreamKey, batch: BatchKey, records: u32) -> Stamping {
        if !self.config.idempotence {
            return Stamping::Stamp(Stamp::NONE);
        }
        if self.stream(stream).contains(batch) {
            return self.stream(stream).resend(batch);
        }
        if !self.may_assign(stream) {
            return Stamping::Blocked;
        }
        Stamping::Stamp(self.stream(stream).assign(batch, records))
    }

    /// The batch is in the log.
    pub fn handle_acknowledged(&mut self, stream: StreamKey, batch: BatchKey) {
        self.stream(stream).acknowledge(batch);
    }

    /// The batch's request did not go out. The verdict is about its earlier attempts: if one of them may have written it and
    /// nothing is accepted under its identity any more, it has to fail.
    pub fn handle_recalled(&mut self, stream: StreamKey, batch: BatchKey) -> Verdict {
        Verdict { retry: self.stream(stream).recall(batch), condemned: Vec::new() }
    }

    /// Nothing was on its way to the partition for so long that the broker may have forgotten the producer
    /// (`producer.id.expiration.ms`): until the next acknowledgement one batch goes at a time, for a broker that knows nothing
    /// takes any sequence, also a later one before an earlier one.
    pub fn handle_rested(&mut self, stream: StreamKey) {
        self.stream(stream).rest();
    }

    /// The attempt may have written the batch: no answer, or one that leaves it open.
    pub fn handle_ambiguous(&mut self, stream: StreamKey, batch: BatchKey) -> Verdict {
        Verdict { retry: self.stream(stream).doubt(batch), condemned: Vec::new() }
    }

    /// The attempt surely did not write the batch. The verdict says whether its sequence allows another; whether `code` does is
    /// for the caller to know, except for codes of the sequence itself.
    pub fn handle_refused(&mut self, stream: StreamKey, batch: BatchKey, code: ErrorCode) -> Verdict {
        if !self.config.idempotence {
            return Verdict::RETRY;
        }
        let verdict = match code {
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER | ErrorCode::UNKNOWN_PRODUCER_ID => {
                self.stream(stream).refuse_sequence(batch)
            }
            ErrorCode::INVALID_PRODUCER_EPOCH => Verdict { retry: false, ..self.stream(stream).die(batch) },
            code if is_fatal(code) => {
                self.identity.fail(code, format!("the broker refused this producer: {code}"));
                Verdict { retry: false, condemned: Vec::new() }
            }
            _ => Verdict { retry: self.stream(stream).refuse(batch), condemned: Vec::new() },
        };
        if self.config.transactional && self.stream(stream).is_dead() {
            // There is no other identity before the transaction's end.
            return Verdict { retry: false, ..verdict };
        }
        self.renew(stream);
        verdict
    }

    /// The batch was given up. `maybe_written` says whether an attempt may have put it into the log.
    pub fn handle_failed(&mut self, stream: StreamKey, batch: BatchKey, maybe_written: bool) {
        self.stream(stream).fail(batch, maybe_written);
        self.renew(stream);
    }

    /// The batch is replaced by children with these numbers of records, in order; it surely was not written.
    pub fn handle_split(&mut self, stream: StreamKey, parent: BatchKey, children: &[(BatchKey, u32)]) {
        self.stream(stream).split(parent, children);
    }

    /// Whether the partition takes no new batch under the newest identity: what is in the log is not known.
    pub fn is_broken(&mut self, stream: StreamKey) -> bool {
        let current = self.identity.current();
        let stream = self.stream(stream);
        stream.is_broken() && Some(stream.identity()) == current
    }

    /// A stream that broke under the newest identity makes the epoch move on, once: other streams that broke under the same one
    /// find a newer one already there.
    fn renew(&mut self, stream: StreamKey) {
        if self.config.transactional {
            return;
        }
        let current = self.identity.current();
        let stream = self.stream(stream);
        if stream.is_broken() && Some(stream.identity()) == current {
            self.identity.bump();
        }
    }

    fn stream(&mut self, key: StreamKey) -> &mut Stream {
        let index = key.0 as usize;
        if index >= self.streams.len() {
            self.streams.resize_with(index + 1, Stream::new);
        }
        &mut self.streams[index]
    }
}

/// Codes after which no batch of an idempotent producer is accepted any more.
fn is_fatal(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::CLUSTER_AUTHORIZATION_FAILED
            | ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED
            | ErrorCode::PRODUCER_FENCED
            | ErrorCode::UNSUPPORTED_VERSION
            | ErrorCode::INVALID_PRODUCER_ID_MAPPING
    )
}

#[cfg(test)]
mod tests;

//! One transactional id's state machine: who may go on, and what a request does in each state.

use super::{Ending, TransactionState, TransactionStatus};
use kafka_types::{ErrorCode, Monotonic, ProducerEpoch, ProducerId, ProducerIdentity, TopicPartition};
use std::collections::BTreeSet;
use std::time::Duration;

/// A client never gets an epoch beyond this one: the last is left for fencing.
const LAST_EPOCH: ProducerEpoch = ProducerEpoch(i16::MAX - 1);

#[derive(Debug)]
pub(crate) struct Transaction {
    state: TransactionState,
    /// The id before the last one ran out of epochs.
    previous_id: ProducerId,
    /// The epoch before the last bump that a client asked for: its request may come again.
    last_epoch: ProducerEpoch,
    /// The id after this transaction, when this one has no epoch left.
    next_id: Option<ProducerId>,
    /// When the coordinator aborts the ongoing transaction.
    expires_at: Monotonic,
    ending: Option<Ending>,
    /// Every state that was written, in order.
    log: Vec<TransactionState>,
}

/// InitProducerId with a transactional id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InitRequest {
    pub(crate) timeout: Duration,
    /// Who the client is already (KIP-360); `None` for a new producer, which fences the others.
    pub(crate) expected: Option<ProducerIdentity>,
    /// When markers begin to be written if a transaction must be aborted first.
    pub(crate) ending_begins_at: Monotonic,
}

/// EndTxn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndRequest {
    pub(crate) producer: ProducerIdentity,
    pub(crate) committed: bool,
    /// From EndTxn 5 on each transaction has its own epoch (KIP-890).
    pub(crate) bumps_epoch: bool,
    /// When markers begin to be written.
    pub(crate) ending_begins_at: Monotonic,
}

impl Transaction {
    /// An id that nobody has initialized yet: `producer` has the epoch before the first.
    pub(super) fn new(producer: ProducerIdentity) -> Self {
        let state = TransactionState {
            status: TransactionStatus::Empty,
            producer,
            partitions: BTreeSet::new(),
            groups: BTreeSet::new(),
            timeout: Duration::ZERO,
        };
        Transaction {
            state,
            previous_id: ProducerId::NONE,
            last_epoch: ProducerEpoch::NONE,
            next_id: None,
            expires_at: Monotonic::NEVER,
            ending: None,
            log: Vec::new(),
        }
    }

    pub(crate) fn state(&self) -> &TransactionState {
        &self.state
    }

    pub(crate) fn log(&self) -> &[TransactionState] {
        &self.log
    }

    pub(crate) fn expires_at(&self) -> Monotonic {
        self.expires_at
    }

    pub(crate) fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    pub(crate) fn ending_mut(&mut self) -> Option<&mut Ending> {
        self.ending.as_mut()
    }

    /// A producer begins, or comes back for another epoch.
    pub(crate) fn init(
        &mut self,
        request: InitRequest,
        new_id: impl FnOnce() -> ProducerId,
    ) -> Result<ProducerIdentity, ErrorCode> {
        if self.ending.is_some() {
            // First of all: a client at the end of its epochs was told an id that counts only once the markers are there.
            return Err(ErrorCode::CONCURRENT_TRANSACTIONS);
        }
        let current = self.state.producer;
        let made_just_now = self.log.is_empty();
        if let Some(expected) = request.expected {
            // The last answer to a client at the end of its epochs may have been lost: it doesn't know its new id.
            let repeated = expected.id == self.previous_id && expected.epoch >= LAST_EPOCH;
            if !made_just_now && expected.id != current.id && !repeated {
                return Err(ErrorCode::PRODUCER_FENCED);
            }
        }
        match self.state.status {
            TransactionStatus::PrepareCommit | TransactionStatus::PrepareAbort => {
                return Err(ErrorCode::CONCURRENT_TRANSACTIONS);
            }
            TransactionStatus::Ongoing => {
                // The epoch of this abort is never handed out: the client tries again, and gets the one after it.
                self.fence(request.ending_begins_at);
                return Err(ErrorCode::CONCURRENT_TRANSACTIONS);
            }
            TransactionStatus::Empty
            | TransactionStatus::CompleteCommit
            | TransactionStatus::CompleteAbort => {}
        }
        let expected = request.expected.map(|expected| expected.epoch);
        if current.epoch >= LAST_EPOCH && expected.is_none_or(|expected| expected == current.epoch) {
            self.previous_id = current.id;
            self.last_epoch = expected.unwrap_or(ProducerEpoch::NONE);
            self.state.producer = ProducerIdentity { id: new_id(), epoch: ProducerEpoch(0) };
        } else {
            match expected {
                None => self.last_epoch = ProducerEpoch::NONE,
                Some(expected) if made_just_now || expected == current.epoch => {
                    self.last_epoch = current.epoch;
                }
                // The same request again, whose answer was lost. A newer producer would have cleared the last epoch.
                Some(expected) if expected == self.last_epoch => return Ok(current),
                Some(_) => return Err(ErrorCode::PRODUCER_FENCED),
            }
            self.state.producer.epoch = ProducerEpoch(current.epoch.0 + 1);
        }
        self.state.timeout = request.timeout;
        self.clear();
        self.write(TransactionStatus::Empty);
        Ok(self.state.producer)
    }

    /// Partitions and groups come into the transaction, which begins with the first.
    pub(crate) fn add(
        &mut self,
        now: Monotonic,
        producer: ProducerIdentity,
        partitions: &[TopicPartition],
        group: Option<&str>,
    ) -> Result<(), ErrorCode> {
        self.check(producer)?;
        let ongoing = self.state.status == TransactionStatus::Ongoing;
        let there = partitions.iter().all(|of| self.state.partitions.contains(of))
            && group.is_none_or(|group| self.state.groups.contains(group));
        if ongoing && there {
            return Ok(());
        }
        if !ongoing {
            self.clear();
            self.expires_at = now + self.state.timeout;
        }
        self.state.partitions.extend(partitions.iter().cloned());
        self.state.groups.extend(group.map(str::to_owned));
        self.write(TransactionStatus::Ongoing);
        Ok(())
    }

    /// Whether the transaction of this producer can go on now.
    pub(crate) fn check(&self, producer: ProducerIdentity) -> Result<(), ErrorCode> {
        if self.ending.is_some() {
            // First of all: the client may have been told an id that counts only once the markers are there.
            Err(ErrorCode::CONCURRENT_TRANSACTIONS)
        } else if producer.id != self.state.producer.id {
            Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING)
        } else if producer.epoch != self.state.producer.epoch {
            Err(ErrorCode::PRODUCER_FENCED)
        } else {
            Ok(())
        }
    }

    /// A client ends its transaction. Gives who it is from now on.
    pub(crate) fn end(
        &mut self,
        request: EndRequest,
        new_id: impl FnOnce() -> ProducerId,
    ) -> Result<ProducerIdentity, ErrorCode> {
        match request.bumps_epoch {
            true => self.end_and_bump(request, new_id),
            false => self.end_in_epoch(request),
        }
    }

    fn end_in_epoch(&mut self, request: EndRequest) -> Result<ProducerIdentity, ErrorCode> {
        use TransactionStatus::{CompleteAbort, CompleteCommit, Ongoing};
        if request.producer.id != self.state.producer.id {
            return Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING);
        }
        if request.producer.epoch != self.state.producer.epoch {
            return Err(ErrorCode::PRODUCER_FENCED);
        }
        if self.ending.is_some() {
            return Err(ErrorCode::CONCURRENT_TRANSACTIONS);
        }
        match (self.state.status, request.committed) {
            (Ongoing, committed) => self.prepare(committed, request.ending_begins_at),
            (CompleteCommit, true) | (CompleteAbort, false) => {}
            _ => return Err(ErrorCode::INVALID_TXN_STATE),
        }
        Ok(self.state.producer)
    }

    fn end_and_bump(
        &mut self,
        request: EndRequest,
        new_id: impl FnOnce() -> ProducerId,
    ) -> Result<ProducerIdentity, ErrorCode> {
        use TransactionStatus::{CompleteAbort, CompleteCommit, Empty, Ongoing, PrepareAbort, PrepareCommit};
        if self.ending.is_some() {
            // First of all: the client may know its next epoch, or id, already.
            return Err(ErrorCode::CONCURRENT_TRANSACTIONS);
        }
        let (theirs, ours) = (request.producer, self.state.producer);
        // The client may not have heard of the epoch, or the id, that its first attempt gave it.
        let bumped = theirs.epoch.0.checked_add(1) == Some(ours.epoch.0);
        let rotated =
            theirs.id == self.previous_id && theirs.epoch == LAST_EPOCH && ours.epoch == ProducerEpoch(0);
        let again = bumped || rotated;
        if theirs.id != ours.id && !rotated {
            return Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING);
        }
        let same = theirs.epoch == ours.epoch;
        let valid = match self.state.status {
            Empty | Ongoing => same,
            PrepareCommit | PrepareAbort => false,
            CompleteCommit | CompleteAbort => again || same,
        };
        if !valid {
            return Err(ErrorCode::PRODUCER_FENCED);
        }
        match (self.state.status, request.committed) {
            (CompleteCommit, true) | (CompleteAbort, false) if again => return Ok(ours),
            (Ongoing, _) => {}
            // Nothing came in: an abort moves to another epoch all the same, so that what is late is fenced.
            (Empty, false) => self.clear(),
            (CompleteCommit | CompleteAbort, false) if !again => self.clear(),
            _ => return Err(ErrorCode::INVALID_TXN_STATE),
        }
        self.next_id = (ours.epoch >= LAST_EPOCH).then(new_id);
        self.last_epoch = ours.epoch;
        self.state.producer.epoch = ProducerEpoch(ours.epoch.0.saturating_add(1));
        let answer = match self.next_id {
            Some(id) => ProducerIdentity { id, epoch: ProducerEpoch(0) },
            None => self.state.producer,
        };
        self.prepare(request.committed, request.ending_begins_at);
        Ok(answer)
    }

    /// The ongoing transaction is aborted under an epoch of its own: its producer is fenced.
    pub(crate) fn fence(&mut self, ending_begins_at: Monotonic) {
        self.state.producer.epoch = ProducerEpoch(self.state.producer.epoch.0.saturating_add(1));
        self.last_epoch = ProducerEpoch::NONE;
        self.prepare(false, ending_begins_at);
    }

    fn prepare(&mut self, committed: bool, begins_at: Monotonic) {
        self.expires_at = Monotonic::NEVER;
        self.ending = Some(Ending {
            committed,
            begins_at,
            partitions: self.state.partitions.iter().map(|of| (of.clone(), None)).collect(),
            groups: self.state.groups.clone(),
        });
        self.write(match committed {
            true => TransactionStatus::PrepareCommit,
            false => TransactionStatus::PrepareAbort,
        });
    }

    /// All markers are in the logs.
    pub(crate) fn complete(&mut self) {
        let Some(ending) = self.ending.take() else { return };
        if let Some(next) = self.next_id.take() {
            self.previous_id = self.state.producer.id;
            self.state.producer = ProducerIdentity { id: next, epoch: ProducerEpoch(0) };
        }
        self.clear();
        self.write(match ending.committed {
            true => TransactionStatus::CompleteCommit,
            false => TransactionStatus::CompleteAbort,
        });
    }

    fn clear(&mut self) {
        self.state.partitions.clear();
        self.state.groups.clear();
    }

    fn write(&mut self, status: TransactionStatus) {
        self.state.status = status;
        self.log.push(self.state.clone());
    }
}

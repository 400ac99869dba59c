//! The transactional manager: what may be done in which state, and what follows from it.

mod request;
mod response;

pub use request::{CoordinatorLookup, RequestTarget, TransactionRequest, TransactionResponse};

use crate::reaction::{Circumstances, TransactionApi, is_fatal_to_producer};
use crate::{FatalError, GroupMetadata, OffsetAndMetadata, State, TransactionGate};
use kafka_types::{
    ErrorCode, ExponentialBackoff, Monotonic, NodeId, ProducerIdentity, SplitMix64, TopicPartition,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How a [`TransactionalManager`] behaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TransactionalConfig {
    /// `transactional.id`: not empty. Who begins with the same one later fences this producer.
    pub transactional_id: Arc<str>,
    /// `transaction.timeout.ms`: after this time the coordinator aborts an open transaction. Default: 1 minute.
    pub transaction_timeout: Duration,
    /// `retry.backoff.ms`: the wait after the first failed request. Default: 100 ms.
    pub retry_backoff: Duration,
    /// `retry.backoff.max.ms`: the longest wait. Default: 1 s.
    pub retry_backoff_max: Duration,
}

impl TransactionalConfig {
    /// The defaults for a transactional id.
    pub fn new(transactional_id: impl Into<Arc<str>>) -> Self {
        TransactionalConfig {
            transactional_id: transactional_id.into(),
            transaction_timeout: Duration::from_secs(60),
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_secs(1),
        }
    }
}

/// Which protocol transactions have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TransactionVersion {
    /// Partitions and groups are added by requests of their own; the epoch stays (KIP-98).
    One,
    /// What is written is added; each transaction has its own epoch (KIP-890).
    Two,
}

impl TransactionVersion {
    /// The version for the finalized level of the feature `transaction.version`; 0 if the cluster has none.
    pub fn of_feature(level: i16) -> Self {
        if level >= 2 { TransactionVersion::Two } else { TransactionVersion::One }
    }
}

/// A call that the state does not allow. Nothing changed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IllegalCall {
    /// The state does not allow the call.
    #[error("{call} is not possible in state {state:?}")]
    State {
        /// The call.
        call: &'static str,
        /// The state.
        state: State,
    },
    /// Something of the transaction failed before: it has to be aborted.
    #[error("the transaction has to be aborted: {0}")]
    Abortable(FatalError),
    /// The producer can do nothing any more.
    #[error("the producer is of no use any more: {0}")]
    Fatal(FatalError),
}

impl IllegalCall {
    pub(crate) fn new(call: &'static str, state: State, error: Option<&FatalError>) -> IllegalCall {
        match (state, error) {
            (State::FatalError, Some(error)) => IllegalCall::Fatal(error.clone()),
            (State::AbortableError, Some(error)) => IllegalCall::Abortable(error.clone()),
            (state, _) => IllegalCall::State { call, state },
        }
    }
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TransactionEvent {
    /// The producer is who this says from now on. Sequences start at 0.
    Identity(ProducerIdentity),
    /// `init` is done: a transaction may begin.
    Initialized,
    /// `init` failed, and may be called again.
    InitFailed(FatalError),
    /// The offsets of one call of `send_offsets` are in the transaction.
    OffsetsSent,
    /// The transaction was committed, or aborted, and the next one may begin.
    Ended {
        /// Whether it was committed.
        committed: bool,
    },
    /// The transaction has to be aborted. Records that are in no request yet are not to be sent.
    Abortable(FatalError),
    /// The producer can do nothing any more.
    Fatal(FatalError),
}

/// The offsets of one call.
#[derive(Clone, Debug)]
struct PendingOffsets {
    group: GroupMetadata,
    /// The coordinator was asked to take the group in (version 1): it may have, until an answer says more.
    asked: bool,
    /// The group is in the transaction (version 1).
    added: bool,
    left: BTreeMap<TopicPartition, OffsetAndMetadata>,
}

/// The transaction state machine of a producer. Sans I/O: commands go in, [`poll_request`](Self::poll_request) says what to ask
/// whom, [`handle_response`](Self::handle_response) and [`handle_request_failed`](Self::handle_request_failed) bring answers,
/// [`poll_event`](Self::poll_event) says what came of it.
///
/// One request is on its way at a time. None has an end of its own: what gets no answer is asked again, and a commit whose
/// answer was lost stays a commit until a coordinator says what became of it.
///
/// ```
/// use kafka_protocol::messages::FindCoordinatorResponse;
/// use kafka_transactions::{
///     RequestTarget, State, TransactionRequest, TransactionResponse, TransactionalConfig, TransactionalManager,
/// };
/// use kafka_types::{Monotonic, NodeId};
///
/// let mut manager = TransactionalManager::new(TransactionalConfig::new("billing-1"), 7);
/// manager.handle_feature(2);
/// manager.init()?;
/// let now = Monotonic::ZERO;
/// let (target, request) = manager.poll_request(now, false).expect("the coordinator is looked up");
/// assert!(matches!((target, request), (RequestTarget::Any, TransactionRequest::FindCoordinator(_))));
/// let found = FindCoordinatorResponse { node_id: 3, ..FindCoordinatorResponse::default() };
/// manager.handle_response(now, &TransactionResponse::FindCoordinator(found));
/// let (target, request) = manager.poll_request(now, false).expect("it gives the producer its id");
/// assert_eq!(target, RequestTarget::Node(NodeId(3)));
/// assert!(matches!(request, TransactionRequest::InitProducerId(_)));
/// assert!(manager.begin().is_err());
/// assert_eq!(manager.state(), State::Initializing);
/// # Ok::<(), kafka_transactions::IllegalCall>(())
/// ```
#[derive(Debug)]
pub struct TransactionalManager {
    config: TransactionalConfig,
    state: State,
    error: Option<FatalError>,
    gate: Arc<TransactionGate>,
    identity: Option<ProducerIdentity>,
    /// What the cluster says now, and what the open transaction began with.
    finalized: TransactionVersion,
    version: TransactionVersion,
    can_bump: bool,
    /// After the transaction's end the epoch has to move on by InitProducerId (version 1, and upgrades from it).
    bump: bool,
    coordinator: Option<NodeId>,
    group_coordinator: Option<(Arc<str>, NodeId)>,
    /// Partitions that have records and are not in the transaction yet (version 1).
    new_partitions: BTreeSet<TopicPartition>,
    /// Those that were asked for, without an answer: they may be in.
    asked_partitions: BTreeSet<TopicPartition>,
    partitions: BTreeSet<TopicPartition>,
    offsets: VecDeque<PendingOffsets>,
    /// The coordinator may know of a transaction.
    started: bool,
    /// An attempt to bring something into the transaction may have been carried out, and nothing said so.
    add_unanswered: bool,
    /// Nobody knows whether the coordinator has a transaction: it is told the end, and may say that there is nothing to end.
    maybe_idle: bool,
    in_flight: Option<TransactionApi>,
    /// Whose coordinator is being looked up.
    looking_up: Option<CoordinatorLookup>,
    /// EndTxn was sent, and no answer said that it was not carried out.
    end_sent: bool,
    /// An attempt of it got no answer.
    end_unanswered: bool,
    failures: u32,
    not_before: Monotonic,
    random: SplitMix64,
    events: VecDeque<TransactionEvent>,
}

impl TransactionalManager {
    /// A producer that was not initialized.
    pub fn new(config: TransactionalConfig, seed: u64) -> Self {
        TransactionalManager {
            config,
            state: State::Uninitialized,
            error: None,
            gate: Arc::new(TransactionGate::new()),
            identity: None,
            finalized: TransactionVersion::One,
            version: TransactionVersion::One,
            can_bump: true,
            bump: false,
            coordinator: None,
            group_coordinator: None,
            new_partitions: BTreeSet::new(),
            asked_partitions: BTreeSet::new(),
            partitions: BTreeSet::new(),
            offsets: VecDeque::new(),
            started: false,
            add_unanswered: false,
            maybe_idle: false,
            in_flight: None,
            looking_up: None,
            end_sent: false,
            end_unanswered: false,
            failures: 0,
            not_before: Monotonic::ZERO,
            random: SplitMix64::new(seed),
            events: VecDeque::new(),
        }
    }

    /// `transactional.id`.
    pub fn id(&self) -> &str {
        &self.config.transactional_id
    }

    /// Where the producer is.
    pub fn state(&self) -> State {
        self.state
    }

    /// Why the transaction has to be aborted, or the producer is of no use.
    pub fn error(&self) -> Option<&FatalError> {
        self.error.as_ref()
    }

    /// What tells callers on other threads whether records are taken.
    pub fn gate(&self) -> &Arc<TransactionGate> {
        &self.gate
    }

    /// Who the producer is; `None` before it was initialized.
    pub fn identity(&self) -> Option<ProducerIdentity> {
        self.identity
    }

    /// The protocol of the open transaction, or of the next one.
    pub fn version(&self) -> TransactionVersion {
        self.version
    }

    /// The cluster's finalized level of `transaction.version`. It counts from the next transaction on.
    pub fn handle_feature(&mut self, level: i16) {
        self.finalized = TransactionVersion::of_feature(level);
    }

    /// Whether the coordinator serves an InitProducerId that moves an epoch on (version 3).
    pub fn handle_can_bump(&mut self, can_bump: bool) {
        self.can_bump = can_bump;
    }

    /// `initTransactions`: asks for producer id and epoch, and fences who had them before.
    ///
    /// # Errors
    /// [`IllegalCall`] unless the producer is [`State::Uninitialized`].
    pub fn init(&mut self) -> Result<(), IllegalCall> {
        self.expect("init", &[State::Uninitialized])?;
        self.go_to(State::Initializing);
        Ok(())
    }

    /// `beginTransaction`.
    ///
    /// # Errors
    /// [`IllegalCall`] unless the producer is [`State::Ready`].
    pub fn begin(&mut self) -> Result<(), IllegalCall> {
        self.expect("begin", &[State::Ready])?;
        self.go_to(State::InTransaction);
        Ok(())
    }

    /// Whether a record may be taken now: to be asked before it is appended.
    ///
    /// # Errors
    /// [`IllegalCall`] outside a transaction, or in one that has to be aborted.
    pub fn check_send(&self) -> Result<(), IllegalCall> {
        self.expect("send", &[State::InTransaction])
    }

    /// A record was appended to this partition.
    ///
    /// # Errors
    /// As [`check_send`](Self::check_send).
    pub fn add_partition(&mut self, partition: &TopicPartition) -> Result<(), IllegalCall> {
        self.check_send()?;
        match self.version {
            // The leader adds it when the batch comes.
            TransactionVersion::Two => {
                self.partitions.insert(partition.clone());
            }
            TransactionVersion::One => {
                if !self.partitions.contains(partition) && !self.asked_partitions.contains(partition) {
                    self.new_partitions.insert(partition.clone());
                }
            }
        }
        Ok(())
    }

    /// Whether a batch of this partition may go out: it is in the transaction, and nothing failed.
    pub fn may_produce(&self, partition: &TopicPartition) -> bool {
        matches!(self.state, State::InTransaction | State::CommittingTransaction)
            && self.partitions.contains(partition)
    }

    /// A batch of the transaction goes out: from here on the coordinator may know of it, and has to be told its end.
    ///
    /// In version 2 nobody else tells the coordinator, and it must not hear of the end of what it never heard of: while it still
    /// writes the markers of the last transaction it takes that for the call of a fenced producer.
    pub fn handle_sent(&mut self) {
        self.started |= self.version == TransactionVersion::Two;
    }

    /// `sendOffsetsToTransaction`: the group's offsets are committed with the transaction. Without offsets nothing is done.
    ///
    /// # Errors
    /// As [`check_send`](Self::check_send).
    pub fn send_offsets(
        &mut self,
        group: GroupMetadata,
        offsets: BTreeMap<TopicPartition, OffsetAndMetadata>,
    ) -> Result<(), IllegalCall> {
        self.expect("send_offsets", &[State::InTransaction])?;
        if offsets.is_empty() {
            self.events.push_back(TransactionEvent::OffsetsSent);
            return Ok(());
        }
        self.offsets.push_back(PendingOffsets { group, asked: false, added: false, left: offsets });
        Ok(())
    }

    /// `commitTransaction`.
    ///
    /// # Errors
    /// [`IllegalCall`] outside a transaction, or in one that has to be aborted.
    pub fn commit(&mut self) -> Result<(), IllegalCall> {
        self.expect("commit", &[State::InTransaction, State::PreparedTransaction])?;
        self.go_to(State::CommittingTransaction);
        Ok(())
    }

    /// `abortTransaction`. After a commit was asked for it is too late, whatever became of it.
    ///
    /// # Errors
    /// [`IllegalCall`] outside a transaction.
    pub fn abort(&mut self) -> Result<(), IllegalCall> {
        if self.state != State::AbortableError {
            self.expect("abort", &[State::InTransaction, State::PreparedTransaction])?;
        }
        self.error = None;
        self.go_to(State::AbortingTransaction);
        self.drop_unheard();
        Ok(())
    }

    /// A record or batch of the transaction failed: by a broker's code, or locally by one that says how. Once the end was
    /// sent there is nothing left that could fail, and it is the coordinator that decides.
    pub fn handle_failed(&mut self, code: ErrorCode, message: impl Into<Arc<str>>) {
        let error = FatalError { code, message: message.into() };
        if is_fatal_to_producer(code) {
            self.fail(error);
        } else if matches!(self.state, State::InTransaction | State::CommittingTransaction) && !self.end_sent
        {
            // What failed had a sequence: the epoch has to move on, in version 2 by the transaction's end.
            match self.version {
                TransactionVersion::One => self.bump |= self.can_bump,
                TransactionVersion::Two => self.started = true,
            }
            self.must_abort(error);
        }
    }

    /// A batch that had a sequence failed, also in a transaction that is aborted anyway: what of it is in the log is not known,
    /// and only another epoch mends that. In version 2 each transaction has its own.
    pub fn handle_broken_sequence(&mut self) {
        match self.version {
            TransactionVersion::Two => {}
            TransactionVersion::One if self.can_bump => self.bump = true,
            TransactionVersion::One => {
                let message = "a batch of the transaction failed and may be in the log or not, which only another epoch \
                               mends: make a new producer (brokers from Kafka 2.5 on give it another epoch)";
                self.fail(FatalError { code: ErrorCode::UNSUPPORTED_VERSION, message: message.into() });
            }
        }
    }

    /// Whether an attempt to end the transaction got no answer, and none since has said what became of it. If the producer
    /// fails now, nobody knows whether the transaction was committed.
    pub fn is_end_unknown(&self) -> bool {
        self.end_unanswered
    }

    /// Whether the end of the transaction was asked for, and may have come about without an answer.
    pub fn is_end_sent(&self) -> bool {
        self.end_sent
    }

    /// What happened since the last call; oldest first.
    pub fn poll_event(&mut self) -> Option<TransactionEvent> {
        self.events.pop_front()
    }

    fn expect(&self, call: &'static str, allowed: &[State]) -> Result<(), IllegalCall> {
        if allowed.contains(&self.state) {
            return Ok(());
        }
        Err(IllegalCall::new(call, self.state, self.error.as_ref()))
    }

    fn go_to(&mut self, state: State) {
        debug_assert!(state.may_follow(self.state), "{state:?} after {:?}", self.state);
        self.state = state;
        self.gate.set(state, self.error.as_ref());
    }

    fn must_abort(&mut self, error: FatalError) {
        // What fails while the transaction is aborted anyway changes nothing.
        if self.state == State::AbortingTransaction || !State::AbortableError.may_follow(self.state) {
            return;
        }
        if self.state != State::AbortableError {
            self.error = Some(error.clone());
            self.events.push_back(TransactionEvent::Abortable(error));
        }
        self.go_to(State::AbortableError);
        self.drop_unheard();
    }

    /// What the coordinator has not heard of need not be ended. What it may have heard of is asked for once more: without an
    /// answer nobody knows whether there is a transaction to be aborted.
    fn drop_unheard(&mut self) {
        self.new_partitions.clear();
        self.offsets.retain(|offsets| offsets.asked && !offsets.added);
    }

    /// What was asked for is not in the transaction, and is not asked for again. If an attempt of it may have been carried out
    /// all the same, the coordinator has to be told the end of a transaction that it may not have.
    fn give_up_adding(&mut self) {
        self.asked_partitions.clear();
        if self.add_unanswered && !self.started {
            (self.started, self.maybe_idle) = (true, true);
        }
    }

    fn fail(&mut self, error: FatalError) {
        if self.state != State::FatalError {
            self.error = Some(error.clone());
            self.go_to(State::FatalError);
            self.events.push_back(TransactionEvent::Fatal(error));
        }
    }

    fn become_producer(&mut self, identity: ProducerIdentity) {
        if self.identity != Some(identity) {
            self.identity = Some(identity);
            self.events.push_back(TransactionEvent::Identity(identity));
        }
    }

    /// The transaction is over: for the coordinator, or because it never heard of it.
    fn end(&mut self) {
        let committed = self.state == State::CommittingTransaction;
        self.new_partitions.clear();
        self.asked_partitions.clear();
        self.partitions.clear();
        self.offsets.clear();
        self.started = false;
        (self.end_sent, self.end_unanswered) = (false, false);
        (self.add_unanswered, self.maybe_idle) = (false, false);
        // Sequences and epoch of the old protocol must not go on in the new one.
        self.bump |= self.version == TransactionVersion::One && self.finalized == TransactionVersion::Two;
        self.version = self.finalized;
        self.events.push_back(TransactionEvent::Ended { committed });
        self.go_to(if self.bump { State::Initializing } else { State::Ready });
    }

    fn circumstances(&self) -> Circumstances {
        Circumstances {
            can_bump: self.can_bump || self.version == TransactionVersion::Two,
            aborting: self.state == State::AbortingTransaction,
        }
    }

    fn back_off(&mut self, now: Monotonic) {
        let backoff = ExponentialBackoff::new(self.config.retry_backoff, self.config.retry_backoff_max);
        self.not_before = now + backoff.delay(self.failures, self.random.draw());
        self.failures = self.failures.saturating_add(1);
    }
}

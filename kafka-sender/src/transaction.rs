//! Transactions: calls that wait, and what comes of them.

use crate::engine::Engine;
use crate::outcome::Refusal;
use crate::timers::Timer;
use crate::{CallError, CallId, Output, TransactionCall};
use kafka_accumulator::{BatchFailure, DeliveryFailure, FailureCause, QueueId};
use kafka_protocol::wire::StrBytes;
use kafka_transactions::{
    FatalError, IllegalCall, RequestTarget, State, TransactionEvent, TransactionRequest, TransactionVersion,
    TransactionalManager,
};
use kafka_types::{ErrorCode, Monotonic, Now, TopicId, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// How long the next transaction waits after the answer to EndTxn. The coordinator answers before the markers are written; what
/// comes earlier is kept waiting by the broker (version 2) or refused (version 1), for 20 ms either way.
const MARKER_TIME: Duration = Duration::from_millis(1);

/// What the engine of a transactional producer has beside that of any other.
#[derive(Debug)]
pub(crate) struct Transactional {
    pub(crate) manager: TransactionalManager,
    /// A request that is due, and waits for a connection.
    pub(crate) due: Option<(RequestTarget, TransactionRequest)>,
    /// Those who wait, in the order of their calls.
    waiting: Vec<(CallId, Awaits)>,
    initialized: bool,
    /// Nobody was there to be told that it is.
    unheard: bool,
    /// Nobody can ask for the transaction's end any more: commit, or abort, was asked for.
    decided: bool,
    /// What became of a commit, if nobody was there to be told.
    unreported: Option<Result<(), CallError>>,
    /// What became of the last commit, whoever was told.
    last_commit: Option<Result<(), CallError>>,
    /// The first record of the transaction that failed.
    failure: Option<DeliveryFailure>,
    /// Why it has to be aborted.
    why: Option<Arc<str>>,
    /// Counts transactions, from 1.
    serial: u64,
    /// Nothing goes out before then: the end of the transaction before is still being written.
    pub(crate) hold_until: Monotonic,
    /// Partitions with something to send that are not in the transaction yet.
    joining: BTreeSet<QueueId>,
    /// The topics of the TxnOffsetCommit that is on its way, if it names them by id.
    pub(crate) topics_by_id: BTreeMap<TopicId, StrBytes>,
    /// The finalized features that were read last are of this epoch.
    feature_epoch: i64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Awaits {
    Identity,
    Ready,
    Offsets,
    Commit,
    Abort,
}

impl Transactional {
    fn new(manager: TransactionalManager) -> Transactional {
        Transactional {
            manager,
            due: None,
            waiting: Vec::new(),
            initialized: false,
            unheard: false,
            decided: false,
            unreported: None,
            last_commit: None,
            failure: None,
            why: None,
            serial: 0,
            hold_until: Monotonic::ZERO,
            joining: BTreeSet::new(),
            topics_by_id: BTreeMap::new(),
            feature_epoch: -1,
        }
    }

    /// Batches of records go by the rules of this version.
    pub(crate) fn version(&self) -> TransactionVersion {
        self.manager.version()
    }

    fn take_waiting(&mut self, awaits: Awaits) -> Vec<CallId> {
        let (taken, left) = std::mem::take(&mut self.waiting).into_iter().partition(|(_, a)| *a == awaits);
        self.waiting = left;
        let taken: Vec<(CallId, Awaits)> = taken;
        taken.into_iter().map(|(call, _)| call).collect()
    }

    /// The transaction's end was decided, and is not reached.
    fn is_ending(&self) -> bool {
        matches!(
            self.manager.state(),
            State::CommittingTransaction | State::AbortingTransaction | State::AbortableError
        )
    }
}

impl Engine {
    /// Makes it the engine of a transactional producer; before anything else. Its
    /// [`TransactionConfig`](kafka_transactions::TransactionConfig) has to say so too.
    pub fn set_transactional(&mut self, manager: TransactionalManager) {
        self.transactional = Some(Box::new(Transactional::new(manager)));
    }

    /// A program's call; [`Output::Called`] answers it by `deadline`. Calls of a producer without transactions are illegal.
    pub fn handle_call(&mut self, now: Now, id: CallId, call: TransactionCall, deadline: Monotonic) {
        let now = now.mono;
        if self.closed {
            return self.answer(id, Err(CallError::Closed { end_unknown: false }));
        }
        // What was sent before the call is part of what it is about.
        self.read_events(now);
        match self.start_call(now, call) {
            Ok(Some(awaits)) => {
                if let Some(transactional) = &mut self.transactional {
                    transactional.waiting.push((id, awaits));
                }
                self.timers.set(Timer::Call(id), deadline);
            }
            Ok(None) => self.answer(id, Ok(())),
            // The transaction was aborted by that, or there is no time for another.
            Err(CallError::Illegal(_)) if self.closing.is_some() => {
                self.answer(id, Err(CallError::Closed { end_unknown: false }));
            }
            Err(error) => self.answer(id, Err(error)),
        }
        self.follow_transaction(now);
    }

    /// The level of the finalized feature `transaction.version`, 0 if the cluster has none, and the epoch of the features
    /// (KIP-584): what a broker said when it was connected to.
    pub fn handle_transaction_feature(&mut self, epoch: i64, level: i16) {
        let Some(transactional) = &mut self.transactional else { return };
        // Brokers learn of a change one after the other; the newest epoch is right.
        if epoch >= transactional.feature_epoch {
            transactional.feature_epoch = epoch;
            transactional.manager.handle_feature(level);
        }
    }

    /// What the call waits for, if it waits.
    fn start_call(&mut self, now: Monotonic, call: TransactionCall) -> Result<Option<Awaits>, CallError> {
        let Some(transactional) = &mut self.transactional else {
            let illegal = IllegalCall::State { call: "a transaction's call", state: State::Uninitialized };
            return Err(CallError::Illegal(illegal));
        };
        let manager = &mut transactional.manager;
        let failed = transactional.failure.clone();
        let end_unknown = manager.is_end_unknown();
        let error = |illegal| match illegal {
            IllegalCall::Abortable(error) => CallError::Failed { error, record: failed },
            IllegalCall::Fatal(error) => CallError::Fatal { error, end_unknown },
            illegal => CallError::Illegal(illegal),
        };
        match call {
            TransactionCall::Init => {
                if std::mem::take(&mut transactional.unheard) && manager.state() == State::Ready {
                    return Ok(None);
                }
                if transactional.initialized || manager.state() != State::Initializing {
                    manager.init().map_err(error)?;
                }
                Ok(Some(Awaits::Identity))
            }
            TransactionCall::Begin => match manager.state() {
                State::CommittingTransaction | State::AbortingTransaction => Ok(Some(Awaits::Ready)),
                State::Initializing if transactional.initialized => Ok(Some(Awaits::Ready)),
                _ => self.begin(now).map(|()| None),
            },
            TransactionCall::SendOffsets { group, offsets } => {
                manager.send_offsets(group, offsets).map_err(error)?;
                Ok(Some(Awaits::Offsets))
            }
            TransactionCall::Commit => match manager.commit() {
                Ok(()) => {
                    transactional.decided = true;
                    self.all_open_are_due(now);
                    Ok(Some(Awaits::Commit))
                }
                Err(illegal) => {
                    if manager.state() == State::AbortableError {
                        transactional.decided = true;
                        let _ = manager.abort();
                    }
                    Err(error(illegal))
                }
            },
            TransactionCall::Abort => {
                if manager.state() != State::AbortingTransaction {
                    manager.abort().map_err(error)?;
                }
                transactional.decided = true;
                Ok(Some(Awaits::Abort))
            }
            TransactionCall::Finish => match transactional.unreported.take() {
                Some(result) => result.map(|()| None),
                None if manager.state() == State::CommittingTransaction => Ok(Some(Awaits::Commit)),
                // Somebody else was told, and another transaction may be open: that is not the one to be ended.
                None => match transactional.last_commit.clone() {
                    Some(result) => result.map(|()| None),
                    None => {
                        Err(CallError::Illegal(IllegalCall::State { call: "resume", state: manager.state() }))
                    }
                },
            },
        }
    }

    /// The state may be anything but one of waiting.
    fn begin(&mut self, now: Monotonic) -> Result<(), CallError> {
        let Some(transactional) = &mut self.transactional else { return Ok(()) };
        if let Some(Err(unreported)) = transactional.unreported.take() {
            return Err(unreported);
        }
        let manager = &mut transactional.manager;
        manager.begin().map_err(|illegal| match illegal {
            IllegalCall::Fatal(error) => CallError::Fatal { error, end_unknown: manager.is_end_unknown() },
            illegal => CallError::Illegal(illegal),
        })?;
        transactional.serial += 1;
        transactional.decided = false;
        (transactional.failure, transactional.why) = (None, None);
        // Whatever is queued by now is of this transaction.
        for queue in self.occupied.clone() {
            self.join(queue);
            self.enlist(now, queue);
        }
        Ok(())
    }

    pub(crate) fn call_timed_out(&mut self, id: CallId) {
        let Some(transactional) = &mut self.transactional else { return };
        transactional.waiting.retain(|(call, _)| *call != id);
        self.answer(id, Err(CallError::TimedOut));
    }

    fn answer(&mut self, id: CallId, result: Result<(), CallError>) {
        self.timers.cancel(Timer::Call(id));
        self.outputs.push_back(Output::Called(id, result));
    }

    fn answer_all(&mut self, awaits: Awaits, result: &Result<(), CallError>) -> bool {
        let Some(transactional) = &mut self.transactional else { return false };
        let calls = transactional.take_waiting(awaits);
        for call in &calls {
            self.answer(*call, result.clone());
        }
        !calls.is_empty()
    }

    /// Tells what became of the commit, now or when somebody asks.
    fn answer_commit(&mut self, result: Result<(), CallError>) {
        if let Some(transactional) = &mut self.transactional {
            transactional.last_commit = Some(result.clone());
        }
        if !self.answer_all(Awaits::Commit, &result)
            && let Some(transactional) = &mut self.transactional
        {
            transactional.unreported = Some(result);
        }
    }

    /// What the manager says has happened.
    pub(crate) fn follow_transaction(&mut self, now: Monotonic) {
        while let Some(event) = self.transactional.as_mut().and_then(|t| t.manager.poll_event()) {
            if matches!(event, TransactionEvent::Ended { .. }) {
                self.hold(now);
            }
            match event {
                TransactionEvent::Identity(identity) => {
                    self.transactions.handle_identity(identity);
                    for queue in std::mem::take(&mut self.nameless) {
                        self.enlist(now, queue);
                    }
                }
                TransactionEvent::Initialized => {
                    if let Some(transactional) = &mut self.transactional {
                        transactional.initialized = true;
                    }
                    if !self.answer_all(Awaits::Identity, &Ok(()))
                        && let Some(transactional) = &mut self.transactional
                    {
                        transactional.unheard = true;
                    }
                }
                TransactionEvent::InitFailed(error) => {
                    if let Some(transactional) = &mut self.transactional {
                        transactional.initialized = false;
                    }
                    for awaits in [Awaits::Identity, Awaits::Ready] {
                        self.answer_all(awaits, &Err(CallError::InitFailed(error.clone())));
                    }
                }
                TransactionEvent::OffsetsSent => self.offsets_sent(),
                TransactionEvent::Ended { committed: true } => self.answer_commit(Ok(())),
                TransactionEvent::Ended { committed: false } => {
                    self.answer_all(Awaits::Abort, &Ok(()));
                }
                TransactionEvent::Abortable(error) => self.transaction_broke(error),
                TransactionEvent::Fatal(error) => self.transaction_is_fatal(error),
                _ => {}
            }
        }
        self.admit(now);
    }

    /// Lets those go on who wait for the transaction before theirs.
    fn admit(&mut self, now: Monotonic) {
        while let Some(transactional) = &mut self.transactional {
            let next = transactional.waiting.iter().position(|(_, awaits)| *awaits == Awaits::Ready);
            let Some(next) = next.filter(|_| transactional.manager.state() == State::Ready) else { return };
            let (call, _) = transactional.waiting.remove(next);
            let result = self.begin(now);
            self.answer(call, result);
        }
    }

    fn offsets_sent(&mut self) {
        let Some(transactional) = &mut self.transactional else { return };
        let first = transactional.waiting.iter().position(|(_, awaits)| *awaits == Awaits::Offsets);
        if let Some(first) = first {
            let (call, _) = transactional.waiting.remove(first);
            self.answer(call, Ok(()));
        }
    }

    fn transaction_broke(&mut self, error: FatalError) {
        let Some(transactional) = &mut self.transactional else { return };
        transactional.why = Some(error.message.clone());
        let failed = CallError::Failed { error, record: transactional.failure.clone() };
        if transactional.decided {
            // The program has asked for the end, and can't ask for another.
            let _ = transactional.manager.abort();
            self.answer_commit(Err(failed.clone()));
        }
        self.answer_all(Awaits::Offsets, &Err(failed));
    }

    fn transaction_is_fatal(&mut self, error: FatalError) {
        self.transactions.handle_fatal(error.code, error.message.to_string());
        let Some(transactional) = &mut self.transactional else { return };
        transactional.due = None;
        let was_commit = transactional.manager.is_end_unknown();
        let fatal = Err(CallError::Fatal { error, end_unknown: was_commit });
        for awaits in [Awaits::Identity, Awaits::Ready, Awaits::Offsets, Awaits::Abort] {
            self.answer_all(awaits, &fatal);
        }
        self.answer_commit(fatal);
    }

    /// The partition has records: it has to be in the transaction before they go out.
    pub(crate) fn join(&mut self, queue: QueueId) {
        let Some(transactional) = &mut self.transactional else { return };
        let serial = transactional.serial;
        let of = self.drainer.topic_partition(queue);
        // Refused in a transaction that failed, whose records fail as well.
        if transactional.manager.add_partition(of).is_ok() {
            self.partition(queue).joined = serial;
        }
    }

    pub(crate) fn join_if_new(&mut self, queue: QueueId) {
        let Some(transactional) = &self.transactional else { return };
        if self.partitions.get(queue.0 as usize).is_none_or(|known| known.joined != transactional.serial) {
            self.join(queue);
        }
    }

    /// Whether batches of the partition may go out; if not yet, it is listed again when they may.
    pub(crate) fn may_produce(&mut self, now: Monotonic, queue: QueueId) -> bool {
        let Some(transactional) = &mut self.transactional else { return true };
        let serial = transactional.serial;
        if !transactional.manager.state().is_sending() {
            return false;
        }
        if self.partitions[queue.0 as usize].admitted == serial {
            return true;
        }
        let may = now >= transactional.hold_until
            && transactional.manager.may_produce(self.drainer.topic_partition(queue));
        if may {
            self.partitions[queue.0 as usize].admitted = serial;
        } else {
            transactional.joining.insert(queue);
        }
        may
    }

    /// The end was decided, and is being written to the partitions.
    fn hold(&mut self, now: Monotonic) {
        let Some(transactional) = &mut self.transactional else { return };
        transactional.hold_until = now + MARKER_TIME;
        self.timers.set(Timer::Hold, transactional.hold_until);
    }

    /// Partitions came into the transaction.
    pub(crate) fn list_joined(&mut self, now: Monotonic) {
        let Some(transactional) = &mut self.transactional else { return };
        for queue in std::mem::take(&mut transactional.joining) {
            self.enlist(now, queue);
        }
    }

    /// A batch of the transaction failed: so does the transaction.
    pub(crate) fn tell_transaction(&mut self, queue: QueueId, failure: &BatchFailure) {
        if self.transactional.is_none() || failure.cause == FailureCause::TransactionAborted {
            return;
        }
        let of: TopicPartition = self.drainer.topic_partition(queue).clone();
        let record = DeliveryFailure::of(&Arc::new(failure.clone()), &of, 0);
        let Some(transactional) = &mut self.transactional else { return };
        let message = record.to_string();
        if transactional.manager.state().is_sending() {
            transactional.failure.get_or_insert(record);
        }
        transactional.manager.handle_failed(code_of(failure.cause), message);
    }

    /// Records of a transaction that failed, or is aborted, are not sent; those in requests wait for their answer.
    pub(crate) fn give_up_if_aborted(&mut self, now: Monotonic) {
        let Some(transactional) = &self.transactional else { return };
        if !matches!(transactional.manager.state(), State::AbortableError | State::AbortingTransaction) {
            return;
        }
        let refusal = Refusal { message: transactional.why.clone(), ..Refusal::of_abort() };
        self.fail_all_waiting(now, &refusal);
    }

    /// Whether batches have no outcome yet.
    pub(crate) fn has_unfinished(&self) -> bool {
        !self.batches.is_empty() || !self.occupied.is_empty() || !self.splitting.is_empty()
    }

    /// The producer closes: an open transaction is aborted, one that ends goes on to its end.
    pub(crate) fn close_transaction(&mut self, now: Monotonic) {
        let Some(transactional) = &mut self.transactional else { return };
        if matches!(transactional.manager.state(), State::InTransaction | State::AbortableError) {
            transactional.decided = true;
            let _ = transactional.manager.abort();
        }
        self.follow_transaction(now);
    }

    /// Whether closing has to wait for the transaction's end.
    pub(crate) fn is_transaction_ending(&self) -> bool {
        self.transactional.as_ref().is_some_and(|transactional| transactional.is_ending())
    }

    /// Closed: nobody hears more.
    pub(crate) fn end_calls(&mut self) {
        let Some(transactional) = &mut self.transactional else { return };
        let end_unknown = transactional.manager.is_end_sent();
        for (call, _) in std::mem::take(&mut transactional.waiting) {
            self.answer(call, Err(CallError::Closed { end_unknown }));
        }
    }
}

/// The broker's word for what the client found out by itself.
fn code_of(cause: FailureCause) -> ErrorCode {
    match cause {
        FailureCause::Broker(code) => code,
        FailureCause::Timeout => ErrorCode::REQUEST_TIMED_OUT,
        FailureCause::RecordTooLarge => ErrorCode::MESSAGE_TOO_LARGE,
        FailureCause::InvalidRecord | FailureCause::InvalidBatch => ErrorCode::INVALID_RECORD,
        FailureCause::Disconnected => ErrorCode::NETWORK_EXCEPTION,
        FailureCause::UnsupportedVersion => ErrorCode::UNSUPPORTED_VERSION,
        _ => ErrorCode::UNKNOWN_SERVER_ERROR,
    }
}

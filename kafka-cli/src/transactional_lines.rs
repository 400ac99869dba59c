//! Lines that are committed in transactions.

use crate::ledger::Ledger;
use crate::tell;
use anyhow::{Result, anyhow};
use kafka_producer::{
    BytesSerializer, CommitError, Delivery, Error, Payload, ProducerRecord, RecordMetadata, Transaction,
    TransactionalProducer,
};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often it is looked whether a transaction is open for too long.
const LOOK: Duration = Duration::from_millis(100);

/// Sends lines in transactions of so many records. What was sent counts when its transaction is committed.
pub(crate) struct TransactionalLines {
    producer: TransactionalProducer,
    size: u64,
    /// A transaction is committed with what it has when it is open for so long: lines that are typed come when they come.
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: Option<Open>,
    /// Why no more lines are taken.
    ended: bool,
}

struct Open {
    transaction: Transaction,
    since: Instant,
    sent: Vec<(u64, Sent)>,
}

enum Sent {
    Pending(Delivery),
    Acknowledged(RecordMetadata),
}

impl TransactionalLines {
    pub(crate) fn start(producer: TransactionalProducer, size: u64) -> Result<TransactionalLines> {
        producer.init_blocking()?;
        let patience = producer.config().transaction_timeout / 3;
        Ok(TransactionalLines { producer, size, patience, state: Mutex::default() })
    }

    /// Sends a line's record; commits if the transaction has as many as it should. False if no more lines are to be sent.
    pub(crate) fn send<'r, K, V>(
        &self,
        number: u64,
        record: ProducerRecord<'r, K, V>,
        sync: bool,
        ledger: &Ledger,
    ) -> bool
    where
        K: Payload<BytesSerializer>,
        V: Payload<BytesSerializer>,
    {
        let mut state = self.state();
        if state.ended {
            return false;
        }
        if state.open.is_none() {
            match self.producer.begin_blocking() {
                Ok(transaction) => {
                    state.open = Some(Open { transaction, since: Instant::now(), sent: Vec::new() });
                }
                Err(error) => {
                    ledger.settle(number, Err(error));
                    state.ended = true;
                    return false;
                }
            }
        }
        let Some(open) = &mut state.open else { return false };
        let sent = open.transaction.send_blocking(record);
        let sent = sent.and_then(|delivery| match sync {
            true => delivery.wait().map(Sent::Acknowledged),
            false => Ok(Sent::Pending(delivery)),
        });
        match sent {
            Ok(sent) => open.sent.push((number, sent)),
            Err(error) => {
                give_up(&mut state, number, &error, ledger);
                return false;
            }
        }
        if open.sent.len() as u64 >= self.size { self.commit(&mut state, ledger) } else { true }
    }

    /// Commits what is open, if it has been for long.
    pub(crate) fn commit_if_late(&self, ledger: &Ledger) {
        let mut state = self.state();
        if state.open.as_ref().is_some_and(|open| open.since.elapsed() >= self.patience) {
            self.commit(&mut state, ledger);
        }
    }

    /// Looks after transactions that stay open, for as long as the program runs.
    pub(crate) fn watch(&self, ledger: &Ledger) {
        loop {
            std::thread::park_timeout(LOOK);
            if self.state().ended {
                return;
            }
            self.commit_if_late(ledger);
        }
    }

    /// Commits what is open and closes the producer; no more lines are taken.
    pub(crate) fn finish(&self, ledger: &Ledger, patience: Duration) -> Result<()> {
        {
            let mut state = self.state();
            if state.open.is_some() {
                self.commit(&mut state, ledger);
            }
            state.ended = true;
        }
        self.producer.close_blocking(patience).map(drop).map_err(|error| anyhow!(error))
    }

    /// True if more lines can be sent.
    fn commit(&self, state: &mut State, ledger: &Ledger) -> bool {
        let Some(Open { transaction, sent, .. }) = state.open.take() else { return true };
        let mut outcome = transaction.commit_blocking();
        while let Err(CommitError::Unknown(pending)) = outcome {
            tell(format_args!("no answer to the commit yet: whether it succeeded is not known; waiting on"));
            outcome = pending.resume_blocking();
        }
        match outcome {
            Ok(()) => {
                for (number, sent) in sent {
                    match sent {
                        Sent::Pending(delivery) => ledger.expect(number, delivery),
                        Sent::Acknowledged(metadata) => ledger.settle(number, Ok(metadata)),
                    }
                }
                true
            }
            Err(error) => {
                let error = error.into_error();
                for (number, _) in sent {
                    ledger.settle(number, Err(error.clone()));
                }
                state.ended = true;
                false
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line was not accepted: nothing of its transaction is committed.
fn give_up(state: &mut State, number: u64, error: &Error, ledger: &Ledger) {
    state.ended = true;
    let Some(Open { transaction, sent, .. }) = state.open.take() else { return };
    // That aborts it.
    drop(transaction);
    for (earlier, _) in sent {
        ledger.settle(earlier, Err(error.clone()));
    }
    ledger.settle(number, Err(error.clone()));
}

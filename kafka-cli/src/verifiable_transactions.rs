//! `kafka-cli verifiable-producer --transactional-id`: numbered records in transactions, of which some are aborted.

use crate::events::{Event, TransactionEvent};
use crate::shutdown;
use crate::throttle::Throttle;
use crate::verifiable_producer::VerifiableProducerArguments;
use anyhow::Result;
use kafka_producer::{
    CommitError, Delivery, Error, Outcome, ProducerRecord, RecordMetadata, Transaction, TransactionalProducer,
};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The run so far.
struct Run<'a> {
    arguments: &'a VerifiableProducerArguments,
    producer: TransactionalProducer,
    throttle: Throttle,
    stopped: Arc<AtomicBool>,
    /// The number of the next record, and of the transaction.
    next: u64,
    transaction: u64,
    committed: u64,
    /// Records that were to be committed.
    meant: u64,
}

/// A record of the transaction that is open.
struct Sent {
    number: u64,
    outcome: SendOutcome,
}

enum SendOutcome {
    Accepted(Delivery),
    Refused(Error),
}

/// How a transaction ended.
enum End {
    Committed,
    /// On purpose, or for this error.
    Aborted(Option<Error>),
    Unknown(Error),
}

impl VerifiableProducerArguments {
    /// As a run without transactions; records are reported when their transaction is committed.
    pub(crate) fn run_transactions(&self, id: &str) -> Result<ExitCode> {
        let producer =
            self.connection.builder(&[], self.options())?.transactional_id(id).build_transactional()?;
        let stopped = Arc::new(AtomicBool::new(false));
        shutdown::on_signal({
            let stopped = Arc::clone(&stopped);
            move || stopped.store(true, Ordering::Relaxed)
        })?;
        let mut run = Run {
            arguments: self,
            producer,
            throttle: Throttle::new(self.throughput),
            stopped,
            next: 0,
            transaction: 0,
            committed: 0,
            meant: 0,
        };
        let ended = run.init().and_then(|()| {
            Event::StartupComplete.print();
            run.throttle = Throttle::new(self.throughput);
            while run.has_more() {
                run.transaction()?;
            }
            Ok(())
        });
        let seconds = run.throttle.seconds();
        let closed = run.producer.close_blocking(Duration::MAX);
        Event::ShutdownComplete.print();
        Event::ToolData {
            sent: run.next,
            acked: run.committed,
            target_throughput: self.throughput,
            avg_throughput: if seconds > 0.0 { run.committed as f64 / seconds } else { 0.0 },
        }
        .print();
        ended?;
        closed?;
        Ok(if run.committed == run.meant { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Run<'_> {
    fn init(&self) -> Result<(), Error> {
        self.patiently(|| self.producer.init_blocking())
    }

    fn has_more(&self) -> bool {
        let count = u64::try_from(self.arguments.max_messages).unwrap_or(u64::MAX);
        self.next < count && !self.is_stopped()
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// What time alone may mend is tried again, until somebody wants an end.
    fn patiently<T>(&self, call: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
        loop {
            match call() {
                Err(error) if error.is_retriable() && !self.is_stopped() => {}
                result => return result,
            }
        }
    }

    /// One transaction, from its begin to what is printed of it.
    ///
    /// # Errors
    /// Why there can be no other.
    fn transaction(&mut self) -> Result<(), Error> {
        let transaction = self.patiently(|| self.producer.begin_blocking())?;
        self.transaction += 1;
        let abort =
            self.arguments.abort_every > 0 && self.transaction.is_multiple_of(self.arguments.abort_every);
        let sent = self.send(&transaction);
        let end = if abort { self.abort(transaction) } else { self.commit(transaction) };
        if !abort {
            self.meant += sent.len() as u64;
        }
        self.report(sent, &end);
        match end {
            End::Aborted(Some(error)) | End::Unknown(error) if error.is_fatal() => Err(error),
            _ => Ok(()),
        }
    }

    fn send(&mut self, transaction: &Transaction) -> Vec<Sent> {
        let mut sent = Vec::new();
        while self.has_more() && (sent.len() as u64) < self.arguments.transaction_size {
            let number = self.next;
            self.throttle.wait(number, || self.is_stopped());
            if self.is_stopped() {
                break;
            }
            self.next += 1;
            let (key, value) = (self.arguments.key(number), self.arguments.value(number));
            let mut record = ProducerRecord::new(self.arguments.topic.as_str())
                .key_or_null(key.as_deref())
                .value(value.as_str());
            record.timestamp = self.arguments.timestamp(&self.throttle);
            match transaction.send_blocking(record) {
                Ok(delivery) => sent.push(Sent { number, outcome: SendOutcome::Accepted(delivery) }),
                Err(error) => {
                    // The others would be refused as well.
                    sent.push(Sent { number, outcome: SendOutcome::Refused(error) });
                    break;
                }
            }
        }
        sent
    }

    fn abort(&self, transaction: Transaction) -> End {
        match transaction.abort_blocking() {
            // It goes on, and the next transaction waits for it.
            Err(error) if !error.is_retriable() => End::Aborted(Some(error)),
            Ok(()) | Err(_) => End::Aborted(None),
        }
    }

    fn commit(&self, transaction: Transaction) -> End {
        let mut outcome = transaction.commit_blocking();
        loop {
            match outcome {
                Ok(()) => return End::Committed,
                Err(CommitError::Unknown(pending)) if !self.is_stopped() => {
                    outcome = pending.resume_blocking()
                }
                Err(error) => {
                    let error = error.into_error();
                    return match error.outcome() {
                        Outcome::NotWritten => End::Aborted(Some(error)),
                        Outcome::Unknown => End::Unknown(error),
                    };
                }
            }
        }
    }

    /// Prints what became of the records, then of the transaction.
    fn report(&mut self, sent: Vec<Sent>, end: &End) {
        let value = |sent: Option<&Sent>| sent.map(|sent| self.arguments.value(sent.number));
        let (first, last) = (value(sent.first()), value(sent.last()));
        let count = sent.len() as u64;
        let committed = matches!(end, End::Committed);
        let mut read = true;
        for Sent { number, outcome } in sent {
            let outcome: Result<RecordMetadata, Error> = match outcome {
                SendOutcome::Accepted(delivery) => delivery.wait(),
                SendOutcome::Refused(error) => Err(error),
            };
            // That a record was acknowledged says nothing unless it was committed; that it failed is told in any case but where all
            // of them were to.
            let tell = match end {
                End::Committed => true,
                End::Aborted(None) => false,
                End::Aborted(Some(_)) | End::Unknown(_) => outcome.is_err(),
            };
            if tell {
                let (key, value) = (self.arguments.key(number), self.arguments.value(number));
                read &= Event::of(key.as_deref(), &value, &self.arguments.topic, &outcome).print();
            }
        }
        if committed {
            self.committed += count;
        }
        let error = match end {
            End::Aborted(Some(error)) | End::Unknown(error) => Some(error),
            End::Committed | End::Aborted(None) => None,
        };
        let event = TransactionEvent {
            transaction: self.transaction,
            count,
            first: first.as_deref(),
            last: last.as_deref(),
            exception: error.map(|error| format!("{:?}", error.kind())),
            message: error.map(ToString::to_string),
        };
        let event = match end {
            End::Committed => Event::TransactionCommitted(event),
            End::Aborted(_) => Event::TransactionAborted(event),
            End::Unknown(_) => Event::TransactionUnknown(event),
        };
        if !(read & event.print()) {
            self.stopped.store(true, Ordering::Relaxed);
        }
    }
}

//! Exactly once from topic to topic: what was consumed is committed together with what was made of it.

use super::{CommitError, PendingCommit, Transaction, TransactionalProducer};
use crate::Error;
use crate::driver::clock;
use kafka_transactions::{GroupMetadata, OffsetAndMetadata};
use kafka_types::{BytesSerializer, LeaderEpoch, Monotonic, Offset, TopicPartition};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Puts the results of consumed records, and the offsets of these, into transactions: for any consumer, of any library.
///
/// The consumer must not commit by itself (`enable.auto.commit=false`) and should read committed records only
/// (`isolation.level=read_committed`).
///
/// ```no_run
/// # struct Message { of: kafka_producer::TopicPartition, offset: kafka_producer::Offset, value: Vec<u8> }
/// # struct Consumer;
/// # impl Consumer {
/// #     async fn poll(&mut self, _: std::time::Duration) -> Vec<Message> { Vec::new() }
/// #     fn group(&self) -> kafka_producer::GroupMetadata { kafka_producer::GroupMetadata::new("g") }
/// #     fn seek(&mut self, _: &kafka_producer::TopicPartition, _: kafka_producer::Offset) {}
/// # }
/// # async fn program(
/// #     producer: kafka_producer::TransactionalProducer, mut consumer: Consumer,
/// # ) -> Result<(), kafka_producer::Error> {
/// use kafka_producer::{ConsumeTransformProduce, ConsumedRecord, ProcessError, ProducerRecord};
///
/// let mut processing = ConsumeTransformProduce::new(producer);
/// loop {
///     let step = async {
///         for message in consumer.poll(processing.patience()).await {
///             let record = ConsumedRecord::new(message.of, message.offset);
///             processing.process(record, async |transaction| {
///                 let result = message.value.to_ascii_uppercase();
///                 transaction.send(ProducerRecord::new("results").value(result)).await.map(drop)
///             }).await?;
///         }
///         processing.commit_if_due(&consumer.group()).await
///     };
///     match step.await {
///         Ok(_) => {}
///         // Nothing was committed: read the same records again.
///         Err(ProcessError::Rewind(rewind)) => {
///             for (of, offset) in &rewind.positions {
///                 consumer.seek(of, *offset);
///             }
///         }
///         // The next commit waits on.
///         Err(ProcessError::Unknown) => {}
///         Err(ProcessError::Fatal(error)) => return Err(error),
///     }
/// }
/// # }
/// ```
pub struct ConsumeTransformProduce<KS = BytesSerializer, VS = BytesSerializer> {
    producer: TransactionalProducer<KS, VS>,
    max_records: usize,
    max_age: Duration,
    open: Option<Open<KS, VS>>,
    /// A commit without an answer.
    pending: Option<PendingCommit>,
    /// Where to go back to if the last commit fails: whoever drops its future is told by the next step.
    committing: BTreeMap<TopicPartition, Offset>,
}

struct Open<KS, VS> {
    transaction: Transaction<KS, VS>,
    began: Monotonic,
    records: usize,
    /// Of each partition, the first record that was consumed in the transaction.
    first: BTreeMap<TopicPartition, Offset>,
    next: BTreeMap<TopicPartition, OffsetAndMetadata>,
}

/// Which record was consumed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsumedRecord {
    /// Where it was read.
    pub topic_partition: TopicPartition,
    /// Its offset there.
    pub offset: Offset,
    /// The leader's epoch that it was read with, if the consumer tells (KIP-320).
    pub leader_epoch: Option<LeaderEpoch>,
}

impl ConsumedRecord {
    /// A record whose leader's epoch is not known.
    pub fn new(topic_partition: TopicPartition, offset: Offset) -> Self {
        ConsumedRecord { topic_partition, offset, leader_epoch: None }
    }
}

/// Nothing of the transaction is committed.
#[derive(Clone, Debug)]
pub struct Rewind {
    /// Where the consumer has to go on, so that it reads again all that was consumed in the transaction.
    pub positions: BTreeMap<TopicPartition, Offset>,
    /// Why; `None` if the program wanted it.
    pub cause: Option<Error>,
}

/// Why a step failed.
#[derive(Debug)]
pub enum ProcessError {
    /// The transaction was aborted: take the consumer back, and go on.
    Rewind(Rewind),
    /// There was no answer to a commit yet. The next call waits on; until then nothing else can be done.
    Unknown,
    /// The producer is of no use any more. Start anew, from the committed offsets, with another producer; or stop, if it was
    /// [`Fenced`](crate::ErrorKind::Fenced).
    Fatal(Error),
}

impl<KS, VS> ConsumeTransformProduce<KS, VS> {
    /// Commits every 1,000 records, and every 100 ms; [`init`](TransactionalProducer::init) was called already.
    pub fn new(producer: TransactionalProducer<KS, VS>) -> Self {
        ConsumeTransformProduce {
            producer,
            max_records: 1000,
            max_age: Duration::from_millis(100),
            open: None,
            pending: None,
            committing: BTreeMap::new(),
        }
    }

    /// A transaction is due when so many records were consumed in it; at least 1.
    pub fn max_records(mut self, max_records: usize) -> Self {
        self.max_records = max_records.max(1);
        self
    }

    /// A transaction is due when it has been open for so long.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// How long the next transaction has until it is due: how long to wait for the consumer's next records, at most.
    pub fn patience(&self) -> Duration {
        match &self.open {
            Some(open) => clock::precise().mono.until(open.began + self.max_age),
            None => self.max_age,
        }
    }

    /// Has `transform` send the results of one record, in the transaction that is open, or in a new one.
    ///
    /// # Errors
    /// [`ProcessError`]; what `transform` could not do ends the transaction.
    pub async fn process(
        &mut self,
        record: ConsumedRecord,
        transform: impl AsyncFnOnce(&Transaction<KS, VS>) -> Result<(), Error>,
    ) -> Result<(), ProcessError> {
        self.settle().await?;
        let ConsumedRecord { topic_partition, offset, leader_epoch } = record;
        if self.open.is_none() {
            let transaction = match self.producer.begin().await {
                Ok(transaction) => transaction,
                Err(error) => {
                    let mut positions = std::mem::take(&mut self.committing);
                    positions.entry(topic_partition).or_insert(offset);
                    return Err(failed(error, positions));
                }
            };
            self.committing.clear();
            self.open = Some(Open {
                transaction,
                began: clock::precise().mono,
                records: 0,
                first: BTreeMap::new(),
                next: BTreeMap::new(),
            });
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        open.records += 1;
        open.first.entry(topic_partition.clone()).or_insert(offset);
        if let Err(error) = transform(&open.transaction).await {
            return Err(self.give_up(error));
        }
        let next = OffsetAndMetadata { leader_epoch, ..OffsetAndMetadata::from(Offset(offset.0 + 1)) };
        open.next.insert(topic_partition, next);
        Ok(())
    }

    /// Whether the open transaction has as many records, or is as old, as it should be.
    pub fn is_due(&self) -> bool {
        let full = |open: &Open<KS, VS>| open.records >= self.max_records || self.patience().is_zero();
        self.open.as_ref().is_some_and(full)
    }

    /// Commits if that is [due](Self::is_due); says whether it was. To be called also when nothing was consumed.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub async fn commit_if_due(&mut self, group: &GroupMetadata) -> Result<bool, ProcessError> {
        if !self.is_due() && self.pending.is_none() {
            return Ok(false);
        }
        self.commit(group).await.map(|()| true)
    }

    /// Commits what was sent, and the offsets with it: also before partitions are given away.
    ///
    /// # Errors
    /// [`ProcessError`]. After [`Unknown`](ProcessError::Unknown) another call waits on.
    pub async fn commit(&mut self, group: &GroupMetadata) -> Result<(), ProcessError> {
        self.settle().await?;
        let Some(open) = &mut self.open else { return Ok(()) };
        let offsets = open.next.clone();
        if let Err(error) = open.transaction.send_offsets(offsets, group).await {
            return Err(self.give_up(error));
        }
        let Some(Open { transaction, first, .. }) = self.open.take() else { return Ok(()) };
        self.committing = first;
        let outcome = transaction.commit().await;
        self.finish(outcome)
    }

    /// Aborts what was sent since the last commit: when partitions were taken away, or the program ends in a hurry.
    ///
    /// # Errors
    /// [`ProcessError`], of the commit before.
    pub async fn abort(&mut self) -> Result<Rewind, ProcessError> {
        self.settle().await?;
        let positions = self.open.take().map(|open| open.first).unwrap_or_default();
        Ok(Rewind { positions, cause: None })
    }

    /// The producer.
    pub fn producer(&self) -> &TransactionalProducer<KS, VS> {
        &self.producer
    }

    /// Waits for the commit that had no answer.
    async fn settle(&mut self) -> Result<(), ProcessError> {
        let Some(pending) = self.pending.take() else { return Ok(()) };
        let outcome = pending.resume().await;
        self.finish(outcome)
    }

    fn finish(&mut self, outcome: Result<(), CommitError>) -> Result<(), ProcessError> {
        match outcome {
            Ok(()) => {
                self.committing.clear();
                Ok(())
            }
            Err(CommitError::Failed(error)) => Err(failed(error, std::mem::take(&mut self.committing))),
            Err(CommitError::Fatal(error)) => Err(ProcessError::Fatal(error)),
            Err(CommitError::Unknown(pending)) => {
                self.pending = Some(pending);
                Err(ProcessError::Unknown)
            }
        }
    }

    /// The open transaction is lost; dropped, it is aborted.
    fn give_up(&mut self, error: Error) -> ProcessError {
        let positions = self.open.take().map(|open| open.first).unwrap_or_default();
        failed(error, positions)
    }
}

fn failed(cause: Error, positions: BTreeMap<TopicPartition, Offset>) -> ProcessError {
    if cause.is_fatal() {
        ProcessError::Fatal(cause)
    } else {
        ProcessError::Rewind(Rewind { positions, cause: Some(cause) })
    }
}

impl fmt::Display for ProcessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProcessError::Rewind(Rewind { cause: Some(cause), .. }) => {
                write!(f, "nothing was committed, the records have to be read again: {cause}")
            }
            ProcessError::Rewind(_) => {
                f.write_str("nothing was committed, the records have to be read again")
            }
            ProcessError::Unknown => f.write_str("there was no answer to the commit yet"),
            ProcessError::Fatal(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ProcessError {}

impl<KS, VS> fmt::Debug for ConsumeTransformProduce<KS, VS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsumeTransformProduce")
            .field("producer", &self.producer)
            .field("records", &self.open.as_ref().map_or(0, |open| open.records))
            .finish_non_exhaustive()
    }
}

//! A producer's engine reduced to sequences, one connection per partition, and the leaders' checks.

mod broker;

use broker::Broker;
use kafka_protocol::messages::InitProducerIdResponse;
use kafka_transactions::{
    Attempt, BatchKey, Stamp, Stamping, StreamKey, TransactionConfig, TransactionManager, Verdict, attempt_of,
};
use kafka_types::{Acks, ErrorCode, Monotonic, Offset, ProducerEpoch, ProducerId, ProducerIdentity};
use std::collections::{BTreeMap, VecDeque};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Acknowledged,
    NotWritten,
    Unknown,
}

/// A batch in a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Copy {
    pub(crate) batch: BatchKey,
    pub(crate) records: u32,
    pub(crate) stamp: Stamp,
}

#[derive(Clone, Copy, Debug)]
struct Batch {
    records: u32,
    in_flight: bool,
    maybe_written: bool,
    outcome: Option<Outcome>,
}

#[derive(Default)]
struct Partition {
    broker: Broker,
    /// Batches that were never sent, oldest first.
    queue: VecDeque<BatchKey>,
    /// Batches that were, without an outcome.
    line: VecDeque<BatchKey>,
    /// Requests on their way, oldest first.
    wire: VecDeque<Copy>,
    /// What the client has given up and the broker has not seen.
    late: VecDeque<Copy>,
    /// All batches in the order of their records.
    order: Vec<BatchKey>,
}

pub(crate) struct Model {
    manager: TransactionManager,
    partitions: Vec<Partition>,
    batches: BTreeMap<BatchKey, Batch>,
    next_id: i64,
}

impl Model {
    pub(crate) fn new(partitions: usize, epoch: i16) -> Model {
        let mut manager = TransactionManager::new(TransactionConfig::default(), 1);
        manager.handle_identity(ProducerIdentity { id: ProducerId(1), epoch: ProducerEpoch(epoch) });
        let partitions = (0..partitions).map(|_| Partition::default()).collect();
        Model { manager, partitions, batches: BTreeMap::new(), next_id: 2 }
    }

    pub(crate) fn append(&mut self, partition: usize, records: u32) {
        let batch = self.new_batch(records);
        self.partitions[partition].queue.push_back(batch);
        self.partitions[partition].order.push(batch);
    }

    /// Sends what waits to be sent again, then what is new, up to five at a time.
    pub(crate) fn send(&mut self, partition: usize) {
        let stream = StreamKey(partition as u32);
        while self.partitions[partition].wire.len() < 5 {
            let line = &self.partitions[partition].line;
            let waiting = line.iter().copied().find(|batch| !self.batches[batch].in_flight);
            let batch = match waiting {
                Some(batch) => batch,
                None => {
                    if self.partitions[partition].queue.is_empty() || !self.may_assign(stream) {
                        return;
                    }
                    let batch = self.partitions[partition].queue.pop_front().unwrap();
                    self.partitions[partition].line.push_back(batch);
                    batch
                }
            };
            self.may_assign(stream);
            let records = self.batches[&batch].records;
            let Stamping::Stamp(stamp) = self.manager.stamp(stream, batch, records) else { return };
            self.batches.get_mut(&batch).unwrap().in_flight = true;
            self.partitions[partition].wire.push_back(Copy { batch, records, stamp });
        }
    }

    /// The broker takes up the oldest request. Errors that say nothing of the log come after appending, others instead.
    pub(crate) fn answer(&mut self, partition: usize, error: Option<ErrorCode>) {
        let Some(copy) = self.partitions[partition].wire.pop_front() else { return };
        let ambiguous = |code| attempt_of(code, Offset::UNKNOWN, Acks::All) == Attempt::Ambiguous;
        let result = match error {
            Some(code) if !ambiguous(code) => Err(code),
            other => {
                let appended = self.partitions[partition].broker.append(&copy);
                match other {
                    Some(code) if appended.is_ok() => Err(code),
                    _ => appended,
                }
            }
        };
        self.answered(partition, &copy, result);
    }

    pub(crate) fn disconnect(&mut self, partition: usize, taken_up: usize, late: bool) {
        let lost: Vec<Copy> = self.partitions[partition].wire.drain(..).collect();
        for (index, copy) in lost.iter().enumerate() {
            if index < taken_up {
                let _ = self.partitions[partition].broker.append(copy);
            } else if late {
                self.partitions[partition].late.push_back(*copy);
            }
        }
        for copy in lost {
            self.answered(partition, &copy, Err(ErrorCode::NETWORK_EXCEPTION));
        }
    }

    pub(crate) fn deliver_late(&mut self, partition: usize) {
        if let Some(copy) = self.partitions[partition].late.pop_front() {
            let _ = self.partitions[partition].broker.append(&copy);
        }
    }

    pub(crate) fn has_late(&self, partition: usize) -> bool {
        !self.partitions[partition].late.is_empty()
    }

    pub(crate) fn recall(&mut self, partition: usize) {
        let Some(copy) = self.partitions[partition].wire.pop_back() else { return };
        let batch = self.batches.get_mut(&copy.batch).unwrap();
        if batch.outcome.is_none() {
            batch.in_flight = false;
            if !self.manager.handle_recalled(StreamKey(partition as u32), copy.batch).retry {
                self.fail(partition, copy.batch);
            }
        }
    }

    pub(crate) fn expire(&mut self, partition: usize) {
        let Some(batch) = self.partitions[partition].line.front().copied() else { return };
        let state = self.batches.get_mut(&batch).unwrap();
        state.maybe_written |= state.in_flight;
        self.fail(partition, batch);
    }

    /// Only of a producer at rest: a broker that forgets one in the middle of its work takes anything twice.
    pub(crate) fn forget(&mut self, partition: usize) {
        let at = &mut self.partitions[partition];
        if at.line.is_empty() && at.wire.is_empty() && at.late.is_empty() {
            at.broker.forget();
            self.manager.handle_rested(StreamKey(partition as u32));
        }
    }

    pub(crate) fn outcomes(&self, partition: usize) -> Vec<(BatchKey, Option<Outcome>)> {
        let order = self.partitions[partition].order.iter();
        order.map(|batch| (*batch, self.batches[batch].outcome)).collect()
    }

    pub(crate) fn log(&self, partition: usize) -> &[BatchKey] {
        self.partitions[partition].broker.log()
    }

    fn new_batch(&mut self, records: u32) -> BatchKey {
        let key = BatchKey(self.batches.len() as u64);
        let batch = Batch { records, in_flight: false, maybe_written: false, outcome: None };
        self.batches.insert(key, batch);
        key
    }

    fn may_assign(&mut self, stream: StreamKey) -> bool {
        let may = self.manager.may_assign(stream);
        if self.manager.poll_request(Monotonic::ZERO).is_none() {
            return may;
        }
        let response = InitProducerIdResponse {
            producer_id: self.next_id,
            producer_epoch: 0,
            ..InitProducerIdResponse::default()
        };
        self.next_id += 1;
        self.manager.handle_init_producer_id(Monotonic::ZERO, &response);
        self.manager.may_assign(stream)
    }

    fn answered(&mut self, partition: usize, copy: &Copy, result: Result<(), ErrorCode>) {
        let (stream, key) = (StreamKey(partition as u32), copy.batch);
        let batch = self.batches.get_mut(&key).unwrap();
        if batch.outcome.is_some() {
            return;
        }
        batch.in_flight = false;
        let Err(code) = result else {
            self.manager.handle_acknowledged(stream, key);
            return self.settle(partition, key, Outcome::Acknowledged);
        };
        let Verdict { retry, condemned } = match attempt_of(code, Offset::UNKNOWN, Acks::All) {
            Attempt::Ambiguous => {
                batch.maybe_written = true;
                self.manager.handle_ambiguous(stream, key)
            }
            _ => self.manager.handle_refused(stream, key, code),
        };
        for other in condemned {
            assert!(self.batches[&other].maybe_written, "{other:?} could have been sent again");
            self.fail(partition, other);
        }
        let Batch { records, maybe_written, .. } = self.batches[&key];
        let of_sequence =
            matches!(code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER | ErrorCode::UNKNOWN_PRODUCER_ID);
        if code == ErrorCode::MESSAGE_TOO_LARGE && !maybe_written && records > 1 {
            self.split(partition, key);
        } else if !retry || !(code.is_retriable() || of_sequence) {
            self.fail(partition, key);
        }
    }

    /// Two halves take the batch's place.
    fn split(&mut self, partition: usize, parent: BatchKey) {
        let records = self.batches[&parent].records;
        let halves = [records / 2, records - records / 2].map(|records| (self.new_batch(records), records));
        let at = &mut self.partitions[partition];
        let replace = |list: &mut Vec<BatchKey>| {
            let position = list.iter().position(|batch| *batch == parent).unwrap();
            list.splice(position..=position, halves.map(|(batch, _)| batch));
        };
        replace(&mut at.order);
        let mut line = Vec::from(std::mem::take(&mut at.line));
        replace(&mut line);
        at.line = line.into();
        self.manager.handle_split(StreamKey(partition as u32), parent, &halves);
    }

    fn fail(&mut self, partition: usize, batch: BatchKey) {
        let maybe_written = self.batches[&batch].maybe_written;
        self.manager.handle_failed(StreamKey(partition as u32), batch, maybe_written);
        self.settle(partition, batch, if maybe_written { Outcome::Unknown } else { Outcome::NotWritten });
    }

    fn settle(&mut self, partition: usize, batch: BatchKey, outcome: Outcome) {
        self.batches.get_mut(&batch).unwrap().outcome = Some(outcome);
        self.partitions[partition].line.retain(|other| *other != batch);
    }
}

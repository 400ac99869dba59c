//! A leader makes sure that what it appends belongs to a transaction (KIP-890).

use crate::append::Refusal;
use crate::cluster::{Cluster, EnlistSupport, Enlisted};
use crate::request_context::RequestContext;
use bytes::Bytes;
use kafka_protocol::records::{BatchHeader, RecordBatch};
use kafka_types::{ErrorCode, Now, Sequence, TopicPartition};

/// From this version on `TRANSACTION_ABORTABLE` is understood, and from the next on writing adds the partition.
const ABORTABLE: i16 = 11;
const ADDS: i16 = 12;

impl Cluster {
    /// Refuses a transactional batch that its coordinator knows nothing of, and batches beside an open transaction.
    pub(super) fn check_transaction(
        &mut self,
        now: Now,
        context: &RequestContext,
        transactional_id: Option<&str>,
        of: &TopicPartition,
        records: Option<&Bytes>,
    ) -> Result<(), Refusal> {
        // What is no batch is refused for that, later.
        let Some(header) = records.and_then(header_of) else { return Ok(()) };
        let producer = header.producer;
        let partition = self.partition(of).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let open = partition.log.has_open_transaction(producer.id);
        if !header.attributes.is_transactional() {
            let message = "the producer has a transaction open, and the batch is not in it";
            return match open {
                true => Err(Refusal::new(ErrorCode::INVALID_TXN_STATE, message)),
                false => Ok(()),
            };
        }
        let known = partition.log.producers.knows(producer.id);
        if open && partition.log.producers.epoch(producer.id) == Some(producer.epoch) {
            return Ok(());
        }
        let Some(transactional_id) = transactional_id else {
            let message = "the batch belongs to a transaction, and the request names none";
            return Err(Refusal::new(ErrorCode::INVALID_TXN_STATE, message));
        };
        let support = match context.version {
            ADDS.. => EnlistSupport::Add,
            ABORTABLE => EnlistSupport::VerifyAbortable,
            _ => EnlistSupport::Verify,
        };
        let enlisted = self.enlist(now, transactional_id, producer, Enlisted::Partition(of), support);
        match enlisted {
            Ok(()) if support == EnlistSupport::Add && !known && header.base_sequence != Sequence::FIRST => {
                let message = "the first batch of an epoch has to start at sequence 0";
                Err(Refusal::new(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER, message))
            }
            Ok(()) => Ok(()),
            Err(error) => Err(Refusal::new(
                translate(error, support),
                format!("the coordinator of {transactional_id} answered {error}"),
            )),
        }
    }
}

/// Old clients would not try again after the coordinator's own errors, so that a broker answers one that they know.
fn translate(error: ErrorCode, support: EnlistSupport) -> ErrorCode {
    match error {
        ErrorCode::CONCURRENT_TRANSACTIONS if support == EnlistSupport::Add => error,
        ErrorCode::CONCURRENT_TRANSACTIONS
        | ErrorCode::COORDINATOR_NOT_AVAILABLE
        | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
        | ErrorCode::NOT_COORDINATOR => ErrorCode::NOT_ENOUGH_REPLICAS,
        other => other,
    }
}

fn header_of(records: &Bytes) -> Option<BatchHeader> {
    let batch = RecordBatch::split_from(&mut records.clone()).ok()?;
    Some(*batch.header()).filter(|header| header.producer.is_some() && !header.attributes.is_control())
}

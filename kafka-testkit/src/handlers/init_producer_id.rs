//! InitProducerId: an id for an idempotent producer, or the next epoch of a transactional one.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use crate::transactions::{InitRequest, TransactionStatus};
use kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};
use kafka_types::{ErrorCode, Now, ProducerEpoch, ProducerId, ProducerIdentity};
use std::time::Duration;

/// From this version on a fenced producer is told so by an error of its own.
const FENCED: i16 = 4;

impl Handle for InitProducerIdRequest {
    fn handle(
        self,
        now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<InitProducerIdResponse> {
        let mut response = InitProducerIdResponse {
            throttle_time_ms: context.throttle_ms(),
            producer_id: -1,
            producer_epoch: -1,
            ..InitProducerIdResponse::default()
        };
        let made = match &self.transactional_id {
            None => cluster.new_producer(context),
            Some(_) => cluster.init_transactions(now, context, &self),
        };
        let made = made.and_then(|producer| match context.failure() {
            Some(failure) => Err(failure.error),
            None => Ok(producer),
        });
        match made {
            Ok(producer) => {
                (response.producer_id, response.producer_epoch) = (producer.id.0, producer.epoch.0);
            }
            Err(ErrorCode::PRODUCER_FENCED) if context.version < FENCED => {
                response.error_code = ErrorCode::INVALID_PRODUCER_EPOCH;
            }
            Err(error) => response.error_code = error,
        }
        Handled::Answer(response)
    }
}

impl Cluster {
    fn new_producer(&mut self, context: &RequestContext) -> Result<ProducerIdentity, ErrorCode> {
        if let Some(refusal) = context.refusal() {
            return Err(refusal.error);
        }
        let id = Cluster::new_producer_id(&mut self.next_producer_id);
        Ok(ProducerIdentity { id, epoch: ProducerEpoch(self.config.first_producer_epoch) })
    }

    fn init_transactions(
        &mut self,
        now: Now,
        context: &RequestContext,
        request: &InitProducerIdRequest,
    ) -> Result<ProducerIdentity, ErrorCode> {
        let id = request.transactional_id.as_ref().map(|id| id.as_str()).unwrap_or_default();
        self.check_transaction_coordinator(context, id)?;
        let timeout = u64::try_from(request.transaction_timeout_ms).unwrap_or(0);
        let timeout = Duration::from_millis(timeout);
        if timeout.is_zero() || timeout > self.config.transaction_max_timeout {
            return Err(ErrorCode::INVALID_TRANSACTION_TIMEOUT);
        }
        let expected = match (request.producer_id, request.producer_epoch) {
            (-1, -1) => None,
            (id @ 0.., epoch @ 0..) => {
                Some(ProducerIdentity { id: ProducerId(id), epoch: ProducerEpoch(epoch) })
            }
            _ => return Err(ErrorCode::INVALID_REQUEST),
        };
        let ending_begins_at = self.ending_begins_at(now);
        let next_id = &mut self.next_producer_id;
        let first_epoch = self.config.first_producer_epoch;
        let transaction =
            self.transactions.get_or_create(id, || Cluster::new_producer_id(next_id), first_epoch);
        let init = InitRequest { timeout, expected, ending_begins_at };
        let ongoing = transaction.state().status == TransactionStatus::Ongoing;
        let made = transaction.init(init, || Cluster::new_producer_id(next_id));
        let aborted = ongoing && made == Err(ErrorCode::CONCURRENT_TRANSACTIONS);
        self.fencings += u64::from(aborted || made.is_ok() && expected.is_none());
        made
    }
}

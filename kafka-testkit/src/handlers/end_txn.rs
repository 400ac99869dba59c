//! EndTxn: a producer commits or aborts.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use crate::transactions::EndRequest;
use kafka_protocol::messages::{EndTxnRequest, EndTxnResponse};
use kafka_types::{ErrorCode, Now, ProducerEpoch, ProducerId, ProducerIdentity};

/// From this version on a fenced producer is told so by an error of its own.
const FENCED: i16 = 2;
/// From this version on the transaction's end moves on to another epoch, which the answer names (KIP-890).
const BUMPS_EPOCH: i16 = 5;

impl Handle for EndTxnRequest {
    fn handle(self, now: Now, cluster: &mut Cluster, context: &RequestContext) -> Handled<EndTxnResponse> {
        let mut response = EndTxnResponse {
            throttle_time_ms: context.throttle_ms(),
            producer_id: -1,
            producer_epoch: -1,
            ..EndTxnResponse::default()
        };
        let ended = cluster.end_transaction(now, context, &self);
        let ended = ended.and_then(|producer| match context.failure() {
            Some(failure) => Err(failure.error),
            None => Ok(producer),
        });
        match ended {
            Ok(producer) if context.version >= BUMPS_EPOCH => {
                (response.producer_id, response.producer_epoch) = (producer.id.0, producer.epoch.0);
            }
            Ok(_) => {}
            Err(ErrorCode::PRODUCER_FENCED) if context.version < FENCED => {
                response.error_code = ErrorCode::INVALID_PRODUCER_EPOCH;
            }
            Err(error) => response.error_code = error,
        }
        Handled::Answer(response)
    }
}

impl Cluster {
    fn end_transaction(
        &mut self,
        now: Now,
        context: &RequestContext,
        request: &EndTxnRequest,
    ) -> Result<ProducerIdentity, ErrorCode> {
        self.check_transaction_coordinator(context, &request.transactional_id)?;
        let end = EndRequest {
            producer: ProducerIdentity {
                id: ProducerId(request.producer_id),
                epoch: ProducerEpoch(request.producer_epoch),
            },
            committed: request.committed,
            bumps_epoch: context.version >= BUMPS_EPOCH,
            ending_begins_at: self.ending_begins_at(now),
        };
        let next_id = &mut self.next_producer_id;
        let transaction = self.transactions.known(&request.transactional_id)?;
        transaction.end(end, || Cluster::new_producer_id(next_id))
    }
}

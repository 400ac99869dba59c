//! AddOffsetsToTxn: a group's offsets come into a transaction.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use kafka_protocol::messages::{AddOffsetsToTxnRequest, AddOffsetsToTxnResponse};
use kafka_types::{ErrorCode, Now, ProducerEpoch, ProducerId, ProducerIdentity};

/// From this version on a fenced producer is told so by an error of its own.
const FENCED: i16 = 2;

impl Handle for AddOffsetsToTxnRequest {
    fn handle(
        self,
        now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<AddOffsetsToTxnResponse> {
        let added = cluster.add_offsets(now, context, &self).err().unwrap_or_default();
        let error_code = match context.failure() {
            Some(failure) if added.is_none() => failure.error,
            _ if added == ErrorCode::PRODUCER_FENCED && context.version < FENCED => {
                ErrorCode::INVALID_PRODUCER_EPOCH
            }
            _ => added,
        };
        Handled::Answer(AddOffsetsToTxnResponse {
            throttle_time_ms: context.throttle_ms(),
            error_code,
            ..AddOffsetsToTxnResponse::default()
        })
    }
}

impl Cluster {
    fn add_offsets(
        &mut self,
        now: Now,
        context: &RequestContext,
        request: &AddOffsetsToTxnRequest,
    ) -> Result<(), ErrorCode> {
        self.check_transaction_coordinator(context, &request.transactional_id)?;
        if request.group_id.is_empty() {
            return Err(ErrorCode::INVALID_GROUP_ID);
        }
        let producer = ProducerIdentity {
            id: ProducerId(request.producer_id),
            epoch: ProducerEpoch(request.producer_epoch),
        };
        let transaction = self.transactions.known(&request.transactional_id)?;
        transaction.add(now.mono, producer, &[], Some(&request.group_id))
    }
}

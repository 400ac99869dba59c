//! InitProducerId: a new id for an idempotent producer.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use kafka_protocol::messages::{InitProducerIdRequest, InitProducerIdResponse};
use kafka_types::{ErrorCode, Now};

impl Handle for InitProducerIdRequest {
    fn handle(
        self,
        _now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<InitProducerIdResponse> {
        let mut response = InitProducerIdResponse {
            throttle_time_ms: context.throttle_ms(),
            producer_id: -1,
            producer_epoch: -1,
            ..InitProducerIdResponse::default()
        };
        if let Some(refusal) = context.refusal() {
            response.error_code = refusal.error;
        } else if self.transactional_id.is_some() {
            // There are no transactions here, and waiting won't bring them.
            response.error_code = ErrorCode::INVALID_REQUEST;
        } else {
            let producer_id = cluster.next_producer_id;
            cluster.next_producer_id += 1;
            match context.failure() {
                Some(failure) => response.error_code = failure.error,
                None => {
                    (response.producer_id, response.producer_epoch) =
                        (producer_id, cluster.config.first_producer_epoch)
                }
            }
        }
        Handled::Answer(response)
    }
}

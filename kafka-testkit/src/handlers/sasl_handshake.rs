//! SaslHandshake: the client names its mechanism.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use kafka_protocol::messages::{SaslHandshakeRequest, SaslHandshakeResponse};
use kafka_types::{ErrorCode, Now};

impl Handle for SaslHandshakeRequest {
    fn handle(
        self,
        _now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<SaslHandshakeResponse> {
        let refusal = context.refusal().or_else(|| context.failure());
        if cluster.config.sasl.is_none() {
            return Handled::Answer(SaslHandshakeResponse {
                error_code: ErrorCode::ILLEGAL_SASL_STATE,
                ..SaslHandshakeResponse::default()
            });
        }
        let nonce = cluster.random.next();
        let Some(server) = &cluster.config.sasl else { return Handled::Close };
        let mechanisms = server.mechanisms().map(Into::into).collect();
        let begun = server.begin(&self.mechanism, nonce);
        let error_code = match (&begun, refusal) {
            (_, Some(refusal)) => refusal.error,
            (Some(_), None) => ErrorCode::NONE,
            (None, None) => ErrorCode::UNSUPPORTED_SASL_MECHANISM,
        };
        cluster.begin_exchange(context.connection, begun.filter(|_| error_code == ErrorCode::NONE));
        Handled::Answer(SaslHandshakeResponse { error_code, mechanisms })
    }
}

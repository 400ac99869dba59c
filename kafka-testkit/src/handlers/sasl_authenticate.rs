//! SaslAuthenticate: a step of the exchange.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use crate::sasl::Verdict;
use kafka_protocol::messages::{SaslAuthenticateRequest, SaslAuthenticateResponse};
use kafka_types::{ErrorCode, Now};

impl Handle for SaslAuthenticateRequest {
    fn handle(
        self,
        now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<SaslAuthenticateResponse> {
        let answer = SaslAuthenticateResponse { error_message: None, ..SaslAuthenticateResponse::default() };
        let verdict = match context.refusal().or_else(|| context.failure()) {
            Some(refusal) => {
                cluster.end_exchange(context.connection, None);
                return Handled::Answer(SaslAuthenticateResponse {
                    error_code: refusal.error,
                    error_message: Some("refused by a rule".into()),
                    ..answer
                });
            }
            None => cluster.exchange(now, context.connection, &self.auth_bytes),
        };
        Handled::Answer(match verdict {
            None => SaslAuthenticateResponse { error_code: ErrorCode::ILLEGAL_SASL_STATE, ..answer },
            Some(Verdict::Challenge(bytes)) => {
                SaslAuthenticateResponse { auth_bytes: bytes.into(), ..answer }
            }
            Some(Verdict::Authenticated { answer: bytes, lifetime }) => {
                cluster.end_exchange(context.connection, Some(lifetime.map(|lifetime| now.mono + lifetime)));
                let millis = lifetime.unwrap_or_default().as_millis();
                SaslAuthenticateResponse {
                    auth_bytes: bytes.into(),
                    session_lifetime_ms: i64::try_from(millis).unwrap_or(i64::MAX),
                    ..answer
                }
            }
            Some(Verdict::Refused(why)) => {
                cluster.end_exchange(context.connection, None);
                SaslAuthenticateResponse {
                    error_code: ErrorCode::SASL_AUTHENTICATION_FAILED,
                    error_message: Some(why.as_str().into()),
                    ..answer
                }
            }
        })
    }
}

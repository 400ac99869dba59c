//! A SASL exchange on a connection: the handshake, then messages in turn (KIP-152, KIP-368).

use super::ConnectionError;
use crate::sasl::{Authenticator, SaslError, SaslStep};
use bytes::Bytes;
use kafka_protocol::messages::{
    SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};
use kafka_protocol::wire::{ApiKey, ApiVersionRanges, Decoder, Message, Request, encode_to_bytes};
use kafka_types::ErrorCode;
use std::sync::Arc;
use std::time::Duration;

/// More messages than any mechanism has: a broker that always has one more question gets no answer any more.
const MAX_STEPS: usize = 16;

/// Where an exchange is.
pub(super) struct Exchange {
    authenticator: Box<dyn Authenticator>,
    handshake_version: i16,
    authenticate_version: i16,
    steps: usize,
}

/// A request of the exchange.
pub(super) struct ExchangeRequest {
    pub(super) api_key: ApiKey,
    pub(super) version: i16,
    pub(super) body: Bytes,
}

pub(super) enum Progress {
    Ask(ExchangeRequest),
    /// The broker knows the client, for so long.
    Authenticated {
        session_lifetime: Option<Duration>,
    },
}

impl Exchange {
    pub(super) fn new(
        authenticator: Box<dyn Authenticator>,
        served: &ApiVersionRanges,
    ) -> Result<Exchange, SaslError> {
        let version = |api, ours| served.highest_common(api, ours).ok_or(SaslError::BrokerTooOld { api });
        let handshake = SaslHandshakeRequest::API_KEY;
        let authenticate = SaslAuthenticateRequest::API_KEY;
        Ok(Exchange {
            authenticator,
            // Version 0 would go on without frames.
            handshake_version: version(handshake, 1..=SaslHandshakeRequest::MAX_VERSION)?,
            authenticate_version: version(authenticate, 0..=SaslAuthenticateRequest::MAX_VERSION)?,
            steps: 0,
        })
    }

    pub(super) fn handshake(&self) -> Result<ExchangeRequest, ConnectionError> {
        let request = SaslHandshakeRequest { mechanism: self.authenticator.mechanism().into() };
        encoded(&request, self.handshake_version)
    }

    pub(super) fn handle_handshake(&mut self, body: Bytes) -> Result<Progress, ConnectionError> {
        let response: SaslHandshakeResponse =
            decoded(body, SaslHandshakeRequest::API_KEY, self.handshake_version)?;
        match response.error_code {
            ErrorCode::NONE => {
                let message = self.authenticator.first_message()?;
                Ok(Progress::Ask(self.authenticate(message)?))
            }
            ErrorCode::UNSUPPORTED_SASL_MECHANISM => Err(SaslError::UnsupportedMechanism {
                mechanism: self.mechanism(),
                // What a broker sends is told to people: not more of it than they can read.
                enabled: response.mechanisms.iter().take(16).map(|name| shortened(name.as_str())).collect(),
            }
            .into()),
            ErrorCode::ILLEGAL_SASL_STATE => Err(SaslError::NotSasl.into()),
            code => Err(self.refused(code, None).into()),
        }
    }

    pub(super) fn handle_message(&mut self, body: Bytes) -> Result<Progress, ConnectionError> {
        let response: SaslAuthenticateResponse =
            decoded(body, SaslAuthenticateRequest::API_KEY, self.authenticate_version)?;
        if response.error_code != ErrorCode::NONE {
            return Err(self.refused(response.error_code, response.error_message.as_deref()).into());
        }
        match self.authenticator.handle_message(&response.auth_bytes)? {
            SaslStep::Reply(message) => {
                self.steps += 1;
                if self.steps >= MAX_STEPS {
                    return Err(SaslError::Endless { mechanism: self.mechanism(), steps: MAX_STEPS }.into());
                }
                Ok(Progress::Ask(self.authenticate(message)?))
            }
            SaslStep::Complete => Ok(Progress::Authenticated {
                session_lifetime: u64::try_from(response.session_lifetime_ms)
                    .ok()
                    .filter(|millis| *millis > 0)
                    .map(Duration::from_millis),
            }),
        }
    }

    fn authenticate(&self, auth_bytes: Bytes) -> Result<ExchangeRequest, ConnectionError> {
        let request = SaslAuthenticateRequest { auth_bytes, ..SaslAuthenticateRequest::default() };
        encoded(&request, self.authenticate_version)
    }

    fn mechanism(&self) -> Arc<str> {
        self.authenticator.mechanism().into()
    }

    fn refused(&self, code: ErrorCode, message: Option<&str>) -> SaslError {
        let message = message.filter(|message| !message.is_empty()).unwrap_or("it does not say why");
        let message = match self.authenticator.complaint() {
            Some(complaint) if !message.contains(complaint) => shortened(&format!("{message}: {complaint}")),
            _ => shortened(message),
        };
        SaslError::Refused { mechanism: self.mechanism(), code, message }
    }
}

fn encoded<R: Request>(request: &R, version: i16) -> Result<ExchangeRequest, ConnectionError> {
    let api_key = R::API_KEY;
    let body = encode_to_bytes(request, version)
        .map_err(|source| ConnectionError::Encode { api: api_key, source })?;
    Ok(ExchangeRequest { api_key, version, body })
}

fn decoded<M: Message>(body: Bytes, api: ApiKey, version: i16) -> Result<M, ConnectionError> {
    M::decode(&mut Decoder::new(body), version).map_err(|source| ConnectionError::Decode { api, source })
}

fn shortened(text: &str) -> Arc<str> {
    text.chars().filter(|c| !c.is_control()).take(500).collect::<String>().into()
}

//! Tokens from an HTTP endpoint (KIP-768, KIP-1139).

use super::assertion::assertion;
use super::{Token, TokenError, TokenProvider};
use crate::{
    Connector, OAuthEndpoint, OAuthGrant, Secret, SecurityError, TcpConfig, TcpConnector, TlsConnector,
    TlsContext, wall_clock,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use kafka_types::{BrokerAddress, Timestamp};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

/// No token is longer, and no error either.
const MOST: usize = 1024 * 1024;
const URL: &str = "sasl.oauthbearer.token.endpoint.url";

/// Asks a token endpoint, anew each time.
pub struct EndpointTokenProvider {
    endpoint: OAuthEndpoint,
    uri: Uri,
    address: BrokerAddress,
    connector: Arc<dyn Connector>,
}

impl EndpointTokenProvider {
    /// Connects by TCP.
    ///
    /// # Errors
    /// A URL that is none, or certificates that can't be read.
    pub fn new(endpoint: OAuthEndpoint) -> Result<EndpointTokenProvider, SecurityError> {
        EndpointTokenProvider::with_connector(endpoint, Arc::new(TcpConnector::new(TcpConfig::default())))
    }

    /// Connects by another connector, for instance a proxy's; TLS is spoken over its streams.
    ///
    /// # Errors
    /// As [`EndpointTokenProvider::new`].
    pub fn with_connector(
        endpoint: OAuthEndpoint,
        connector: Arc<dyn Connector>,
    ) -> Result<EndpointTokenProvider, SecurityError> {
        let wrong = |what: &str| SecurityError::new(URL, format!("{:?} {what}", endpoint.url));
        let uri: Uri = endpoint.url.parse().map_err(|_| wrong("is no URL"))?;
        let (host, tls) = match (uri.host(), uri.scheme_str()) {
            (Some(host), Some("https")) => (host, true),
            (Some(host), Some("http")) => (host, false),
            _ => return Err(wrong("is no URL of https, http or file")),
        };
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let address = BrokerAddress::new(host.trim_matches(['[', ']']), port);
        let connector: Arc<dyn Connector> = if tls {
            let context = TlsContext::new(endpoint.tls.clone())?;
            Arc::new(TlsConnector::new(connector, Arc::new(context)))
        } else {
            tracing::warn!(
                "{URL} is plain HTTP: everybody on the way can read the client's secret and the tokens"
            );
            connector
        };
        Ok(EndpointTokenProvider { endpoint, uri, address, connector })
    }

    async fn ask(&self) -> Result<Token, TokenError> {
        let body = self.body().await?;
        let connecting = timeout(self.endpoint.connect_timeout, self.connector.connect(&self.address)).await;
        let stream = connecting
            .map_err(|_| self.late("connection", self.endpoint.connect_timeout))?
            .map_err(|error| {
                let message = format!("{}: {error}", self.endpoint.url);
                if error.is_authentication() {
                    TokenError::refused(message)
                } else {
                    TokenError::unavailable(message)
                }
            })?;
        let answer = timeout(self.endpoint.read_timeout, self.exchange(stream, body)).await;
        answer.map_err(|_| self.late("answer", self.endpoint.read_timeout))?
    }

    async fn exchange(
        &self,
        stream: Box<dyn crate::Stream>,
        body: Zeroizing<String>,
    ) -> Result<Token, TokenError> {
        let failed = |error: &dyn fmt::Display| self.failed(error);
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| failed(&error))?;
        let request = self.request(body)?;
        let respond = async {
            let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MOST).collect().await;
            let body = body.map_err(|error| failed(&error))?.to_bytes();
            self.handle_answer(status, &body)
        };
        tokio::pin!(respond);
        tokio::select! {
            answer = &mut respond => answer,
            // The connection may end as soon as the answer is read.
            ended = connection => match ended {
                Ok(()) => respond.await,
                Err(error) => Err(failed(&error)),
            },
        }
    }

    fn request(&self, body: Zeroizing<String>) -> Result<Request<Full<Bytes>>, TokenError> {
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let authority = self.uri.authority().map_or("", |authority| authority.as_str());
        let mut request = Request::post(path)
            .header(HOST, authority)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let OAuthGrant::ClientCredentials { client_id, client_secret, urlencode } = &self.endpoint.grant {
            let encode =
                |text: &str| Zeroizing::new(if *urlencode { form_encode(text) } else { text.to_owned() });
            let pair =
                Zeroizing::new(format!("{}:{}", &*encode(client_id), &*encode(client_secret.expose())));
            let header = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
            let mut value = HeaderValue::from_str(&header).map_err(|error| self.failed(&error))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let body = Bytes::from_owner(body.as_bytes().to_vec());
        request.body(Full::new(body)).map_err(|error| self.failed(&error))
    }

    async fn body(&self) -> Result<Zeroizing<String>, TokenError> {
        const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
        let mut body = Zeroizing::new(String::from("grant_type="));
        match &self.endpoint.grant {
            OAuthGrant::ClientCredentials { .. } => body.push_str("client_credentials"),
            OAuthGrant::AssertionFile(_) | OAuthGrant::Assertion(_) => {
                body.push_str(&form_encode(JWT_BEARER));
                body.push_str("&assertion=");
                body.push_str(&form_encode(self.assertion().await?.expose()));
            }
        }
        if let Some(scope) = self.endpoint.scope.as_deref().filter(|scope| !scope.is_empty()) {
            body.push_str("&scope=");
            body.push_str(&form_encode(scope));
        }
        Ok(body)
    }

    async fn assertion(&self) -> Result<Secret, TokenError> {
        let (grant, now) = (self.endpoint.grant.clone(), wall_clock::now());
        // It reads files, and signing with RSA takes its time.
        let made = tokio::task::spawn_blocking(move || match grant {
            OAuthGrant::Assertion(config) => assertion(&config, now),
            OAuthGrant::AssertionFile(path) => std::fs::read_to_string(&path)
                .map(|text| Secret::from(text.trim()))
                .map_err(|error| TokenError::unavailable(format!("{}: {error}", path.display()))),
            OAuthGrant::ClientCredentials { .. } => Ok(Secret::default()),
        });
        made.await.unwrap_or_else(|_| Err(TokenError::unavailable("the runtime is ending")))
    }

    fn handle_answer(&self, status: hyper::StatusCode, body: &[u8]) -> Result<Token, TokenError> {
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        if status.is_success() {
            let Some(token) = answer["access_token"].as_str().or_else(|| answer["id_token"].as_str()) else {
                return Err(TokenError::refused(format!(
                    "{} answers without an access_token",
                    self.endpoint.url
                )));
            };
            let mut token = Token::new(Secret::from(token));
            if token.expires_at.is_none() {
                let seconds = answer["expires_in"].as_i64();
                token.expires_at =
                    seconds.map(|s| Timestamp(wall_clock::now().0.saturating_add(s.saturating_mul(1000))));
            }
            return Ok(token);
        }
        let mut message = format!("{} answers {status}", self.endpoint.url);
        for field in ["error", "error_description"] {
            if let Some(text) = answer[field].as_str() {
                message.push_str(": ");
                message.extend(text.chars().filter(|c| !c.is_control()).take(300));
            }
        }
        // As Kafka: what the client got wrong stays wrong, apart from having asked too often or too slowly.
        let passes = status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429);
        Err(if passes { TokenError::unavailable(message) } else { TokenError::refused(message) })
    }

    fn failed(&self, error: &dyn fmt::Display) -> TokenError {
        TokenError::unavailable(format!("{}: {error}", self.endpoint.url))
    }

    fn late(&self, what: &str, limit: Duration) -> TokenError {
        TokenError::unavailable(format!("{}: no {what} within {limit:?}", self.endpoint.url))
    }
}

#[async_trait::async_trait]
impl TokenProvider for EndpointTokenProvider {
    /// Asks again where that may help, with a growing pause, for `sasl.login.retry.backoff.max.ms` at most.
    async fn token(&self) -> Result<Token, TokenError> {
        let mut pause = self.endpoint.retry_backoff.max(Duration::from_millis(1));
        let mut left = self.endpoint.retry_backoff_max;
        loop {
            match self.ask().await {
                Err(TokenError::Unavailable(message)) if pause < left => {
                    tracing::debug!(%message, "the token endpoint is asked again");
                    left -= pause;
                    sleep(pause).await;
                    pause = pause.saturating_mul(2);
                }
                answer => return answer,
            }
        }
    }
}

impl fmt::Debug for EndpointTokenProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointTokenProvider").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// `application/x-www-form-urlencoded`, with `%20` for a blank.
fn form_encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend(format!("{byte:02X}").chars());
        }
        encoded
    })
}

#[cfg(test)]
mod tests;

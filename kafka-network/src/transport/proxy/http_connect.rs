//! HTTP CONNECT (RFC 9110, section 9.3.6).

use super::{reach, refused};
use crate::{ConnectError, Connector, Secret, Stream};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kafka_types::BrokerAddress;
use std::fmt;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeroize::Zeroizing;

/// A proxy's answer is not longer.
const MOST: usize = 16 * 1024;

/// Connects through an HTTP proxy. Brokers' names are looked up by the proxy.
#[derive(Clone)]
pub struct HttpConnect {
    inner: Arc<dyn Connector>,
    proxy: BrokerAddress,
    credentials: Option<(String, Secret)>,
}

impl HttpConnect {
    /// A proxy, and how it is reached itself; over a [`TlsConnector`](crate::TlsConnector) it is one of HTTPS.
    pub fn new(inner: Arc<dyn Connector>, proxy: BrokerAddress) -> HttpConnect {
        HttpConnect { inner, proxy, credentials: None }
    }

    /// What the proxy is told of who is there (`Proxy-Authorization`, Basic).
    #[must_use]
    pub fn credentials(mut self, username: impl Into<String>, password: Secret) -> HttpConnect {
        self.credentials = Some((username.into(), password));
        self
    }

    fn request(&self, address: &BrokerAddress) -> Zeroizing<String> {
        let mut request = Zeroizing::new(format!("CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n"));
        if let Some((username, password)) = &self.credentials {
            let pair = Zeroizing::new(format!("{username}:{}", password.expose()));
            let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
            request.push_str("Proxy-Authorization: Basic ");
            request.push_str(&encoded);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        request
    }
}

/// What the proxy said, once it has said all of it: nothing if the way is open.
fn answer(received: &[u8]) -> Option<Result<(), String>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(received) {
        Ok(httparse::Status::Partial) if received.len() < MOST => None,
        Ok(httparse::Status::Partial) => Some(Err("its answer does not end".to_owned())),
        Err(error) => Some(Err(format!("it does not answer as an HTTP proxy ({error})"))),
        Ok(httparse::Status::Complete(_)) => Some(match response.code {
            Some(200..=299) => Ok(()),
            code => {
                let hint = if code == Some(407) { ": it wants other credentials" } else { "" };
                let reason: String = response.reason.unwrap_or_default().chars().take(200).collect();
                Err(format!("it answers {} {reason}{hint}", code.unwrap_or_default()))
            }
        }),
    }
}

#[async_trait]
impl Connector for HttpConnect {
    async fn connect(&self, address: &BrokerAddress) -> Result<Box<dyn Stream>, ConnectError> {
        let failed = |message: &str| refused(&self.proxy, address, message);
        let mut stream = reach(&*self.inner, &self.proxy, address).await?;
        let io = |error: std::io::Error| failed(&error.to_string());
        stream.write_all(self.request(address).as_bytes()).await.map_err(io)?;
        stream.flush().await.map_err(io)?;
        let mut received = Vec::with_capacity(512);
        loop {
            // By the byte: what follows the answer is the broker's. Brokers say nothing before they are asked, but a stream
            // with something lost would be hard to understand.
            let byte = stream.read_u8().await.map_err(|_| failed("it closed the connection"))?;
            received.push(byte);
            let ends = byte == b'\n' || received.len() >= MOST || received.len() == 8;
            match if ends { answer(&received) } else { None } {
                None => {}
                Some(Ok(())) => return Ok(stream),
                Some(Err(message)) => return Err(failed(&message)),
            }
        }
    }
}

impl fmt::Debug for HttpConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConnect").field("proxy", &self.proxy).finish_non_exhaustive()
    }
}

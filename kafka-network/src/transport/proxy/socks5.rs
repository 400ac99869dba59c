//! SOCKS5 (RFC 1928, RFC 1929).

use super::{reach, refused};
use crate::{ConnectError, Connector, Secret, Stream};
use async_trait::async_trait;
use kafka_types::BrokerAddress;
use std::fmt;
use std::sync::Arc;
use tokio_socks::tcp::Socks5Stream;

/// Connects through a SOCKS5 proxy. Brokers' names are looked up by the proxy.
#[derive(Clone)]
pub struct Socks5 {
    inner: Arc<dyn Connector>,
    proxy: BrokerAddress,
    credentials: Option<(String, Secret)>,
}

impl Socks5 {
    /// A proxy, and how it is reached itself.
    pub fn new(inner: Arc<dyn Connector>, proxy: BrokerAddress) -> Socks5 {
        Socks5 { inner, proxy, credentials: None }
    }

    /// What the proxy is told if it asks who is there: at most 255 bytes each.
    #[must_use]
    pub fn credentials(mut self, username: impl Into<String>, password: Secret) -> Socks5 {
        self.credentials = Some((username.into(), password));
        self
    }
}

#[async_trait]
impl Connector for Socks5 {
    async fn connect(&self, address: &BrokerAddress) -> Result<Box<dyn Stream>, ConnectError> {
        let stream = reach(&*self.inner, &self.proxy, address).await?;
        let target = (address.host.as_ref(), address.port);
        let connected = match &self.credentials {
            None => Socks5Stream::connect_with_socket(stream, target).await,
            Some((username, password)) => {
                Socks5Stream::connect_with_password_and_socket(stream, target, username, password.expose())
                    .await
            }
        };
        let stream = connected.map_err(|error| refused(&self.proxy, address, &error.to_string()))?;
        Ok(Box::new(stream))
    }
}

impl fmt::Debug for Socks5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socks5").field("proxy", &self.proxy).finish_non_exhaustive()
    }
}

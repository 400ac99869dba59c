//! A Unix socket.

use super::{ConnectError, Connector, Stream};
use async_trait::async_trait;
use kafka_types::BrokerAddress;
use std::path::PathBuf;
use tokio::net::UnixStream;

/// Connects to a Unix socket, whatever the broker: a sidecar that passes bytes on, or a tunnel's end.
#[derive(Clone, Debug)]
pub struct UnixConnector(pub PathBuf);

#[async_trait]
impl Connector for UnixConnector {
    async fn connect(&self, _address: &BrokerAddress) -> Result<Box<dyn Stream>, ConnectError> {
        Ok(Box::new(UnixStream::connect(&self.0).await?))
    }
}

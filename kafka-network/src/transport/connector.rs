//! Where streams come from.

use super::ConnectError;
use async_trait::async_trait;
use kafka_types::BrokerAddress;
use tokio::io::{AsyncRead, AsyncWrite};

/// A duplex stream of bytes, as tokio has them. Everything that is one implements it.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Opens streams to brokers: TCP, a proxy, memory.
///
/// ```
/// use kafka_network::{ConnectError, Connector, Stream};
/// use kafka_types::BrokerAddress;
///
/// struct Unix(std::path::PathBuf);
///
/// #[async_trait::async_trait]
/// impl Connector for Unix {
///     async fn connect(&self, _address: &BrokerAddress) -> Result<Box<dyn Stream>, ConnectError> {
///         Ok(Box::new(tokio::net::UnixStream::connect(&self.0).await?))
///     }
/// }
/// ```
#[async_trait]
pub trait Connector: Send + Sync {
    /// Opens a stream to the address. It takes as long as it takes: whoever calls drops the future when its time is over.
    ///
    /// # Errors
    /// [`ConnectError`].
    async fn connect(&self, address: &BrokerAddress) -> Result<Box<dyn Stream>, ConnectError>;
}

#[async_trait]
impl<C: Connector + ?Sized> Connector for std::sync::Arc<C> {
    async fn connect(&self, address: &BrokerAddress) -> Result<Box<dyn Stream>, ConnectError> {
        (**self).connect(address).await
    }
}

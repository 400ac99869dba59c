//! Why no stream could be opened.

use kafka_types::BrokerAddress;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// Why no stream to a broker could be opened.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The host's name has no address.
    #[error(
        "the host {host:?} can't be resolved ({source}): check its name in bootstrap.servers, or in the brokers' \
         advertised.listeners"
    )]
    Dns {
        /// The name.
        host: Arc<str>,
        /// What the resolver said.
        source: Arc<io::Error>,
    },
    /// Nothing listens at the address.
    #[error("{address} ({tried}) refused the connection: is a broker running there?")]
    Refused {
        /// The broker.
        address: BrokerAddress,
        /// The last of its addresses that was tried.
        tried: SocketAddr,
    },
    /// Any other failure of an attempt.
    #[error("{address} ({tried}) can't be connected to: {source}")]
    Attempt {
        /// The broker.
        address: BrokerAddress,
        /// The last of its addresses that was tried.
        tried: SocketAddr,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// TLS did not come about.
    #[cfg(feature = "tls")]
    #[error("{address}: {source}")]
    Tls {
        /// The broker.
        address: BrokerAddress,
        /// Why.
        source: crate::TlsError,
    },
    /// A proxy does not open the way.
    #[error("{address} can't be reached through the proxy {proxy}: {message}")]
    Proxy {
        /// The broker.
        address: BrokerAddress,
        /// The proxy.
        proxy: Arc<str>,
        /// What it said.
        message: Arc<str>,
    },
    /// There are no credentials to connect with.
    #[error("{address}: {source}")]
    Credentials {
        /// The broker.
        address: BrokerAddress,
        /// Why.
        source: crate::SaslError,
    },
    /// A connector's own failure.
    #[error("can't connect: {0}")]
    Other(Arc<io::Error>),
}

impl ConnectError {
    /// True if one side does not accept who the other says it is: trying again will not help until something is changed.
    pub fn is_authentication(&self) -> bool {
        match self {
            #[cfg(feature = "tls")]
            ConnectError::Tls { source, .. } => source.is_authentication(),
            ConnectError::Credentials { source, .. } => source.is_refusal(),
            _ => false,
        }
    }
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        ConnectError::Other(Arc::new(error))
    }
}

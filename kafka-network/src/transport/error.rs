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
    /// A connector's own failure.
    #[error("can't connect: {0}")]
    Other(Arc<io::Error>),
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        ConnectError::Other(Arc::new(error))
    }
}

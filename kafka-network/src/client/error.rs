//! Why a request has no answer.

use crate::{ConnectError, ConnectionError, PumpError};
use kafka_protocol::wire::{ApiKey, DecodeError, EncodeError, VersionRange};
use kafka_types::BrokerAddress;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Why a client could not be made, or why a request has no answer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// No stream could be opened.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// Connecting took too long.
    #[error("{address} was not ready within {timeout:?}")]
    ConnectTimedOut {
        /// The broker.
        address: BrokerAddress,
        /// The limit.
        timeout: Duration,
    },
    /// The answer took too long. The connection goes on.
    #[error("no answer to {api} within {timeout:?}")]
    TimedOut {
        /// The request's API.
        api: ApiKey,
        /// The limit.
        timeout: Duration,
    },
    /// The broker closed the connection. It may have done what was asked.
    #[error("{address} closed the connection")]
    ClosedByPeer {
        /// The broker.
        address: BrokerAddress,
    },
    /// The stream failed. The broker may have done what was asked.
    #[error("the connection to {address} failed: {source}")]
    Io {
        /// The broker.
        address: BrokerAddress,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// TLS failed. The broker may have done what was asked.
    #[cfg(feature = "tls")]
    #[error("{address}: {source}")]
    Tls {
        /// The broker.
        address: BrokerAddress,
        /// Why.
        source: crate::TlsError,
    },
    /// The broker can't be understood.
    #[error("{address}: {source}")]
    Protocol {
        /// The broker.
        address: BrokerAddress,
        /// What was wrong.
        source: ConnectionError,
    },
    /// No version of the request is spoken by both sides.
    #[error("{api} can't be used: this client speaks versions {ours}, the broker {}", spoken(.theirs))]
    UnsupportedVersion {
        /// The API.
        api: ApiKey,
        /// What this client speaks.
        ours: VersionRange,
        /// What the broker speaks; `None` if it does not serve the API.
        theirs: Option<VersionRange>,
    },
    /// The request can't be written in this version.
    #[error("{api} v{version} can't be written: {source}")]
    Encode {
        /// The API.
        api: ApiKey,
        /// The version.
        version: i16,
        /// Why.
        source: EncodeError,
    },
    /// The answer can't be read.
    #[error("the answer to {api} v{version} can't be read: {source}")]
    Decode {
        /// The API.
        api: ApiKey,
        /// The version.
        version: i16,
        /// Why.
        source: DecodeError,
    },
    /// The runtime that the client was made in has ended.
    #[error("the runtime of the connection has ended")]
    RuntimeGone,
}

impl ClientError {
    /// True if one side does not accept who the other says it is: trying again will not help until something is changed.
    pub fn is_authentication(&self) -> bool {
        match self {
            ClientError::Connect(error) => error.is_authentication(),
            ClientError::Protocol { source, .. } => source.is_authentication(),
            #[cfg(feature = "tls")]
            ClientError::Tls { source, .. } => source.is_authentication(),
            _ => false,
        }
    }

    pub(super) fn lost(address: &BrokerAddress, error: PumpError) -> ClientError {
        let address = address.clone();
        match error {
            PumpError::ClosedByPeer => ClientError::ClosedByPeer { address },
            PumpError::Io(source) => ClientError::Io { address, source },
            #[cfg(feature = "tls")]
            PumpError::Tls(source) => ClientError::Tls { address, source },
            PumpError::Connection(source) => ClientError::Protocol { address, source },
        }
    }
}

fn spoken(theirs: &Option<VersionRange>) -> String {
    theirs.map_or_else(|| "none".to_owned(), |range| range.to_string())
}

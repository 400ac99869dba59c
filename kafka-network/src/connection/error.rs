//! Why a connection can't go on.

use kafka_protocol::frame::FrameError;
use kafka_protocol::wire::{ApiKey, DecodeError, EncodeError};
use kafka_types::ErrorCode;

/// Why a request can't be sent, or why the peer can't be understood.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The stream is no sequence of frames.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A frame came although nothing was asked.
    #[error("the broker sent {length} bytes that answer no request")]
    Unexpected {
        /// The frame's length.
        length: usize,
    },
    /// An answer to something else than the oldest request.
    #[error("correlation id {received} instead of {expected} in the answer to {api}")]
    CorrelationMismatch {
        /// The oldest request's API.
        api: ApiKey,
        /// Its id.
        expected: i32,
        /// What came.
        received: i32,
    },
    /// An answer that can't be read.
    #[error("the answer to {api} can't be read: {source}")]
    Decode {
        /// The request's API.
        api: ApiKey,
        /// Why.
        source: DecodeError,
    },
    /// A request that can't be written.
    #[error("{api} can't be written: {source}")]
    Encode {
        /// The request's API.
        api: ApiKey,
        /// Why.
        source: EncodeError,
    },
    /// The broker does not say what it serves.
    #[error("the broker refuses ApiVersions: {code}")]
    VersionsRefused {
        /// Its error.
        code: ErrorCode,
    },
    /// An API without a schema here.
    #[error("{api} is not known to this client")]
    UnknownApi {
        /// The API.
        api: ApiKey,
    },
    /// The client and the broker don't come to terms on who the client is.
    #[error(transparent)]
    Sasl(#[from] crate::SaslError),
    /// A request before the broker has said what it serves.
    #[error("the connection is not ready")]
    NotReady,
}

impl ConnectionError {
    /// True if the broker does not accept who the client says it is, or the other way round.
    pub fn is_authentication(&self) -> bool {
        matches!(self, ConnectionError::Sasl(error) if error.is_refusal())
    }
}

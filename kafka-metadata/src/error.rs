//! Why metadata can't be had.

use std::sync::Arc;

/// Why a wait for metadata ended without any.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The deadline passed first.
    #[error("no metadata before the deadline")]
    TimedOut,
    /// The client was closed, or what refreshes its metadata is gone.
    #[error("the client is closed")]
    Closed,
    /// A broker refused the credentials.
    #[error("authentication failed: {message}")]
    Authentication {
        /// What the broker, or the mechanism, said.
        message: Arc<str>,
    },
    /// The brokers and this client have no version of a needed request in common.
    #[error("{message}")]
    UnsupportedVersion {
        /// Names the API and both ranges.
        message: Arc<str>,
    },
}

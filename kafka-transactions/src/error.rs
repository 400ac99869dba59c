//! What ends a producer's identity for good.

use kafka_types::ErrorCode;
use std::sync::Arc;

/// Why no batch of this producer can be sent any more.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct FatalError {
    /// The broker's code, or the code of what the client found out by itself (`UNSUPPORTED_VERSION`).
    pub code: ErrorCode,
    /// What failed and what to do about it.
    pub message: Arc<str>,
}

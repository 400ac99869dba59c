//! Why an exchange failed.

use kafka_types::ErrorCode;
use std::sync::Arc;

/// Why authentication failed. No message holds a secret.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaslError {
    /// The broker refused; these are its own words.
    #[error("the broker refuses the {mechanism} credentials: {message} ({code})")]
    Refused {
        /// The mechanism.
        mechanism: Arc<str>,
        /// The broker's error, usually `SASL_AUTHENTICATION_FAILED`.
        code: ErrorCode,
        /// What it said.
        message: Arc<str>,
    },
    /// The listener has not this mechanism.
    #[error(
        "the broker's listener does not take {mechanism}, only {}: set sasl.mechanism to one of these",
        listed(enabled)
    )]
    UnsupportedMechanism {
        /// The one that was asked for.
        mechanism: Arc<str>,
        /// What the broker offers (`sasl.enabled.mechanisms`). None of it is tried in place of the other.
        enabled: Vec<Arc<str>>,
    },
    /// The listener knows no SASL.
    #[error(
        "the broker's listener takes no SASL: set security.protocol to {}, or use the port of a SASL listener",
        "PLAINTEXT or SSL"
    )]
    NotSasl,
    /// The broker serves no `SaslAuthenticate` (before Kafka 1.0).
    #[error("the broker does not serve {api}, which authentication needs: it is too old, or no Kafka")]
    BrokerTooOld {
        /// The API that is missing.
        api: kafka_protocol::wire::ApiKey,
    },
    /// The broker's message can't be understood.
    #[error("the broker's {mechanism} message is malformed: {what}")]
    Malformed {
        /// The mechanism.
        mechanism: &'static str,
        /// What is wrong.
        what: &'static str,
    },
    /// The broker could not prove that it knows the password.
    #[error(
        "the broker does not prove that it knows the password (wrong server signature): it is not who it says"
    )]
    ServerSignature,
    /// The broker's nonce does not go on from the client's.
    #[error("the broker's nonce does not start with the client's: it answers somebody else's exchange")]
    Nonce,
    /// The broker wants fewer iterations than are safe, or more than this client is willing to compute.
    #[error("the broker wants {iterations} iterations of {mechanism}: from {min} to {max} are accepted")]
    Iterations {
        /// The mechanism.
        mechanism: &'static str,
        /// What it wants.
        iterations: u64,
        /// The fewest that are accepted.
        min: u32,
        /// The most that are accepted.
        max: u32,
    },
    /// The exchange goes on and on.
    #[error("the {mechanism} exchange did not end within {steps} messages")]
    Endless {
        /// The mechanism.
        mechanism: Arc<str>,
        /// The limit.
        steps: usize,
    },
    /// What was configured can't be used.
    #[error("{0}")]
    Credentials(Arc<str>),
    /// Whoever gives out credentials can't be reached for the moment, or fails.
    #[error("no credentials: {0}")]
    Unavailable(Arc<str>),
}

impl SaslError {
    /// False if it may pass by itself: the credentials were not refused, there just are none at the moment.
    pub fn is_refusal(&self) -> bool {
        !matches!(self, SaslError::Unavailable(_))
    }
}

fn listed(mechanisms: &[Arc<str>]) -> String {
    if mechanisms.is_empty() { "none".to_owned() } else { mechanisms.join(", ") }
}

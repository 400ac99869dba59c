//! One exchange of a mechanism.

use super::SaslError;
use bytes::Bytes;
use zeroize::Zeroizing;

/// The client's side of one SASL exchange.
///
/// ```
/// use bytes::Bytes;
/// use kafka_network::{Authenticator, SaslError, SaslStep};
///
/// /// `ANONYMOUS` (RFC 4505): a name, and nothing to prove it.
/// struct Anonymous;
///
/// impl Authenticator for Anonymous {
///     fn mechanism(&self) -> &str {
///         "ANONYMOUS"
///     }
///
///     fn first_message(&mut self) -> Result<Bytes, SaslError> {
///         Ok(Bytes::from_static(b"guest"))
///     }
///
///     fn handle_message(&mut self, _message: &[u8]) -> Result<SaslStep, SaslError> {
///         Ok(SaslStep::Complete)
///     }
/// }
/// ```
pub trait Authenticator: Send {
    /// The mechanism's name, as brokers' `sasl.enabled.mechanisms` has it.
    fn mechanism(&self) -> &str;

    /// What the client says first.
    ///
    /// # Errors
    /// [`SaslError`] if the credentials can't be used.
    fn first_message(&mut self) -> Result<Bytes, SaslError>;

    /// Takes what the broker says, which has not refused.
    ///
    /// # Errors
    /// [`SaslError`] if the broker's message is not what the mechanism wants; the exchange is over then.
    fn handle_message(&mut self, message: &[u8]) -> Result<SaslStep, SaslError>;

    /// What the broker had against the credentials, where a mechanism says so before it refuses.
    fn complaint(&self) -> Option<&str> {
        None
    }
}

/// What follows from a message of the broker's.
#[derive(Clone, PartialEq, Eq)]
pub enum SaslStep {
    /// This is to be answered.
    Reply(Bytes),
    /// The exchange is complete: each side knows the other.
    Complete,
}

/// The bytes of a message that holds a secret: zeroed when the last reference is dropped.
pub fn secret_bytes(bytes: Vec<u8>) -> Bytes {
    Bytes::from_owner(Zeroizing::new(bytes))
}

/// Makes an [`Authenticator`] for each exchange: when a connection opens, and before its session ends (KIP-368).
#[cfg(feature = "transport")]
#[async_trait::async_trait]
pub trait Login: Send + Sync {
    /// An authenticator for a broker. It takes as long as it takes: whoever calls drops the future when its time is over.
    ///
    /// # Errors
    /// [`SaslError`] if there are no credentials, for instance because the token endpoint gives none.
    async fn authenticator(
        &self,
        broker: &kafka_types::BrokerAddress,
    ) -> Result<Box<dyn Authenticator>, SaslError>;
}

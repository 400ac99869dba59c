//! Tokens, and who gives them out.

use super::jwt;
use crate::{SaslError, Secret};
use kafka_types::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A bearer token.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token as it goes to the broker, usually a JSON web token.
    pub value: Secret,
    /// When it ends; `None` if nobody says.
    pub expires_at: Option<Timestamp>,
    /// SASL extensions that go with it (KIP-342), for instance `logicalCluster`.
    pub extensions: BTreeMap<String, String>,
}

impl Token {
    /// A token that ends when its claim `exp` says, if it is a JSON web token with one.
    pub fn new(value: Secret) -> Token {
        let expires_at = jwt::expiry(value.expose());
        Token { value, expires_at, extensions: BTreeMap::new() }
    }
}

/// Gives out tokens. Asked for each exchange; [`RefreshingTokenProvider`](crate::RefreshingTokenProvider) keeps one as
/// long as it is good.
///
/// ```
/// use kafka_network::{Secret, Token, TokenError, TokenProvider};
///
/// struct FromVault;
///
/// #[async_trait::async_trait]
/// impl TokenProvider for FromVault {
///     async fn token(&self) -> Result<Token, TokenError> {
///         let text = std::fs::read_to_string("/run/vault/kafka-token");
///         text.map(|text| Token::new(Secret::from(text.trim()))).map_err(|error| TokenError::unavailable(error.to_string()))
///     }
/// }
/// ```
#[async_trait::async_trait]
pub trait TokenProvider: Send + Sync {
    /// A token that is good now.
    ///
    /// # Errors
    /// [`TokenError`]: refused for good, or none at the moment.
    async fn token(&self) -> Result<Token, TokenError>;
}

/// Why there is no token.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Whoever gives out tokens refuses: asking again will not help until something is changed.
    #[error("{0}")]
    Refused(Arc<str>),
    /// It can't be reached, or fails for the moment.
    #[error("{0}")]
    Unavailable(Arc<str>),
}

impl TokenError {
    /// Refused, with the words of who did.
    pub fn refused(message: impl Into<Arc<str>>) -> TokenError {
        TokenError::Refused(message.into())
    }

    /// Nothing at the moment.
    pub fn unavailable(message: impl Into<Arc<str>>) -> TokenError {
        TokenError::Unavailable(message.into())
    }
}

impl From<TokenError> for SaslError {
    fn from(error: TokenError) -> SaslError {
        match error {
            TokenError::Refused(message) => {
                SaslError::Credentials(format!("no OAuth token: {message}").into())
            }
            TokenError::Unavailable(message) => {
                SaslError::Unavailable(format!("no OAuth token: {message}").into())
            }
        }
    }
}

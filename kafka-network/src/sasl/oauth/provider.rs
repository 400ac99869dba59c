//! Providers without a network.

use super::{Token, TokenError, TokenProvider, jwt};
use crate::{Secret, wall_clock};
use kafka_types::Timestamp;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// Always the same token.
#[derive(Clone, Debug)]
pub struct StaticTokenProvider(pub Token);

#[async_trait::async_trait]
impl TokenProvider for StaticTokenProvider {
    async fn token(&self) -> Result<Token, TokenError> {
        Ok(self.0.clone())
    }
}

/// A token in a file, read anew each time: Kubernetes' projected service accounts, or a sidecar. Kafka's
/// `FileJwtRetriever`.
#[derive(Clone, Debug)]
pub struct FileTokenProvider {
    path: PathBuf,
}

impl FileTokenProvider {
    /// The token in this file. Blanks around it don't count.
    pub fn new(path: impl Into<PathBuf>) -> FileTokenProvider {
        FileTokenProvider { path: path.into() }
    }
}

#[async_trait::async_trait]
impl TokenProvider for FileTokenProvider {
    async fn token(&self) -> Result<Token, TokenError> {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(path)).await;
        match read {
            Ok(Ok(text)) => Ok(Token::new(Secret::from(text.trim()))),
            Ok(Err(error)) => {
                Err(TokenError::unavailable(format!("reading {}: {error}", self.path.display())))
            }
            Err(_) => Err(TokenError::unavailable("the runtime is ending")),
        }
    }
}

/// Tokens that nobody has signed (KIP-255), for tests: brokers of production refuse them.
#[derive(Clone, Debug)]
pub struct UnsecuredTokenProvider {
    /// The claim `sub`: the user's name.
    pub subject: String,
    /// How long each is good. Kafka's default is an hour.
    pub lifetime: Duration,
    /// More claims.
    pub claims: Map<String, Value>,
}

impl UnsecuredTokenProvider {
    /// Tokens of this user, each good for an hour.
    pub fn new(subject: impl Into<String>) -> UnsecuredTokenProvider {
        let lifetime = Duration::from_secs(3600);
        UnsecuredTokenProvider { subject: subject.into(), lifetime, claims: Map::new() }
    }

    fn token_at(&self, now: Timestamp) -> Token {
        let mut claims = self.claims.clone();
        let seconds = now.0 as f64 / 1000.0;
        claims.insert("sub".to_owned(), json!(self.subject));
        claims.insert("iat".to_owned(), json!(seconds));
        claims.insert("exp".to_owned(), json!(seconds + self.lifetime.as_secs_f64()));
        let unsigned = jwt::encode(&json!({"alg": "none"}), &Value::Object(claims));
        Token::new(Secret::new(format!("{unsigned}.")))
    }
}

#[async_trait::async_trait]
impl TokenProvider for UnsecuredTokenProvider {
    async fn token(&self) -> Result<Token, TokenError> {
        Ok(self.token_at(wall_clock::now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsecured_token_says_who_and_until_when() {
        let provider = UnsecuredTokenProvider::new("alice");
        let token = provider.token_at(Timestamp(1_700_000_000_000));
        assert_eq!(token.expires_at, Some(Timestamp(1_700_003_600_000)));
        assert!(
            token.value.expose().starts_with("eyJhbGciOiJub25lIn0.") && token.value.expose().ends_with('.')
        );
    }
}

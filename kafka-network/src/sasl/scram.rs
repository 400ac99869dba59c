//! SCRAM (RFC 5802, RFC 7677, KIP-84): both sides prove that they know the password, and neither tells it.

mod hash;
mod message;

#[cfg(test)]
mod tests;

use super::{Authenticator, SaslError, SaslStep};
use crate::{ScramHash, Secret};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use message::{ServerFinal, ServerFirst, escape};
use std::fmt;
use zeroize::Zeroizing;

/// The fewest iterations that are accepted, as Kafka has it: fewer make a password easy to guess for who sees the exchange.
pub const SCRAM_MIN_ITERATIONS: u32 = 4096;
/// The most iterations that are accepted: four times the most that a Kafka broker stores. A broker that could name any
/// number would have the client compute for minutes.
pub const SCRAM_MAX_ITERATIONS: u32 = 65_536;

/// The client's side of SCRAM-SHA-256 or SCRAM-SHA-512.
///
/// Names and passwords are taken as their UTF-8 bytes, without SASLprep, as Kafka does.
pub struct ScramAuthenticator {
    hash: ScramHash,
    username: String,
    password: Secret,
    nonce: String,
    token_auth: bool,
    state: State,
}

enum State {
    Start,
    /// The client's first message is sent.
    First {
        bare: String,
    },
    /// The proof is sent, and this is what the broker's signature has to be.
    Final {
        signature: Zeroizing<Vec<u8>>,
    },
    Over,
}

impl ScramAuthenticator {
    /// For this user. The nonce has to be random and used once, printable ASCII without commas.
    ///
    /// # Errors
    /// [`SaslError::Credentials`] if the name is empty or the nonce is not printable.
    pub fn new(
        hash: ScramHash,
        username: impl Into<String>,
        password: Secret,
        nonce: impl Into<String>,
    ) -> Result<ScramAuthenticator, SaslError> {
        let (username, nonce) = (username.into(), nonce.into());
        if username.is_empty() {
            return Err(SaslError::Credentials("the user's name is empty: set sasl.username".into()));
        }
        if nonce.is_empty() || !nonce.bytes().all(|b| b.is_ascii_graphic() && b != b',') {
            return Err(SaslError::Credentials("a nonce is printable ASCII without commas".into()));
        }
        Ok(ScramAuthenticator { hash, username, password, nonce, token_auth: false, state: State::Start })
    }

    /// Name and password are a delegation token's id and HMAC (KIP-48).
    #[must_use]
    pub fn token_auth(mut self, token_auth: bool) -> ScramAuthenticator {
        self.token_auth = token_auth;
        self
    }

    fn malformed(&self, what: &'static str) -> SaslError {
        SaslError::Malformed { mechanism: self.hash.mechanism(), what }
    }

    fn handle_first(&mut self, bare: &str, message: &str) -> Result<SaslStep, SaslError> {
        let first = ServerFirst::parse(message).map_err(|what| self.malformed(what))?;
        // It has to add something of its own, else one side alone would have chosen the nonce.
        if !first.nonce.starts_with(&self.nonce) || first.nonce.len() == self.nonce.len() {
            return Err(SaslError::Nonce);
        }
        let (min, max) = (SCRAM_MIN_ITERATIONS, SCRAM_MAX_ITERATIONS);
        let iterations = match u32::try_from(first.iterations) {
            Ok(iterations) if (min..=max).contains(&iterations) => iterations,
            _ => {
                let mechanism = self.hash.mechanism();
                return Err(SaslError::Iterations { mechanism, iterations: first.iterations, min, max });
            }
        };
        let salted = self.hash.salted_password(self.password.expose().as_bytes(), &first.salt, iterations);
        // "biws" is "n,," in Base64: no channel binding, no other identity.
        let without_proof = format!("c=biws,r={}", first.nonce);
        let auth_message = format!("{bare},{message},{without_proof}");
        let client_key = self.hash.hmac(&salted, b"Client Key");
        let stored_key = self.hash.digest(&client_key);
        let client_signature = self.hash.hmac(&stored_key, auth_message.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(client_signature.iter()).map(|(a, b)| a ^ b).collect();
        let server_key = self.hash.hmac(&salted, b"Server Key");
        self.state = State::Final { signature: self.hash.hmac(&server_key, auth_message.as_bytes()) };
        let reply = format!("{without_proof},p={}", STANDARD.encode(proof));
        Ok(SaslStep::Reply(Bytes::from(reply)))
    }

    fn handle_final(&self, signature: &[u8], message: &str) -> Result<SaslStep, SaslError> {
        match ServerFinal::parse(message).map_err(|what| self.malformed(what))? {
            ServerFinal::Error(error) => Err(SaslError::Refused {
                mechanism: self.hash.mechanism().into(),
                code: kafka_types::ErrorCode::SASL_AUTHENTICATION_FAILED,
                message: error.into(),
            }),
            ServerFinal::Signature(theirs) if hash::equal(&theirs, signature) => Ok(SaslStep::Complete),
            ServerFinal::Signature(_) => Err(SaslError::ServerSignature),
        }
    }
}

impl Authenticator for ScramAuthenticator {
    fn mechanism(&self) -> &str {
        self.hash.mechanism()
    }

    fn first_message(&mut self) -> Result<Bytes, SaslError> {
        let extension = if self.token_auth { ",tokenauth=true" } else { "" };
        let bare = format!("n={},r={}{extension}", escape(&self.username), self.nonce);
        let message = format!("n,,{bare}");
        self.state = State::First { bare };
        Ok(Bytes::from(message))
    }

    fn handle_message(&mut self, message: &[u8]) -> Result<SaslStep, SaslError> {
        let text = std::str::from_utf8(message).map_err(|_| self.malformed("it is not UTF-8"))?;
        match std::mem::replace(&mut self.state, State::Over) {
            State::First { bare } => self.handle_first(&bare, text),
            State::Final { signature } => self.handle_final(&signature, text),
            State::Start | State::Over => Err(self.malformed("it comes when none is expected")),
        }
    }
}

impl fmt::Debug for ScramAuthenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ScramAuthenticator");
        shown.field("hash", &self.hash).field("username", &self.username).finish_non_exhaustive()
    }
}

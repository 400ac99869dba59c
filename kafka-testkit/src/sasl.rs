//! A broker's side of SASL.

mod aws_msk_iam;
mod crypto;
mod oauthbearer;
mod scram;

#[cfg(test)]
mod tests;

pub use crypto::ScramHash;

use crypto::text;
use kafka_types::Now;
use scram::ScramServer;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Who may connect to a cluster, and how they say who they are. With it every connection has to authenticate before
/// anything else.
///
/// ```
/// use kafka_testkit::{ClusterConfig, SaslServer};
/// use std::time::Duration;
///
/// let sasl = SaslServer::new()
///     .mechanism("SCRAM-SHA-512")
///     .user("alice", "alice-secret")
///     .session_lifetime(Duration::from_secs(5));
/// let config = ClusterConfig::new(1).sasl(sasl);
/// ```
#[derive(Clone, Debug, Default)]
pub struct SaslServer {
    mechanisms: Vec<String>,
    users: BTreeMap<String, String>,
    tokens: BTreeSet<String>,
    session_lifetime: Option<Duration>,
    iterations: u32,
}

/// A mechanism whose server this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mechanism {
    Plain,
    Scram(ScramHash),
    OAuthBearer,
    AwsMskIam,
}

impl SaslServer {
    /// Nobody, by no mechanism.
    pub fn new() -> Self {
        SaslServer { iterations: 4096, ..SaslServer::default() }
    }

    /// Takes a mechanism (`sasl.enabled.mechanisms`): PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM. Any other
    /// name is offered, and fails.
    #[must_use]
    pub fn mechanism(mut self, name: impl Into<String>) -> Self {
        self.mechanisms.push(name.into());
        self
    }

    /// A user and their password. For AWS_MSK_IAM: an access key's id, and its secret.
    #[must_use]
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.users.insert(name.into(), password.into());
        self
    }

    /// A token of OAUTHBEARER, good for ever. Unsigned ones (KIP-255) are taken too, until they end.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.tokens.insert(token.into());
        self
    }

    /// `connections.max.reauth.ms`: how long a session lasts; one that is not prolonged by then ends with its next request.
    /// Default: for ever.
    #[must_use]
    pub fn session_lifetime(mut self, lifetime: Duration) -> Self {
        self.session_lifetime = Some(lifetime);
        self
    }

    /// SCRAM's iterations. Default: 4096.
    #[must_use]
    pub fn iterations(mut self, iterations: u32) -> Self {
        self.iterations = iterations;
        self
    }

    /// Changes a user's password, or makes them one.
    pub fn set_password(&mut self, name: impl Into<String>, password: impl Into<String>) {
        self.users.insert(name.into(), password.into());
    }

    pub(crate) fn mechanisms(&self) -> impl Iterator<Item = &str> {
        self.mechanisms.iter().map(String::as_str)
    }

    pub(crate) fn begin(&self, mechanism: &str, nonce: u64) -> Option<Exchange> {
        if !self.mechanisms.iter().any(|known| known == mechanism) {
            return None;
        }
        let mechanism = match mechanism {
            "PLAIN" => Mechanism::Plain,
            "SCRAM-SHA-256" => Mechanism::Scram(ScramHash::Sha256),
            "SCRAM-SHA-512" => Mechanism::Scram(ScramHash::Sha512),
            "OAUTHBEARER" => Mechanism::OAuthBearer,
            "AWS_MSK_IAM" => Mechanism::AwsMskIam,
            _ => return None,
        };
        Some(Exchange { mechanism, scram: None, refused: false, nonce })
    }

    fn session(&self) -> Verdict {
        Verdict::Authenticated { answer: Vec::new(), lifetime: self.session_lifetime }
    }
}

/// One exchange with a client.
#[derive(Debug)]
pub(crate) struct Exchange {
    mechanism: Mechanism,
    scram: Option<ScramServer>,
    /// The client has heard why, and has only to acknowledge it.
    refused: bool,
    nonce: u64,
}

/// What follows from a client's message.
#[derive(Debug)]
pub(crate) enum Verdict {
    Challenge(Vec<u8>),
    Authenticated { answer: Vec<u8>, lifetime: Option<Duration> },
    Refused(String),
}

impl Exchange {
    pub(crate) fn handle(&mut self, now: Now, server: &SaslServer, message: &[u8]) -> Verdict {
        let verdict = match self.mechanism {
            Mechanism::Plain => plain(server, message),
            Mechanism::Scram(hash) => self.scram(hash, server, message),
            Mechanism::OAuthBearer => self.bearer(now, server, message),
            Mechanism::AwsMskIam => aws_msk_iam::check(now, &server.users, message)
                .map(|answer| Verdict::Authenticated { answer, lifetime: server.session_lifetime }),
        };
        verdict.unwrap_or_else(Verdict::Refused)
    }

    fn scram(&mut self, hash: ScramHash, server: &SaslServer, message: &[u8]) -> Result<Verdict, String> {
        let message = text(message)?;
        if let Some(scram) = self.scram.take() {
            let answer = scram.handle_final(message)?.into_bytes();
            return Ok(Verdict::Authenticated { answer, lifetime: server.session_lifetime });
        }
        let (scram, challenge) =
            ScramServer::begin(hash, message, &server.users, server.iterations, self.nonce)?;
        self.scram = Some(scram);
        Ok(Verdict::Challenge(challenge.into_bytes()))
    }

    fn bearer(&mut self, now: Now, server: &SaslServer, message: &[u8]) -> Result<Verdict, String> {
        if self.refused {
            return Err("the token is not accepted".to_owned());
        }
        match oauthbearer::check(now, &server.tokens, message)? {
            Ok(()) => Ok(server.session()),
            Err(why) => {
                self.refused = true;
                Ok(Verdict::Challenge(why.into_bytes()))
            }
        }
    }
}

/// The words are those of Kafka's broker.
fn plain(server: &SaslServer, message: &[u8]) -> Result<Verdict, String> {
    let parts: Vec<&str> = text(message)?.split('\0').collect();
    let [_, username, password] = parts[..] else {
        return Err(format!("Invalid SASL/PLAIN response: expected 3 tokens, got {}", parts.len()));
    };
    match server.users.get(username) {
        Some(known) if known == password => Ok(server.session()),
        _ => Err("Authentication failed: Invalid username or password".to_owned()),
    }
}

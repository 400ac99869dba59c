//! PLAIN (RFC 4616): name and password as they are. Only over TLS is that a secret.

use super::{Authenticator, SaslError, SaslStep, secret_bytes};
use crate::Secret;
use bytes::Bytes;

/// The client's side of PLAIN.
#[derive(Debug)]
pub struct PlainAuthenticator {
    username: String,
    password: Secret,
}

impl PlainAuthenticator {
    /// For this user.
    ///
    /// # Errors
    /// [`SaslError::Credentials`] if the name is empty, or name or password hold a NUL.
    pub fn new(username: impl Into<String>, password: Secret) -> Result<PlainAuthenticator, SaslError> {
        let username = username.into();
        if username.is_empty() {
            return Err(SaslError::Credentials("the user's name is empty: set sasl.username".into()));
        }
        if username.contains('\0') || password.expose().contains('\0') {
            return Err(SaslError::Credentials("PLAIN can't carry a name or password with a NUL".into()));
        }
        Ok(PlainAuthenticator { username, password })
    }
}

impl Authenticator for PlainAuthenticator {
    fn mechanism(&self) -> &str {
        "PLAIN"
    }

    fn first_message(&mut self) -> Result<Bytes, SaslError> {
        // Without an authorization id: the user acts for themselves.
        Ok(secret_bytes(format!("\0{}\0{}", self.username, self.password.expose()).into_bytes()))
    }

    fn handle_message(&mut self, message: &[u8]) -> Result<SaslStep, SaslError> {
        if message.is_empty() {
            return Ok(SaslStep::Complete);
        }
        Err(SaslError::Malformed { mechanism: "PLAIN", what: "it goes on after the password" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_password_go_as_they_are_between_nuls() {
        let mut plain = PlainAuthenticator::new("ålice", Secret::from("p,=ß")).unwrap();
        assert_eq!(plain.first_message().unwrap(), "\0ålice\0p,=ß".as_bytes());
        assert!(plain.handle_message(b"").unwrap() == SaslStep::Complete);
        assert!(plain.handle_message(b"more").is_err());
        assert!(!format!("{plain:?}").contains("p,="));
    }

    #[test]
    fn what_plain_cannot_carry_is_refused_without_showing_it() {
        for (name, password) in [("", "x"), ("a\0b", "x"), ("a", "s3cret\0")] {
            let error = PlainAuthenticator::new(name, Secret::from(password)).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}

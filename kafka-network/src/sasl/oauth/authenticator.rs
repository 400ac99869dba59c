//! The client's side of OAUTHBEARER.

use super::Token;
use crate::sasl::{Authenticator, SaslError, SaslStep, secret_bytes};
use bytes::Bytes;
use kafka_types::ErrorCode;

const MECHANISM: &str = "OAUTHBEARER";

/// The client's side of OAUTHBEARER, with one token.
#[derive(Debug)]
pub struct OAuthBearerAuthenticator {
    token: Token,
    /// What the broker has against the token, told when the exchange has come to its end.
    refusal: Option<String>,
}

impl OAuthBearerAuthenticator {
    /// With this token.
    ///
    /// # Errors
    /// [`SaslError::Credentials`] if the token or an extension holds what can't be sent.
    pub fn new(token: Token) -> Result<OAuthBearerAuthenticator, SaslError> {
        let value = token.value.expose();
        if value.is_empty() || !value.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(SaslError::Credentials("the OAuth token is empty, or no printable ASCII".into()));
        }
        for (name, value) in &token.extensions {
            let legal = !name.is_empty() && name != "auth" && name.bytes().all(|b| b.is_ascii_alphabetic());
            let carried = value.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t' | b'\r' | b'\n'));
            if !legal || !carried {
                return Err(SaslError::Credentials(
                    format!("the SASL extension {name:?} can't be sent: names are letters, and values ASCII")
                        .into(),
                ));
            }
        }
        Ok(OAuthBearerAuthenticator { token, refusal: None })
    }
}

impl Authenticator for OAuthBearerAuthenticator {
    fn mechanism(&self) -> &str {
        MECHANISM
    }

    fn first_message(&mut self) -> Result<Bytes, SaslError> {
        let mut message = format!("n,,\x01auth=Bearer {}\x01", self.token.value.expose());
        for (name, value) in &self.token.extensions {
            message.push_str(&format!("{name}={value}\x01"));
        }
        message.push('\x01');
        Ok(secret_bytes(message.into_bytes()))
    }

    fn handle_message(&mut self, message: &[u8]) -> Result<SaslStep, SaslError> {
        if let Some(refusal) = self.refusal.take() {
            let code = ErrorCode::SASL_AUTHENTICATION_FAILED;
            return Err(SaslError::Refused { mechanism: MECHANISM.into(), code, message: refusal.into() });
        }
        if message.is_empty() {
            return Ok(SaslStep::Complete);
        }
        // The broker says what is wrong with the token, and wants a lone control character before it refuses (RFC 7628,
        // section 3.2.3).
        self.refusal = Some(String::from_utf8_lossy(&message[..message.len().min(1000)]).into_owned());
        Ok(SaslStep::Reply(Bytes::from_static(b"\x01")))
    }

    fn complaint(&self) -> Option<&str> {
        self.refusal.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    fn token(value: &str) -> Token {
        Token::new(Secret::from(value))
    }

    #[test]
    fn the_token_goes_with_its_extensions() {
        let mut token = token("abc.def.ghi");
        token.extensions.insert("logicalCluster".into(), "lkc-1".into());
        token.extensions.insert("identityPoolId".into(), "pool-2".into());
        let mut bearer = OAuthBearerAuthenticator::new(token).unwrap();
        assert_eq!(
            bearer.first_message().unwrap(),
            "n,,\x01auth=Bearer abc.def.ghi\x01identityPoolId=pool-2\x01logicalCluster=lkc-1\x01\x01"
        );
        assert!(bearer.handle_message(b"").unwrap() == SaslStep::Complete);
        assert!(!format!("{bearer:?}").contains("abc.def"));
    }

    #[test]
    fn what_the_broker_has_against_a_token_is_acknowledged_and_told() {
        let mut bearer = OAuthBearerAuthenticator::new(token("abc")).unwrap();
        bearer.first_message().unwrap();
        let step = bearer.handle_message(br#"{"status":"invalid_token"}"#).unwrap();
        assert!(step == SaslStep::Reply(Bytes::from_static(b"\x01")));
        let error = bearer.handle_message(b"").err().unwrap().to_string();
        assert!(error.contains("invalid_token"), "{error}");
    }

    #[test]
    fn a_token_that_would_change_the_message_is_refused_and_not_shown() {
        for value in ["", "a\x01auth=Bearer b", "two words", "ümlaut"] {
            let error = OAuthBearerAuthenticator::new(token(value)).unwrap_err().to_string();
            assert!(value.is_empty() || !error.contains(value), "{error}");
        }
        for (name, value) in [("auth", "x"), ("a b", "x"), ("", "x"), ("a", "x\x01b=c")] {
            let mut token = token("t");
            token.extensions.insert(name.into(), value.into());
            assert!(OAuthBearerAuthenticator::new(token).is_err(), "{name}");
        }
    }
}

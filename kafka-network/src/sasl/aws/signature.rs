//! Signing a request by its query (AWS Signature Version 4), as far as MSK needs it: `GET /` without a body.

use super::{AwsCredentials, date::amz_date};
use hmac::{Hmac, KeyInit, Mac};
use kafka_types::Timestamp;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use zeroize::Zeroizing;

/// What is signed.
pub(super) struct Signed<'a> {
    pub(super) host: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) at: Timestamp,
    pub(super) expires_in_seconds: u32,
    /// The action, or whatever else goes first: pairs in alphabetical order, all before `X-Amz-`.
    pub(super) query: &'a [(&'a str, &'a str)],
}

impl Signed<'_> {
    pub(super) fn scope(&self) -> String {
        let date = amz_date(self.at);
        format!("{}/{}/{}/aws4_request", &date[..8], self.region, self.service)
    }

    /// The signature, in hexadecimal digits.
    pub(super) fn signature(&self, credentials: &AwsCredentials) -> String {
        let date = amz_date(self.at);
        let scope = self.scope();
        let mut query = String::new();
        let mut add = |name: &str, value: &str| {
            let separator = if query.is_empty() { "" } else { "&" };
            let _ = write!(query, "{separator}{}={}", encode(name), encode(value));
        };
        self.query.iter().for_each(|(name, value)| add(name, value));
        add("X-Amz-Algorithm", "AWS4-HMAC-SHA256");
        add("X-Amz-Credential", &format!("{}/{scope}", credentials.access_key_id));
        add("X-Amz-Date", &date);
        add("X-Amz-Expires", &self.expires_in_seconds.to_string());
        if let Some(token) = &credentials.session_token {
            add("X-Amz-Security-Token", token.expose());
        }
        add("X-Amz-SignedHeaders", "host");
        let request = Zeroizing::new(format!(
            "GET\n/\n{query}\nhost:{}\n\nhost\n{}",
            self.host,
            hex(&Sha256::digest(b""))
        ));
        let to_sign =
            format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", hex(&Sha256::digest(request.as_bytes())));
        let secret = Zeroizing::new(format!("AWS4{}", credentials.secret_access_key.expose()));
        let mut key = hmac(secret.as_bytes(), &date.as_bytes()[..8]);
        for part in [self.region, self.service, "aws4_request"] {
            key = hmac(&key, part.as_bytes());
        }
        hex(&hmac(&key, to_sign.as_bytes()))
    }
}

fn hmac(key: &[u8], data: &[u8]) -> Zeroizing<Vec<u8>> {
    // HMAC takes keys of any length.
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) else { return Zeroizing::default() };
    Zeroizing::new(mac.chain_update(data).finalize().into_bytes().to_vec())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Everything but letters, digits and `-_.~` becomes `%XX`.
fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    /// Computed with Python's hmac and hashlib, step by step as AWS's documentation says.
    #[test]
    fn a_request_is_signed_as_by_awss_own_steps() {
        let mut credentials = AwsCredentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: Secret::from("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: None,
        };
        let signed = Signed {
            host: "b-1.demo.kafka.us-east-1.amazonaws.com",
            region: "us-east-1",
            service: "kafka-cluster",
            at: Timestamp(1_440_938_160_000),
            expires_in_seconds: 900,
            query: &[("Action", "kafka-cluster:Connect")],
        };
        assert_eq!(signed.scope(), "20150830/us-east-1/kafka-cluster/aws4_request");
        assert_eq!(
            signed.signature(&credentials),
            "952865cb69a40e3b8d2b2d07eb3cd6efd78315a3c3d002a08f6c5785bc4efead"
        );
        credentials.session_token = Some(Secret::from("a/token+with=signs"));
        assert_eq!(
            signed.signature(&credentials),
            "e0c433cc6aa3c5788a1173c4a44f47d0fb14598e4c8096ff514e542b795a4517"
        );
    }
}

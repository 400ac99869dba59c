//! The client's side of AWS_MSK_IAM.

use super::AwsCredentials;
use super::date::amz_date;
use super::signature::Signed;
use crate::sasl::{Authenticator, SaslError, SaslStep, secret_bytes};
use bytes::Bytes;
use kafka_types::Timestamp;
use serde_json::{Value, json};
use std::fmt;

const MECHANISM: &str = "AWS_MSK_IAM";
const SERVICE: &str = "kafka-cluster";
const ACTION: &str = "kafka-cluster:Connect";
const VERSION: &str = "2020_10_22";
/// How long the broker may take to have the signature checked; AWS's own client has the same.
const EXPIRES_IN_SECONDS: u32 = 900;

/// What is the same for all brokers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AwsMskIamConfig {
    /// The cluster's region; `None` reads it from the broker's name, else from `AWS_REGION` or `AWS_DEFAULT_REGION`.
    pub region: Option<String>,
}

/// The client's side of AWS_MSK_IAM: one signed message.
pub struct AwsMskIamAuthenticator {
    payload: Option<Bytes>,
}

impl AwsMskIamAuthenticator {
    /// Signs for a broker, by its name as the client connects to it.
    ///
    /// # Errors
    /// [`SaslError::Credentials`] if no region is known.
    pub fn new(
        config: &AwsMskIamConfig,
        host: &str,
        credentials: &AwsCredentials,
        now: Timestamp,
    ) -> Result<AwsMskIamAuthenticator, SaslError> {
        let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
        let region = config
            .region
            .clone()
            .or_else(|| aws_region_of(host).map(str::to_owned))
            .or_else(|| variable("AWS_REGION"))
            .or_else(|| variable("AWS_DEFAULT_REGION"))
            .ok_or_else(|| SaslError::Credentials(
                format!("the AWS region of {host} is not known: set AWS_REGION, or awsRegion in sasl.jaas.config").into(),
            ))?;
        let signed = Signed {
            host,
            region: &region,
            service: SERVICE,
            at: now,
            expires_in_seconds: EXPIRES_IN_SECONDS,
            query: &[("Action", ACTION)],
        };
        let mut payload = json!({
            "version": VERSION,
            "host": host,
            "user-agent": concat!("kafka-producer-rust/", env!("CARGO_PKG_VERSION")),
            "action": ACTION,
            "x-amz-algorithm": "AWS4-HMAC-SHA256",
            "x-amz-credential": format!("{}/{}", credentials.access_key_id, signed.scope()),
            "x-amz-date": amz_date(now),
            "x-amz-signedheaders": "host",
            "x-amz-expires": EXPIRES_IN_SECONDS.to_string(),
            "x-amz-signature": signed.signature(credentials),
        });
        if let (Some(token), Value::Object(fields)) = (&credentials.session_token, &mut payload) {
            fields.insert("x-amz-security-token".to_owned(), json!(token.expose()));
        }
        Ok(AwsMskIamAuthenticator { payload: Some(secret_bytes(payload.to_string().into_bytes())) })
    }
}

impl Authenticator for AwsMskIamAuthenticator {
    fn mechanism(&self) -> &str {
        MECHANISM
    }

    fn first_message(&mut self) -> Result<Bytes, SaslError> {
        self.payload.take().ok_or(SaslError::Malformed { mechanism: MECHANISM, what: "it was begun twice" })
    }

    fn handle_message(&mut self, message: &[u8]) -> Result<SaslStep, SaslError> {
        // Version and the id of the request at AWS.
        match serde_json::from_slice::<Value>(message) {
            Ok(answer) if answer["version"].is_string() => Ok(SaslStep::Complete),
            _ => Err(SaslError::Malformed {
                mechanism: MECHANISM,
                what: "it is not the answer of an MSK broker",
            }),
        }
    }
}

impl fmt::Debug for AwsMskIamAuthenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AwsMskIamAuthenticator")
    }
}

/// The region in the name of an MSK broker: `b-1.demo.abc.c2.kafka.us-east-1.amazonaws.com`.
///
/// ```
/// let host = "boot-x.c1.kafka-serverless.eu-central-1.amazonaws.com";
/// assert_eq!(kafka_network::aws_region_of(host), Some("eu-central-1"));
/// assert_eq!(kafka_network::aws_region_of("localhost"), None);
/// ```
pub fn aws_region_of(host: &str) -> Option<&str> {
    let mut labels = host.split('.').skip_while(|label| !matches!(*label, "kafka" | "kafka-serverless"));
    labels.next()?;
    let region = labels.next()?;
    labels.next()?.starts_with("amazonaws").then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[test]
    fn the_payload_names_the_broker_the_scope_and_the_session() {
        let credentials = AwsCredentials {
            access_key_id: "AKID".into(),
            secret_access_key: Secret::from("S3CR3T"),
            session_token: Some(Secret::from("session")),
        };
        let host = "b-1.demo.abc.c2.kafka.us-east-1.amazonaws.com";
        let now = Timestamp(1_440_938_160_000);
        let mut iam =
            AwsMskIamAuthenticator::new(&AwsMskIamConfig::default(), host, &credentials, now).unwrap();
        let message = iam.first_message().unwrap();
        let payload: Value = serde_json::from_slice(&message).unwrap();
        assert_eq!(payload["host"], host);
        assert_eq!(payload["x-amz-credential"], "AKID/20150830/us-east-1/kafka-cluster/aws4_request");
        assert_eq!(payload["x-amz-security-token"], "session");
        assert_eq!(payload["x-amz-expires"], "900");
        assert!(!String::from_utf8_lossy(&message).contains("S3CR3T"));
        assert!(
            iam.handle_message(br#"{"version":"2020_10_22","request-id":"1"}"#).unwrap()
                == SaslStep::Complete
        );
    }

    #[test]
    fn an_answer_of_something_else_is_refused() {
        let credentials = AwsCredentials {
            access_key_id: "AKID".into(),
            secret_access_key: Secret::from("S3CR3T"),
            session_token: None,
        };
        let config = AwsMskIamConfig { region: Some("us-east-1".into()) };
        let mut iam = AwsMskIamAuthenticator::new(&config, "localhost", &credentials, Timestamp(0)).unwrap();
        for answer in [&b""[..], b"{}", b"[", b"\"version\"", &[0xff]] {
            assert!(iam.handle_message(answer).is_err());
        }
    }
}

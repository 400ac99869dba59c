//! A server of AWS_MSK_IAM: checks the signed request as AWS would.

use super::crypto::hex;
use super::{ScramHash, text};
use kafka_types::Now;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Gives the answer, or why there is none. The request's age is not looked at: simulated time is not AWS's.
pub(super) fn check(_now: Now, keys: &BTreeMap<String, String>, message: &[u8]) -> Result<Vec<u8>, String> {
    let payload: Value = serde_json::from_str(text(message)?).map_err(|_| "Invalid JSON payload")?;
    let field = |name: &str| payload[name].as_str().ok_or_else(|| format!("Missing {name}"));
    if field("version")? != "2020_10_22" || field("action")? != "kafka-cluster:Connect" {
        return Err("Unknown version or action".to_owned());
    }
    let credential = field("x-amz-credential")?;
    let (key_id, scope) = credential.split_once('/').ok_or("Invalid x-amz-credential")?;
    let secret = keys.get(key_id).ok_or("Access denied")?;
    let mut query = String::new();
    let token = payload["x-amz-security-token"].as_str();
    for (name, value) in [
        ("Action", Some(field("action")?)),
        ("X-Amz-Algorithm", Some(field("x-amz-algorithm")?)),
        ("X-Amz-Credential", Some(credential)),
        ("X-Amz-Date", Some(field("x-amz-date")?)),
        ("X-Amz-Expires", Some(field("x-amz-expires")?)),
        ("X-Amz-Security-Token", token),
        ("X-Amz-SignedHeaders", Some(field("x-amz-signedheaders")?)),
    ] {
        if let Some(value) = value {
            let separator = if query.is_empty() { "" } else { "&" };
            let _ = write!(query, "{separator}{name}={}", percent(value));
        }
    }
    let sha = ScramHash::Sha256;
    let empty = hex(&sha.digest(b""));
    let request = format!("GET\n/\n{query}\nhost:{}\n\nhost\n{empty}", field("host")?);
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
        field("x-amz-date")?,
        hex(&sha.digest(request.as_bytes()))
    );
    let key = scope
        .split('/')
        .fold(format!("AWS4{secret}").into_bytes(), |key, part| sha.hmac(&key, part.as_bytes()));
    if hex(&sha.hmac(&key, to_sign.as_bytes())) != field("x-amz-signature")? {
        return Err("Access denied".to_owned());
    }
    Ok(br#"{"version":"2020_10_22","request-id":"simulated"}"#.to_vec())
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

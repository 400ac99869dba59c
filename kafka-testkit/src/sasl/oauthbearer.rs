//! A server of OAUTHBEARER (RFC 7628).

use super::crypto::text;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kafka_types::Now;
use serde_json::Value;
use std::collections::BTreeSet;

/// Outer error: the message is none. Inner error: what the client is told about its token.
pub(super) fn check(
    now: Now,
    known: &BTreeSet<String>,
    message: &[u8],
) -> Result<Result<(), String>, String> {
    const MALFORMED: &str = "Invalid OAUTHBEARER client first message";
    let fields = text(message)?.strip_prefix("n,,\u{1}").ok_or(MALFORMED)?;
    let bearer =
        fields.split('\u{1}').find_map(|field| field.strip_prefix("auth=Bearer ")).ok_or(MALFORMED)?;
    let good = known.contains(bearer) || is_unsecured(now, bearer);
    Ok(if good { Ok(()) } else { Err(r#"{"status":"invalid_token"}"#.to_owned()) })
}

/// A token without a signature that names somebody and has not ended.
fn is_unsecured(now: Now, token: &str) -> bool {
    let mut parts = token.split('.');
    let mut part = || {
        let json = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
        serde_json::from_slice::<Value>(&json).ok()
    };
    let (Some(header), Some(claims)) = (part(), part()) else { return false };
    let ends = claims["exp"].as_f64().unwrap_or(0.0) * 1000.0;
    header["alg"] == "none" && claims["sub"].is_string() && ends > now.wall.as_millis() as f64
}

//! What this client reads of, and writes into, JSON web tokens (RFC 7519). Checking them is the broker's business.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kafka_types::Timestamp;
use serde_json::Value;

/// The claim `exp` of a token, if it has one.
pub(super) fn expiry(token: &str) -> Option<Timestamp> {
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    let seconds = claims.get("exp")?.as_f64()?;
    // Cast saturates; a token of the far future is as good as one without an end.
    Some(Timestamp((seconds * 1000.0) as i64))
}

/// Header and payload, as they are signed.
pub(super) fn encode(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_end_of_a_token_is_read_from_its_claims() {
        let token = |claims| format!("{}.signature", encode(&json!({"alg": "none"}), &claims));
        assert_eq!(expiry(&token(json!({"exp": 1_700_000_000}))), Some(Timestamp(1_700_000_000_000)));
        assert_eq!(expiry(&token(json!({"exp": 1.5}))), Some(Timestamp(1500)));
        for other in
            [token(json!({})), token(json!({"exp": "x"})), "opaque".into(), "a.b.c".into(), "..".into()]
        {
            assert_eq!(expiry(&other), None, "{other}");
        }
    }
}

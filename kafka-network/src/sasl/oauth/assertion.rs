//! Assertions that the client signs itself (RFC 7523).

use super::{TokenError, jwt};
use crate::sasl::random::nonce;
use crate::{AssertionAlgorithm, AssertionConfig, Secret};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kafka_types::Timestamp;
use rustls::SignatureScheme;
use serde_json::{Map, Value, json};

/// Makes an assertion. It reads the key each time, so that one that is replaced is used at once.
///
/// # Errors
/// Files that can't be read or hold something else.
pub(super) fn assertion(config: &AssertionConfig, now: Timestamp) -> Result<Secret, TokenError> {
    let algorithm = match config.algorithm {
        AssertionAlgorithm::Rs256 => "RS256",
        AssertionAlgorithm::Es256 => "ES256",
    };
    let (mut header, mut claims) = template(config)?;
    header.insert("alg".to_owned(), json!(algorithm));
    header.entry("typ").or_insert(json!("JWT"));
    let seconds = now.0.div_euclid(1000);
    let second = |duration: std::time::Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    let mut claim = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    for (name, value) in [("aud", &config.audience), ("iss", &config.issuer), ("sub", &config.subject)] {
        if let Some(value) = value {
            claim(name, json!(value));
        }
    }
    claim("iat", json!(seconds));
    claim("exp", json!(seconds.saturating_add(second(config.expires_in))));
    claim("nbf", json!(seconds.saturating_sub(second(config.not_before))));
    if config.include_id {
        claim("jti", json!(nonce().map_err(|error| TokenError::unavailable(error.to_string()))?));
    }
    let unsigned = jwt::encode(&Value::Object(header), &Value::Object(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(config, unsigned.as_bytes())?);
    Ok(Secret::new(format!("{unsigned}.{signature}")))
}

type Claims = Map<String, Value>;

/// Header and payload that an assertion begins with.
fn template(config: &AssertionConfig) -> Result<(Claims, Claims), TokenError> {
    let Some(file) = &config.template_file else { return Ok(Default::default()) };
    let wrong = |what: String| TokenError::refused(format!("{}: {what}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let template: Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let part = |name| match &template[name] {
        Value::Object(part) => Ok(part.clone()),
        Value::Null => Ok(Map::new()),
        _ => Err(wrong(format!("its {name} is no JSON object"))),
    };
    Ok((part("header")?, part("payload")?))
}

fn sign(config: &AssertionConfig, message: &[u8]) -> Result<Vec<u8>, TokenError> {
    let file = config.private_key_file.display();
    let wrong = |what: String| {
        TokenError::refused(format!("sasl.oauthbearer.assertion.private.key.file {file}: {what}"))
    };
    let key = crate::tls::private_key(&config.private_key_file, config.passphrase.as_ref()).map_err(wrong)?;
    let (scheme, kind) = match config.algorithm {
        AssertionAlgorithm::Rs256 => (SignatureScheme::RSA_PKCS1_SHA256, "an RSA key"),
        AssertionAlgorithm::Es256 => (SignatureScheme::ECDSA_NISTP256_SHA256, "a P-256 key"),
    };
    let signer = key.choose_scheme(&[scheme]).ok_or_else(|| wrong(format!("it is not {kind}")))?;
    let signature = signer.sign(message).map_err(|error| wrong(error.to_string()))?;
    match config.algorithm {
        AssertionAlgorithm::Rs256 => Ok(signature),
        AssertionAlgorithm::Es256 => {
            fixed(&signature).ok_or_else(|| wrong("it signs in an unknown form".into()))
        }
    }
}

/// From DER's two numbers to the 64 bytes that JSON web signatures have (RFC 7518, 3.4).
fn fixed(der: &[u8]) -> Option<Vec<u8>> {
    let [0x30, _, rest @ ..] = der else { return None };
    let (r, rest) = number(rest)?;
    let (s, _) = number(rest)?;
    Some([r, s].concat())
}

fn number(der: &[u8]) -> Option<([u8; 32], &[u8])> {
    let [0x02, length, rest @ ..] = der else { return None };
    let (digits, rest) = rest.split_at_checked(usize::from(*length))?;
    // A zero in front keeps a number positive; short ones are filled up.
    let digits = digits.strip_prefix(&[0]).unwrap_or(digits);
    let mut number = [0; 32];
    number.get_mut(32_usize.checked_sub(digits.len())?..)?.copy_from_slice(digits);
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_in_der_becomes_two_numbers_of_the_same_length() {
        let der = |r: &[u8], s: &[u8]| {
            let inner = [&[2, r.len() as u8], r, &[2, s.len() as u8], s].concat();
            [&[0x30, inner.len() as u8], &inner[..]].concat()
        };
        let long = [&[0][..], &[0xff; 32]].concat();
        let signature = fixed(&der(&long, &[7])).unwrap();
        assert_eq!(signature[..32], [0xff; 32]);
        assert_eq!((signature[62], signature[63]), (0, 7));
        for broken in [&b""[..], &[0x30], &[0x30, 2, 2, 9], &der(&[1; 40], &[1])] {
            assert_eq!(fixed(broken), None);
        }
    }
}

//! Randomness that nobody can guess, for the drivers of exchanges; exchanges themselves get it as an argument.

use super::SaslError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// A nonce of 192 bits, as text without commas.
pub(super) fn nonce() -> Result<String, SaslError> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(|error| {
        SaslError::Unavailable(format!("the system gives no random bytes: {error}").into())
    })?;
    Ok(STANDARD_NO_PAD.encode(bytes))
}

/// Evenly between 0 and 1; only spreads things in time, so it may be worse.
pub(crate) fn fraction() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

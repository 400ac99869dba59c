//! SCRAM's functions over its two hashes.

use crate::ScramHash;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

impl ScramHash {
    pub(super) fn digest(self, data: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            ScramHash::Sha256 => Sha256::digest(data).to_vec(),
            ScramHash::Sha512 => Sha512::digest(data).to_vec(),
        })
    }

    pub(super) fn hmac(self, key: &[u8], data: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            ScramHash::Sha256 => hmac::<Hmac<Sha256>>(key, data),
            ScramHash::Sha512 => hmac::<Hmac<Sha512>>(key, data),
        })
    }

    /// `Hi` of RFC 5802.
    pub(super) fn salted_password(self, password: &[u8], salt: &[u8], iterations: u32) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            ScramHash::Sha256 => pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password, salt, iterations).to_vec(),
            ScramHash::Sha512 => pbkdf2::pbkdf2_hmac_array::<Sha512, 64>(password, salt, iterations).to_vec(),
        })
    }
}

fn hmac<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length.
    let Ok(mac) = <M as KeyInit>::new_from_slice(key) else { return Vec::new() };
    mac.chain_update(data).finalize().into_bytes().to_vec()
}

/// Compares without telling by its time where the first difference is.
pub(super) fn equal(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && !one.is_empty() && one.iter().zip(other).fold(0, |d, (a, b)| d | (a ^ b)) == 0
}

//! PKCS12, by the crate `p12-keystore`.

use crate::Secret;
use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12ImportPolicy};
use zeroize::Zeroizing;

/// What a store holds, in DER.
#[derive(Default)]
pub(super) struct Pkcs12 {
    pub(super) certificates: Vec<Vec<u8>>,
    /// The first key with its chain.
    pub(super) key: Option<KeyWithChain>,
}

/// A key in PKCS#8, and certificates.
type KeyWithChain = (Zeroizing<Vec<u8>>, Vec<Vec<u8>>);

/// Reads a store.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(bytes: &[u8], password: Option<&Secret>) -> Result<Pkcs12, String> {
    let password = password.map_or("", Secret::expose);
    let open = |policy| {
        KeyStore::from_pkcs12(bytes, password, policy)
            .map_err(|error| format!("it can't be read as PKCS12 ({error}): is its password right?"))
    };
    let mut pkcs12 = Pkcs12::default();
    for (_, entry) in open(Pkcs12ImportPolicy::Relaxed)?.entries() {
        if let KeyStoreEntry::PrivateKeyChain(chain) = entry
            && pkcs12.key.is_none()
        {
            let certificates =
                chain.certs().iter().map(|certificate| certificate.as_der().to_vec()).collect();
            pkcs12.key = Some((Zeroizing::new(chain.key().as_der().to_vec()), certificates));
        }
    }
    // All certificates, also those that Java's attribute of trust is missing from: OpenSSL does not write it.
    for (_, entry) in open(Pkcs12ImportPolicy::Raw)?.entries() {
        if let KeyStoreEntry::Certificate(certificate) = entry {
            pkcs12.certificates.push(certificate.as_der().to_vec());
        }
    }
    Ok(pkcs12)
}

//! Certificates and keys, from wherever they are.

use super::{files, pem};
use crate::{KeyStore, KeyStoreType, Secret, SecurityError, TlsConfig, TrustStore};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};

/// The client's certificate, those of its issuers, and its key.
pub(super) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// What a store holds, of whatever format.
#[derive(Default)]
struct Contents {
    /// For trust.
    certificates: Vec<CertificateDer<'static>>,
    identity: Option<Identity>,
}

/// The files that a configuration names.
pub(super) fn files(config: &TlsConfig) -> Vec<PathBuf> {
    let trust = match &config.trust {
        TrustStore::File { path, .. } => Some(path),
        TrustStore::System | TrustStore::Pem(_) => None,
    };
    let key = match &config.key_store {
        Some(KeyStore::File { path, .. }) => Some(path),
        Some(KeyStore::Pem { .. }) | None => None,
    };
    trust.into_iter().chain(key).cloned().collect()
}

/// Whom to trust.
pub(super) fn roots(config: &TlsConfig) -> Result<RootCertStore, SecurityError> {
    let mut roots = RootCertStore::empty();
    let (property, certificates) = match &config.trust {
        TrustStore::System => {
            let found = rustls_native_certs::load_native_certs();
            for error in &found.errors {
                tracing::warn!(%error, "some of the system's trusted certificates can't be read");
            }
            ("ssl.truststore.location", found.certs)
        }
        TrustStore::Pem(text) => {
            let property = "ssl.truststore.certificates";
            let pem = pem::read(text.expose().as_bytes(), None)
                .map_err(|message| SecurityError::new(property, message))?;
            (property, pem.certificates)
        }
        TrustStore::File { path, store_type, password } => {
            let property = "ssl.truststore.location";
            let contents = open(path, *store_type, password.as_ref(), None, false)
                .map_err(|message| SecurityError::new(property, format!("{}: {message}", path.display())))?;
            (property, contents.certificates)
        }
    };
    let system = matches!(config.trust, TrustStore::System);
    let (added, unusable) = roots.add_parsable_certificates(certificates);
    if unusable > 0 && !system {
        let message = format!("{unusable} of its certificates can't be read as X.509");
        return Err(SecurityError::new(property, message));
    }
    if added == 0 {
        let message = if system {
            "the system has no trusted certificates: name a file of the authority's certificate"
        } else {
            "it holds no certificate (a section CERTIFICATE)"
        };
        let place = match &config.trust {
            TrustStore::File { path, .. } => format!("{}: ", path.display()),
            TrustStore::System | TrustStore::Pem(_) => String::new(),
        };
        return Err(SecurityError::new(property, format!("{place}{message}")));
    }
    Ok(roots)
}

/// The client's own certificate, if it has one.
pub(super) fn identity(config: &TlsConfig) -> Result<Option<Identity>, SecurityError> {
    let key_password = config.key_password.as_ref();
    match &config.key_store {
        None => Ok(None),
        Some(KeyStore::Pem { certificate_chain, key }) => {
            let wrong = |property, message: String| SecurityError::new(property, message);
            let chain = pem::read(certificate_chain.expose().as_bytes(), None)
                .map_err(|message| wrong("ssl.keystore.certificate.chain", message))?
                .certificates;
            if chain.is_empty() {
                let message = "it holds no certificate (a section CERTIFICATE)".to_owned();
                return Err(wrong("ssl.keystore.certificate.chain", message));
            }
            let key = pem::read(key.expose().as_bytes(), key_password)
                .map_err(|message| wrong("ssl.keystore.key", message))?
                .key;
            let key = key.ok_or_else(|| wrong("ssl.keystore.key", NO_KEY.to_owned()))?;
            Ok(Some((chain, key)))
        }
        Some(KeyStore::File { path, store_type, password }) => {
            let wrong = |message: &str| {
                SecurityError::new("ssl.keystore.location", format!("{}: {message}", path.display()))
            };
            let contents = open(path, *store_type, password.as_ref(), key_password, true)
                .map_err(|message| wrong(&message))?;
            let identity = contents.identity.ok_or_else(|| wrong(NO_KEY))?;
            if identity.0.is_empty() {
                return Err(wrong(
                    "it holds a private key, but no certificate for it (a section CERTIFICATE)",
                ));
            }
            Ok(Some(identity))
        }
    }
}

const NO_KEY: &str = "it holds no private key (a section PRIVATE KEY, ENCRYPTED PRIVATE KEY, RSA PRIVATE KEY or EC PRIVATE KEY)";

/// Reads a store by what it is: Java, too, reads PKCS12 where JKS is said.
fn open(
    path: &Path,
    store_type: KeyStoreType,
    password: Option<&Secret>,
    key_password: Option<&Secret>,
    for_key: bool,
) -> Result<Contents, String> {
    let bytes = files::read(path).map_err(|error| format!("it can't be read: {error}"))?;
    parse(&bytes, store_type, password, key_password, for_key)
}

fn parse(
    bytes: &[u8],
    store_type: KeyStoreType,
    password: Option<&Secret>,
    key_password: Option<&Secret>,
    for_key: bool,
) -> Result<Contents, String> {
    if store_type == KeyStoreType::Pem {
        // A truststore may have a key in it that nobody has the password of.
        let pem = pem::read(bytes, key_password).or_else(|error| {
            if for_key { Err(error) } else { pem::read(bytes, Some(&Secret::default())).map_err(|_| error) }
        })?;
        let identity = pem.key.map(|key| (pem.certificates.clone(), key));
        return Ok(Contents { certificates: pem.certificates, identity });
    }
    if bytes.starts_with(b"-----BEGIN") {
        return Err(format!("it is PEM, not {}: set its type to PEM", store_type.name()));
    }
    binary(bytes, password, key_password, for_key)
}

#[cfg(not(feature = "keystores"))]
fn binary(_: &[u8], _: Option<&Secret>, _: Option<&Secret>, _: bool) -> Result<Contents, String> {
    Err("JKS and PKCS12 are not compiled in (feature keystores): use PEM".into())
}

#[cfg(feature = "keystores")]
fn binary(
    bytes: &[u8],
    password: Option<&Secret>,
    key_password: Option<&Secret>,
    for_key: bool,
) -> Result<Contents, String> {
    use rustls::pki_types::PrivatePkcs8KeyDer;
    let certificates = |all: Vec<Vec<u8>>| all.into_iter().map(CertificateDer::from).collect::<Vec<_>>();
    if super::jks::is_jks(bytes) {
        let jks = super::jks::read(bytes, password)?;
        let identity = match jks.keys.into_iter().next() {
            Some((key, chain)) if for_key => {
                let password = key_password.or(password).ok_or("set ssl.keystore.password")?;
                let key = super::jks::decrypt(&key, password)?;
                Some((certificates(chain), PrivatePkcs8KeyDer::from(key.to_vec()).into()))
            }
            _ => None,
        };
        return Ok(Contents { certificates: certificates(jks.trusted), identity });
    }
    if bytes.starts_with(&[0xce, 0xce, 0xce, 0xce]) {
        return Err("it is JCEKS, which is not read: convert it with `keytool -importkeystore`".into());
    }
    let pkcs12 = super::pkcs12::read(bytes, password)?;
    let identity =
        pkcs12.key.map(|(key, chain)| (certificates(chain), PrivatePkcs8KeyDer::from(key.to_vec()).into()));
    Ok(Contents { certificates: certificates(pkcs12.certificates), identity })
}

/// For the fuzzer: reads any bytes as a key store of any format.
#[doc(hidden)]
#[cfg(feature = "keystores")]
pub fn fuzz_key_store(bytes: &[u8], pem: bool) {
    let store_type = if pem { KeyStoreType::Pem } else { KeyStoreType::Jks };
    let password = Secret::from("changeit");
    let _ = parse(bytes, store_type, Some(&password), Some(&password), true);
    let _ = parse(bytes, store_type, None, None, false);
}

/// A private key in PEM, ready to sign.
///
/// # Errors
/// What is wrong with the file.
#[cfg(feature = "oidc")]
pub(crate) fn private_key(
    path: &Path,
    password: Option<&Secret>,
) -> Result<std::sync::Arc<dyn rustls::sign::SigningKey>, String> {
    let bytes = files::read(path).map_err(|error| format!("it can't be read: {error}"))?;
    let key = pem::read(&bytes, password)?.key.ok_or(NO_KEY)?;
    let provider = super::suites::provider(&TlsConfig::default()).map_err(|error| error.message)?;
    provider.key_provider.load_private_key(key).map_err(|error| error.to_string())
}

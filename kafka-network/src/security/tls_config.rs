//! `ssl.*`.

use crate::Secret;
use std::path::PathBuf;

/// How TLS is spoken. The default trusts whom the system trusts, and has no certificate of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsConfig {
    /// Who may have signed a broker's certificate.
    pub trust: TrustStore,
    /// The client's own certificate and key, for brokers that want one (`ssl.client.auth`).
    pub key_store: Option<KeyStore>,
    /// `ssl.key.password`: of an encrypted private key.
    pub key_password: Option<Secret>,
    /// `ssl.endpoint.identification.algorithm`: true for `https`, the default; false for an empty value, which leaves
    /// unchecked whether the certificate is for the host that was connected to. Its signatures are checked in any case.
    pub verify_host_name: bool,
    /// `ssl.enabled.protocols`: TLS 1.2 and 1.3.
    pub versions: Vec<TlsVersion>,
    /// `ssl.cipher.suites`, by IANA's names, which are Java's; empty for all.
    pub cipher_suites: Vec<String>,
}

impl Default for TlsConfig {
    fn default() -> Self {
        TlsConfig {
            trust: TrustStore::System,
            key_store: None,
            key_password: None,
            verify_host_name: true,
            versions: vec![TlsVersion::V1_2, TlsVersion::V1_3],
            cipher_suites: Vec::new(),
        }
    }
}

/// A version of TLS. Older ones are broken, and not spoken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TlsVersion {
    /// TLSv1.2.
    V1_2,
    /// TLSv1.3.
    V1_3,
}

/// Whom to trust.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TrustStore {
    /// The authorities that the system trusts.
    System,
    /// Certificates in PEM (`ssl.truststore.certificates`).
    Pem(Secret),
    /// A file (`ssl.truststore.location`), read again when it changes.
    File {
        /// Where.
        path: PathBuf,
        /// `ssl.truststore.type`.
        store_type: KeyStoreType,
        /// `ssl.truststore.password`. Without one a JKS file is read unchecked.
        password: Option<Secret>,
    },
}

/// A certificate and its private key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeyStore {
    /// In PEM (`ssl.keystore.certificate.chain` and `ssl.keystore.key`).
    Pem {
        /// The client's certificate, then those of its issuers.
        certificate_chain: Secret,
        /// PKCS#8, encrypted or not, PKCS#1 or SEC1.
        key: Secret,
    },
    /// A file (`ssl.keystore.location`), read again when it changes.
    File {
        /// Where.
        path: PathBuf,
        /// `ssl.keystore.type`.
        store_type: KeyStoreType,
        /// `ssl.keystore.password`.
        password: Option<Secret>,
    },
}

/// The format of a store (`ssl.keystore.type`, `ssl.truststore.type`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum KeyStoreType {
    /// `JKS`, Kafka's default: Java reads PKCS12 under this name too, and so does this client, whatever the name says.
    #[default]
    Jks,
    /// `PKCS12`.
    Pkcs12,
    /// `PEM`: certificates, and the key among them.
    Pem,
}

impl KeyStoreType {
    /// Kafka's name.
    pub fn name(self) -> &'static str {
        match self {
            KeyStoreType::Jks => "JKS",
            KeyStoreType::Pkcs12 => "PKCS12",
            KeyStoreType::Pem => "PEM",
        }
    }
}

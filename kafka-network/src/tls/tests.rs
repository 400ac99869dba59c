//! Key stores of every kind, each shown in a handshake with a server that trusts only their authority.

use super::*;
use crate::{
    BrokerAddress, ConnectError, Connector, KeyStore, KeyStoreType, Secret, SecurityError, Stream, TlsConfig,
    TrustStore,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "data", "pki", name].iter().collect()
}

fn text(name: &str) -> Secret {
    Secret::new(std::fs::read_to_string(path(name)).unwrap())
}

fn password() -> Option<Secret> {
    Some(Secret::from("changeit"))
}

fn config() -> TlsConfig {
    TlsConfig { trust: TrustStore::Pem(text("authority.pem")), ..TlsConfig::default() }
}

fn inline(certificate: &str, key: &str, key_password: Option<Secret>) -> TlsConfig {
    let key_store = Some(KeyStore::Pem { certificate_chain: text(certificate), key: text(key) });
    TlsConfig { key_store, key_password, ..config() }
}

fn file(name: &str, store_type: KeyStoreType, key_password: Option<Secret>) -> TlsConfig {
    let key_store = Some(KeyStore::File { path: path(name), store_type, password: password() });
    TlsConfig { key_store, key_password, ..config() }
}

fn refusal(config: TlsConfig) -> SecurityError {
    let error = TlsContext::new(config).expect_err("it can't be used");
    assert!(!error.to_string().contains("changeit"), "{error}");
    error
}

struct InMemory(Mutex<Option<DuplexStream>>);

#[async_trait::async_trait]
impl Connector for InMemory {
    async fn connect(&self, _address: &BrokerAddress) -> Result<Box<dyn Stream>, ConnectError> {
        Ok(Box::new(self.0.lock().unwrap().take().unwrap()))
    }
}

/// Shakes hands with a server that wants a certificate of the authority's.
async fn shakes_hands(config: TlsConfig, host: &str) -> Result<(), String> {
    let authority: CertificateDer<'_> = CertificateDer::from_pem_file(path("authority.pem")).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority).unwrap();
    let provider = suites::provider(&TlsConfig::default()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![CertificateDer::from_pem_file(path("ec.pem")).unwrap()],
            PrivateKeyDer::from_pem_file(path("ec-pkcs8.key")).unwrap(),
        )
        .unwrap();
    let (ours, theirs) = duplex(1024);
    let serving = tokio::spawn(async move {
        let mut stream = tokio_rustls::TlsAcceptor::from(Arc::new(server)).accept(theirs).await?;
        stream.write_all(b"welcome").await?;
        stream.shutdown().await
    });
    let context = TlsContext::new(config).map_err(|error| error.to_string())?;
    let connector = TlsConnector::new(Arc::new(InMemory(Mutex::new(Some(ours)))), Arc::new(context));
    let mut stream =
        connector.connect(&BrokerAddress::new(host, 9093)).await.map_err(|error| error.to_string())?;
    let mut said = Vec::new();
    stream.read_to_end(&mut said).await.map_err(|error| error.to_string())?;
    serving.await.unwrap().map_err(|error| error.to_string())?;
    assert_eq!(said, b"welcome");
    Ok(())
}

#[tokio::test]
async fn a_private_key_is_read_in_each_form_that_openssl_writes() {
    for (certificate, key, password) in [
        ("rsa.pem", "rsa-pkcs1.key", None),
        ("rsa.pem", "rsa-pkcs8.key", None),
        ("rsa.pem", "rsa-pkcs8-encrypted.key", password()),
        ("rsa.pem", "rsa-pkcs8-scrypt.key", password()),
        ("ec.pem", "ec-sec1.key", None),
        ("ec.pem", "ec-pkcs8.key", None),
    ] {
        shakes_hands(inline(certificate, key, password), "localhost").await.expect(key);
    }
}

#[tokio::test]
async fn a_key_in_one_line_is_read_as_kafka_does() {
    let one_line = |name| Secret::new(text(name).expose().trim().replace('\n', " "));
    let key_store = KeyStore::Pem { certificate_chain: one_line("rsa.pem"), key: one_line("rsa-pkcs8.key") };
    let trust = TrustStore::Pem(one_line("authority.pem"));
    let config = TlsConfig { key_store: Some(key_store), trust, ..TlsConfig::default() };
    shakes_hands(config, "localhost").await.unwrap();
}

#[tokio::test]
async fn a_pem_file_holds_certificate_and_key_in_any_order() {
    let folder = std::env::temp_dir().join(format!("kafka-network-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (index, parts) in
        [["rsa.pem", "rsa-pkcs8-encrypted.key"], ["rsa-pkcs8-encrypted.key", "rsa.pem"]].iter().enumerate()
    {
        let path = folder.join(format!("{index}.pem"));
        std::fs::write(&path, parts.map(|name| text(name).expose().to_owned()).concat()).unwrap();
        let key_store = KeyStore::File { path, store_type: KeyStoreType::Pem, password: None };
        let config = TlsConfig { key_store: Some(key_store), key_password: password(), ..config() };
        shakes_hands(config, "127.0.0.1").await.unwrap();
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
#[cfg(feature = "keystores")]
async fn stores_of_keytool_and_openssl_are_read_whichever_name_they_go_by() {
    for (name, store_type, key_password) in [
        ("openssl.p12", KeyStoreType::Pkcs12, None),
        ("openssl-legacy.p12", KeyStoreType::Pkcs12, None),
        ("keytool.p12", KeyStoreType::Pkcs12, None),
        // Java's JKS reads PKCS12, too.
        ("keytool.p12", KeyStoreType::Jks, None),
        ("keytool.jks", KeyStoreType::Jks, Some(Secret::from("keypass1"))),
    ] {
        shakes_hands(file(name, store_type, key_password), "::1").await.expect(name);
    }
    for (name, store_type) in [
        ("trust.jks", KeyStoreType::Jks),
        ("trust.p12", KeyStoreType::Pkcs12),
        ("trust-openssl.p12", KeyStoreType::Pkcs12),
    ] {
        let trust = TrustStore::File { path: path(name), store_type, password: password() };
        let config = TlsConfig { trust, ..inline("ec.pem", "ec-sec1.key", None) };
        shakes_hands(config, "localhost").await.expect(name);
    }
    // Java reads a JKS without its password, unchecked.
    let trust = TrustStore::File { path: path("trust.jks"), store_type: KeyStoreType::Jks, password: None };
    let config = TlsConfig { trust, ..inline("ec.pem", "ec-sec1.key", None) };
    shakes_hands(config, "localhost").await.unwrap();
}

#[test]
#[cfg(feature = "keystores")]
fn a_wrong_password_names_the_file_and_the_property() {
    let wrong = || Some(Secret::from("wrong-one"));
    for (name, store_type) in [("openssl.p12", KeyStoreType::Pkcs12), ("keytool.jks", KeyStoreType::Jks)] {
        let key_store = Some(KeyStore::File { path: path(name), store_type, password: wrong() });
        let error = refusal(TlsConfig { key_store, ..config() });
        assert_eq!(error.property, "ssl.keystore.location");
        assert!(error.message.contains(name) && error.message.contains("password"), "{error}");
        assert!(!error.message.contains("wrong-one"), "{error}");
    }
    let error = refusal(file("keytool.jks", KeyStoreType::Jks, wrong()));
    assert!(error.message.contains("ssl.key.password"), "{error}");
}

#[test]
fn an_encrypted_key_wants_its_password() {
    let error = refusal(inline("rsa.pem", "rsa-pkcs8-encrypted.key", None));
    assert!(error.property == "ssl.keystore.key" && error.message.contains("ssl.key.password"), "{error}");
    let error = refusal(inline("rsa.pem", "rsa-pkcs8-encrypted.key", Some(Secret::from("wrong-one"))));
    assert!(error.message.contains("ssl.key.password") && !error.message.contains("wrong-one"), "{error}");
    let error = refusal(inline("rsa.pem", "rsa-pkcs1-encrypted.key", password()));
    assert!(error.message.contains("openssl pkcs8 -topk8"), "{error}");
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let error = refusal(inline("rsa.pem", "ec-sec1.key", None));
    assert!(error.message.contains("can't be used together"), "{error}");
}

#[test]
fn a_store_of_another_kind_than_it_is_said_to_be_is_told_so() {
    let error = refusal(file("rsa.pem", KeyStoreType::Jks, None));
    assert!(error.message.contains("PEM"), "{error}");
    let error = refusal(file("openssl.p12", KeyStoreType::Pem, None));
    assert!(error.message.contains("openssl.p12"), "{error}");
}

#[tokio::test]
async fn a_name_that_the_certificate_is_not_for_is_refused_unless_nobody_asks() {
    let error = shakes_hands(inline("ec.pem", "ec-sec1.key", None), "kafka.example.com").await.unwrap_err();
    assert!(error.contains("kafka.example.com") && error.contains("localhost"), "{error}");
    let config = TlsConfig { verify_host_name: false, ..inline("ec.pem", "ec-sec1.key", None) };
    shakes_hands(config, "kafka.example.com").await.unwrap();
}

#[cfg(feature = "keystores")]
mod any_bytes {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn are_a_key_store_or_refused(
            name in prop::sample::select(vec!["keytool.jks", "trust.jks", "openssl.p12", "rsa-pkcs8-encrypted.key"]),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = std::fs::read(path(name)).unwrap();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            bytes.truncate(cut.index(bytes.len()).max(at));
            fuzz_key_store(&bytes, name.ends_with(".key"));
        }
    }
}

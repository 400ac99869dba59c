//! `ssl.*`.

use super::{SslSettings, said, told};
use crate::config::{Notice, Problem};
use kafka_network::{KeyStore, KeyStoreType, Secret, TlsConfig, TlsVersion, TrustStore};

impl SslSettings {
    pub(super) fn names_stores(&self) -> bool {
        said(&self.truststore_location).is_some()
            || said(&self.keystore_location).is_some()
            || told(&self.truststore_certificates).is_some()
            || told(&self.keystore_key).is_some()
    }

    /// Puts what was said on top of `base`.
    pub(super) fn resolve(
        &self,
        base: TlsConfig,
        notices: &mut Vec<Notice>,
        problems: &mut Vec<Problem>,
    ) -> TlsConfig {
        let mut config = base;
        if let Some(trust) = self.trust(problems) {
            config.trust = trust;
        }
        if let Some(key_store) = self.key_store(problems) {
            config.key_store = Some(key_store);
        }
        if let Some(password) = told(&self.key_password) {
            config.key_password = Some(password.clone());
        }
        if let Some(verify) = self.verify_host_name {
            config.verify_host_name = verify;
        }
        if !config.verify_host_name {
            notices.push(Notice::warn(
                "ssl.endpoint.identification.algorithm is empty: whoever has a certificate of the same authority can \
                 pass for a broker",
            ));
        }
        self.versions(&mut config, notices, problems);
        if let Some(suites) = &self.cipher_suites {
            config.cipher_suites = suites.iter().filter(|suite| !suite.is_empty()).cloned().collect();
        }
        config
    }

    fn trust(&self, problems: &mut Vec<Problem>) -> Option<TrustStore> {
        let store_type = store_type("ssl.truststore.type", &self.truststore_type, problems)?;
        let password = told(&self.truststore_password).cloned();
        match (said(&self.truststore_location), told(&self.truststore_certificates)) {
            (Some(_), Some(_)) => {
                problems.push(Problem::new(
                    "ssl.truststore.certificates",
                    "set together with ssl.truststore.location: only one of them can hold",
                ));
                None
            }
            (Some(path), None) => Some(TrustStore::File { path: path.into(), store_type, password }),
            (None, Some(text)) => Some(TrustStore::Pem(text.clone())),
            (None, None) => None,
        }
    }

    fn key_store(&self, problems: &mut Vec<Problem>) -> Option<KeyStore> {
        let store_type = store_type("ssl.keystore.type", &self.keystore_type, problems)?;
        let password = told(&self.keystore_password).cloned();
        let mut wrong = |property, message: &str| {
            problems.push(Problem::new(property, message));
            None
        };
        let inline = (told(&self.keystore_key), told(&self.keystore_certificate_chain));
        match (said(&self.keystore_location), inline) {
            (None, (None, None)) => None,
            (Some(path), (None, None)) => Some(KeyStore::File { path: path.into(), store_type, password }),
            (None, (Some(key), Some(chain))) => {
                Some(KeyStore::Pem { certificate_chain: chain.clone(), key: key.clone() })
            }
            (None, (Some(_), None)) => {
                wrong("ssl.keystore.certificate.chain", "not set, and ssl.keystore.key needs its certificate")
            }
            (None, (None, Some(_))) => {
                wrong("ssl.keystore.key", "not set, and ssl.keystore.certificate.chain needs its key")
            }
            (Some(_), _) => wrong(
                "ssl.keystore.key",
                "set together with ssl.keystore.location: only one of them can hold",
            ),
        }
    }

    fn versions(&self, config: &mut TlsConfig, notices: &mut Vec<Notice>, problems: &mut Vec<Problem>) {
        if let Some(names) = &self.enabled_protocols {
            let mut versions = Vec::new();
            for name in names {
                match name.as_str() {
                    "TLSv1.3" => versions.push(TlsVersion::V1_3),
                    "TLSv1.2" => versions.push(TlsVersion::V1_2),
                    other => notices.push(Notice::warn(format!(
                        "ssl.enabled.protocols: {other} is not spoken, only TLSv1.2 and TLSv1.3 are"
                    ))),
                }
            }
            if versions.is_empty() {
                let message = "none of these is spoken: expected TLSv1.2 or TLSv1.3";
                problems.push(Problem::new("ssl.enabled.protocols", message));
            }
            config.versions = versions;
        } else if self.protocol.as_deref() == Some("TLSv1.2") {
            config.versions = vec![TlsVersion::V1_2];
        }
    }
}

fn store_type(
    property: &'static str,
    given: &Option<String>,
    problems: &mut Vec<Problem>,
) -> Option<KeyStoreType> {
    let Some(name) = said(given) else { return Some(KeyStoreType::default()) };
    let all = [KeyStoreType::Jks, KeyStoreType::Pkcs12, KeyStoreType::Pem];
    let found = all.into_iter().find(|known| known.name().eq_ignore_ascii_case(name));
    if found.is_none() {
        problems.push(Problem::value(property, name, "JKS, PKCS12 or PEM"));
    }
    found
}

/// The options `ssl.…` of a login module: how the token endpoint's certificate is checked.
pub(super) fn of_jaas<'a>(options: impl Iterator<Item = (&'a str, &'a Secret)>) -> SslSettings {
    let mut ssl = SslSettings::default();
    for (name, value) in options {
        let text = || Some(value.expose().to_owned());
        match name {
            "ssl.truststore.type" => ssl.truststore_type = text(),
            "ssl.truststore.location" => ssl.truststore_location = text(),
            "ssl.truststore.password" => ssl.truststore_password = Some(value.clone()),
            "ssl.truststore.certificates" => ssl.truststore_certificates = Some(value.clone()),
            "ssl.keystore.type" => ssl.keystore_type = text(),
            "ssl.keystore.location" => ssl.keystore_location = text(),
            "ssl.keystore.password" => ssl.keystore_password = Some(value.clone()),
            "ssl.key.password" => ssl.key_password = Some(value.clone()),
            "ssl.endpoint.identification.algorithm" => ssl.verify_host_name = Some(!value.is_empty()),
            _ => {}
        }
    }
    ssl
}

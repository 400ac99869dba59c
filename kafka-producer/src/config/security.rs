//! `security.protocol`, `ssl.*` and `sasl.*`: what was said, and what follows from it.

mod oauth;
mod sasl;
mod tls;

#[cfg(test)]
mod tests;

pub(crate) use oauth::RETRIEVERS;

use super::{Notice, Problem};
use kafka_network::{SaslConfig, Secret, SecurityConfig, SecurityProtocol, TlsConfig};
use std::time::Duration;

/// What was said about security; `None` where nothing was.
#[derive(Clone, Debug, Default)]
pub(crate) struct SecuritySettings {
    pub(crate) protocol: Option<SecurityProtocol>,
    /// Typed; what the properties below say is put on top of it.
    pub(crate) tls: Option<TlsConfig>,
    /// Typed; takes the place of all that the properties say.
    pub(crate) sasl: Option<SaslConfig>,
    /// The program brings a `Login` of its own.
    pub(crate) own_login: bool,
    pub(crate) ssl: SslSettings,
    pub(crate) mechanism: Option<String>,
    pub(crate) jaas: Option<Secret>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) oauth: OAuthSettings,
}

/// `ssl.*`.
#[derive(Clone, Debug, Default)]
pub(crate) struct SslSettings {
    pub(crate) truststore_type: Option<String>,
    pub(crate) truststore_location: Option<String>,
    pub(crate) truststore_password: Option<Secret>,
    pub(crate) truststore_certificates: Option<Secret>,
    pub(crate) keystore_type: Option<String>,
    pub(crate) keystore_location: Option<String>,
    pub(crate) keystore_password: Option<Secret>,
    pub(crate) keystore_key: Option<Secret>,
    pub(crate) keystore_certificate_chain: Option<Secret>,
    pub(crate) key_password: Option<Secret>,
    /// True for `https`.
    pub(crate) verify_host_name: Option<bool>,
    pub(crate) protocol: Option<String>,
    pub(crate) enabled_protocols: Option<Vec<String>>,
    pub(crate) cipher_suites: Option<Vec<String>>,
}

/// `sasl.oauthbearer.*` and `sasl.login.*`.
#[derive(Clone, Debug, Default)]
pub(crate) struct OAuthSettings {
    pub(crate) token_endpoint_url: Option<String>,
    pub(crate) retriever: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<Secret>,
    pub(crate) urlencode: Option<bool>,
    pub(crate) assertion_algorithm: Option<String>,
    pub(crate) assertion_audience: Option<String>,
    pub(crate) assertion_expires: Option<Duration>,
    pub(crate) assertion_issuer: Option<String>,
    pub(crate) assertion_id: Option<bool>,
    pub(crate) assertion_not_before: Option<Duration>,
    pub(crate) assertion_subject: Option<String>,
    pub(crate) assertion_file: Option<String>,
    pub(crate) assertion_key_file: Option<String>,
    pub(crate) assertion_passphrase: Option<Secret>,
    pub(crate) assertion_template: Option<String>,
    /// `None` within for an empty value, as without one.
    pub(crate) connect_timeout: Option<Option<Duration>>,
    pub(crate) read_timeout: Option<Option<Duration>>,
    pub(crate) retry_backoff: Option<Duration>,
    pub(crate) retry_backoff_max: Option<Duration>,
    pub(crate) refresh_buffer: Option<Duration>,
    pub(crate) refresh_min_period: Option<Duration>,
    pub(crate) refresh_factor: Option<f64>,
    pub(crate) refresh_jitter: Option<f64>,
}

impl SecuritySettings {
    /// Completes the settings. Only what the protocol needs is looked at.
    pub(crate) fn resolve(&self, notices: &mut Vec<Notice>, problems: &mut Vec<Problem>) -> SecurityConfig {
        let protocol = self.protocol.unwrap_or_default();
        let mut config = SecurityConfig { protocol, ..SecurityConfig::default() };
        if protocol.uses_tls() {
            config.tls = self.ssl.resolve(self.tls.clone().unwrap_or_default(), notices, problems);
        } else if self.tls.is_some() || self.ssl.names_stores() {
            notices.push(Notice::warn(format!(
                "ssl.* is not used, for security.protocol={protocol} is without TLS"
            )));
        }
        if protocol.uses_sasl() {
            config.sasl = self.resolve_sasl(notices, problems);
        } else if self.sasl.is_some() || self.jaas.is_some() || self.username.is_some() || self.own_login {
            notices.push(Notice::warn(format!(
                "sasl.* is not used, for security.protocol={protocol} is without SASL"
            )));
        }
        config
    }
}

/// A value that says something; empty ones count as not given, as they stand for Java's null.
fn said(value: &Option<String>) -> Option<&str> {
    value.as_deref().filter(|text| !text.is_empty())
}

fn told(value: &Option<Secret>) -> Option<&Secret> {
    value.as_ref().filter(|secret| !secret.is_empty())
}

//! `sasl.oauthbearer.*` and `sasl.login.*`.

use super::{OAuthSettings, said, tls, told};
use crate::config::{Notice, Problem};
use kafka_network::{
    AssertionAlgorithm, AssertionConfig, JaasConfig, OAuthConfig, OAuthEndpoint, OAuthGrant, OAuthSource,
    RefreshConfig, SaslConfig, Secret, TlsConfig,
};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

const URL: &str = "sasl.oauthbearer.token.endpoint.url";
const JAAS: &str = "sasl.jaas.config";

/// The retrievers of Kafka's own, by their class without its package.
pub(crate) const RETRIEVERS: [&str; 4] =
    ["DefaultJwtRetriever", "ClientCredentialsJwtRetriever", "JwtBearerJwtRetriever", "FileJwtRetriever"];

impl OAuthSettings {
    pub(super) fn resolve(
        &self,
        jaas: Option<&JaasConfig>,
        notices: &mut Vec<Notice>,
        problems: &mut Vec<Problem>,
    ) -> Option<SaslConfig> {
        let source = match said(&self.token_endpoint_url) {
            Some(url) => match url.strip_prefix("file:") {
                Some(path) => OAuthSource::File(file_of_url(path)),
                None => OAuthSource::Endpoint(Box::new(self.endpoint(url, jaas, notices, problems)?)),
            },
            None => unsecured(jaas, problems)?,
        };
        let mut config = OAuthConfig::new(source);
        config.refresh = self.refresh();
        for (name, value) in jaas.into_iter().flat_map(JaasConfig::options) {
            if let Some(name) = name.strip_prefix("extension_") {
                config.extensions.insert(name.to_owned(), value.expose().to_owned());
            }
        }
        Some(SaslConfig::OAuthBearer(Box::new(config)))
    }

    fn refresh(&self) -> RefreshConfig {
        let default = RefreshConfig::default();
        RefreshConfig {
            window_factor: self.refresh_factor.unwrap_or(default.window_factor),
            window_jitter: self.refresh_jitter.unwrap_or(default.window_jitter),
            min_period: self.refresh_min_period.unwrap_or(default.min_period),
            buffer: self.refresh_buffer.unwrap_or(default.buffer),
        }
    }

    fn endpoint(
        &self,
        url: &str,
        jaas: Option<&JaasConfig>,
        notices: &mut Vec<Notice>,
        problems: &mut Vec<Problem>,
    ) -> Option<OAuthEndpoint> {
        let option = |name| jaas.and_then(|jaas| jaas.option(name)).map(Secret::expose);
        let retriever = said(&self.retriever).and_then(|class| class.rsplit('.').next());
        let grant = match retriever {
            Some("JwtBearerJwtRetriever") => self.assertion(problems)?,
            Some("FileJwtRetriever") => {
                problems.push(Problem::new(URL, "FileJwtRetriever needs a file: expected file:/…"));
                return None;
            }
            _ => self.client_credentials(jaas, problems)?,
        };
        let mut endpoint = OAuthEndpoint::new(url, grant);
        endpoint.scope = said(&self.scope).or(option("scope")).map(str::to_owned);
        let ssl = jaas.map(|jaas| tls::of_jaas(jaas.options())).unwrap_or_default();
        endpoint.tls = ssl.resolve(TlsConfig::default(), notices, problems);
        let set = |field: &mut Duration, value: Option<Duration>| *field = value.unwrap_or(*field);
        set(&mut endpoint.connect_timeout, self.connect_timeout.flatten());
        set(&mut endpoint.read_timeout, self.read_timeout.flatten());
        set(&mut endpoint.retry_backoff, self.retry_backoff);
        set(&mut endpoint.retry_backoff_max, self.retry_backoff_max);
        Some(endpoint)
    }

    fn client_credentials(
        &self,
        jaas: Option<&JaasConfig>,
        problems: &mut Vec<Problem>,
    ) -> Option<OAuthGrant> {
        let option = |name| jaas.and_then(|jaas| jaas.option(name)).filter(|value| !value.is_empty());
        let id = said(&self.client_id).or_else(|| option("clientId").map(Secret::expose)).map(str::to_owned);
        let secret = told(&self.client_secret).or_else(|| option("clientSecret")).cloned();
        for (missing, part, old) in [
            (id.is_none(), "sasl.oauthbearer.client.credentials.client.id", "clientId"),
            (secret.is_none(), "sasl.oauthbearer.client.credentials.client.secret", "clientSecret"),
        ] {
            if missing {
                let message = format!("not set: expected it here, or as {old} in sasl.jaas.config");
                problems.push(Problem::new(part, message));
            }
        }
        Some(OAuthGrant::ClientCredentials {
            client_id: id?,
            client_secret: secret?,
            urlencode: self.urlencode.unwrap_or(false),
        })
    }

    fn assertion(&self, problems: &mut Vec<Problem>) -> Option<OAuthGrant> {
        if let Some(file) = said(&self.assertion_file) {
            return Some(OAuthGrant::AssertionFile(file.into()));
        }
        let Some(key) = said(&self.assertion_key_file) else {
            problems.push(Problem::new(
                "sasl.oauthbearer.assertion.private.key.file",
                "not set: JwtBearerJwtRetriever needs it, or a finished sasl.oauthbearer.assertion.file",
            ));
            return None;
        };
        let es256 =
            self.assertion_algorithm.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("ES256"));
        let text = |value: &Option<String>| said(value).map(str::to_owned);
        Some(OAuthGrant::Assertion(Box::new(AssertionConfig {
            algorithm: if es256 { AssertionAlgorithm::Es256 } else { AssertionAlgorithm::Rs256 },
            private_key_file: key.into(),
            passphrase: told(&self.assertion_passphrase).cloned(),
            template_file: said(&self.assertion_template).map(PathBuf::from),
            audience: text(&self.assertion_audience),
            issuer: text(&self.assertion_issuer),
            subject: text(&self.assertion_subject),
            expires_in: self.assertion_expires.unwrap_or(Duration::from_secs(300)),
            not_before: self.assertion_not_before.unwrap_or(Duration::from_secs(60)),
            include_id: self.assertion_id.unwrap_or(false),
        })))
    }
}

/// `unsecuredLoginStringClaim_sub="alice"` and its kind (KIP-255).
fn unsecured(jaas: Option<&JaasConfig>, problems: &mut Vec<Problem>) -> Option<OAuthSource> {
    let option = |name| jaas.and_then(|jaas| jaas.option(name)).map(Secret::expose);
    let Some(subject) = option("unsecuredLoginStringClaim_sub") else {
        let message = "not set, and sasl.jaas.config has no unsecuredLoginStringClaim_sub for tests either: expected \
                       https://… or file:/…";
        problems.push(Problem::new(URL, message));
        return None;
    };
    let lifetime = match option("unsecuredLoginLifetimeSeconds").map(str::parse::<u32>) {
        None => Duration::from_secs(3600),
        Some(Ok(seconds)) if seconds > 0 => Duration::from_secs(u64::from(seconds)),
        Some(_) => {
            problems.push(Problem::new(JAAS, "unsecuredLoginLifetimeSeconds is no whole number above 0"));
            return None;
        }
    };
    let mut claims = BTreeMap::new();
    for (name, value) in jaas.into_iter().flat_map(JaasConfig::options) {
        if let Some(name) = name.strip_prefix("unsecuredLoginStringClaim_") {
            claims.insert(name.to_owned(), value.expose().to_owned());
        }
    }
    Some(OAuthSource::Unsecured { subject: subject.to_owned(), lifetime, claims })
}

/// `file:/path` and `file:///path` are the same.
fn file_of_url(rest: &str) -> PathBuf {
    PathBuf::from(rest.strip_prefix("//").unwrap_or(rest))
}

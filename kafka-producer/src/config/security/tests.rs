use super::*;
use crate::config::Settings;
use crate::properties::apply_for_tests as apply;
use kafka_network::{KeyStore, OAuthGrant, OAuthSource, TlsVersion, TrustStore};

/// What follows from these properties, what was noted, and what is wrong.
fn resolve(pairs: &[(&str, &str)]) -> (SecurityConfig, Vec<String>, Vec<String>) {
    let mut settings = Settings::default();
    for (name, value) in pairs {
        apply(&mut settings, name, value);
    }
    let (mut notices, mut problems) = (Vec::new(), Vec::new());
    let config = settings.security.resolve(&mut notices, &mut problems);
    let text = |problems: Vec<Problem>| problems.iter().map(ToString::to_string).collect();
    (config, notices.iter().map(ToString::to_string).collect(), text(problems))
}

const SASL_SSL: (&str, &str) = ("security.protocol", "SASL_SSL");
const SSL: (&str, &str) = ("security.protocol", "SSL");
const OAUTH: (&str, &str) = ("sasl.mechanism", "OAUTHBEARER");

fn source(config: SecurityConfig) -> OAuthSource {
    match config.sasl {
        Some(SaslConfig::OAuthBearer(oauth)) => oauth.source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn without_a_word_about_trust_it_is_the_systems() {
    let (config, notices, problems) = resolve(&[SSL]);
    assert_eq!(config.tls, TlsConfig::default());
    assert!(notices.is_empty() && problems.is_empty());
}

#[test]
fn what_contradicts_itself_is_refused() {
    for (pairs, named) in [
        (
            &[("ssl.truststore.location", "a"), ("ssl.truststore.certificates", "b")][..],
            "ssl.truststore.certificates",
        ),
        (&[("ssl.keystore.location", "a"), ("ssl.keystore.key", "b")], "ssl.keystore.key"),
        (&[("ssl.keystore.key", "a")], "ssl.keystore.certificate.chain"),
        (&[("ssl.keystore.certificate.chain", "a")], "ssl.keystore.key"),
        (&[("ssl.enabled.protocols", "TLSv1.1")], "ssl.enabled.protocols"),
    ] {
        let (_, _, problems) = resolve(&[&[SSL], pairs].concat());
        assert!(problems.len() == 1 && problems[0].starts_with(named), "{problems:?}");
    }
}

#[test]
fn versions_are_those_that_were_named() {
    let versions = |pairs: &[(&str, &str)]| resolve(&[&[SSL], pairs].concat()).0.tls.versions;
    assert_eq!(versions(&[("ssl.protocol", "TLSv1.2")]), [TlsVersion::V1_2]);
    assert_eq!(versions(&[("ssl.protocol", "TLSv1.3")]), [TlsVersion::V1_2, TlsVersion::V1_3]);
    assert_eq!(
        versions(&[("ssl.protocol", "TLSv1.2"), ("ssl.enabled.protocols", "TLSv1.3")]),
        [TlsVersion::V1_3]
    );
}

#[test]
fn what_is_not_used_or_not_safe_is_mentioned() {
    for (pairs, words) in [
        (&[("sasl.username", "a")][..], "without SASL"),
        (&[("ssl.truststore.location", "a")], "without TLS"),
        (&[SSL, ("ssl.endpoint.identification.algorithm", "")], "pass for a broker"),
        (
            &[
                ("security.protocol", "SASL_PLAINTEXT"),
                ("sasl.mechanism", "PLAIN"),
                ("sasl.username", "a"),
                ("sasl.password", "b"),
            ],
            "can read the password",
        ),
    ] {
        let (_, notices, problems) = resolve(pairs);
        assert!(problems.is_empty() && notices.iter().any(|notice| notice.contains(words)), "{notices:?}");
    }
}

#[test]
fn properties_of_their_own_win_over_the_line() {
    let line = "PlainLoginModule required username=\"line\" password=\"p1\";";
    let (config, ..) = resolve(&[
        SASL_SSL,
        ("sasl.mechanism", "PLAIN"),
        ("sasl.jaas.config", line),
        ("sasl.password", "p2"),
    ]);
    let expected = SaslConfig::Plain { username: "line".into(), password: "p2".into() };
    assert_eq!(config.sasl, Some(expected));
}

#[test]
fn an_endpoint_is_asked_with_what_the_properties_or_the_line_say() {
    let url = ("sasl.oauthbearer.token.endpoint.url", "https://login.example.com/token");
    let line = "OAuthBearerLoginModule required clientId=\"me\" clientSecret=\"s\" scope=\"all\" \
                ssl.truststore.type=PEM ssl.truststore.location=\"/ca.pem\" extension_pool=\"p\";";
    let (config, _, problems) = resolve(&[SASL_SSL, OAUTH, url, ("sasl.jaas.config", line)]);
    assert!(problems.is_empty(), "{problems:?}");
    let Some(SaslConfig::OAuthBearer(oauth)) = config.sasl else { panic!("no OAuth") };
    assert_eq!(oauth.extensions.get("pool").map(String::as_str), Some("p"));
    let OAuthSource::Endpoint(endpoint) = oauth.source else { panic!("no endpoint") };
    assert_eq!(endpoint.scope.as_deref(), Some("all"));
    assert!(matches!(endpoint.tls.trust, TrustStore::File { .. }));
    let expected =
        OAuthGrant::ClientCredentials { client_id: "me".into(), client_secret: "s".into(), urlencode: false };
    assert_eq!(endpoint.grant, expected);

    let (_, _, problems) = resolve(&[SASL_SSL, OAUTH, url]);
    assert_eq!(problems.len(), 2, "{problems:?}");
    let bearer = ("sasl.oauthbearer.jwt.retriever.class", "JwtBearerJwtRetriever");
    let (_, _, problems) = resolve(&[SASL_SSL, OAUTH, url, bearer]);
    assert!(problems[0].contains("private.key.file"), "{problems:?}");
    let file = ("sasl.oauthbearer.assertion.file", "/assertion");
    let (config, ..) = resolve(&[SASL_SSL, OAUTH, url, bearer, file]);
    let OAuthSource::Endpoint(endpoint) = source(config) else { panic!("no endpoint") };
    assert_eq!(endpoint.grant, OAuthGrant::AssertionFile("/assertion".into()));
}

#[test]
fn a_file_of_a_token_is_one_however_its_url_is_written() {
    for url in ["file:/run/token", "file:///run/token"] {
        let (config, ..) = resolve(&[SASL_SSL, OAUTH, ("sasl.oauthbearer.token.endpoint.url", url)]);
        assert_eq!(source(config), OAuthSource::File("/run/token".into()));
    }
}

#[test]
fn a_store_is_taken_with_its_type_and_password() {
    let (config, ..) = resolve(&[
        SSL,
        ("ssl.keystore.type", "pkcs12"),
        ("ssl.keystore.location", "/client.p12"),
        ("ssl.keystore.password", "changeit"),
    ]);
    let Some(KeyStore::File { path, store_type, password }) = config.tls.key_store else {
        panic!("no store")
    };
    assert_eq!((path.to_str(), store_type.name()), (Some("/client.p12"), "PKCS12"));
    assert!(password.is_some_and(|password| password.expose() == "changeit"));
}

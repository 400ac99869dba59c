//! SASL to the embedded broker, as users set it up.
#![cfg(feature = "sasl")]
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use kafka_producer::{ErrorKind, ProducerBuilder, ProducerRecord};
use kafka_testkit::{ApiKey, ClusterConfig, ErrorCode, Rule, SaslServer, TopicConfig};
use std::collections::BTreeSet;
use std::time::Duration;
use support::{LONG, Loopback, SHORT, values};

const PASSWORD: &str = "s3cret, =ß";

fn server() -> SaslServer {
    ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "AWS_MSK_IAM"]
        .into_iter()
        .fold(SaslServer::new(), SaslServer::mechanism)
        .user("a,b=c", PASSWORD)
        .user("AKIDEXAMPLE", "aws-secret")
}

fn cluster(server: SaslServer) -> Loopback {
    Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)).sasl(server))
}

fn producer(cluster: &Loopback, mechanism: &str) -> ProducerBuilder {
    cluster
        .producer()
        .property("security.protocol", "SASL_PLAINTEXT")
        .property("sasl.mechanism", mechanism)
        .max_block(LONG)
}

fn with_password(cluster: &Loopback, mechanism: &str) -> ProducerBuilder {
    producer(cluster, mechanism).property("sasl.username", "a,b=c").property("sasl.password", PASSWORD)
}

fn sends(builder: ProducerBuilder) {
    let producer = builder.build().unwrap();
    producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap().wait().unwrap();
    producer.close_blocking(LONG).unwrap();
}

fn refused(builder: ProducerBuilder, words: &[&str]) {
    let producer = builder.build().unwrap();
    let error = producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    let text = error.to_string();
    assert!(words.iter().all(|word| text.contains(word)), "{text}");
    for shown in [text, format!("{error:?}"), format!("{producer:?}"), format!("{:?}", producer.config())] {
        assert!(!shown.contains("s3cret") && !shown.contains("wrong-one"), "{shown}");
    }
}

#[test]
fn names_and_passwords_with_signs_of_their_own_meaning_are_taken_by_each_mechanism() {
    let cluster = cluster(server());
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        sends(with_password(&cluster, mechanism));
    }
}

#[test]
fn a_line_of_jaas_says_the_same() {
    let cluster = cluster(server());
    let line = |module: &str| {
        format!(
            "org.apache.kafka.common.security.{module} required username=\"a,b=c\" password=\"{PASSWORD}\";"
        )
    };
    sends(producer(&cluster, "PLAIN").property("sasl.jaas.config", line("plain.PlainLoginModule")));
    sends(producer(&cluster, "SCRAM-SHA-256").property("sasl.jaas.config", line("scram.ScramLoginModule")));
    let wrong = producer(&cluster, "PLAIN").property("sasl.jaas.config", line("scram.ScramLoginModule"));
    let error = wrong.build().unwrap_err().to_string();
    assert!(error.contains("PlainLoginModule") && !error.contains("s3cret"), "{error}");
}

#[test]
fn an_unsigned_token_serves_a_test() {
    let cluster = cluster(server());
    let line = "OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"alice\";";
    sends(producer(&cluster, "OAUTHBEARER").property("sasl.jaas.config", line));
}

#[test]
fn a_token_in_a_file_is_taken_and_a_wrong_one_is_told() {
    let cluster = cluster(server().token("opaque-token"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let builder = producer(&cluster, "OAUTHBEARER")
        .property("sasl.oauthbearer.token.endpoint.url", format!("file://{}", file.display()));
    std::fs::write(&file, "opaque-token\n").unwrap();
    sends(builder.clone());
    std::fs::write(&file, "wrong-one").unwrap();
    refused(builder, &["invalid_token"]);
}

#[test]
fn aws_credentials_of_the_program_sign_for_each_broker() {
    struct Fixed;

    #[async_trait::async_trait]
    impl kafka_producer::AwsCredentialsProvider for Fixed {
        async fn credentials(&self) -> Result<kafka_producer::AwsCredentials, kafka_producer::SaslError> {
            Ok(kafka_producer::AwsCredentials {
                access_key_id: "AKIDEXAMPLE".into(),
                secret_access_key: "aws-secret".into(),
                session_token: Some("a/token+with=signs".into()),
            })
        }
    }

    let cluster = cluster(server());
    let config = kafka_producer::AwsMskIamConfig { region: Some("eu-west-1".into()) };
    let login = kafka_producer::AwsMskIamLogin::new(config, std::sync::Arc::new(Fixed));
    sends(producer(&cluster, "AWS_MSK_IAM").login(login));
}

#[test]
fn wrong_passwords_fail_at_once_with_the_brokers_words_and_never_show() {
    let cluster = cluster(server());
    for (mechanism, words) in
        [("PLAIN", "Invalid username or password"), ("SCRAM-SHA-512", "invalid credentials")]
    {
        let builder = with_password(&cluster, mechanism).property("sasl.password", "wrong-one");
        refused(builder, &[words, mechanism]);
        refused(with_password(&cluster, mechanism).property("sasl.username", "nobody"), &[words]);
    }
}

#[test]
fn a_wrong_password_is_not_hammered_with_and_once_it_is_right_records_flow_without_a_restart() {
    let cluster = cluster(server());
    let builder =
        with_password(&cluster, "SCRAM-SHA-256").property("sasl.password", "new").reconnect_backoff(SHORT);
    let producer = builder.reconnect_backoff_max(SHORT).build().unwrap();
    let send = || producer.send_blocking(ProducerRecord::new("t").value("v"));
    #[allow(clippy::disallowed_methods, reason = "attempts are counted per time")]
    let start = std::time::Instant::now();
    while start.elapsed() < SHORT * 5 {
        assert_eq!(send().unwrap_err().kind(), ErrorKind::Authentication);
    }
    // One per backoff, less a fifth of jitter, whatever many sends wanted to.
    let attempts = cluster.with(|cluster, _| cluster.requests().count(ApiKey::SASL_HANDSHAKE));
    let most = start.elapsed().as_millis() / (SHORT.as_millis() * 8 / 10) + 2;
    assert!(u128::from(attempts) <= most, "{attempts} attempts, {most} expected at most");
    cluster.set_password("a,b=c", "new");
    let sent = std::iter::repeat_with(send).find_map(Result::ok).unwrap();
    sent.wait().unwrap();
}

#[test]
fn an_error_58_of_a_moment_does_not_end_the_producer() {
    let cluster = cluster(server());
    let rule =
        Rule::new().api(ApiKey::SASL_AUTHENTICATE).times(1).refuse(ErrorCode::SASL_AUTHENTICATION_FAILED);
    cluster.add_rule(rule);
    let producer = with_password(&cluster, "PLAIN").build().unwrap();
    let send = || producer.send_blocking(ProducerRecord::new("t").value("v"));
    assert_eq!(send().unwrap_err().kind(), ErrorKind::Authentication);
    std::iter::repeat_with(send).find_map(Result::ok).unwrap().wait().unwrap();
}

#[test]
fn a_mechanism_that_the_listener_has_not_is_named_with_those_it_has() {
    let cluster = cluster(SaslServer::new().mechanism("PLAIN").user("a,b=c", PASSWORD));
    refused(with_password(&cluster, "SCRAM-SHA-512"), &["SCRAM-SHA-512", "only PLAIN", "sasl.mechanism"]);
    // Nothing was said that a plain listener could have read.
    assert_eq!(cluster.with(|cluster, _| cluster.requests().count(ApiKey::SASL_AUTHENTICATE)), 0);
}

#[test]
fn a_listener_without_sasl_is_told_from_one_that_refuses() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    refused(with_password(&cluster, "PLAIN"), &["no SASL", "security.protocol"]);
}

#[test]
fn a_client_without_sasl_at_a_listener_that_wants_it_is_told_so() {
    let cluster = cluster(server());
    let producer = cluster.producer().max_block(SHORT * 3).build().unwrap();
    let error = producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap_err().to_string();
    assert!(error.contains("SASL") && error.contains("security.protocol"), "{error}");
}

#[test]
fn kerberos_is_refused_by_name_and_a_missing_password_too() {
    let cluster = cluster(server());
    let error = producer(&cluster, "GSSAPI").build().unwrap_err().to_string();
    assert!(error.contains("GSSAPI") && error.contains("SCRAM-SHA-512"), "{error}");
    let error = producer(&cluster, "PLAIN").property("sasl.username", "a").build().unwrap_err().to_string();
    assert!(error.contains("sasl.password"), "{error}");
}

/// Sends one after the other until the session was prolonged several times.
fn outlives_its_sessions(mechanism: &str, builder: impl FnOnce(&Loopback) -> ProducerBuilder) {
    let cluster = cluster(server().session_lifetime(Duration::from_millis(400)));
    let producer = builder(&cluster).linger(Duration::ZERO).build().unwrap();
    let handshakes =
        |cluster: &Loopback| cluster.with(|cluster, _| cluster.requests().count(ApiKey::SASL_HANDSHAKE));
    let mut sent = Vec::new();
    while handshakes(&cluster) < 5 {
        let value = sent.len().to_string();
        producer.send_blocking(ProducerRecord::new("t").value(&value)).unwrap().wait().unwrap();
        sent.push(value);
    }
    assert_eq!(values(&cluster, "t", 0), sent, "{mechanism}");
    let (connections, produced) = cluster.with(|cluster, _| {
        let produces = || cluster.requests().recent().filter(|request| request.api == ApiKey::PRODUCE);
        let connections: BTreeSet<_> = produces().map(|request| request.connection).collect();
        (connections.len(), produces().count())
    });
    // On one connection, and each record by one request: nothing was sent again.
    assert_eq!((connections, produced), (1, sent.len()), "{mechanism}");
}

#[test]
fn sessions_are_prolonged_on_their_connection_without_a_lost_or_repeated_record() {
    for mechanism in ["PLAIN", "SCRAM-SHA-256"] {
        outlives_its_sessions(mechanism, |cluster| with_password(cluster, mechanism));
    }
    let line = "OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"alice\";";
    outlives_its_sessions("OAUTHBEARER", |cluster| {
        producer(cluster, "OAUTHBEARER").property("sasl.jaas.config", line)
    });
}

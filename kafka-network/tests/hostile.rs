//! Brokers, and those who pass for one, that don't mean well: at no step of the handshake do they make the client crash, hang
//! past its bound, or tell them more than it has to.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

mod broker;

use broker::{Broker, InMemory, metadata};
use bytes::Bytes;
use kafka_network::{
    Access, BrokerAddress, Client, ClientConfig, ClientError, ConnectionError, PasswordLogin, SaslError,
    ScramHash, Secret,
};
use kafka_protocol::frame::RequestHeader;
use kafka_protocol::messages::api_versions::ApiVersion;
use kafka_protocol::messages::{ApiVersionsResponse, SaslAuthenticateResponse, SaslHandshakeResponse};
use kafka_protocol::wire::ApiKey;
use kafka_types::ErrorCode;
use std::sync::Arc;
use std::time::Duration;

const PASSWORD: &str = "s3cret-password";

fn pair(login: PasswordLogin) -> (Access, Broker) {
    let (connector, broker) = InMemory::pair();
    (Access::new(Arc::new(connector)).with_login(Arc::new(login)), broker)
}

fn scram() -> PasswordLogin {
    PasswordLogin::scram(ScramHash::Sha256, "alice", Secret::from(PASSWORD), false)
}

fn plain() -> PasswordLogin {
    PasswordLogin::plain("alice", Secret::from(PASSWORD))
}

async fn connect(access: Access, config: ClientConfig) -> Result<Client, ClientError> {
    let connected = Client::connect_with(&access, &BrokerAddress::new("kafka", 9092), config).await;
    if let Err(error) = &connected {
        assert!(!format!("{error} {error:?}").contains(PASSWORD), "{error}");
    }
    connected
}

/// The connection's failure, while the broker does what it does.
async fn failure(login: PasswordLogin, broker: impl AsyncFnOnce(&mut Broker)) -> SaslError {
    let (access, mut other) = pair(login);
    let (connected, ()) = tokio::join!(connect(access, ClientConfig::default()), broker(&mut other));
    match connected.expect_err("nobody may be let in") {
        ClientError::Protocol { source: ConnectionError::Sasl(error), .. } => error,
        error => panic!("{error}"),
    }
}

async fn tell_versions(broker: &mut Broker) {
    let request = broker.request().await;
    let api = |api: ApiKey, max_version| ApiVersion { api_key: api.0, max_version, ..ApiVersion::default() };
    let api_keys = vec![
        api(ApiKey::METADATA, 12),
        api(ApiKey::API_VERSIONS, 4),
        api(ApiKey::SASL_HANDSHAKE, 1),
        api(ApiKey::SASL_AUTHENTICATE, 2),
    ];
    broker.answer(&request, &ApiVersionsResponse { api_keys, ..ApiVersionsResponse::default() }).await;
}

async fn take_mechanism(broker: &mut Broker) {
    tell_versions(broker).await;
    let request = broker.request().await;
    assert_eq!(request.api_key, ApiKey::SASL_HANDSHAKE);
    broker.answer(&request, &SaslHandshakeResponse::default()).await;
}

fn challenge(text: impl Into<String>) -> SaslAuthenticateResponse {
    let auth_bytes = Bytes::from(text.into());
    SaslAuthenticateResponse { auth_bytes, error_message: None, ..SaslAuthenticateResponse::default() }
}

/// The client's nonce in its first message.
async fn client_nonce(broker: &mut Broker) -> (RequestHeader, String) {
    let (request, message) = broker.sasl_message().await;
    let text = String::from_utf8(message.to_vec()).unwrap();
    let nonce = text.split(",r=").nth(1).unwrap().to_owned();
    (request, nonce)
}

#[tokio::test]
async fn a_broker_that_offers_only_plain_gets_no_password_from_a_client_of_scram() {
    let error = failure(scram(), async |broker| {
        tell_versions(broker).await;
        let request = broker.request().await;
        let mechanisms = vec!["PLAIN".into()];
        let error_code = ErrorCode::UNSUPPORTED_SASL_MECHANISM;
        broker.answer(&request, &SaslHandshakeResponse { error_code, mechanisms }).await;
        // Nothing more is said.
        broker.expect_end().await;
    });
    let error = error.await;
    assert!(matches!(error, SaslError::UnsupportedMechanism { .. }), "{error}");
}

#[tokio::test]
async fn a_broker_that_does_not_know_the_password_is_found_out() {
    let error = failure(scram(), async |broker| {
        take_mechanism(broker).await;
        let (request, nonce) = client_nonce(broker).await;
        broker.answer(&request, &challenge(format!("r={nonce}more,s=c2FsdA==,i=4096"))).await;
        let (request, _proof) = broker.sasl_message().await;
        broker.answer(&request, &challenge("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")).await;
        broker.expect_end().await;
    });
    assert_eq!(error.await, SaslError::ServerSignature);
}

#[tokio::test]
async fn a_broker_that_says_yes_without_a_proof_of_its_own_is_not_believed() {
    for (first, last) in [(None, ""), (Some("i=4096"), "")] {
        let error = failure(scram(), async |broker| {
            take_mechanism(broker).await;
            let (request, nonce) = client_nonce(broker).await;
            match first {
                None => broker.answer(&request, &challenge(last)).await,
                Some(iterations) => {
                    broker.answer(&request, &challenge(format!("r={nonce}x,s=c2FsdA==,{iterations}"))).await;
                    let (request, _proof) = broker.sasl_message().await;
                    broker.answer(&request, &challenge(last)).await;
                }
            }
            broker.expect_end().await;
        });
        let error = error.await;
        assert!(matches!(error, SaslError::Malformed { .. }), "{error}");
    }
}

#[tokio::test]
async fn nonces_iterations_and_errors_of_a_broker_are_checked_before_a_proof_is_given() {
    for (challenges, expected) in [
        ("r=somebody-elses,s=c2FsdA==,i=4096", "nonce"),
        ("r={nonce},s=c2FsdA==,i=4096", "nonce"),
        ("r={nonce}x,s=c2FsdA==,i=1", "iterations"),
        ("r={nonce}x,s=c2FsdA==,i=4294967295", "iterations"),
        ("r={nonce}x,s=,i=4096", "salt"),
        ("e=other-error", "nonce"),
        ("", "nonce"),
    ] {
        let error = failure(scram(), async |broker| {
            take_mechanism(broker).await;
            let (request, nonce) = client_nonce(broker).await;
            broker.answer(&request, &challenge(challenges.replace("{nonce}", &nonce))).await;
            broker.expect_end().await;
        });
        let error = error.await.to_string();
        assert!(error.contains(expected), "{challenges}: {error}");
    }
}

#[tokio::test]
async fn a_broker_without_end_is_left() {
    use kafka_network::{Authenticator, Login, SaslStep};

    struct Patient;

    impl Authenticator for Patient {
        fn mechanism(&self) -> &str {
            "PATIENT"
        }

        fn first_message(&mut self) -> Result<Bytes, SaslError> {
            Ok(Bytes::from_static(b"hello"))
        }

        fn handle_message(&mut self, _message: &[u8]) -> Result<SaslStep, SaslError> {
            Ok(SaslStep::Reply(Bytes::from_static(b"and then?")))
        }
    }

    struct PatientLogin;

    #[async_trait::async_trait]
    impl Login for PatientLogin {
        async fn authenticator(&self, _: &BrokerAddress) -> Result<Box<dyn Authenticator>, SaslError> {
            Ok(Box::new(Patient))
        }
    }

    let (connector, mut broker) = InMemory::pair();
    let access = Access::new(Arc::new(connector)).with_login(Arc::new(PatientLogin));
    let serve = async {
        take_mechanism(&mut broker).await;
        while let Some((request, _)) = broker.sasl_message_or_end().await {
            broker.answer(&request, &challenge("one more thing")).await;
        }
    };
    let (connected, ()) = tokio::join!(connect(access, ClientConfig::default()), serve);
    assert!(connected.unwrap_err().to_string().contains("did not end"));
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_stops_answering_anywhere_is_given_up_in_time() {
    for answered in 0..3 {
        let (access, mut broker) = pair(plain());
        let config = ClientConfig { connect_timeout: Duration::from_secs(10), ..ClientConfig::default() };
        let serve = async {
            if answered == 1 {
                tell_versions(&mut broker).await;
            } else if answered == 2 {
                take_mechanism(&mut broker).await;
            }
            std::future::pending::<()>().await;
        };
        let connected = tokio::select! {
            connected = connect(access, config) => connected,
            () = serve => unreachable!(),
        };
        assert!(matches!(connected.unwrap_err(), ClientError::ConnectTimedOut { .. }));
    }
}

#[tokio::test]
async fn garbage_at_any_step_is_an_error_of_the_connection() {
    for (steps, garbage) in [(0, &b"\xff\xff"[..]), (1, b""), (1, b"\x7f"), (2, b""), (2, &[0xff; 40])] {
        let (access, mut broker) = pair(scram());
        let serve = async {
            if steps == 1 {
                tell_versions(&mut broker).await;
            } else if steps == 2 {
                take_mechanism(&mut broker).await;
            }
            let request = broker.request().await;
            broker.answer_bytes(&request, garbage).await;
            broker.expect_end().await;
        };
        let (connected, ()) = tokio::join!(connect(access, ClientConfig::default()), serve);
        assert!(matches!(connected.unwrap_err(), ClientError::Protocol { .. }), "{steps} {garbage:?}");
    }
}

#[tokio::test]
async fn a_broker_too_old_for_the_exchange_is_told_nothing() {
    let error = failure(plain(), async |broker| {
        broker.tell_versions().await;
        broker.expect_end().await;
    });
    let error = error.await;
    assert!(matches!(error, SaslError::BrokerTooOld { api: ApiKey::SASL_HANDSHAKE }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_session_is_prolonged_in_time_between_the_requests_and_those_wait_for_its_end() {
    let (access, mut broker) = pair(plain());
    let session = || SaslAuthenticateResponse { session_lifetime_ms: 5000, ..challenge("") };
    let login = async {
        take_mechanism(&mut broker).await;
        let (request, message) = broker.sasl_message().await;
        assert_eq!(message, format!("\0alice\0{PASSWORD}").as_bytes());
        broker.answer(&request, &session()).await;
    };
    let (client, ()) = tokio::join!(connect(access, ClientConfig::default()), login);
    let client = client.unwrap();
    let begun = tokio::time::Instant::now();
    // The time of prolongation comes by itself.
    let handshake = broker.request().await;
    assert_eq!(handshake.api_key, ApiKey::SASL_HANDSHAKE);
    assert!((4250..=4800).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    let asking = client.send(broker::ask("t"));
    let go_on = async {
        broker.answer(&handshake, &SaslHandshakeResponse::default()).await;
        let (request, _) = broker.sasl_message().await;
        broker.answer(&request, &session()).await;
        let request = broker.request().await;
        assert_eq!(request.api_key, ApiKey::METADATA);
        broker.answer(&request, &metadata(7)).await;
    };
    let (answer, ()) = tokio::join!(asking, go_on);
    assert_eq!(answer.unwrap().controller_id, 7);
    // And again.
    assert_eq!(broker.request().await.api_key, ApiKey::SASL_HANDSHAKE);
}

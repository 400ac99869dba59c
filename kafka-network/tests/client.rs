//! The client and the TCP connector against a scripted broker.

#![allow(clippy::unwrap_used, reason = "a test fails by it, helpers included")]

mod broker;

use broker::{Broker, InMemory, ask, metadata};
use kafka_network::{
    BrokerAddress, Client, ClientConfig, ClientError, ConnectError, ConnectionError, Connector, Resolver,
    TcpConfig, TcpConnector,
};
use kafka_protocol::messages::{InitProducerIdRequest, MetadataRequest};
use kafka_protocol::wire::{ApiKey, VersionRange};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::net::TcpListener;

fn address() -> BrokerAddress {
    BrokerAddress::new("broker", 9092)
}

/// A client, and the broker at the other end, after the exchange of versions.
async fn connected() -> (Client, Broker) {
    let (connector, mut broker) = InMemory::pair();
    let address = address();
    let client = Client::connect(&connector, &address, ClientConfig::default());
    let (client, ()) = tokio::join!(client, broker.tell_versions());
    (client.unwrap(), broker)
}

#[tokio::test]
async fn an_answer_comes_back_in_the_newest_version_of_both_sides() {
    let (client, mut broker) = connected().await;
    let answer = client.send(ask("t"));
    let script = async {
        let request = broker.request().await;
        assert_eq!((request.api_key, request.api_version), (ApiKey::METADATA, 12));
        broker.answer(&request, &metadata(7)).await;
    };
    let (answer, ()) = tokio::join!(answer, script);
    assert_eq!(answer.unwrap().controller_id, 7);
}

#[tokio::test]
async fn requests_are_pipelined_and_each_gets_its_own_answer() {
    let (client, mut broker) = connected().await;
    let other = client.clone();
    let (one, two) = (client.send(ask("1")), other.send(ask("2")));
    let script = async {
        let (first, second) = (broker.request().await, broker.request().await);
        broker.answer(&first, &metadata(1)).await;
        broker.answer(&second, &metadata(2)).await;
    };
    let (one, two, ()) = tokio::join!(one, two, script);
    assert_eq!((one.unwrap().controller_id, two.unwrap().controller_id), (1, 2));
}

#[tokio::test]
async fn a_dropped_future_does_not_shift_the_answers() {
    let (client, mut broker) = connected().await;
    {
        let mut dropped = pin!(client.send(ask("dropped")));
        assert!(dropped.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    let kept = client.send(ask("kept"));
    let script = async {
        let (first, second) = (broker.request().await, broker.request().await);
        broker.answer(&first, &metadata(1)).await;
        broker.answer(&second, &metadata(2)).await;
    };
    let (kept, ()) = tokio::join!(kept, script);
    assert_eq!(kept.unwrap().controller_id, 2);
}

#[tokio::test]
async fn a_lost_connection_fails_all_that_wait_and_all_that_come() {
    let (client, mut broker) = connected().await;
    let (one, two) = (client.send(ask("1")), client.send(ask("2")));
    let script = async move {
        broker.request().await;
        broker.request().await;
        drop(broker);
    };
    let (one, two, ()) = tokio::join!(one, two, script);
    let later = client.send(ask("3")).await;
    for result in [one, two, later] {
        let error = result.unwrap_err();
        assert!(matches!(error, ClientError::ClosedByPeer { .. }), "{error}");
        assert!(error.to_string().contains("broker:9092"));
    }
}

#[tokio::test]
async fn an_answer_to_another_request_ends_the_connection() {
    let (client, mut broker) = connected().await;
    let answer = client.send(ask("1"));
    let script = async {
        let mut request = broker.request().await;
        request.correlation_id += 1;
        broker.answer(&request, &metadata(1)).await;
    };
    let (answer, ()) = tokio::join!(answer, script);
    let Err(ClientError::Protocol { source, .. }) = answer else { panic!("{answer:?}") };
    assert!(matches!(source, ConnectionError::CorrelationMismatch { .. }));
}

#[tokio::test]
async fn a_body_that_is_no_answer_is_an_error_of_that_request_alone() {
    let (client, mut broker) = connected().await;
    let (bad, good) = (client.send(ask("1")), client.send(ask("2")));
    let script = async {
        let (first, second) = (broker.request().await, broker.request().await);
        broker.answer_bytes(&first, b"\x00garbage").await;
        broker.answer(&second, &metadata(2)).await;
    };
    let (bad, good, ()) = tokio::join!(bad, good, script);
    assert!(matches!(bad, Err(ClientError::Decode { api: ApiKey::METADATA, version: 12, .. })));
    assert_eq!(good.unwrap().controller_id, 2);
}

#[tokio::test]
async fn a_version_that_only_one_side_speaks_is_named_with_both_ranges() {
    let (client, _broker) = connected().await;
    let error = client.send(InitProducerIdRequest::default()).await.unwrap_err();
    let message = error.to_string();
    assert!(message.contains("InitProducerId") && message.contains("0 to 6"), "{message}");
    assert!(message.contains("100 to 120"), "{message}");
    let ClientError::UnsupportedVersion { theirs, .. } = error else { panic!("{message}") };
    assert_eq!(theirs, Some(VersionRange { min: 100, max: 120 }));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_too_late_is_not_taken_for_the_next_one() {
    let (client, mut broker) = connected().await;
    let error = client.send(ask("late")).await.unwrap_err();
    assert!(matches!(error, ClientError::TimedOut { api: ApiKey::METADATA, .. }), "{error}");
    let next = client.send(ask("next"));
    let script = async {
        let (late, next) = (broker.request().await, broker.request().await);
        broker.answer(&late, &metadata(1)).await;
        broker.answer(&next, &metadata(2)).await;
    };
    let (next, ()) = tokio::join!(next, script);
    assert_eq!(next.unwrap().controller_id, 2);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_says_nothing_is_given_up() {
    let (connector, _broker) = InMemory::pair();
    let config = ClientConfig { connect_timeout: Duration::from_secs(3), ..ClientConfig::default() };
    let error = Client::connect(&connector, &address(), config).await.unwrap_err();
    assert!(matches!(error, ClientError::ConnectTimedOut { .. }));
    assert!(error.to_string().contains("broker:9092") && error.to_string().contains("3s"), "{error}");
}

#[tokio::test]
async fn the_last_client_closes_the_connection() {
    let (client, mut broker) = connected().await;
    drop(client.clone());
    let answer = client.send(ask("1"));
    let script = async {
        let request = broker.request().await;
        broker.answer(&request, &metadata(1)).await;
    };
    tokio::join!(answer, script).0.unwrap();
    drop(client);
    broker.expect_end().await;
}

struct Fixed(Vec<SocketAddr>);

#[async_trait::async_trait]
impl Resolver for Fixed {
    async fn resolve(&self, _host: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(self.0.clone())
    }
}

fn tcp(addresses: Vec<SocketAddr>) -> TcpConnector {
    let config = TcpConfig { send_buffer: Some(65_536), receive_buffer: Some(65_536) };
    TcpConnector::with_resolver(config, Arc::new(Fixed(addresses)))
}

/// An address where nothing listens, for the listener that had it is closed.
async fn closed_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn an_address_that_refuses_does_not_hide_the_next_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connector = tcp(vec![closed_address().await, listener.local_addr().unwrap()]);
    let address = address();
    let client = Client::connect(&connector, &address, ClientConfig::default());
    let script = async {
        let (stream, _) = listener.accept().await.unwrap();
        let mut broker = Broker::new(stream);
        broker.tell_versions().await;
        let request = broker.request().await;
        broker.answer(&request, &metadata(4)).await;
    };
    let talk = async { client.await.unwrap().send(MetadataRequest::default()).await };
    let (answer, ()) = tokio::join!(talk, script);
    assert_eq!(answer.unwrap().controller_id, 4);
}

/// Answers differently each time.
struct Changing(Mutex<Vec<SocketAddr>>);

#[async_trait::async_trait]
impl Resolver for Changing {
    async fn resolve(&self, _host: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(self.0.lock().unwrap().drain(..1).collect())
    }
}

#[tokio::test]
async fn a_name_is_resolved_anew_for_every_connection() {
    let (old, new) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let answers = Mutex::new(vec![old.local_addr().unwrap(), new.local_addr().unwrap()]);
    let connector = TcpConnector::with_resolver(TcpConfig::default(), Arc::new(Changing(answers)));
    for listener in [old, new] {
        let (stream, accepted) = (connector.connect(&address()).await, listener.accept().await);
        assert!(stream.is_ok() && accepted.is_ok());
    }
}

#[tokio::test]
async fn a_refused_connection_names_the_broker_and_the_address() {
    let closed = closed_address().await;
    let Err(error) = tcp(vec![closed]).connect(&address()).await else { panic!("connected") };
    assert!(matches!(error, ConnectError::Refused { tried, .. } if tried == closed), "{error}");
    assert!(error.to_string().contains("broker:9092") && error.to_string().contains(&closed.to_string()));
}

#[tokio::test]
async fn a_name_without_an_address_names_the_host_and_the_property() {
    let Err(error) = tcp(vec![]).connect(&address()).await else { panic!("connected") };
    assert!(matches!(error, ConnectError::Dns { .. }), "{error}");
    assert!(error.to_string().contains("\"broker\"") && error.to_string().contains("bootstrap.servers"));
}

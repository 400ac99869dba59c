//! The cluster behind sockets.
#![cfg(feature = "loopback")]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Batch, partition, produce_request};
use kafka_protocol::frame::{RequestHeader, request_frame};
use kafka_protocol::messages::{MetadataRequest, MetadataResponse, ProduceResponse};
use kafka_protocol::wire::{Message, Request, decode_exact, encode_to_bytes};
use kafka_testkit::{ApiKey, ClusterConfig, ErrorCode, LoopbackCluster, Rule, TopicConfig};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

fn start(brokers: u32) -> LoopbackCluster {
    let config = ClusterConfig::new(brokers).topic(TopicConfig::new("orders", 1));
    LoopbackCluster::start(config).expect("loopback is there")
}

fn connect(cluster: &LoopbackCluster, node: i32) -> TcpStream {
    let stream = TcpStream::connect(cluster.address(node).unwrap()).unwrap();
    // So that a test that would hang fails.
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn send<R: Request>(stream: &mut TcpStream, request: &R, version: i16) {
    let header =
        RequestHeader { api_key: R::API_KEY, api_version: version, correlation_id: 1, client_id: None };
    let body = encode_to_bytes(request, version).unwrap();
    let frame = request_frame(&header, R::header_version(version), vec![body]).unwrap().concat();
    stream.write_all(&frame).unwrap();
}

fn receive<M: Message>(stream: &mut TcpStream, version: i16, header_size: usize) -> M {
    let mut prefix = [0; 4];
    stream.read_exact(&mut prefix).unwrap();
    let mut frame = vec![0; u32::from_be_bytes(prefix) as usize];
    stream.read_exact(&mut frame).unwrap();
    decode_exact(frame.split_off(header_size).into(), version).unwrap()
}

fn produce(stream: &mut TcpStream, value: &'static str) -> ErrorCode {
    send(stream, &produce_request(&partition("orders", 0), Batch::of(&[value]).build(), -1), 8);
    common::only(receive::<ProduceResponse>(stream, 8, 4)).error_code
}

#[test]
fn metadata_names_the_ports_that_are_listened_at() {
    let cluster = start(3);
    let mut stream = connect(&cluster, 2);
    send(&mut stream, &MetadataRequest { topics: None, ..MetadataRequest::default() }, 8);
    let metadata: MetadataResponse = receive(&mut stream, 8, 4);
    let addresses: Vec<_> =
        metadata.brokers.iter().map(|broker| format!("{}:{}", broker.host, broker.port)).collect();
    assert_eq!(addresses.join(","), cluster.bootstrap_servers());
    assert_eq!(metadata.topics.len(), 1);
}

#[test]
fn records_arrive_and_rules_apply() {
    let cluster = start(1);
    let mut stream = connect(&cluster, 1);
    assert_eq!(produce(&mut stream, "a"), ErrorCode::NONE);
    let rule =
        cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).times(1).refuse(ErrorCode::REQUEST_TIMED_OUT));
    assert_eq!(produce(&mut stream, "b"), ErrorCode::REQUEST_TIMED_OUT);
    assert_eq!(produce(&mut stream, "c"), ErrorCode::NONE);
    assert_eq!(cluster.rule_hits(rule), 1);
    let values: Vec<_> = cluster.records("orders", 0).into_iter().filter_map(|record| record.value).collect();
    assert_eq!(values, ["a", "c"]);
}

#[test]
fn a_delayed_answer_comes_by_itself() {
    let cluster = start(1);
    cluster.add_rule(Rule::new().delay(Duration::from_millis(20)));
    assert_eq!(produce(&mut connect(&cluster, 1), "a"), ErrorCode::NONE);
}

#[test]
fn a_stopped_broker_closes_and_refuses_until_it_is_started_at_the_same_port() {
    let cluster = start(2);
    let address = cluster.address(1).unwrap().to_owned();
    let mut stream = connect(&cluster, 1);
    assert!(cluster.stop_broker(1));
    assert_eq!(stream.read(&mut [0; 10]).unwrap_or(0), 0);
    assert_eq!(TcpStream::connect(&address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(cluster.leader("orders", 0), Some(2.into()));
    assert!(cluster.start_broker(1));
    assert!(cluster.move_leader("orders", 0, 1));
    assert_eq!(produce(&mut connect(&cluster, 1), "a"), ErrorCode::NONE);
}

#[test]
fn a_frozen_broker_answers_after_it_thawed() {
    let cluster = start(1);
    let mut stream = connect(&cluster, 1);
    cluster.freeze(1);
    let of = partition("orders", 0);
    send(&mut stream, &produce_request(&of, Batch::of(&["a"]).build(), -1), 8);
    assert!(cluster.records("orders", 0).is_empty());
    cluster.thaw(1);
    let answer = common::only(receive::<ProduceResponse>(&mut stream, 8, 4));
    assert_eq!(answer.error_code, ErrorCode::NONE);
}

#[test]
fn a_port_that_is_taken_is_an_error_and_a_dropped_cluster_frees_its_own() {
    let cluster = start(1);
    let port: u16 = cluster.address(1).unwrap().rsplit(':').next().unwrap().parse().unwrap();
    let again = LoopbackCluster::builder(ClusterConfig::new(1)).port(port);
    assert_eq!(again.clone().start().unwrap_err().kind(), ErrorKind::AddrInUse);
    drop(cluster);
    assert!(again.start().is_ok());
}

#[test]
fn garbage_closes_its_own_connection_alone() {
    let cluster = start(1);
    let mut good = connect(&cluster, 1);
    let mut bad = connect(&cluster, 1);
    bad.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(bad.read(&mut [0; 10]).unwrap_or(0), 0);
    assert_eq!(produce(&mut good, "a"), ErrorCode::NONE);
}

#[test]
fn a_cluster_can_be_started_inside_an_async_program() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let cluster = LoopbackCluster::start(ClusterConfig::new(2)).unwrap();
        assert_eq!(cluster.bootstrap_servers().split(',').count(), 2);
        let taken = cluster.address(1).unwrap().rsplit(':').next().unwrap().parse().unwrap();
        assert!(LoopbackCluster::builder(ClusterConfig::new(1)).port(taken).start().is_err());
    });
}

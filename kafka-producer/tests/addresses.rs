//! Where brokers are, and what answers there instead.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use kafka_producer::{ErrorKind, Outcome, Producer, ProducerRecord};
use kafka_testkit::{ClusterConfig, LoopbackCluster, TopicConfig};
use std::io::{Read, Write};
use std::net::{Ipv6Addr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{LONG, SHORT, unreachable_address};

/// A port where every connection gets these bytes as soon as it has said something; and how many there were.
fn port_that_answers(bytes: &'static [u8]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = accepted.clone();
    // It ends with the process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(bytes);
            // Closing at once would drop what the peer has not read.
            std::thread::spawn(move || stream.read(&mut [0; 1024]));
        }
    });
    (address, accepted)
}

#[test]
fn a_port_of_another_protocol_is_recognised_and_left_alone_for_the_backoff() {
    let answers: [(&[u8], &[&str]); 4] = [
        (&[0x15, 3, 3, 0, 2, 2, 40], &["TLS", "security.protocol"]),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", &["HTTP", "security.protocol"]),
        (&[0x7f, 0xff, 0xff, 0xff, 0, 0], &["2147483647 bytes", "Kafka port"]),
        (&[0x80, 0, 0, 0, 0, 0], &["-2147483648 bytes", "Kafka port"]),
    ];
    for (bytes, words) in answers {
        let (address, accepted) = port_that_answers(bytes);
        let producer = Producer::builder()
            .bootstrap_servers(&address)
            .max_block(SHORT)
            .reconnect_backoff(LONG)
            .reconnect_backoff_max(LONG)
            .build()
            .unwrap();
        let error = producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotWritten));
        let text = error.to_string();
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
        assert_eq!(accepted.load(Ordering::SeqCst), 1);
        producer.close_blocking(LONG).unwrap();
    }
}

#[test]
fn ipv6_brokers_are_reached_as_they_are_written_in_settings_and_in_metadata() {
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        // A system without IPv6 can't show it.
        return;
    }
    let config = ClusterConfig::new(2).topic(TopicConfig::new("t", 2));
    // Metadata names hosts without brackets.
    let cluster = LoopbackCluster::builder(config)
        .bind(Ipv6Addr::LOCALHOST.into())
        .advertised_host("::1")
        .start()
        .unwrap();
    let servers = cluster.bootstrap_servers();
    assert!(servers.starts_with("[::1]:"), "{servers}");
    let producer = Producer::builder().bootstrap_servers(servers).build().unwrap();
    for partition in 0..2 {
        let record = ProducerRecord::new("t").partition(partition).value("v");
        let metadata = producer.send_blocking(record).unwrap().wait().unwrap();
        assert_eq!(metadata.offset.0, 0);
    }
}

#[test]
fn one_bootstrap_server_that_works_is_enough() {
    let cluster = LoopbackCluster::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1))).unwrap();
    let servers = format!("nosuch.invalid:9092,{},{}", unreachable_address(), cluster.bootstrap_servers());
    let producer = Producer::builder().bootstrap_servers(servers).max_block(LONG).build().unwrap();
    let metadata = producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap().wait().unwrap();
    assert_eq!(metadata.offset.0, 0);
}

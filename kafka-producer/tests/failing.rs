//! What goes wrong, and how it is told.

mod support;

use kafka_producer::{ErrorKind, Outcome, Producer, ProducerRecord};
use kafka_testkit::{ApiKey, ClusterConfig, ErrorCode, Rule, TopicConfig};
use std::time::Duration;
use support::{LONG, Loopback, SHORT, unreachable_address, values};

#[test]
fn an_unknown_topic_times_out_with_its_cause() {
    let cluster = Loopback::start(ClusterConfig::new(1).auto_create_topics(false));
    let producer = cluster.producer().max_block(SHORT).build().unwrap();
    let error = producer.send_blocking(ProducerRecord::new("nowhere").value("v")).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotWritten));
    assert!(error.is_retriable() && !error.is_fatal());
    let text = error.to_string();
    assert!(text.contains("nowhere") && text.contains("UNKNOWN_TOPIC_OR_PARTITION"), "{text}");
}

#[test]
fn an_unreachable_cluster_times_out_and_names_the_servers() {
    let address = unreachable_address();
    let producer = Producer::builder().bootstrap_servers(&address).max_block(SHORT).build().unwrap();
    let error = producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let text = error.to_string();
    assert!(text.contains(&address) && text.contains("none of the bootstrap servers"), "{text}");
    producer.close_blocking(LONG).unwrap();
}

#[test]
fn a_forbidden_topic_fails_at_once_and_works_once_it_is_allowed() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    let rule = cluster.with(|cluster, _| {
        let rule = Rule::new().api(ApiKey::METADATA).topic("t");
        cluster.add_rule(rule.refuse(ErrorCode::TOPIC_AUTHORIZATION_FAILED))
    });
    let producer = cluster.producer().max_block(LONG).build().unwrap();
    let error = producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authorization, "{error}");
    assert!(cluster.remove_rule(rule));
    producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap().wait().unwrap();
}

#[test]
fn a_record_above_a_limit_is_refused_before_it_is_sent() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    let producer = cluster.producer().max_request_size(1000).build().unwrap();
    // 61 + 21 + null key (1) + value length (2) + no headers (1) are added to the value.
    let fits = producer.send_blocking(ProducerRecord::new("t").value(vec![b'x'; 1000 - 86])).unwrap();
    fits.wait().unwrap();
    let error = producer.send_blocking(ProducerRecord::new("t").value(vec![b'x'; 1000 - 85])).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::TooLarge, Outcome::NotWritten));
    assert!(error.to_string().contains("max.request.size (1000)"), "{error}");
    assert_eq!(values(&cluster, "t", 0).len(), 1);
}

#[test]
fn a_broker_that_finds_a_record_too_large_fails_that_record() {
    let topic = TopicConfig::new("t", 1).max_message_bytes(1000);
    let cluster = Loopback::start(ClusterConfig::new(1).topic(topic));
    let producer = cluster.producer().build().unwrap();
    let large = producer.send_blocking(ProducerRecord::new("t").value(vec![b'x'; 5000])).unwrap();
    let error = large.wait().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::TooLarge, Outcome::NotWritten), "{error}");
    assert_eq!(error.topic_partition().unwrap().to_string(), "t-0");
    producer.send_blocking(ProducerRecord::new("t").value("small")).unwrap().wait().unwrap();
}

#[test]
fn illegal_records_are_refused_by_name_without_any_io() {
    let producer = Producer::builder().bootstrap_servers(unreachable_address()).build().unwrap();
    let refused = |record: ProducerRecord<'_>| {
        let error = producer.send_blocking(record).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Misuse, Outcome::NotWritten));
        error.to_string()
    };
    assert!(refused(ProducerRecord::new("")).contains("empty"));
    assert!(refused(ProducerRecord::new("a/b")).contains("\"a/b\""));
    assert!(refused(ProducerRecord::new("x".repeat(250))).contains("249"));
    assert!(refused(ProducerRecord::new("t").timestamp(-1)).contains("timestamp -1"));
    assert!(refused(ProducerRecord::new("t").partition(-1)).contains("partition -1"));
}

#[test]
fn a_full_buffer_hands_the_record_back_and_then_times_out() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    let producer =
        cluster.producer().buffer_memory(64 * 1024).batch_size(8 * 1024).max_block(SHORT).build().unwrap();
    producer.partitions_for_blocking("t").unwrap();
    cluster.freeze_all();
    let value = vec![b'x'; 4000];
    let mut accepted = 0;
    let refused = loop {
        match producer.try_send(ProducerRecord::new("t").value(&value)) {
            Ok(delivery) => {
                drop(delivery);
                accepted += 1;
            }
            Err(refused) => break refused,
        }
        assert!(accepted * value.len() <= 64 * 1024, "more was accepted than there is memory for");
    };
    assert!(refused.would_wait(), "{refused}");
    assert_eq!(refused.record.topic, "t");
    let error = producer.send_blocking(refused.record).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotWritten));
    assert!(error.to_string().contains("buffer.memory (65536)"), "{error}");

    cluster.thaw_all();
    producer.send_blocking(ProducerRecord::new("t").value("last")).unwrap().wait().unwrap();
    assert_eq!(values(&cluster, "t", 0).len(), accepted + 1);
}

#[test]
fn try_send_to_a_new_topic_asks_for_it_and_hands_the_record_back() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    let producer = cluster.producer().build().unwrap();
    let refused = producer.try_send(ProducerRecord::new("t").value("v")).unwrap_err();
    assert!(refused.would_wait(), "{refused}");
    cluster.until(|cluster| cluster.with(|cluster, _| cluster.requests().count(ApiKey::METADATA) > 0));
    producer.partitions_for_blocking("t").unwrap();
    producer.try_send(refused.record).unwrap().wait().unwrap();
}

#[test]
fn memory_comes_back_when_everything_is_done() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    let producer = cluster.producer().buffer_memory(100_000).build().unwrap();
    for _ in 0..200 {
        drop(producer.send_blocking(ProducerRecord::new("t").value(vec![b'x'; 2000])).unwrap());
    }
    assert_eq!(producer.flush_blocking().unwrap().failed, 0);
    // The last request's bytes are let go by its connection's task, which may be a moment behind.
    cluster.until(|_| producer.available_memory() == 100_000);
}

#[test]
fn a_time_out_in_the_queue_says_that_nothing_was_written() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    let producer = cluster
        .producer()
        .linger(Duration::ZERO)
        .request_timeout(SHORT)
        .delivery_timeout(SHORT * 3)
        .build()
        .unwrap();
    cluster.with(|cluster, _| {
        cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).refuse(ErrorCode::NOT_LEADER_OR_FOLLOWER));
    });
    let error = producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap().wait().unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotWritten), "{error}");
    assert!(error.to_string().contains("NOT_LEADER_OR_FOLLOWER"), "{error}");
    assert_eq!(values(&cluster, "t", 0).len(), 0);
}

#[test]
fn a_producer_that_gets_no_producer_id_says_with_every_record_that_it_has_ended_and_why() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    let refusal = Rule::new().api(ApiKey::INIT_PRODUCER_ID).refuse(ErrorCode::CLUSTER_AUTHORIZATION_FAILED);
    cluster.add_rule(refusal);
    let producer = cluster.producer().build().unwrap();
    for _ in 0..2 {
        let error = producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap().wait().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Authorization, Outcome::NotWritten));
        assert!(error.is_fatal() && error.to_string().contains("enable.idempotence=false"), "{error}");
    }
    producer.close_blocking(LONG).unwrap();
}

//! Transactions as a program uses them, against an embedded cluster.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use kafka_producer::{
    Absent, CommitError, Error, ErrorKind, GroupMetadata, Offset, OffsetAndMetadata, Outcome, Present,
    Producer, ProducerBuilder, ProducerRecord, TopicPartition, TransactionalProducer,
};
use kafka_testkit::{
    ApiKey, ClusterConfig, ErrorCode, LoopbackCluster, Rule, TopicConfig, TransactionStatus,
};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use support::LONG;

fn cluster(level: i16) -> LoopbackCluster {
    let config = ClusterConfig::new(1).topic(TopicConfig::new("orders", 1)).transaction_version(level);
    LoopbackCluster::start(config).unwrap()
}

fn builder(cluster: &LoopbackCluster) -> ProducerBuilder {
    Producer::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .transactional_id("tx")
        .linger(Duration::ZERO)
        .retry_backoff(Duration::from_millis(5))
}

fn producer(cluster: &LoopbackCluster) -> TransactionalProducer {
    let producer = builder(cluster).build_transactional().unwrap();
    producer.init_blocking().unwrap();
    producer
}

fn committed(cluster: &LoopbackCluster) -> Vec<String> {
    let records = cluster.with(|cluster, _| cluster.committed_records(&TopicPartition::new("orders", 0)));
    records.into_iter().map(|record| String::from_utf8(record.value.unwrap().to_vec()).unwrap()).collect()
}

fn record(value: &str) -> ProducerRecord<'_, Absent, Present<&str>> {
    ProducerRecord::new("orders").value(value)
}

fn status(cluster: &LoopbackCluster) -> TransactionStatus {
    cluster.with(|cluster, _| cluster.transaction("tx").unwrap().status)
}

/// Polls once.
fn poke<F: Future>(future: &mut std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_commit_waits_for_its_records_and_an_abort_leaves_none() {
    for level in [0, 2] {
        let cluster = cluster(level);
        let producer = producer(&cluster);
        for (value, commit) in [("a", true), ("b", false), ("c", true)] {
            let transaction = producer.begin_blocking().unwrap();
            let delivery = transaction.send_blocking(record(value)).unwrap();
            if commit {
                transaction.commit_blocking().unwrap();
                assert!(delivery.is_done());
            } else {
                delivery.wait().unwrap();
                transaction.abort_blocking().unwrap();
            }
        }
        producer.close_blocking(LONG).unwrap();
        assert_eq!(committed(&cluster), ["a", "c"]);
    }
}

#[test]
fn a_transaction_that_is_dropped_is_aborted_and_the_next_begins_after_it() {
    let cluster = cluster(2);
    let producer = producer(&cluster);
    let transaction = producer.begin_blocking().unwrap();
    transaction.send_blocking(record("a")).unwrap().wait().unwrap();
    drop(transaction);
    let transaction = producer.begin_blocking().unwrap();
    drop(transaction.send_blocking(record("b")).unwrap());
    transaction.commit_blocking().unwrap();
    assert_eq!(committed(&cluster), ["b"]);
}

#[test]
fn a_begin_that_is_dropped_leaves_no_transaction_without_an_owner() {
    let cluster = cluster(2);
    let producer = producer(&cluster);
    for _ in 0..20 {
        let mut begin = Box::pin(producer.begin());
        let _ = poke(&mut begin.as_mut());
        drop(begin);
    }
    producer.begin_blocking().unwrap().commit_blocking().unwrap();
}

#[test]
fn a_record_that_was_not_accepted_spoils_the_transaction() {
    let cluster = cluster(2);
    let producer = producer(&cluster);
    let transaction = producer.begin_blocking().unwrap();
    drop(transaction.send_blocking(record("a")).unwrap());
    let error = transaction.send_blocking(ProducerRecord::new("no spaces").value("b")).unwrap_err();
    assert!(error.requires_abort() && !error.is_fatal(), "{error}");
    assert_eq!(error.kind(), ErrorKind::Misuse);
    let Err(CommitError::Failed(cause)) = transaction.commit_blocking() else { panic!("it must fail") };
    assert_eq!(cause.to_string(), error.to_string());
    producer.begin_blocking().unwrap().commit_blocking().unwrap();
    assert!(committed(&cluster).is_empty());
}

#[test]
fn a_record_that_was_refused_spoils_the_transaction_also_if_its_delivery_was_dropped() {
    for level in [0, 2] {
        let cluster = cluster(level);
        let producer = producer(&cluster);
        cluster.add_rule(
            Rule::new().api(ApiKey::PRODUCE).times(1).refuse(ErrorCode::TOPIC_AUTHORIZATION_FAILED),
        );
        let transaction = producer.begin_blocking().unwrap();
        drop(transaction.send_blocking(record("a")).unwrap());
        let Err(CommitError::Failed(cause)) = transaction.commit_blocking() else { panic!("it must fail") };
        assert_eq!(cause.kind(), ErrorKind::Authorization, "{cause}");
        assert_eq!(cause.topic_partition().unwrap().to_string(), "orders-0");
        assert!(cause.requires_abort());
        let transaction = producer.begin_blocking().unwrap();
        drop(transaction.send_blocking(record("b")).unwrap());
        transaction.commit_blocking().unwrap();
        assert_eq!(committed(&cluster), ["b"]);
    }
}

#[test]
fn sends_after_a_failure_are_refused_before_they_are_taken() {
    let cluster = cluster(2);
    let producer = producer(&cluster);
    cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).times(1).refuse(ErrorCode::INVALID_RECORD));
    let transaction = producer.begin_blocking().unwrap();
    let first = transaction.send_blocking(record("a")).unwrap().wait().unwrap_err();
    assert!(first.requires_abort());
    let late = transaction.send_blocking(record("b")).unwrap_err();
    assert!(late.requires_abort(), "{late}");
    transaction.abort_blocking().unwrap();
}

#[test]
fn an_unknown_outcome_is_waited_for_with_resume() {
    for level in [0, 2] {
        let cluster = cluster(level);
        let producer = builder(&cluster)
            .max_block(Duration::from_millis(300))
            .request_timeout(Duration::from_millis(100))
            .build_transactional()
            .unwrap();
        producer.init_blocking().unwrap();
        let rule = cluster.add_rule(Rule::new().api(ApiKey::END_TXN).drop_response());
        let transaction = producer.begin_blocking().unwrap();
        drop(transaction.send_blocking(record("a")).unwrap());
        let Err(CommitError::Unknown(pending)) = transaction.commit_blocking() else { panic!("no answer") };
        cluster.remove_rule(rule);
        let mut outcome = pending.resume_blocking();
        while let Err(CommitError::Unknown(pending)) = outcome {
            outcome = pending.resume_blocking();
        }
        outcome.unwrap();
        assert_eq!(committed(&cluster), ["a"]);
    }
}

#[test]
fn a_commit_whose_future_is_dropped_goes_on_and_the_next_begin_tells_of_its_failure_once() {
    let cluster = cluster(2);
    let producer = producer(&cluster);
    for fails in [false, true] {
        if fails {
            cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).times(1).refuse(ErrorCode::INVALID_RECORD));
        }
        let transaction = producer.begin_blocking().unwrap();
        drop(transaction.send_blocking(record("a")).unwrap());
        {
            let mut commit = pin!(transaction.commit());
            let _ = poke(&mut commit);
        }
        if fails {
            let error = producer.begin_blocking().unwrap_err();
            assert!(error.requires_abort(), "{error}");
        }
        producer.begin_blocking().unwrap().abort_blocking().unwrap();
    }
    assert_eq!(committed(&cluster), ["a"]);
}

#[test]
fn a_second_producer_fences_the_first() {
    for level in [0, 2] {
        let cluster = cluster(level);
        let first = producer(&cluster);
        let transaction = first.begin_blocking().unwrap();
        transaction.send_blocking(record("a")).unwrap().wait().unwrap();
        let second = producer(&cluster);
        let Err(CommitError::Fatal(error)) = transaction.commit_blocking() else { panic!("fenced") };
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Fenced, Outcome::NotWritten), "{error}");
        assert!(error.is_fatal() && !error.requires_abort());
        assert!(first.begin_blocking().unwrap_err().is_fatal());
        let transaction = second.begin_blocking().unwrap();
        drop(transaction.send_blocking(record("b")).unwrap());
        transaction.commit_blocking().unwrap();
        assert_eq!(committed(&cluster), ["b"]);
    }
}

#[test]
fn offsets_go_with_the_transaction() {
    for level in [0, 2] {
        let cluster = cluster(level);
        let producer = producer(&cluster);
        let group = GroupMetadata::new("readers");
        let of = TopicPartition::new("orders", 0);
        for (offset, commit) in [(5, true), (9, false)] {
            let transaction = producer.begin_blocking().unwrap();
            let offset = OffsetAndMetadata::from(Offset(offset));
            transaction.send_offsets_blocking([(of.clone(), offset)], &group).unwrap();
            match commit {
                true => transaction.commit_blocking().unwrap(),
                false => transaction.abort_blocking().unwrap(),
            }
        }
        let known = cluster.with(|cluster, _| cluster.committed("readers"));
        assert_eq!(known.get(&of), Some(&Offset(5)));
    }
}

#[test]
fn misuse_is_told_and_the_builder_keeps_the_two_kinds_of_producers_apart() {
    let cluster = cluster(2);
    let error = builder(&cluster).build().unwrap_err();
    assert!(error.to_string().contains("build_transactional"), "{error}");
    let plain = Producer::builder().bootstrap_servers(cluster.bootstrap_servers());
    assert_eq!(plain.build_transactional().unwrap_err().problems()[0].property(), "transactional.id");
    for wrong in [builder(&cluster).idempotence(false), builder(&cluster).retries(0)] {
        assert_eq!(wrong.build_transactional().unwrap_err().kind(), ErrorKind::Configuration);
    }
    let producer = builder(&cluster).build_transactional().unwrap();
    let misuse = |error: Error, words: &str| {
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert!(error.to_string().contains(words), "{error}");
    };
    misuse(producer.begin_blocking().unwrap_err(), "init");
    producer.init_blocking().unwrap();
    misuse(producer.init_blocking().unwrap_err(), "once");
    let _open = producer.begin_blocking().unwrap();
    misuse(producer.begin_blocking().unwrap_err(), "open");
}

#[test]
fn closing_aborts_an_open_transaction() {
    let cluster = cluster(2);
    let producer = producer(&cluster);
    let transaction = producer.begin_blocking().unwrap();
    transaction.send_blocking(record("a")).unwrap().wait().unwrap();
    producer.close_blocking(LONG).unwrap();
    let error = transaction.send_blocking(record("b")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(matches!(transaction.commit_blocking(), Err(CommitError::Fatal(_))));
    assert!(matches!(status(&cluster), TransactionStatus::PrepareAbort | TransactionStatus::CompleteAbort));
    assert!(committed(&cluster).is_empty());
}

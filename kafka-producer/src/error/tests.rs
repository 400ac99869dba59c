//! What an error says, and what a program can ask of it.

use super::{Cause, MetadataWaited, WaitsFor};
use crate::config::Problem;
use crate::{Error, ErrorKind, Outcome};
use kafka_accumulator::{BatchFailure, DeliveryFailure, FailureCause, Written};
use kafka_types::{ErrorCode, NodeId, TopicPartition};
use std::sync::Arc;
use std::time::Duration;

fn delivery(cause: FailureCause, written: Written) -> Error {
    let failure = BatchFailure {
        written,
        attempts: 3,
        last_broker: Some((NodeId(2), "b2:9092".into())),
        last_error: Some("NOT_LEADER_OR_FOLLOWER (6)".into()),
        in_queue: Duration::from_millis(40),
        in_flight: Duration::from_secs(119),
        ..BatchFailure::not_written(cause)
    };
    DeliveryFailure::of(&Arc::new(failure), &TopicPartition::new("orders", 3), 0).into()
}

#[test]
fn a_delivery_time_out_says_where_the_time_went() {
    let error = delivery(FailureCause::Timeout, Written::Unknown);
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::Unknown));
    assert!(error.is_retriable() && !error.is_fatal() && !error.requires_abort());
    assert_eq!(error.topic_partition(), Some(&TopicPartition::new("orders", 3)));
    let text = error.to_string();
    for part in ["orders-3", "40ms in the queue", "119s in flight", "3 attempts", "b2:9092", "NOT_LEADER"] {
        assert!(text.contains(part), "{part} is missing in: {text}");
    }
}

#[test]
fn kinds_say_whose_fault_it_was() {
    let broker = |code| delivery(FailureCause::Broker(code), Written::NotWritten).kind();
    assert_eq!(broker(ErrorCode::TOPIC_AUTHORIZATION_FAILED), ErrorKind::Authorization);
    assert_eq!(broker(ErrorCode::CLUSTER_AUTHORIZATION_FAILED), ErrorKind::Authorization);
    assert_eq!(broker(ErrorCode::SASL_AUTHENTICATION_FAILED), ErrorKind::Authentication);
    assert_eq!(broker(ErrorCode::MESSAGE_TOO_LARGE), ErrorKind::TooLarge);
    assert_eq!(broker(ErrorCode::PRODUCER_FENCED), ErrorKind::Fenced);
    assert_eq!(broker(ErrorCode::INVALID_RECORD), ErrorKind::Broker);
    let cause = |cause| delivery(cause, Written::NotWritten).kind();
    assert_eq!(cause(FailureCause::RecordTooLarge), ErrorKind::TooLarge);
    assert_eq!(cause(FailureCause::ProducerClosed), ErrorKind::Closed);
    assert_eq!(cause(FailureCause::EngineStopped), ErrorKind::Stopped);
}

#[test]
fn only_what_ends_the_producer_is_fatal() {
    assert!(Error::closed().is_fatal() && Error::stopped().is_fatal());
    assert!(delivery(FailureCause::Broker(ErrorCode::PRODUCER_FENCED), Written::NotWritten).is_fatal());
    assert!(!delivery(FailureCause::Timeout, Written::Unknown).is_fatal());
    let old_epoch = FailureCause::Broker(ErrorCode::INVALID_PRODUCER_EPOCH);
    assert!(!delivery(old_epoch, Written::NotWritten).is_fatal(), "the producer takes a new one by itself");
    assert!(!Error::from(Cause::WouldWait(WaitsFor::Memory)).is_fatal());
}

#[test]
fn a_configuration_error_lists_every_problem() {
    let one = Error::configuration(vec![Problem::new("linger.ms", "wrong")]);
    assert_eq!(one.to_string(), "invalid configuration: linger.ms: wrong");
    let two = Error::configuration(vec![Problem::new("acks", "wrong"), Problem::new("retries", "bad")]);
    assert_eq!(two.to_string(), "invalid configuration, 2 problems:\n  acks: wrong\n  retries: bad");
    assert_eq!(two.problems().len(), 2);
    assert_eq!((two.kind(), two.outcome()), (ErrorKind::Configuration, Outcome::NotWritten));
}

#[test]
fn a_wait_for_metadata_names_what_was_missing() {
    let waited = |code, partition, unreachable| {
        let waited = MetadataWaited {
            topic: "orders".to_owned(),
            waited: Duration::from_secs(60),
            code,
            partition,
            unreachable,
            bootstrap: "a:1,b:2".to_owned(),
            connection_error: Some("connection refused".into()),
        };
        Error::from(Cause::Metadata(waited)).to_string()
    };
    assert!(waited(None, None, true).contains("none of the bootstrap servers (a:1,b:2)"));
    assert!(waited(None, None, true).contains("The latest attempt: connection refused. Check"));
    let unknown = waited(Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION), None, false);
    assert!(
        unknown.contains("does not exist after waiting 60s (max.block.ms)") && unknown.contains("Create it"),
        "{unknown}"
    );
    let leaderless = waited(Some(ErrorCode::LEADER_NOT_AVAILABLE), None, false);
    assert!(leaderless.contains("LEADER_NOT_AVAILABLE"), "{leaderless}");
    assert!(waited(None, Some((7.into(), 3)), false).contains("3 partitions, 0 to 2"));
}

#[test]
fn every_error_ends_with_what_to_do_next() {
    for (error, next) in [
        (Error::closed(), "make a new one"),
        (Error::stopped(), "make a new one"),
        (Cause::WouldWait(WaitsFor::Memory).into(), "try again later"),
        (Cause::InCallback("flush").into(), "call it from another thread or task"),
        (
            Cause::TooLarge { topic: "t".into(), size: 2, limit: 1, property: "max.request.size" }.into(),
            "raise the property",
        ),
    ] {
        assert!(error.to_string().contains(next), "{error}");
    }
}

#[test]
fn every_kind_has_its_section_in_the_documentation_and_every_section_a_kind() {
    let page = include_str!("../../../docs/errors.md");
    let sections: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let kinds: Vec<_> = ErrorKind::ALL.iter().map(|kind| format!("{kind:?}")).collect();
    assert_eq!(sections, kinds);
    for section in page.split("\n## ").skip(1) {
        assert!(section.contains("**Do:** "), "what is to be done is missing in {section}");
    }
}

#[test]
fn messages_of_the_documentation_are_the_errors_own() {
    let page = include_str!("../../../docs/errors.md").replace("\n> ", " ");
    for error in [
        Error::configuration(vec![Problem::new("linger_ms", "unknown property; did you mean linger.ms?")]),
        Cause::TopicName { topic: "a/b".into(), reason: crate::core::topic_name::check("a/b").unwrap_err() }
            .into(),
        Cause::InCallback("flush").into(),
        Cause::TooLarge {
            topic: "orders".into(),
            size: 2_097_240,
            limit: 1_048_576,
            property: "max.request.size",
        }
        .into(),
        delivery(FailureCause::Timeout, Written::Unknown),
        Cause::WouldWait(WaitsFor::Memory).into(),
        Cause::Topic { topic: "orders".into(), code: ErrorCode::TOPIC_AUTHORIZATION_FAILED }.into(),
        Error::closed(),
        Error::stopped(),
    ] {
        assert!(page.contains(&error.to_string()), "{error}");
    }
}

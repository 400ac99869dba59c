//! Records that fail while nobody looks.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use kafka_producer::{Interceptor, InterceptorError, Producer, ProducerRecord, SendContext};
use kafka_testkit::{ApiKey, ClusterConfig, ErrorCode, Rule, TopicConfig};
use std::fmt::{self, Write};
use std::sync::{Mutex, OnceLock};
use support::{LONG, Loopback};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Warnings of this process: client id, number of records, text.
static WARNINGS: Mutex<Vec<Warning>> = Mutex::new(Vec::new());

#[derive(Clone, Default)]
struct Warning {
    client_id: String,
    records: u64,
    text: String,
}

impl Visit for Warning {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "records" {
            self.records = value;
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let into = if field.name() == "client_id" { &mut self.client_id } else { &mut self.text };
        write!(into, "{value:?} ").unwrap();
    }
}

struct Collector;

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn event(&self, event: &Event<'_>) {
        let mut warning = Warning::default();
        event.record(&mut warning);
        WARNINGS.lock().unwrap().push(warning);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A cluster that refuses everything sent to topic `t`.
fn refusing() -> Loopback {
    static COLLECTING: OnceLock<()> = OnceLock::new();
    COLLECTING.get_or_init(|| tracing::subscriber::set_global_default(Collector).unwrap());
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).refuse(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
    cluster
}

fn warnings(client_id: &str) -> Vec<Warning> {
    let all = WARNINGS.lock().unwrap().clone();
    all.into_iter().filter(|warning| warning.client_id.trim() == client_id).collect()
}

fn send(producer: &Producer, count: u64) {
    for _ in 0..count {
        drop(producer.send_blocking(ProducerRecord::new("t").value("S3CR3T")).unwrap());
    }
}

#[test]
fn each_is_counted_and_warned_about_for_its_own_producer() {
    let cluster = refusing();
    let producers =
        ["one", "two"].map(|id| cluster.producer().client_id(id).batch_size(300).build().unwrap());
    for (producer, count) in producers.iter().zip([1_000, 10]) {
        send(producer, count);
        producer.flush_blocking().unwrap();
        assert_eq!(producer.unobserved_failures(), count);
        producer.close_blocking(LONG).unwrap();
        // None is left untold, though not each batch is told by itself.
        let told = warnings(&producer.config().client_id);
        assert_eq!(told.iter().map(|warning| warning.records).sum::<u64>(), count);
        for warning in told {
            assert!(warning.text.contains("t-0") && !warning.text.contains("S3CR3T"), "{}", warning.text);
        }
    }
}

#[test]
fn what_somebody_looked_at_is_not_among_them() {
    let cluster = refusing();
    let producer = cluster.producer().client_id("looking").build().unwrap();
    producer.send_blocking(ProducerRecord::new("t").value("awaited")).unwrap().wait().unwrap_err();
    producer.send_with_blocking(ProducerRecord::new("t").value("called back"), drop);
    let mut polled = producer.send_blocking(ProducerRecord::new("t").value("polled")).unwrap();
    producer.flush_blocking().unwrap();
    assert!(polled.try_result().unwrap().is_err());
    drop(polled);
    assert_eq!(producer.unobserved_failures(), 0);
    let late = producer.send_blocking(ProducerRecord::new("t").value("held and dropped")).unwrap();
    producer.flush_blocking().unwrap();
    drop(late);
    assert_eq!(producer.unobserved_failures(), 1);
    producer.close_blocking(LONG).unwrap();
}

struct Looking;

impl Interceptor for Looking {
    fn on_send(&self, _: &mut SendContext<'_, '_>) -> Result<(), InterceptorError> {
        Ok(())
    }
}

#[test]
fn interceptors_are_not_the_program_and_hide_no_failure() {
    let cluster = refusing();
    let producer = cluster.producer().client_id("intercepted").interceptor(Looking).build().unwrap();
    send(&producer, 5);
    producer.flush_blocking().unwrap();
    assert_eq!(producer.unobserved_failures(), 5);
    producer.close_blocking(LONG).unwrap();
}

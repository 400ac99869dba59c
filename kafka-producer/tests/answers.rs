//! Answers belong to the requests that they answer, or to none.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use kafka_producer::{Acks, ProducerBuilder, ProducerRecord};
use kafka_testkit::{ApiKey, ClusterConfig, Rule, TopicConfig};
use std::collections::BTreeSet;
use std::time::Duration;
use support::{LONG, Loopback, SHORT, values};

fn cluster() -> Loopback {
    Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)))
}

/// Sends 20 records one by one, each of which arrives once and where it was acknowledged.
fn each_has_its_own(cluster: &Loopback, builder: ProducerBuilder) {
    let producer = builder.linger(Duration::ZERO).build().unwrap();
    let sent: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    for (offset, value) in sent.iter().enumerate() {
        let metadata = producer.send_blocking(ProducerRecord::new("t").value(value)).unwrap().wait().unwrap();
        assert_eq!(metadata.offset.0, i64::try_from(offset).unwrap());
    }
    assert_eq!(values(cluster, "t", 0), sent);
}

/// The connections that carried requests of this kind.
fn connections(cluster: &Loopback, api: ApiKey) -> BTreeSet<u64> {
    cluster.with(move |cluster, _| {
        let requests = cluster.requests().recent().filter(|request| request.api == api);
        requests.map(|request| request.connection.0).collect()
    })
}

#[test]
fn an_answer_with_another_requests_number_ends_the_connection_and_acknowledges_nothing() {
    for correlation_id in [0_i32, 1_000_000, -1] {
        let cluster = cluster();
        // A whole frame of a plausible answer: only its number is another's.
        let frame = [&8_i32.to_be_bytes()[..], &correlation_id.to_be_bytes(), &[0; 4]].concat();
        cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).nth(5).garbage(frame));
        each_has_its_own(&cluster, cluster.producer());
        assert_eq!(connections(&cluster, ApiKey::PRODUCE).len(), 2, "{correlation_id}");
    }
}

#[test]
fn an_answer_that_comes_after_its_time_is_not_taken_for_the_next_ones() {
    let cluster = cluster();
    cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).nth(5).delay(SHORT * 4));
    each_has_its_own(&cluster, cluster.producer().request_timeout(SHORT));
    assert!(connections(&cluster, ApiKey::PRODUCE).len() >= 2);
}

#[test]
fn what_is_not_acknowledged_is_done_when_it_is_written_and_shifts_no_answer() {
    let cluster = cluster();
    let producer = cluster.producer().acks(Acks::None).build().unwrap();
    let deliveries: Vec<_> =
        (0..1000).map(|_| producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap()).collect();
    for delivery in deliveries {
        assert_eq!(delivery.wait().unwrap().offset.0, -1);
    }
    // Metadata of new topics is answered although no record was.
    for topic in ["u", "v", "w"] {
        producer.send_blocking(ProducerRecord::new(topic).value("v")).unwrap().wait().unwrap();
    }
    producer.close_blocking(LONG).unwrap();
    cluster.until(|cluster| cluster.records("t", 0).len() == 1000 && cluster.records("w", 0).len() == 1);
    assert_eq!(connections(&cluster, ApiKey::PRODUCE).len(), 1);
}

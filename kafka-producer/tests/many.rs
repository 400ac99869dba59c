//! Many records at once: from an iterator, from a stream, purged, as JSON.

mod support;

use kafka_producer::{ErrorKind, Outcome, ProducerRecord, Purge};
use kafka_testkit::{ClusterConfig, TopicConfig};
use std::time::Duration;
use support::{Loopback, block_on, values};

fn one_topic() -> Loopback {
    Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)))
}

#[test]
fn an_iterator_is_sent_in_order_and_answered_in_order_whatever_the_window() {
    for window in [0, 1, 7, 1000] {
        let cluster = one_topic();
        let producer = cluster.producer().max_request_size(2000).linger(Duration::ZERO).build().unwrap();
        // One of them is refused, in its place.
        let texts: Vec<String> =
            (0..50).map(|n| if n == 20 { "x".repeat(3000) } else { n.to_string() }).collect();
        let records = || texts.iter().map(|text| ProducerRecord::new("t").value(text));
        let outcomes = if window == 7 {
            producer.send_all_blocking(records(), window)
        } else {
            block_on(producer.send_all(records(), window))
        };
        let mut offsets = 0..;
        for (n, outcome) in outcomes.iter().enumerate() {
            match outcome {
                Ok(metadata) => assert_eq!(metadata.offset.0, offsets.next().unwrap()),
                Err(error) => assert_eq!((n, error.kind()), (20, ErrorKind::TooLarge)),
            }
        }
        assert_eq!(outcomes.len(), 50);
        let fine: Vec<_> = texts.iter().filter(|text| text.len() < 100).cloned().collect();
        assert_eq!(values(&cluster, "t", 0), fine);
    }
}

#[test]
fn what_is_purged_from_the_queue_was_not_written_and_the_producer_works_on() {
    let cluster = one_topic();
    let hour = Duration::from_secs(3600);
    let producer = cluster.producer().linger(hour).delivery_timeout(2 * hour).build().unwrap();
    let sent: Vec<_> =
        (0..5).map(|_| producer.send_blocking(ProducerRecord::new("t").value("lost")).unwrap()).collect();
    producer.purge(Purge::All);
    for delivery in sent {
        let error = delivery.wait().unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Purged, Outcome::NotWritten), "{error}");
    }
    drop(producer.send_blocking(ProducerRecord::new("t").value("kept")).unwrap());
    assert_eq!(producer.flush_blocking().unwrap().acknowledged, 1);
    assert_eq!(values(&cluster, "t", 0), ["kept"]);
}

#[cfg(feature = "futures")]
#[test]
fn a_stream_flows_into_the_sink_in_order_and_its_end_waits_for_all() {
    use futures_util::{SinkExt, StreamExt, stream};
    for window in [1, 10] {
        let cluster = one_topic();
        let producer = cluster.producer().linger(Duration::ZERO).build().unwrap();
        let mut sink = producer.sink(window);
        let records = stream::iter(0..30).map(|n| Ok(ProducerRecord::new("t").value(n.to_string())));
        block_on(async {
            let mut records = records;
            sink.send_all(&mut records).await.unwrap();
            sink.close().await.unwrap();
        });
        assert_eq!(sink.acknowledged(), 30);
        assert_eq!(values(&cluster, "t", 0), (0..30).map(|n| n.to_string()).collect::<Vec<_>>());
    }
}

#[cfg(feature = "json")]
#[test]
fn values_are_json() {
    #[derive(serde::Serialize)]
    struct Order {
        number: u32,
        item: Option<&'static str>,
    }
    let cluster = one_topic();
    let producer = cluster.producer().value_serializer(kafka_producer::JsonSerializer).build().unwrap();
    let order = Order { number: 7, item: None };
    block_on(producer.send_and_wait(ProducerRecord::new("t").value(order))).unwrap();
    assert_eq!(values(&cluster, "t", 0), [r#"{"number":7,"item":null}"#]);
}

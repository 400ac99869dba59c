//! Flush, close, drop, and the loss of the runtime: every accepted record has an outcome.

mod support;

use kafka_producer::{ErrorKind, Interceptor, Producer, ProducerRecord};
use kafka_testkit::{ApiKey, ClusterConfig, ErrorCode, Rule, TopicConfig};
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use support::{LONG, Loopback, block_on, unreachable_address, values};

fn one_topic() -> Loopback {
    Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)))
}

#[test]
fn a_flush_counts_what_was_acknowledged_and_what_failed() {
    let cluster = one_topic();
    let producer = cluster
        .producer()
        .linger(Duration::from_secs(3600))
        .delivery_timeout(Duration::from_secs(4000))
        .build()
        .unwrap();
    producer.partitions_for_blocking("t").unwrap();
    for _ in 0..10 {
        drop(producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap());
    }
    let summary = producer.flush_blocking().unwrap();
    assert_eq!((summary.acknowledged, summary.failed), (10, 0), "{summary}");
    assert!(summary.first_error.is_none());

    cluster.with(|cluster, _| {
        cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).refuse(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
    });
    for _ in 0..5 {
        drop(producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap());
    }
    let summary = producer.flush_blocking().unwrap();
    assert_eq!((summary.acknowledged, summary.failed), (0, 5), "{summary}");
    assert_eq!(summary.first_error.as_ref().unwrap().kind(), ErrorKind::Authorization);
    assert!(summary.into_result().is_err());
}

#[test]
fn an_idle_flush_returns_at_once() {
    let producer = Producer::builder().bootstrap_servers(unreachable_address()).build().unwrap();
    let summary = producer.flush_blocking().unwrap();
    assert_eq!((summary.acknowledged, summary.failed), (0, 0));
}

#[test]
fn a_graceful_close_sends_what_lingers() {
    let cluster = one_topic();
    let producer = cluster
        .producer()
        .linger(Duration::from_secs(3600))
        .delivery_timeout(Duration::from_secs(4000))
        .build()
        .unwrap();
    let deliveries: Vec<_> =
        (0..100).map(|_| producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap()).collect();
    let summary = producer.close_blocking(LONG).unwrap();
    assert_eq!((summary.acknowledged, summary.failed), (100, 0), "{summary}");
    assert!(deliveries.into_iter().all(|delivery| delivery.wait().is_ok()));
    assert_eq!(values(&cluster, "t", 0).len(), 100);
}

#[test]
fn a_graceful_close_goes_on_retrying() {
    let cluster = one_topic();
    let producer = cluster.producer().retry_backoff(Duration::from_millis(1)).build().unwrap();
    producer.partitions_for_blocking("t").unwrap();
    cluster.with(|cluster, _| {
        let rule = Rule::new().api(ApiKey::PRODUCE).times(3);
        cluster.add_rule(rule.refuse(ErrorCode::NOT_LEADER_OR_FOLLOWER));
    });
    for _ in 0..100 {
        drop(producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap());
    }
    let summary = producer.close_blocking(LONG).unwrap();
    assert_eq!((summary.acknowledged, summary.failed), (100, 0), "{summary}");
    assert_eq!(values(&cluster, "t", 0).len(), 100);
}

#[test]
fn the_tail_of_a_stream_without_acks_survives_closing() {
    let cluster = one_topic();
    for round in 1..=3 {
        let producer = cluster.producer().property("acks", "0").batch_size(2000).build().unwrap();
        for _ in 0..5000 {
            drop(producer.send_blocking(ProducerRecord::new("t").value(vec![b'x'; 100])).unwrap());
        }
        let summary = producer.close_blocking(LONG).unwrap();
        assert_eq!(summary.failed, 0, "{summary}");
        cluster.until(|cluster| cluster.records("t", 0).len() == round * 5000);
    }
}

#[test]
fn a_closed_producer_refuses_and_closing_again_gives_the_same_summary() {
    let cluster = one_topic();
    let producer = cluster.producer().build().unwrap();
    drop(producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap());
    let first = producer.close_blocking(LONG).unwrap();
    let again = producer.close_blocking(LONG).unwrap();
    assert_eq!((first.acknowledged, again.acknowledged), (1, 1));
    let error = producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert!(error.is_fatal());
    let refused = producer.try_send(ProducerRecord::new("t").value("v")).unwrap_err();
    assert_eq!(refused.error.kind(), ErrorKind::Closed);
    assert_eq!(producer.flush_blocking().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(producer.partitions_for_blocking("t").unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn close_zero_fails_what_is_open_though_no_broker_answers() {
    let cluster = one_topic();
    let producer = cluster.producer().build().unwrap();
    producer.partitions_for_blocking("t").unwrap();
    cluster.freeze_all();
    let deliveries: Vec<_> =
        (0..100).map(|_| producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap()).collect();
    let summary = producer.close_blocking(Duration::ZERO).unwrap();
    assert_eq!((summary.acknowledged, summary.failed), (0, 100), "{summary}");
    for delivery in deliveries {
        assert_eq!(delivery.wait().unwrap_err().kind(), ErrorKind::Closed);
    }
}

#[test]
fn a_send_that_waits_is_woken_by_close() {
    let producer =
        Producer::builder().bootstrap_servers(unreachable_address()).max_block(LONG).build().unwrap();
    let waiting = {
        let producer = producer.clone();
        thread::spawn(move || producer.send_blocking(ProducerRecord::new("t").value("v")).map(drop))
    };
    producer.close_blocking(Duration::ZERO).unwrap();
    assert_eq!(waiting.join().unwrap().unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn a_send_that_waits_for_metadata_is_woken_though_the_close_goes_on() {
    let cluster = one_topic();
    let producer = cluster.producer().max_block(LONG).build().unwrap();
    producer.partitions_for_blocking("t").unwrap();
    cluster.freeze_all();
    let accepted = producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap();
    let mut waiting = Box::pin(producer.send(ProducerRecord::new("unknown").value("v")));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    let closing = {
        let producer = producer.clone();
        thread::spawn(move || producer.close_blocking(LONG))
    };
    assert_eq!(block_on(waiting).unwrap_err().kind(), ErrorKind::Closed);
    assert!(!accepted.is_done());
    cluster.thaw_all();
    assert_eq!(closing.join().unwrap().unwrap().acknowledged, 1);
}

#[test]
fn every_send_that_races_with_close_is_refused_or_has_an_outcome() {
    let cluster = one_topic();
    for _ in 0..20 {
        let producer = cluster.producer().linger(Duration::ZERO).build().unwrap();
        producer.partitions_for_blocking("t").unwrap();
        let before = values(&cluster, "t", 0).len();
        let (started, all_started) = mpsc::channel();
        let senders: Vec<_> = (0..4)
            .map(|_| {
                let (producer, started) = (producer.clone(), started.clone());
                thread::spawn(move || {
                    started.send(()).unwrap();
                    let mut accepted = Vec::new();
                    loop {
                        match producer.send_blocking(ProducerRecord::new("t").value("v")) {
                            Ok(delivery) => accepted.push(delivery),
                            Err(error) => {
                                assert_eq!(error.kind(), ErrorKind::Closed);
                                return accepted;
                            }
                        }
                    }
                })
            })
            .collect();
        for _ in 0..4 {
            all_started.recv().unwrap();
        }
        let summary = producer.close_blocking(LONG).unwrap();
        assert_eq!(summary.failed, 0, "{summary}");
        let accepted: Vec<_> = senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect();
        let count = accepted.len();
        assert!(accepted.into_iter().all(|delivery| delivery.wait().is_ok()));
        assert_eq!(values(&cluster, "t", 0).len() - before, count);
    }
}

#[test]
fn dropping_the_last_clone_sends_what_was_accepted() {
    let cluster = one_topic();
    let producer = cluster
        .producer()
        .linger(Duration::from_secs(3600))
        .delivery_timeout(Duration::from_secs(4000))
        .build()
        .unwrap();
    let clone = producer.clone();
    let delivery = producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap();
    drop(producer);
    assert!(!delivery.is_done());
    drop(clone);
    delivery.wait().unwrap();
    assert_eq!(values(&cluster, "t", 0), ["v"]);
}

#[test]
fn when_the_runtime_goes_away_everything_has_an_outcome_and_later_calls_fail() {
    let cluster = one_topic();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let producer = cluster.producer().runtime(runtime.handle().clone()).max_block(LONG).build().unwrap();
    producer.partitions_for_blocking("t").unwrap();
    cluster.freeze_all();
    let (tell, told) = mpsc::channel();
    let deliveries: Vec<_> =
        (0..10).map(|_| producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap()).collect();
    block_on(
        producer.send_with(ProducerRecord::new("t").value("v"), move |result| tell.send(result).unwrap()),
    );
    let waiting = {
        let producer = producer.clone();
        thread::spawn(move || producer.send_blocking(ProducerRecord::new("unknown").value("v")).map(drop))
    };
    let flushing = {
        let producer = producer.clone();
        thread::spawn(move || producer.flush_blocking().map(drop))
    };
    drop(runtime);

    for delivery in deliveries {
        assert_eq!(delivery.wait().unwrap_err().kind(), ErrorKind::Stopped);
    }
    assert_eq!(told.recv().unwrap().unwrap_err().kind(), ErrorKind::Stopped);
    assert_eq!(waiting.join().unwrap().unwrap_err().kind(), ErrorKind::Stopped);
    assert_eq!(flushing.join().unwrap().unwrap_err().kind(), ErrorKind::Stopped);
    let error = producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stopped, "{error}");
    assert_eq!(producer.close_blocking(LONG).unwrap_err().kind(), ErrorKind::Stopped);
}

#[derive(Default)]
struct Counts {
    sent: AtomicU64,
    acknowledged: AtomicU64,
    failed: AtomicU64,
    closed: AtomicBool,
}

struct Counting(Arc<Counts>);

impl Interceptor for Counting {
    fn on_send(
        &self,
        record: &mut kafka_producer::SendContext<'_, '_>,
    ) -> Result<(), kafka_producer::InterceptorError> {
        self.0.sent.fetch_add(1, Ordering::SeqCst);
        record.headers.push(kafka_producer::Header::new("seen", "yes"));
        Ok(())
    }

    fn on_acknowledgement(&self, outcome: &kafka_producer::Acknowledgement<'_>) {
        assert_eq!(outcome.headers[0].key, "seen");
        let count = if outcome.result.is_ok() { &self.0.acknowledged } else { &self.0.failed };
        count.fetch_add(1, Ordering::SeqCst);
    }

    fn on_close(&self) {
        self.0.closed.store(true, Ordering::SeqCst);
    }
}

#[test]
fn interceptors_see_every_record_twice_and_the_end() {
    let cluster = one_topic();
    let counts = Arc::new(Counts::default());
    let producer =
        cluster.producer().interceptor(Counting(counts.clone())).max_request_size(1000).build().unwrap();
    for _ in 0..3 {
        producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap().wait().unwrap();
    }
    producer.send_blocking(ProducerRecord::new("t").value(vec![0; 2000])).unwrap_err();
    assert_eq!(counts.sent.load(Ordering::SeqCst), 4);
    assert_eq!(counts.failed.load(Ordering::SeqCst), 1);
    assert!(!counts.closed.load(Ordering::SeqCst));
    producer.close_blocking(LONG).unwrap();
    assert_eq!(counts.acknowledged.load(Ordering::SeqCst), 3);
    assert!(counts.closed.load(Ordering::SeqCst));
    assert_eq!(cluster.records("t", 0)[0].headers.len(), 1);
}

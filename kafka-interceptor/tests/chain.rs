//! A chain runs its links in order, and no link can break a send.

use kafka_interceptor::{Acknowledgement, Interceptor, InterceptorChain, InterceptorError, SendContext};
use kafka_types::{Header, Offset, PartitionId, ProducerRecord, RecordMetadata, Timestamp, TopicPartition};
use std::borrow::Cow;
use std::panic::panic_any;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

type Hook = fn(&mut SendContext<'_, '_>) -> Result<(), InterceptorError>;

/// A link that does this in `on_send`.
struct OnSend(Hook);

impl Interceptor for OnSend {
    fn on_send(&self, record: &mut SendContext<'_, '_>) -> Result<(), InterceptorError> {
        (self.0)(record)
    }
}

fn chain(links: impl IntoIterator<Item = Arc<dyn Interceptor>>) -> InterceptorChain {
    let mut chain = InterceptorChain::default();
    for link in links {
        chain.push(link);
    }
    chain
}

/// The record as a chain of such links leaves it.
fn after<'r>(hooks: &[Hook], mut record: ProducerRecord<'r>) -> ProducerRecord<'r> {
    let chain = chain(hooks.iter().map(|&hook| Arc::new(OnSend(hook)) as Arc<dyn Interceptor>));
    chain.on_send(&mut SendContext {
        topic: &mut record.topic,
        partition: &mut record.partition,
        timestamp: &mut record.timestamp,
        headers: &mut record.headers,
    });
    record
}

fn append_a(record: &mut SendContext<'_, '_>) -> Result<(), InterceptorError> {
    record.topic.to_mut().push_str("-a");
    record.headers.push(Header::new("link", "a"));
    Ok(())
}

fn append_b(record: &mut SendContext<'_, '_>) -> Result<(), InterceptorError> {
    record.topic.to_mut().push_str("-b");
    record.headers.push(Header::new("link", "b".to_owned()));
    Ok(())
}

/// Changes all there is to change.
fn ruin(record: &mut SendContext<'_, '_>) {
    *record.topic = Cow::Borrowed("ruined");
    *record.partition = Some(PartitionId(99));
    *record.timestamp = None;
    record.headers.clear();
    record.headers.push(Header::new("ruined", "yes"));
}

fn ruin_and_fail(record: &mut SendContext<'_, '_>) -> Result<(), InterceptorError> {
    ruin(record);
    Err(InterceptorError::new("no"))
}

fn ruin_and_panic(record: &mut SendContext<'_, '_>) -> Result<(), InterceptorError> {
    ruin(record);
    panic!("no");
}

fn take_the_headers_and_panic(record: &mut SendContext<'_, '_>) -> Result<(), InterceptorError> {
    let _taken = std::mem::take(record.headers);
    panic!("no");
}

/// What a panic carries is user code too.
struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("again");
    }
}

fn panic_twice(record: &mut SendContext<'_, '_>) -> Result<(), InterceptorError> {
    ruin(record);
    panic_any(PanicsWhenDropped);
}

fn record() -> ProducerRecord<'static> {
    ProducerRecord::new("t").header("own", "1").partition(PartitionId(3)).timestamp(Timestamp(5))
}

#[test]
fn links_run_in_order_and_each_sees_the_last_ones_changes() {
    let expected =
        ProducerRecord { topic: "t-a-b".into(), ..record() }.header("link", "a").header("link", "b");
    assert_eq!(after(&[append_a, append_b], record()), expected);
}

#[test]
fn partition_and_timestamp_can_be_changed_and_unset() {
    let changed = after(
        &[|record| {
            *record.partition = record.partition.map(|partition| PartitionId(partition.0 + 1));
            *record.timestamp = None;
            Ok(())
        }],
        record(),
    );
    assert_eq!((changed.partition, changed.timestamp), (Some(PartitionId(4)), None));
}

#[test]
fn a_failing_link_changes_nothing_and_the_chain_goes_on_with_the_last_good_record() {
    let expected = after(&[append_a, append_b], record());
    for bad in [ruin_and_fail as Hook, ruin_and_panic, take_the_headers_and_panic, panic_twice] {
        assert_eq!(after(&[append_a, bad, append_b], record()), expected);
        assert_eq!(after(&[bad, append_a, append_b], record()), expected);
        assert_eq!(after(&[append_a, append_b, bad], record()), expected);
        assert_eq!(after(&[bad, bad], record()), record());
    }
}

#[test]
fn an_error_whose_text_panics_does_not_break_a_send() {
    #[derive(Debug)]
    struct Nameless;
    impl std::fmt::Display for Nameless {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("no text");
        }
    }
    impl std::error::Error for Nameless {}
    impl Drop for Nameless {
        fn drop(&mut self) {
            panic!("no end");
        }
    }
    let expected = after(&[append_a], record());
    assert_eq!(after(&[|_| Err(InterceptorError::new(Nameless)), append_a], record()), expected);
}

#[test]
fn an_empty_chain_is_empty_and_leaves_records_alone() {
    assert!(InterceptorChain::default().is_empty());
    assert!(!chain([Arc::new(OnSend(append_a)) as Arc<dyn Interceptor>]).is_empty());
    assert_eq!(after(&[], record()), record());
}

/// Writes down what it is told.
struct Recorder {
    name: &'static str,
    log: Arc<Mutex<Vec<String>>>,
}

impl Interceptor for Recorder {
    fn on_acknowledgement(&self, outcome: &Acknowledgement<'_>) {
        let partition = outcome.partition.map_or("none".to_owned(), |partition| partition.to_string());
        let result = match outcome.result {
            Ok(metadata) => metadata.to_string(),
            Err(error) => error.to_string(),
        };
        let headers: Vec<&str> = outcome.headers.iter().map(|header| header.key.as_ref()).collect();
        let line = format!("{} {} {partition} {headers:?} {result}", self.name, outcome.topic);
        self.log.lock().expect("no test panics with it").push(line);
    }

    fn on_close(&self) {
        self.log.lock().expect("no test panics with it").push(format!("{} closed", self.name));
    }
}

/// Panics wherever it can, and counts how often.
#[derive(Default)]
struct Panics(AtomicUsize);

impl Interceptor for Panics {
    fn on_acknowledgement(&self, _: &Acknowledgement<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
        panic_any(PanicsWhenDropped);
    }

    fn on_close(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        panic!("no");
    }
}

/// A panicking link between two recording ones.
fn recording_chain() -> (InterceptorChain, Arc<Panics>, Arc<Mutex<Vec<String>>>) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let panics = Arc::new(Panics::default());
    let chain = chain([
        Arc::new(Recorder { name: "first", log: log.clone() }) as Arc<dyn Interceptor>,
        panics.clone(),
        Arc::new(Recorder { name: "last", log: log.clone() }),
    ]);
    (chain, panics, log)
}

#[test]
fn every_link_learns_of_an_acknowledgement_with_its_headers() {
    let (chain, panics, log) = recording_chain();
    let orders = Arc::new(TopicPartition::new("orders", PartitionId(3)));
    let metadata = RecordMetadata::new(orders, Offset(1042), Timestamp(5));
    chain.on_acknowledgement(&Acknowledgement {
        topic: "orders",
        partition: Some(PartitionId(3)),
        headers: &[Header::new("trace", "1"), Header::new("trace", "2")],
        result: Ok(&metadata),
    });
    let told = r#"orders 3 ["trace", "trace"] orders-3@1042"#;
    assert_eq!(*log.lock().unwrap(), [format!("first {told}"), format!("last {told}")]);
    assert_eq!(panics.0.load(Ordering::Relaxed), 1);
}

#[test]
fn every_link_learns_of_a_record_that_failed_before_it_had_a_partition() {
    let (chain, _, log) = recording_chain();
    let error = std::io::Error::other("refused");
    chain.on_acknowledgement(&Acknowledgement {
        topic: "orders",
        partition: None,
        headers: &[],
        result: Err(&error),
    });
    assert_eq!(*log.lock().unwrap(), ["first orders none [] refused", "last orders none [] refused"]);
}

#[test]
fn links_are_closed_once_and_in_order() {
    let (chain, panics, log) = recording_chain();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| chain.on_close());
        }
    });
    assert_eq!(*log.lock().unwrap(), ["first closed", "last closed"]);
    assert_eq!(panics.0.load(Ordering::Relaxed), 1);
}

#[test]
fn a_chain_can_be_shared_by_all_who_send() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<InterceptorChain>();
}

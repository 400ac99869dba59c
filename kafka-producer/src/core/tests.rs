//! A record's way into a batch, with the engine's half in the test's own hands: no runtime, no clock, no cluster.

mod partitioning;
mod world;

use super::{PendingSend, engine};
use crate::{Error, ErrorKind, Outcome, ProducerBuilder, SerializationError, SerializeContext, Serializer};
use kafka_accumulator::QueueEvent;
use kafka_interceptor::{Acknowledgement, Interceptor, InterceptorChain, InterceptorError, SendContext};
use kafka_partitioner::{Partitioner, TopicView};
use kafka_types::{BytesSerializer, ErrorCode, Monotonic, ProducerRecord, Timestamp};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};
use std::time::Duration;
use world::World;

fn record() -> ProducerRecord<'static, kafka_types::Absent, kafka_types::Present<&'static str>> {
    ProducerRecord::new("t").value("v")
}

fn builder() -> ProducerBuilder {
    ProducerBuilder::new()
}

#[test]
fn an_error_is_as_small_as_a_pointer() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert_eq!(size_of::<Option<Error>>(), size_of::<usize>());
}

#[test]
fn a_send_waits_for_the_topic_and_wakes_the_engine_to_ask_for_it() {
    let mut world = World::new(builder());
    let mut send = PendingSend::new(record(), None);
    assert!(world.poll(&mut send).is_pending());
    assert!(send.take_wake());
    assert!(!send.take_wake(), "once is enough");

    world.answer("t", ErrorCode::NONE, 1);
    assert_eq!(world.times_woken(), 1);
    let Poll::Ready(Ok(delivery)) = world.poll(&mut send) else { panic!("still waiting") };
    world.acknowledge_all();
    assert_eq!(delivery.try_result().unwrap().unwrap().to_string(), "t-0@0");
}

#[test]
fn a_topic_that_does_not_come_times_out_after_max_block_with_the_clusters_own_error() {
    let mut world = World::new(builder().max_block(Duration::from_secs(30)));
    let mut send = PendingSend::new(record(), None);
    assert!(world.poll(&mut send).is_pending());
    world.answer("t", ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, 0);
    assert!(world.poll(&mut send).is_pending(), "an error that may pass is waited out");
    world.pass(Duration::from_secs(30));
    let Poll::Ready(Err(error)) = world.poll(&mut send) else { panic!("no time-out") };
    assert_eq!(
        (error.kind(), error.outcome(), error.is_retriable()),
        (ErrorKind::Timeout, Outcome::NotWritten, true)
    );
    assert!(error.to_string().contains("UNKNOWN_TOPIC_OR_PARTITION"), "{error}");
}

#[test]
fn without_any_answer_the_time_out_names_the_bootstrap_servers() {
    let mut world = World::new(builder());
    let mut send = PendingSend::new(record(), None);
    assert!(world.poll(&mut send).is_pending());
    world.pass(Duration::from_secs(60));
    let Poll::Ready(Err(error)) = world.poll(&mut send) else { panic!("no time-out") };
    assert!(error.to_string().contains("localhost:9092"), "{error}");
}

#[test]
fn an_error_that_will_not_pass_ends_the_wait_and_the_next_send_asks_again() {
    let mut world = World::new(builder());
    let mut first = PendingSend::new(record(), None);
    assert!(world.poll(&mut first).is_pending());
    world.answer("t", ErrorCode::TOPIC_AUTHORIZATION_FAILED, 0);
    let Poll::Ready(Err(error)) = world.poll(&mut first) else { panic!("still waiting") };
    assert_eq!(error.kind(), ErrorKind::Authorization);

    let mut second = PendingSend::new(record(), None);
    assert!(world.poll(&mut second).is_pending());
    world.answer("t", ErrorCode::NONE, 1);
    assert!(matches!(world.poll(&mut second), Poll::Ready(Ok(_))));
}

#[test]
fn a_fatal_metadata_error_reaches_everybody_who_waits() {
    let mut world = World::new(builder());
    let (mut a, mut b) = (PendingSend::new(record(), None), PendingSend::new(record(), None));
    assert!(world.poll(&mut a).is_pending() && world.poll(&mut b).is_pending());
    world.manager.poll_request(world.now.mono).unwrap();
    let fatal = kafka_metadata::MetadataError::Authentication { message: "bad password".into() };
    let wakers = world.manager.handle_failure(world.now.mono, Some(fatal));
    wakers.into_iter().for_each(Waker::wake);
    for send in [&mut a, &mut b] {
        let Poll::Ready(Err(error)) = world.poll(send) else { panic!("still waiting") };
        assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    }
}

#[test]
fn a_partition_beyond_the_count_is_waited_for_and_then_refused_with_the_count() {
    let mut world = World::with_topic(builder(), 3);
    let mut send = PendingSend::new(record().partition(3), None);
    assert!(world.poll(&mut send).is_pending());
    let mut lucky = PendingSend::new(record().partition(4), None);
    assert!(world.poll(&mut lucky).is_pending());
    world.pass(Duration::from_secs(60));
    let Poll::Ready(Err(error)) = world.poll(&mut send) else { panic!("no time-out") };
    let text = error.to_string();
    assert!(
        text.contains("partition 3 of topic t does not exist") && text.contains("3 partitions, 0 to 2"),
        "{text}"
    );

    let mut lucky = PendingSend::new(record().partition(4), None);
    assert!(world.poll(&mut lucky).is_pending());
    world.answer("t", ErrorCode::NONE, 5);
    assert!(matches!(world.poll(&mut lucky), Poll::Ready(Ok(_))));
}

#[test]
fn illegal_records_are_refused_at_once_by_what_is_wrong_with_them() {
    let world = World::new(builder());
    for (record, part) in [
        (ProducerRecord::new(""), "empty"),
        (ProducerRecord::new(".."), "`.` or `..`"),
        (ProducerRecord::new("x".repeat(250)), "249"),
        (ProducerRecord::new("a b"), "ASCII letters"),
        (ProducerRecord::new("t").timestamp(-1), "timestamp -1 is negative"),
        (ProducerRecord::new("t").partition(-1), "partition -1 is negative"),
    ] {
        let error = world.send(record).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Misuse, Outcome::NotWritten));
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn sizes_are_checked_against_the_upper_bound_and_equality_passes() {
    let world = World::with_topic(builder().max_request_size(1000), 1);
    // A batch's header 61, a record's own 21, null key 1, value's length 2, no headers 1.
    let value = |size: usize| ProducerRecord::new("t").value(vec![0; size - 86]);
    assert!(world.send(value(1000)).is_ok());
    let error = world.send(value(1001)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(
        error.to_string().contains("1001 bytes") && error.to_string().contains("max.request.size (1000)"),
        "{error}"
    );

    let world = World::with_topic(builder().buffer_memory(500), 1);
    let error = world.send(value(600)).unwrap_err();
    assert!(error.to_string().contains("buffer.memory (500)"), "{error}");
}

#[test]
fn the_time_of_the_send_is_the_timestamp_unless_the_record_has_one() {
    let mut world = World::with_topic(builder(), 1);
    world.now.wall = Timestamp(5_000);
    let deliveries = [world.send(record()).unwrap(), world.send(record().timestamp(77)).unwrap()];
    world.acknowledge_all();
    let timestamps = deliveries.map(|delivery| delivery.try_result().unwrap().unwrap().timestamp.0);
    assert_eq!(timestamps, [5_000, 77]);
}

#[test]
fn keys_go_where_every_other_client_puts_them() {
    let mut world = World::with_topic(builder(), 10);
    let delivery = world.send(record().key("foobar")).unwrap();
    world.acknowledge_all();
    assert_eq!(delivery.try_result().unwrap().unwrap().partition().0, 6);
}

#[derive(Debug)]
struct Fixed(i32);

impl Partitioner for Fixed {
    fn partition(&self, _: &TopicView<'_>, _: Option<&[u8]>) -> i32 {
        self.0
    }
}

#[test]
fn a_partitioner_that_chooses_what_does_not_exist_is_named() {
    for chosen in [-1, 3] {
        let world = World::with_topic(builder().partitioner(Fixed(chosen)), 3);
        let error = world.send(record()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse);
        assert!(
            error.to_string().contains(&format!("partition {chosen} of topic t, which has 3")),
            "{error}"
        );
        assert!(world.send(record().partition(2)).is_ok(), "an explicit partition does not ask it");
    }
}

#[test]
fn a_full_buffer_makes_a_send_wait_and_a_completed_batch_lets_it_go_on() {
    let mut world = World::with_topic(builder().buffer_memory(20_000).batch_size(1000), 1);
    let value = [0; 900];
    let mut accepted = Vec::new();
    let mut waiting = loop {
        let mut send = PendingSend::new(ProducerRecord::new("t").value(value), None);
        match world.poll(&mut send) {
            Poll::Ready(result) => accepted.push(result.unwrap()),
            Poll::Pending => break send,
        }
        assert!(accepted.len() < 100, "the buffer has no end");
    };
    assert!(waiting.take_wake(), "the engine has to seal what lingers");
    assert!(world.poll(&mut waiting).is_pending());
    world.acknowledge_all();
    assert!(world.times_woken() > 0);
    assert!(matches!(world.poll(&mut waiting), Poll::Ready(Ok(_))));
}

#[test]
fn memory_that_does_not_come_times_out_within_the_same_max_block() {
    let max_block = Duration::from_secs(20);
    let mut world =
        World::with_topic(builder().buffer_memory(20_000).batch_size(1000).max_block(max_block), 1);
    let mut send = loop {
        let mut send = PendingSend::new(ProducerRecord::new("t").value([0; 900]), None);
        match world.poll(&mut send) {
            Poll::Ready(result) => drop(result.unwrap()),
            Poll::Pending => break send,
        }
    };
    world.pass(max_block);
    let Poll::Ready(Err(error)) = world.poll(&mut send) else { panic!("no time-out") };
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Timeout, Outcome::NotWritten));
    assert!(error.to_string().contains("buffer.memory (20000)"), "{error}");
}

#[test]
fn sends_are_refused_at_once_when_memory_is_spent_if_the_program_wants_that() {
    let small = builder().buffer_memory(20_000).batch_size(10_000).on_full(crate::OnFull::Refuse);
    let mut world = World::with_topic(small, 1);
    let refused = (0..100).find_map(|_| world.send(ProducerRecord::new("t").value([0; 1000])).err());
    assert_eq!(refused.expect("memory has an end").kind(), ErrorKind::WouldWait);
    world.acknowledge_all();
    assert!(world.send(ProducerRecord::new("t").value([0; 1000])).is_ok());
}

#[test]
fn try_send_never_waits_and_hands_the_record_back() {
    let world = World::new(builder());
    let mut send = PendingSend::new(record(), None);
    let error = world.core.try_send(&mut send, &BytesSerializer, &BytesSerializer, world.now).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldWait);
    assert!(send.take_wake(), "the topic is being asked for");
    assert_eq!(send.into_record(), record());
}

/// Counts how often it serializes, and adds a header each time.
#[derive(Default)]
struct Counting(AtomicUsize);

impl Serializer<[u8; 900]> for Counting {
    fn serialize<'a>(
        &self,
        context: &mut SerializeContext<'_, '_>,
        data: &'a [u8; 900],
        buffer: &'a mut Vec<u8>,
    ) -> Result<Option<&'a [u8]>, SerializationError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        context.headers.push(crate::Header::new("count", "1"));
        buffer.extend_from_slice(data);
        Ok(Some(buffer))
    }
}

#[test]
fn a_serializer_runs_once_per_record_even_if_the_record_has_to_wait() {
    let mut world = World::with_topic(builder().buffer_memory(20_000).batch_size(1000), 1);
    let serializer = Counting::default();
    let mut sends = 0;
    let mut waiting = loop {
        let mut send = PendingSend::new(ProducerRecord::new("t").value([0; 900]), None);
        sends += 1;
        if world.poll_with(&mut send, &serializer).is_pending() {
            break send;
        }
    };
    world.acknowledge_all();
    assert!(matches!(world.poll_with(&mut waiting, &serializer), Poll::Ready(Ok(_))));
    assert_eq!(serializer.0.load(Ordering::SeqCst), sends);
    assert_eq!(waiting.into_record().headers.len(), 1);
}

#[derive(Default)]
struct Journal(Mutex<Vec<String>>);

struct Writing(Arc<Journal>);

impl Interceptor for Writing {
    fn on_send(&self, record: &mut SendContext<'_, '_>) -> Result<(), InterceptorError> {
        self.0.0.lock().push(format!("send {}", record.topic));
        Ok(())
    }

    fn on_acknowledgement(&self, outcome: &Acknowledgement<'_>) {
        let result = if outcome.result.is_ok() { "acknowledged" } else { "failed" };
        self.0.0.lock().push(format!("{result} {}", outcome.topic));
    }
}

#[test]
fn interceptors_hear_first_of_an_outcome_and_of_local_failures_too() {
    let journal = Arc::new(Journal::default());
    let mut world =
        World::with_topic(builder().interceptor(Writing(journal.clone())).max_request_size(1000), 1);
    let telling = |journal: &Arc<Journal>| {
        let journal = journal.clone();
        Some(Box::new(move |_| journal.0.lock().push("callback".to_owned())) as super::SendCallback)
    };
    let mut accepted = PendingSend::new(record(), telling(&journal));
    assert!(matches!(world.poll(&mut accepted), Poll::Ready(Ok(_))));
    world.acknowledge_all();
    let expected = ["send t", "acknowledged t", "callback"];
    assert_eq!(std::mem::take(&mut *journal.0.lock()), expected);

    let mut refused = PendingSend::new(ProducerRecord::new("t").value([0; 2000]), telling(&journal));
    assert!(matches!(world.poll(&mut refused), Poll::Ready(Err(_))));
    assert_eq!(*journal.0.lock(), ["send t", "failed t", "callback"]);
}

#[test]
fn a_closed_producer_takes_no_record_not_even_to_its_interceptors() {
    let journal = Arc::new(Journal::default());
    let world = World::with_topic(builder().interceptor(Writing(journal.clone())), 1);
    assert!(world.core.close());
    assert!(!world.core.close(), "only the first close is one");
    assert_eq!(world.send(record()).unwrap_err().kind(), ErrorKind::Closed);
    assert!(!journal.0.lock().iter().any(|line| line.starts_with("send")));
}

#[test]
fn whoever_waits_is_told_when_the_engine_is_gone() {
    let mut world = World::with_topic(builder().buffer_memory(20_000).batch_size(1000), 1);
    let mut memory = loop {
        let mut send = PendingSend::new(ProducerRecord::new("t").value([0; 900]), None);
        if world.poll(&mut send).is_pending() {
            break send;
        }
    };
    let mut metadata = PendingSend::new(ProducerRecord::new("other").value("v"), None);
    assert!(world.poll(&mut metadata).is_pending());
    let accepted = world.core.clone();
    let (_, other_drainer, other_manager) = {
        let config = world.core.config().clone();
        engine::parts(config, 1, None, InterceptorChain::default(), None)
    };
    // The engine's end: what it owned is dropped.
    drop(std::mem::replace(&mut world.drainer, other_drainer));
    drop(std::mem::replace(&mut world.manager, other_manager));
    assert_eq!(world.times_woken(), 2);
    for result in [world.poll(&mut memory), world.poll(&mut metadata)] {
        let Poll::Ready(Err(error)) = result else { panic!("still waiting") };
        assert_eq!(error.kind(), ErrorKind::Stopped);
    }
    drop(accepted);
}

#[test]
fn an_append_to_an_open_batch_wakes_nobody() {
    let mut world = World::with_topic(builder().linger(Duration::from_secs(1)), 1);
    assert!(world.drainer.publish_sleep(Monotonic::NEVER, 1));
    let mut first = PendingSend::new(record(), None);
    assert!(matches!(world.poll(&mut first), Poll::Ready(Ok(_))));
    assert!(first.take_wake(), "a batch that lingers is due some time");
    let mut events = Vec::new();
    world.drainer.take_events(&mut events);
    assert!(matches!(events[..], [QueueEvent::Opened { .. }]), "{events:?}");
    let due = world.now.mono + Duration::from_secs(1);
    assert!(world.drainer.publish_sleep(due, 1));
    for _ in 0..10 {
        let mut send = PendingSend::new(record(), None);
        assert!(matches!(world.poll(&mut send), Poll::Ready(Ok(_))));
        assert!(!send.take_wake());
    }
}

#[test]
fn threads_that_send_to_many_topics_keep_them_apart() {
    let mut world = World::new(builder().metadata_max_idle(Duration::from_secs(3600)));
    for topic in (0..40).map(|index| format!("topic-{index}")) {
        world.core.metadata().touch(&topic, world.now.mono);
        world.answer(&topic, ErrorCode::NONE, 1);
    }
    let deliveries: Vec<_> = (0..200)
        .map(|index| format!("topic-{}", index % 40))
        .map(|topic| (world.send(ProducerRecord::new(topic.clone()).value("v")).unwrap(), topic))
        .collect();
    world.acknowledge_all();
    for (delivery, topic) in deliveries {
        assert_eq!(delivery.try_result().unwrap().unwrap().topic(), topic);
    }
}

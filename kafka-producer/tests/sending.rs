//! From send to acknowledgement, over a real socket: every way to send, from every kind of runtime.

mod support;

use kafka_producer::{
    BytesSerializer, Compression, ErrorKind, Outcome, PartitionId, Producer, ProducerRecord,
    SerializationError, SerializeContext, Serializer,
};
use kafka_testkit::{ApiKey, ClusterConfig, ErrorCode, Rule, TopicConfig};
use std::sync::mpsc;
use std::time::Duration;
use support::{LONG, Loopback, SHORT, block_on, values};

#[test]
fn an_acknowledged_record_lies_where_its_metadata_says() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("orders", 3)));
    let producer = cluster.producer().build().unwrap();
    let record = ProducerRecord::new("orders").key("k").value("v").header("trace", "1").timestamp(1234);
    let metadata = producer.send_blocking(record).unwrap().wait().unwrap();

    let logged = cluster.records("orders", metadata.partition().0);
    assert_eq!(logged.len(), 1);
    assert_eq!(metadata.offset.0, 0);
    assert_eq!(metadata.timestamp.0, 1234);
    assert_eq!((metadata.serialized_key_size, metadata.serialized_value_size), (Some(1), Some(1)));
    assert_eq!(logged[0].key.as_deref(), Some(&b"k"[..]));
    assert_eq!(logged[0].value.as_deref(), Some(&b"v"[..]));
    producer.close_blocking(LONG).unwrap();
}

#[test]
fn sends_work_from_every_runtime_and_from_none() {
    let cluster = Loopback::start(ClusterConfig::new(2).topic(TopicConfig::new("t", 2)));
    let producer = cluster.producer().build().unwrap();
    let send = |value: &'static str| {
        let producer = producer.clone();
        async move { producer.send_and_wait(ProducerRecord::new("t").value(value)).await.unwrap() }
    };

    let current = tokio::runtime::Builder::new_current_thread().build().unwrap();
    current.block_on(send("tokio current thread"));
    let multi = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    // `spawn` proves that the future can move between threads.
    multi.block_on(async { tokio::spawn(send("tokio multi thread")).await.unwrap() });
    smol::block_on(async { smol::spawn(send("smol")).await });
    block_on(send("no runtime"));
    producer.send_blocking(ProducerRecord::new("t").value("thread")).unwrap().wait().unwrap();

    let mut all = [values(&cluster, "t", 0), values(&cluster, "t", 1)].concat();
    all.sort();
    assert_eq!(all, ["no runtime", "smol", "thread", "tokio current thread", "tokio multi thread"]);
}

#[test]
fn a_runtime_of_the_programs_own_drives_as_well() {
    let cluster = Loopback::start(ClusterConfig::new(1));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let producer = cluster.producer().runtime(runtime.handle().clone()).build().unwrap();
    producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap().wait().unwrap();
    assert_eq!(values(&cluster, "t", 0), ["v"]);
    producer.close_blocking(LONG).unwrap();
}

#[test]
fn each_record_keeps_its_place_in_its_partition() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    let producer = cluster.producer().compression(Compression::LZ4).batch_size(500).build().unwrap();
    let sent: Vec<String> = (0..2000).map(|i| format!("value {i}")).collect();
    let deliveries: Vec<_> = sent
        .iter()
        .map(|value| producer.send_blocking(ProducerRecord::new("t").value(value)).unwrap())
        .collect();
    for (index, delivery) in deliveries.into_iter().enumerate() {
        assert_eq!(delivery.wait().unwrap().offset.0, index as i64);
    }
    assert_eq!(values(&cluster, "t", 0), sent);
}

#[test]
fn threads_that_send_side_by_side_keep_the_order_of_their_own_keys() {
    let cluster = Loopback::start(ClusterConfig::new(3).topic(TopicConfig::new("t", 3)));
    let producer = cluster.producer().batch_size(1000).build().unwrap();
    let senders: Vec<_> = (0..4)
        .map(|key| {
            let producer = producer.clone();
            std::thread::spawn(move || {
                for number in 0..2000 {
                    let record = ProducerRecord::new("t").key(format!("key {key}")).value(number.to_string());
                    drop(producer.send_blocking(record).unwrap());
                }
            })
        })
        .collect();
    senders.into_iter().for_each(|sender| sender.join().unwrap());
    assert_eq!(producer.flush_blocking().unwrap().failed, 0);
    let logged: Vec<_> = (0..3).flat_map(|partition| cluster.records("t", partition)).collect();
    let expected: Vec<String> = (0..2000).map(|number| number.to_string()).collect();
    for key in 0..4 {
        let of_key =
            logged.iter().filter(|record| record.key.as_deref() == Some(format!("key {key}").as_bytes()));
        let values: Vec<_> = of_key
            .map(|record| String::from_utf8(record.value.as_deref().unwrap().to_vec()).unwrap())
            .collect();
        assert!(values == expected, "the records of key {key}");
    }
}

#[test]
fn order_holds_and_nothing_doubles_while_the_cluster_misbehaves() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    cluster.with(|cluster, _| {
        let produce = || Rule::new().api(ApiKey::PRODUCE);
        cluster.add_rule(produce().nth(2).refuse(ErrorCode::NOT_LEADER_OR_FOLLOWER));
        cluster.add_rule(produce().nth(5).disconnect_after());
        cluster.add_rule(produce().nth(9).disconnect_before());
        cluster.add_rule(produce().nth(12).fail_after(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND));
    });
    let producer = cluster
        .producer()
        .batch_size(200)
        .linger(Duration::ZERO)
        .retry_backoff(Duration::from_millis(1))
        .reconnect_backoff(Duration::from_millis(1))
        .build()
        .unwrap();
    let sent: Vec<String> = (0..500).map(|i| format!("value {i}")).collect();
    for value in &sent {
        drop(producer.send_blocking(ProducerRecord::new("t").value(value)).unwrap());
    }
    let summary = producer.flush_blocking().unwrap();
    assert_eq!(
        (summary.acknowledged + summary.failed, summary.failed),
        (summary.acknowledged, 0),
        "{summary}"
    );
    assert_eq!(values(&cluster, "t", 0), sent);
}

#[test]
fn a_callback_runs_once_with_the_records_place() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    let producer = cluster.producer().build().unwrap();
    let (tell, told) = mpsc::channel();
    block_on(
        producer.send_with(ProducerRecord::new("t").value("v"), move |result| tell.send(result).unwrap()),
    );
    assert_eq!(told.recv().unwrap().unwrap().to_string(), "t-0@0");
    // The callback has been dropped with its sender: there is no second call.
    assert!(told.recv().is_err());
}

#[test]
fn a_callback_hears_of_a_record_that_was_not_accepted() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    let producer = cluster.producer().max_request_size(1000).build().unwrap();
    let (tell, told) = mpsc::channel();
    let record = ProducerRecord::new("t").value(vec![0; 2000]);
    block_on(producer.send_with(record, move |result| tell.send(result).unwrap()));
    assert_eq!(told.recv().unwrap().unwrap_err().kind(), ErrorKind::TooLarge);
    assert!(told.recv().is_err());
}

#[test]
fn waiting_inside_a_callback_is_refused() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    let producer = cluster.producer().build().unwrap();
    let (tell, told) = mpsc::channel();
    let inside = producer.clone();
    block_on(producer.send_with(ProducerRecord::new("t").value("v"), move |_| {
        let flush = inside.flush_blocking().map(drop);
        let close = inside.close_blocking(LONG).map(drop);
        let new_topic = inside.send_blocking(ProducerRecord::new("another").value("v")).map(drop);
        let known_topic = inside.send_blocking(ProducerRecord::new("t").value("from inside"));
        let wait = known_topic.unwrap().wait().map(drop);
        tell.send([flush, close, new_topic, wait]).unwrap();
    }));
    for result in told.recv().unwrap() {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Misuse, "{error}");
        assert!(error.to_string().contains("inside a callback"), "{error}");
    }
    producer.flush_blocking().unwrap();
    assert_eq!(values(&cluster, "t", 0), ["v", "from inside"]);
}

#[test]
fn a_panicking_callback_harms_nobody_else() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    let producer = cluster.producer().build().unwrap();
    block_on(producer.send_with(ProducerRecord::new("t").value("a"), |_| panic!("a test's own panic")));
    producer.send_blocking(ProducerRecord::new("t").value("b")).unwrap().wait().unwrap();
    assert_eq!(values(&cluster, "t", 0), ["a", "b"]);
}

#[test]
fn dropping_a_delivery_takes_nothing_back() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    let producer = cluster.producer().build().unwrap();
    drop(producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap());
    let summary = producer.flush_blocking().unwrap();
    assert_eq!((summary.acknowledged, summary.failed), (1, 0));
    assert_eq!(values(&cluster, "t", 0), ["v"]);
}

#[test]
fn nulls_stay_nulls_and_empties_empty() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    let producer = cluster.producer().build().unwrap();
    let wait = |delivery: kafka_producer::Delivery| delivery.wait().unwrap();
    wait(producer.send_blocking(ProducerRecord::new("t")).unwrap());
    wait(producer.send_blocking(ProducerRecord::new("t").key("").value("")).unwrap());
    let logged = cluster.records("t", 0);
    assert_eq!((logged[0].key.as_deref(), logged[0].value.as_deref()), (None, None));
    assert_eq!((logged[1].key.as_deref(), logged[1].value.as_deref()), (Some(&b""[..]), Some(&b""[..])));
}

#[test]
fn acks_zero_completes_without_an_answer_or_an_offset() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    let producer = cluster.producer().property("acks", "0").build().unwrap();
    for _ in 0..100 {
        let metadata = producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap().wait().unwrap();
        assert!(!metadata.offset.is_known());
    }
    producer.close_blocking(LONG).unwrap();
    cluster.until(|cluster| cluster.records("t", 0).len() == 100);
}

struct Csv;

impl Serializer<(u32, &'static str)> for Csv {
    fn serialize<'a>(
        &self,
        context: &mut SerializeContext<'_, '_>,
        data: &'a (u32, &'static str),
        buffer: &'a mut Vec<u8>,
    ) -> Result<Option<&'a [u8]>, SerializationError> {
        if data.1.contains(',') {
            return Err(SerializationError::new("a comma in the name"));
        }
        context.headers.push(kafka_producer::Header::new("format", "csv"));
        buffer.extend_from_slice(format!("{},{}", data.0, data.1).as_bytes());
        Ok(Some(buffer))
    }
}

#[test]
fn serializers_write_values_and_headers_and_may_refuse() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    let producer: Producer<BytesSerializer, Csv> = cluster.producer().value_serializer(Csv).build().unwrap();
    producer.send_blocking(ProducerRecord::new("t").value((7, "seven"))).unwrap().wait().unwrap();
    let error = producer.send_blocking(ProducerRecord::new("t").value((1, "a,b"))).unwrap_err();
    assert_eq!((error.kind(), error.outcome()), (ErrorKind::Serialization, Outcome::NotWritten));
    assert!(
        error.to_string().contains("value") && error.to_string().contains("a comma in the name"),
        "{error}"
    );
    assert_eq!(values(&cluster, "t", 0), ["7,seven"]);
    assert_eq!(cluster.records("t", 0)[0].headers.len(), 1);
}

#[test]
fn partitions_for_names_every_partition_and_its_leader() {
    let cluster = Loopback::start(ClusterConfig::new(3).topic(TopicConfig::new("t", 6)));
    let producer = cluster.producer().build().unwrap();
    let partitions = producer.partitions_for_blocking("t").unwrap();
    let indexes: Vec<i32> = partitions.iter().map(|info| info.partition.0).collect();
    assert_eq!(indexes, [0, 1, 2, 3, 4, 5]);
    assert!(partitions.iter().all(|info| info.leader.is_some()));
}

#[test]
fn an_explicit_partition_is_obeyed_and_one_that_does_not_exist_refused_with_the_count() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 3)));
    let producer = cluster.producer().max_block(SHORT).build().unwrap();
    let record = || ProducerRecord::new("t").key("k").value("v");
    let metadata = producer.send_blocking(record().partition(2)).unwrap().wait().unwrap();
    assert_eq!(metadata.partition(), PartitionId(2));
    let error = producer.send_blocking(record().partition(3)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let text = error.to_string();
    assert!(text.contains("partition 3 of topic t") && text.contains("3 partitions, 0 to 2"), "{text}");
}

#[test]
fn a_partition_added_meanwhile_can_be_waited_for() {
    let cluster = Loopback::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 1)));
    let producer = cluster.producer().max_block(LONG).build().unwrap();
    producer.send_blocking(ProducerRecord::new("t").value("v")).unwrap().wait().unwrap();
    let waiting = {
        let producer = producer.clone();
        std::thread::spawn(move || producer.send_blocking(ProducerRecord::new("t").value("v").partition(1)))
    };
    cluster.with(|cluster, _| assert!(cluster.add_partitions("t", 2)));
    assert_eq!(waiting.join().unwrap().unwrap().wait().unwrap().partition(), PartitionId(1));
}

//! From topic to topic, exactly once, whatever goes wrong on the way.
#![allow(clippy::unwrap_used, reason = "test code")]

mod support;

use kafka_producer::{
    ConsumeTransformProduce, ConsumedRecord, GroupMetadata, Offset, ProcessError, Producer, ProducerRecord,
    TopicPartition, TransactionalProducer,
};
use kafka_testkit::{ApiKey, ClusterConfig, ErrorCode, LoopbackCluster, Rule, TopicConfig};
use std::time::Duration;

const INPUTS: i64 = 60;

fn input() -> TopicPartition {
    TopicPartition::new("input", 0)
}

fn cluster(level: i16) -> LoopbackCluster {
    let config = ClusterConfig::new(1)
        .topic(TopicConfig::new("input", 1))
        .topic(TopicConfig::new("output", 1))
        .transaction_version(level);
    LoopbackCluster::start(config).unwrap()
}

fn producer(cluster: &LoopbackCluster) -> TransactionalProducer {
    let producer = Producer::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .transactional_id("shouting")
        .linger(Duration::ZERO)
        .retry_backoff(Duration::from_millis(2))
        .build_transactional()
        .unwrap();
    producer.init_blocking().unwrap();
    producer
}

fn committed_offset(cluster: &LoopbackCluster) -> i64 {
    cluster.with(|cluster, _| cluster.committed("group")).get(&input()).map_or(0, |offset| offset.0)
}

fn output(cluster: &LoopbackCluster) -> Vec<String> {
    let records = cluster.with(|cluster, _| cluster.committed_records(&TopicPartition::new("output", 0)));
    records.into_iter().map(|record| String::from_utf8(record.value.unwrap().to_vec()).unwrap()).collect()
}

/// Processes from `position` to the end, or for so many records; a consumer that knows only its position.
async fn work(
    processing: &mut ConsumeTransformProduce,
    position: &mut i64,
    mut budget: usize,
    rewinds: &mut usize,
) {
    let group = GroupMetadata::new("group");
    while *position < INPUTS && budget > 0 {
        budget -= 1;
        let offset = *position;
        let step = async {
            let record = ConsumedRecord::new(input(), Offset(offset));
            let result = format!("result {offset}");
            let send = async |transaction: &kafka_producer::Transaction| {
                transaction.send(ProducerRecord::new("output").value(&*result)).await.map(drop)
            };
            processing.process(record, send).await?;
            if offset + 1 == INPUTS {
                processing.commit(&group).await.map(|()| true)
            } else {
                processing.commit_if_due(&group).await
            }
        };
        match step.await {
            Ok(_) => *position += 1,
            Err(ProcessError::Rewind(rewind)) => {
                *rewinds += 1;
                *position = rewind.positions[&input()].0;
            }
            Err(ProcessError::Unknown) => {}
            Err(ProcessError::Fatal(error)) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn each_input_has_its_result_once_though_brokers_refuse_and_the_program_dies() {
    for level in [0, 2] {
        let cluster = cluster(level);
        let (mut position, mut rewinds) = (0, 0);
        for (nth, api) in [(2, ApiKey::PRODUCE), (3, ApiKey::TXN_OFFSET_COMMIT), (9, ApiKey::PRODUCE)] {
            let code = if api == ApiKey::PRODUCE {
                ErrorCode::INVALID_RECORD
            } else {
                ErrorCode::ILLEGAL_GENERATION
            };
            cluster.add_rule(Rule::new().api(api).nth(nth).refuse(code));
        }
        while position < INPUTS {
            // A new program starts where the group is.
            position = committed_offset(&cluster);
            let mut processing = ConsumeTransformProduce::new(producer(&cluster)).max_records(7);
            work(&mut processing, &mut position, 17, &mut rewinds).await;
            // And dies, with whatever it has not committed.
        }
        let expected: Vec<String> = (0..INPUTS).map(|offset| format!("result {offset}")).collect();
        assert_eq!(output(&cluster), expected, "level {level}");
        assert_eq!(committed_offset(&cluster), INPUTS);
        assert!(rewinds >= 2, "{rewinds}");
    }
}

#[tokio::test]
async fn aborting_tells_where_the_consumer_goes_back_to_and_age_makes_a_transaction_due() {
    let cluster = cluster(2);
    let producer = producer(&cluster);
    let mut processing = ConsumeTransformProduce::new(producer.clone()).max_age(Duration::ZERO);
    assert!(!processing.commit_if_due(&GroupMetadata::new("group")).await.unwrap());
    for offset in [5, 6] {
        let nothing = async |_: &kafka_producer::Transaction| Ok(());
        processing.process(ConsumedRecord::new(input(), Offset(offset)), nothing).await.unwrap();
        assert!(processing.is_due());
    }
    let rewind = processing.abort().await.unwrap();
    assert_eq!(rewind.positions[&input()], Offset(5));
    assert_eq!(committed_offset(&cluster), 0);
    assert!(processing.abort().await.unwrap().positions.is_empty());
}

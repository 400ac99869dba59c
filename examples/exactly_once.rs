//! From one topic to another, exactly once, by a program that crashes and is started again.

use anyhow::Result;
use kafka_producer::{
    ConsumeTransformProduce, ConsumedRecord, Error, GroupMetadata, Offset, ProcessError, Producer,
    ProducerRecord, TopicPartition, Transaction,
};
use kafka_testkit::{ClusterConfig, LoopbackCluster, TopicConfig};
use std::time::Duration;

const GROUP: &str = "shouting";

#[tokio::main]
async fn main() -> Result<()> {
    let config =
        ClusterConfig::new(1).topic(TopicConfig::new("words", 1)).topic(TopicConfig::new("shouts", 1));
    let cluster = LoopbackCluster::start(config)?;
    write_words(&cluster).await?;

    // Each run crashes in the middle of a transaction, but for the last.
    for (run, crash_after) in [(1, 7), (2, 9), (3, usize::MAX)] {
        let (from, to) = work(&cluster, crash_after).await?;
        println!("run {run} began at {from} and committed up to {to}");
    }
    let shouts = TopicPartition::new("shouts", 0);
    let shouts = cluster.with(move |cluster, _| cluster.committed_records(&shouts));
    let text: Vec<_> = shouts
        .iter()
        .map(|record| String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()))
        .collect();
    println!("{} shouts: {}", text.len(), text.join(" "));
    Ok(())
}

/// One run of the program; says where it began, and where the next will.
async fn work(cluster: &LoopbackCluster, crash_after: usize) -> Result<(i64, i64)> {
    let producer = Producer::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .transactional_id("shouting-1")
        .build_transactional()?;
    // This ends what a run before left open.
    producer.init().await?;
    let mut processing = ConsumeTransformProduce::new(producer).max_records(5);
    let mut consumer = Consumer::new(cluster);
    let from = consumer.position;
    let group = GroupMetadata::new(GROUP);
    let mut processed = 0;
    while let Some(word) = consumer.next() {
        let record = ConsumedRecord::new(TopicPartition::new("words", 0), Offset(consumer.position - 1));
        let shout = async |transaction: &Transaction| -> Result<(), Error> {
            let shout = word.to_uppercase();
            transaction.send(ProducerRecord::new("shouts").value(&shout)).await.map(drop)
        };
        let step = match processing.process(record, shout).await {
            Ok(()) => processing.commit_if_due(&group).await.map(drop),
            Err(error) => Err(error),
        };
        match step {
            Ok(()) | Err(ProcessError::Unknown) => {}
            Err(ProcessError::Rewind(rewind)) => {
                rewind.positions.values().for_each(|offset| consumer.position = offset.0);
            }
            Err(ProcessError::Fatal(error)) => return Err(error.into()),
        }
        processed += 1;
        if processed == crash_after {
            println!("crash, after {processed} words");
            return Ok((from, committed(cluster)));
        }
    }
    processing.commit(&group).await?;
    processing.producer().close(Duration::from_secs(30)).await?;
    Ok((from, committed(cluster)))
}

fn committed(cluster: &LoopbackCluster) -> i64 {
    let words = TopicPartition::new("words", 0);
    cluster.with(|cluster, _| cluster.committed(GROUP)).get(&words).map_or(0, |offset| offset.0)
}

/// Stands for a consumer of any library: it begins at the committed offset of its group.
struct Consumer {
    words: Vec<String>,
    position: i64,
}

impl Consumer {
    fn new(cluster: &LoopbackCluster) -> Consumer {
        let records = cluster.records("words", 0).into_iter();
        let words = records.filter_map(|record| Some(String::from_utf8_lossy(&record.value?).into_owned()));
        Consumer { words: words.collect(), position: committed(cluster) }
    }

    fn next(&mut self) -> Option<String> {
        let word = self.words.get(usize::try_from(self.position).ok()?)?;
        self.position += 1;
        Some(word.clone())
    }
}

async fn write_words(cluster: &LoopbackCluster) -> Result<()> {
    let producer = Producer::builder().bootstrap_servers(cluster.bootstrap_servers()).build()?;
    for word in "the quick brown fox jumps over the lazy dog and runs away into the woods".split(' ') {
        drop(producer.send(ProducerRecord::new("words").value(word)).await?);
    }
    producer.close(Duration::from_secs(30)).await?;
    Ok(())
}

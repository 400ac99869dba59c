//! Chooses partitions itself: urgent records have the first one for themselves.

use anyhow::Result;
use kafka_producer::{Partitioner, Producer, ProducerRecord, TopicView, partition_for_key};
use kafka_testkit::{ClusterConfig, LoopbackCluster};
use std::time::Duration;

/// Partition 0 for what is urgent; the others by the key's hash, as Kafka's own clients hash.
#[derive(Debug)]
struct UrgentFirst;

impl Partitioner for UrgentFirst {
    fn partition(&self, topic: &TopicView<'_>, key: Option<&[u8]>) -> i32 {
        let others = topic.partition_count - 1;
        match key {
            // Whatever is chosen must exist; a topic may have just one partition.
            _ if others == 0 => 0,
            None => 0,
            Some(key) if key.starts_with(b"urgent") => 0,
            Some(key) => 1 + partition_for_key(key, others),
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let cluster = LoopbackCluster::start(ClusterConfig::new(1).default_partitions(4))?;
    let producer = Producer::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .partitioner(UrgentFirst)
        .build()?;
    for key in ["urgent-1", "ann", "bob", "urgent-2", "eve"] {
        let metadata = producer.send_and_wait(ProducerRecord::new("calls").key(key).value("…")).await?;
        println!("{key} → {metadata}");
    }
    // A partition that the record names itself wins over every partitioner.
    let metadata = producer.send_and_wait(ProducerRecord::new("calls").partition(2).value("…")).await?;
    println!("told to → {metadata}");
    producer.close(Duration::from_secs(30)).await?;
    Ok(())
}

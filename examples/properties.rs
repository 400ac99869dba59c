//! Takes the producer's configuration from a file in the format of Java's clients.

use anyhow::Result;
use kafka_producer::{Producer, ProducerRecord, properties};
use kafka_testkit::{ClusterConfig, LoopbackCluster};
use std::time::Duration;

/// As it would stand in `producer.properties`.
const FILE: &str = "
# Delivery
acks = all
delivery.timeout.ms = 60000

# Batches
linger.ms = 20
compression.type = zstd
compression.zstd.level = 6
";

#[tokio::main]
async fn main() -> Result<()> {
    let cluster = LoopbackCluster::start(ClusterConfig::new(1))?;
    let producer = Producer::builder()
        .properties(properties::parse_file_text(FILE)?)
        // What is said last holds, by name or by type.
        .property("client.id", "example")
        .linger(Duration::from_millis(5))
        .bootstrap_servers(cluster.bootstrap_servers())
        .build()?;
    let config = producer.config();
    println!("{} lingers {:?} and compresses with {:?}", config.client_id, config.linger, config.compression);
    println!("{}", producer.send_and_wait(ProducerRecord::new("orders").value("3 apples")).await?);
    producer.close(Duration::from_secs(30)).await?;
    Ok(())
}

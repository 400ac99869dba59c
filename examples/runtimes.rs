//! The same producer under tokio, under smol, and under no runtime at all.

use anyhow::Result;
use kafka_producer::{Error, Producer, ProducerRecord};
use kafka_testkit::{ClusterConfig, LoopbackCluster};
use std::time::Duration;

/// Twenty records on their way together, and the place of the last.
async fn send_some(producer: &Producer, from: &str) -> Result<String, Error> {
    let mut deliveries = Vec::new();
    for number in 0..20 {
        let value = format!("{number} from {from}");
        deliveries.push(producer.send(ProducerRecord::new("greetings").value(value)).await?);
    }
    let mut last = String::new();
    for delivery in deliveries {
        last = delivery.await?.to_string();
    }
    Ok(last)
}

fn main() -> Result<()> {
    let cluster = LoopbackCluster::start(ClusterConfig::new(1).default_partitions(2))?;
    let producer = Producer::builder().bootstrap_servers(cluster.bootstrap_servers()).build()?;

    let tokio = tokio::runtime::Runtime::new()?;
    // Its futures can be spawned: they are `Send`.
    let task = tokio.spawn({
        let producer = producer.clone();
        async move { send_some(&producer, "tokio").await }
    });
    println!("tokio: {}", tokio.block_on(task)??);
    println!("smol: {}", smol::block_on(send_some(&producer, "smol"))?);
    let delivery = producer.send_blocking(ProducerRecord::new("greetings").value("from a thread"))?;
    println!("a thread: {}", delivery.wait()?);
    producer.close_blocking(Duration::from_secs(30))?;
    Ok(())
}

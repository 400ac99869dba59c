//! Sends a handful of records and reads them back.
//!
//! Without options it starts a broker of its own inside this program; `--bootstrap-server HOST:PORT` uses yours.

mod read_back;

use anyhow::Result;
use clap::Parser;
use kafka_producer::{Producer, ProducerRecord, RecordMetadata};
use kafka_testkit::{ClusterConfig, LoopbackCluster};
use std::time::Duration;

/// Sends a handful of records and reads them back.
#[derive(Parser)]
struct Arguments {
    /// Your cluster; without it, a broker inside this program.
    #[arg(long, value_name = "HOST:PORT")]
    bootstrap_server: Option<String>,

    /// The topic to send to.
    #[arg(long, default_value = "quickstart")]
    topic: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    // Lives as long as the program, if it is needed at all.
    let mut embedded = None;
    let bootstrap = match arguments.bootstrap_server {
        Some(bootstrap) => bootstrap,
        None => {
            let cluster = LoopbackCluster::start(ClusterConfig::new(1).default_partitions(3))?;
            let bootstrap = cluster.bootstrap_servers();
            println!("An embedded broker listens on {bootstrap}.");
            embedded = Some(cluster);
            bootstrap
        }
    };

    let producer = Producer::builder().bootstrap_servers(&bootstrap).build()?;
    println!("\nSent:");
    let mut places: Vec<RecordMetadata> = Vec::new();
    for (number, customer) in ["ann", "bob", "ann", "eve", "bob", "ann"].into_iter().enumerate() {
        let order = format!("order {number} of {customer}");
        let record = ProducerRecord::new(arguments.topic.as_str())
            .key(customer)
            .value(&order)
            .header("source", "quickstart")
            .header("number", number.to_string());
        // `send` returns when the record is in a batch; the delivery is the broker's answer.
        let delivery = producer.send(record).await?;
        let metadata = delivery.await?;
        println!("  {metadata}  {customer} → {order:?}");
        places.push(metadata);
    }
    // A record without a value is a tombstone: in a compacted topic it removes what its key stood for.
    let metadata = producer.send_and_wait(ProducerRecord::new(arguments.topic.as_str()).key("eve")).await?;
    println!("  {metadata}  eve → (tombstone)");
    places.push(metadata);
    producer.close(Duration::from_secs(10)).await?;

    println!("\nRead back:");
    for record in read_back::records(&bootstrap, &arguments.topic, &places).await? {
        println!("  {record}");
    }
    if embedded.is_some() {
        println!("\nThe same on your own cluster:");
        println!("  cargo run --release --example quickstart -- --bootstrap-server localhost:9092");
    }
    Ok(())
}

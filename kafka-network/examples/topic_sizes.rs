//! Lists topics with their size on disk: `cargo run -p kafka-network --example topic_sizes -- HOST:PORT`.
//!
//! Each broker says what lies in its log directories; a topic's size is that of all its replicas.

use kafka_network::{BrokerAddress, Client, ClientConfig, TcpConfig, TcpConnector};
use kafka_protocol::messages::{DescribeLogDirsRequest, MetadataRequest};
use std::collections::BTreeMap;
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let bootstrap = std::env::args().nth(1).ok_or("usage: topic_sizes HOST:PORT")?;
    let tcp = TcpConnector::new(TcpConfig::default());
    let client = Client::connect(&tcp, &bootstrap.parse()?, ClientConfig::default()).await?;
    let metadata = client.send(MetadataRequest { topics: None, ..MetadataRequest::default() }).await?;

    // Replicas and bytes of each topic.
    let mut sizes: BTreeMap<String, (u64, i64)> = BTreeMap::new();
    for topic in &metadata.topics {
        sizes.insert(topic.name.as_deref().unwrap_or_default().to_owned(), (0, 0));
    }
    for broker in &metadata.brokers {
        let address = BrokerAddress::new(&*broker.host, u16::try_from(broker.port)?);
        let client = Client::connect(&tcp, &address, ClientConfig::default()).await?;
        let described = client.send(DescribeLogDirsRequest { topics: None, ..Default::default() }).await?;
        for directory in &described.results {
            if !directory.error_code.is_none() {
                eprintln!("{} of broker {}: {}", directory.log_dir, broker.node_id, directory.error_code);
            }
            for topic in &directory.topics {
                let (replicas, bytes) = sizes.entry(topic.name.to_string()).or_default();
                *replicas += topic.partitions.len() as u64;
                *bytes += topic.partitions.iter().map(|partition| partition.partition_size).sum::<i64>();
            }
        }
    }
    println!("{:>15}  {:>8}  TOPIC", "BYTES", "REPLICAS");
    for (name, (replicas, bytes)) in sizes {
        println!("{bytes:>15}  {replicas:>8}  {name}");
    }
    Ok(())
}

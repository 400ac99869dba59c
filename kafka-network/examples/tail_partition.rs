//! Prints a partition's records as they come, committed ones only:
//! `cargo run -p kafka-network --example tail_partition -- HOST:PORT TOPIC PARTITION [FROM_OFFSET [COUNT]]`.

use kafka_network::{BrokerAddress, Client, ClientConfig, TcpConfig, TcpConnector};
use kafka_protocol::messages::fetch::{FetchPartition, FetchTopic};
use kafka_protocol::messages::metadata::MetadataRequestTopic;
use kafka_protocol::messages::{FetchRequest, MetadataRequest};
use kafka_protocol::records::RecordBatch;
use std::error::Error;

/// The last version that names topics; what records may decompress to; `IsolationLevel` of readers of committed records.
const BY_NAME: i16 = 12;
const LIMIT: usize = 64 << 20;
const READ_COMMITTED: i8 = 1;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bootstrap, topic, partition, rest @ ..] = &arguments[..] else {
        return Err("usage: tail_partition HOST:PORT TOPIC PARTITION [FROM_OFFSET [COUNT]]".into());
    };
    let partition: i32 = partition.parse()?;
    let mut offset: i64 = rest.first().map_or(Ok(0), |text| text.parse())?;
    let mut left: u64 = rest.get(1).map_or(Ok(u64::MAX), |text| text.parse())?;
    let leader = leader(&bootstrap.parse()?, topic, partition).await?;
    while left > 0 {
        let wanted = FetchPartition {
            partition,
            fetch_offset: offset,
            partition_max_bytes: 1 << 20,
            ..FetchPartition::default()
        };
        let request = FetchRequest {
            max_wait_ms: 500,
            min_bytes: 1,
            isolation_level: READ_COMMITTED,
            topics: vec![FetchTopic {
                topic: topic.as_str().into(),
                partitions: vec![wanted],
                ..FetchTopic::default()
            }],
            ..FetchRequest::default()
        };
        let mut response = leader.send_version(request, BY_NAME).await?;
        let answer = response.responses.pop().and_then(|mut topic| topic.partitions.pop());
        let answer = answer.ok_or("the broker left the partition out")?;
        if !answer.error_code.is_none() {
            return Err(format!("{topic}-{partition}: {}", answer.error_code).into());
        }
        let mut aborted: Vec<(i64, i64)> = answer
            .aborted_transactions
            .unwrap_or_default()
            .iter()
            .map(|transaction| (transaction.producer_id, transaction.first_offset))
            .collect();
        let mut bytes = answer.records.map(|records| records.into_bytes()).unwrap_or_default();
        // The last batch may be cut.
        while let Ok(batch) = RecordBatch::split_from(&mut bytes) {
            let header = *batch.header();
            let begun =
                |(id, first): &(i64, i64)| *id == header.producer.id.0 && *first <= header.base_offset.0;
            let aborting = aborted.iter().position(begun);
            if let (true, Some(ended)) = (header.attributes.is_control(), aborting) {
                // The marker; what the producer writes after it is of another transaction.
                aborted.swap_remove(ended);
            }
            let given_up = aborting.is_some() && header.attributes.is_transactional();
            for record in batch.records(LIMIT)? {
                let record = record?;
                let read = record.offset.0 >= offset && !header.attributes.is_control() && !given_up;
                if read && left > 0 {
                    left -= 1;
                    let text = record.value.as_deref().map(String::from_utf8_lossy);
                    println!("{}: {}", record.offset, text.as_deref().unwrap_or("null"));
                }
            }
            offset = offset.max(batch.last_offset().0 + 1);
        }
    }
    Ok(())
}

async fn leader(bootstrap: &BrokerAddress, topic: &str, partition: i32) -> Result<Client, Box<dyn Error>> {
    let tcp = TcpConnector::new(TcpConfig::default());
    let client = Client::connect(&tcp, bootstrap, ClientConfig::default()).await?;
    let wanted = MetadataRequestTopic { name: Some(topic.into()), ..MetadataRequestTopic::default() };
    let request = MetadataRequest { topics: Some(vec![wanted]), ..MetadataRequest::default() };
    let metadata = client.send(request).await?;
    let of = metadata.topics.iter().flat_map(|topic| &topic.partitions);
    let of = of.into_iter().find(|of| of.partition_index == partition).ok_or("no such partition")?;
    let broker = metadata.brokers.iter().find(|broker| broker.node_id == of.leader_id);
    let broker = broker.ok_or("the partition has no leader")?;
    let address = BrokerAddress::new(&*broker.host, u16::try_from(broker.port)?);
    Ok(Client::connect(&tcp, &address, ClientConfig::default()).await?)
}

//! Reads records at known places, with the small client of `kafka-network`.

use anyhow::{Context, Result, ensure};
use kafka_network::{BrokerAddress, Client, ClientConfig, ConnectionConfig, TcpConfig, TcpConnector};
use kafka_producer::RecordMetadata;
use kafka_protocol::messages::fetch::{FetchPartition, FetchTopic};
use kafka_protocol::messages::metadata::MetadataRequestTopic;
use kafka_protocol::messages::{FetchRequest, MetadataRequest, MetadataResponse};
use kafka_protocol::records::{Record, read_records};
use std::collections::BTreeMap;

/// How much a batch may decompress to.
const LIMIT: usize = 64 * 1024 * 1024;

/// What lies at these places, as text: the producer's places are read, and nothing else of the topic.
pub(crate) async fn records(bootstrap: &str, topic: &str, places: &[RecordMetadata]) -> Result<Vec<String>> {
    let address: BrokerAddress = bootstrap.split(',').next().unwrap_or(bootstrap).parse()?;
    let client = connect(&address).await?;
    let wanted = MetadataRequestTopic { name: Some(topic.into()), ..Default::default() };
    let metadata = client.send(MetadataRequest { topics: Some(vec![wanted]), ..Default::default() }).await?;

    let mut by_partition: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
    for place in places {
        by_partition.entry(place.partition().0).or_default().push(place.offset.0);
    }
    let mut lines = Vec::new();
    for (partition, offsets) in by_partition {
        let leader = connect(&leader_of(&metadata, partition)?).await?;
        let first = offsets.iter().min().copied().unwrap_or(0);
        for record in fetch(&leader, &metadata, partition, first).await? {
            if offsets.contains(&record.offset.0) {
                lines.push(told(topic, partition, &record));
            }
        }
    }
    Ok(lines)
}

async fn connect(address: &BrokerAddress) -> Result<Client> {
    let connection = ConnectionConfig::new("quickstart-reader");
    let config = ClientConfig { connection, ..Default::default() };
    Ok(Client::connect(&TcpConnector::new(TcpConfig::default()), address, config).await?)
}

fn leader_of(metadata: &MetadataResponse, partition: i32) -> Result<BrokerAddress> {
    let partitions = metadata.topics.iter().flat_map(|topic| &topic.partitions);
    let leader = partitions
        .into_iter()
        .find(|candidate| candidate.partition_index == partition)
        .with_context(|| format!("partition {partition} is gone"))?
        .leader_id;
    let broker = metadata.brokers.iter().find(|broker| broker.node_id == leader);
    let broker = broker.with_context(|| format!("partition {partition} has no leader"))?;
    Ok(BrokerAddress::new(&*broker.host, u16::try_from(broker.port)?))
}

async fn fetch(
    leader: &Client,
    metadata: &MetadataResponse,
    partition: i32,
    first: i64,
) -> Result<Vec<Record>> {
    let topic = metadata.topics.first().context("the topic is gone")?;
    let request = FetchRequest {
        max_wait_ms: 500,
        min_bytes: 1,
        topics: vec![FetchTopic {
            topic: topic.name.clone().unwrap_or_default(),
            topic_id: topic.topic_id,
            partitions: vec![FetchPartition {
                partition,
                fetch_offset: first,
                partition_max_bytes: 1024 * 1024,
                ..Default::default()
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let response = leader.send(request).await?;
    ensure!(response.error_code.is_none(), "fetching: {}", response.error_code);
    let mut records = Vec::new();
    for partition in response.responses.into_iter().flat_map(|topic| topic.partitions) {
        ensure!(partition.error_code.is_none(), "fetching: {}", partition.error_code);
        if let Some(batches) = partition.records {
            records.extend(read_records(batches.into_bytes(), LIMIT)?);
        }
    }
    Ok(records)
}

fn told(topic: &str, partition: i32, record: &Record) -> String {
    let text = |bytes: Option<&[u8]>| {
        bytes.map_or("null".into(), |bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    let headers: Vec<String> = record
        .headers
        .iter()
        .map(|header| format!("{}={}", header.key, text(header.value.as_deref())))
        .collect();
    format!(
        "{topic}-{partition}@{}  {} → {}  [{}]",
        record.offset,
        text(record.key.as_deref()),
        text(record.value.as_deref()),
        headers.join(", ")
    )
}

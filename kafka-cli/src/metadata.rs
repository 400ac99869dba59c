//! `kafka-cli metadata`: brokers, topics, partitions, and who leads them.

use crate::arguments::ConnectionArguments;
use crate::tell;
use anyhow::{Context, Result, bail};
use clap::Args;
use kafka_network::{Client, ClientConfig, ConnectionConfig};
use kafka_protocol::messages::metadata::{MetadataRequestTopic, MetadataResponseTopic};
use kafka_protocol::messages::{MetadataRequest, MetadataResponse};
use serde::Serialize;
use std::io::{Write, stdout};
use std::process::ExitCode;
use std::time::Duration;

/// Shows the cluster as a client sees it: brokers, topics, partitions, leaders, replicas and which are in sync.
///
/// A partition without a leader, or with replicas that are not in sync, is marked with an exclamation mark. Exit code 1 means that
/// no broker answered, or that a topic that was named does not exist.
///
/// Example: kafka-cli metadata --bootstrap-server localhost:9092 --topic orders --interval-ms 1000
#[derive(Args, Debug)]
pub(crate) struct MetadataArguments {
    #[command(flatten)]
    connection: ConnectionArguments,

    /// Only these topics; given several times, each counts.
    #[arg(long)]
    topic: Vec<String>,

    /// Topics of Kafka's own, too, such as the consumers' offsets.
    #[arg(long)]
    internal: bool,

    /// As JSON, one document a line.
    #[arg(long)]
    json: bool,

    /// Shows it again and again at this interval, in milliseconds, whenever something has changed.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    interval_ms: Option<u64>,
}

#[derive(Serialize, PartialEq, Eq)]
struct Cluster {
    cluster_id: Option<String>,
    controller: Option<i32>,
    brokers: Vec<Broker>,
    topics: Vec<Topic>,
}

#[derive(Serialize, PartialEq, Eq)]
struct Broker {
    id: i32,
    host: String,
    port: i32,
    rack: Option<String>,
}

#[derive(Serialize, PartialEq, Eq)]
struct Topic {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    internal: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    partitions: Vec<Partition>,
}

#[derive(Serialize, PartialEq, Eq)]
struct Partition {
    partition: i32,
    leader: Option<i32>,
    leader_epoch: Option<i32>,
    replicas: Vec<i32>,
    isr: Vec<i32>,
    offline: Vec<i32>,
}

impl MetadataArguments {
    /// Asks the first broker that answers, and shows what it says.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.show())
    }

    async fn show(&self) -> Result<ExitCode> {
        let mut shown = None;
        let mut client = None;
        loop {
            let cluster = match self.ask(&mut client).await {
                Ok(cluster) => cluster,
                Err(error) if self.interval_ms.is_none() => return Err(error),
                Err(error) => {
                    // Another broker may answer.
                    client = None;
                    tell(format_args!("{error:#}"));
                    self.pause().await;
                    continue;
                }
            };
            let complete = cluster.topics.iter().all(|topic| topic.error.is_none());
            if shown.as_ref() != Some(&cluster) {
                let text = if self.json { serde_json::to_string(&cluster)? } else { cluster.table() };
                if writeln!(stdout(), "{text}").is_err() {
                    return Ok(ExitCode::SUCCESS);
                }
                shown = Some(cluster);
            }
            if self.interval_ms.is_none() {
                let asked = self.topic.is_empty() || complete;
                return Ok(if asked { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
            self.pause().await;
        }
    }

    async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(self.interval_ms.unwrap_or_default())).await;
    }

    async fn ask(&self, client: &mut Option<Client>) -> Result<Cluster> {
        let client = match client {
            Some(client) => client,
            None => client.insert(self.connect().await?),
        };
        let topics = self.topic.iter().map(|name| MetadataRequestTopic {
            name: Some(name.as_str().into()),
            ..MetadataRequestTopic::default()
        });
        let request = MetadataRequest {
            topics: (!self.topic.is_empty()).then(|| topics.collect()),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        let response = client.send(request).await.context("asking for metadata")?;
        Ok(Cluster::of(&response, self.internal || !self.topic.is_empty()))
    }

    /// The first of the bootstrap servers that answers.
    async fn connect(&self) -> Result<Client> {
        let builder = self.connection.builder(&[("client.id", "kafka-cli-metadata")], Vec::new())?;
        let (config, access) = (builder.config()?, builder.access()?);
        let mut failures = Vec::new();
        for address in &config.bootstrap_servers {
            let config = ClientConfig {
                connection: ConnectionConfig::new(config.client_id.as_str()),
                connect_timeout: config.connection_setup_timeout,
                request_timeout: config.request_timeout,
            };
            match Client::connect_with(&access, address, config).await {
                Ok(client) => return Ok(client),
                Err(error) => failures.push(error.to_string()),
            }
        }
        bail!("no broker answered: {}", failures.join("; "))
    }
}

impl Cluster {
    fn of(response: &MetadataResponse, internal: bool) -> Cluster {
        let mut brokers: Vec<Broker> = response
            .brokers
            .iter()
            .map(|broker| Broker {
                id: broker.node_id,
                host: broker.host.to_string(),
                port: broker.port,
                rack: broker.rack.as_ref().map(ToString::to_string),
            })
            .collect();
        brokers.sort_by_key(|broker| broker.id);
        let shown = response.topics.iter().filter(|topic| internal || !topic.is_internal);
        let mut topics: Vec<Topic> = shown.map(Topic::of).collect();
        topics.sort_by(|left, right| left.name.cmp(&right.name));
        Cluster {
            cluster_id: response.cluster_id.as_ref().map(ToString::to_string),
            controller: known(response.controller_id),
            brokers,
            topics,
        }
    }

    fn table(&self) -> String {
        let mut lines = Vec::new();
        if let Some(id) = &self.cluster_id {
            lines.push(format!("cluster {id}"));
        }
        let mut rows = vec![["BROKER", "ADDRESS", "RACK"].map(str::to_owned).to_vec()];
        for Broker { id, host, port, rack } in &self.brokers {
            let controller = if self.controller == Some(*id) { " (controller)" } else { "" };
            let rack = rack.clone().unwrap_or_else(|| "-".to_owned());
            rows.push(vec![format!("{id}{controller}"), format!("{host}:{port}"), rack]);
        }
        lines.extend(aligned(&rows));
        lines.push(String::new());
        let head = ["TOPIC", "PARTITION", "LEADER", "EPOCH", "REPLICAS", "IN SYNC", ""];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        for topic in &self.topics {
            if let Some(error) = &topic.error {
                rows.push(vec![topic.name.clone(), format!("! {error}")]);
            }
            for of in &topic.partitions {
                let number = |number: Option<i32>| number.map_or("-".to_owned(), |number| number.to_string());
                let wanting = of.leader.is_none() || of.isr.len() < of.replicas.len();
                rows.push(vec![
                    topic.name.clone(),
                    of.partition.to_string(),
                    number(of.leader),
                    number(of.leader_epoch),
                    list(&of.replicas),
                    list(&of.isr),
                    if wanting { "!" } else { "" }.to_owned(),
                ]);
            }
        }
        lines.extend(aligned(&rows));
        lines.push(String::new());
        lines.join("\n")
    }
}

impl Topic {
    fn of(topic: &MetadataResponseTopic) -> Topic {
        let mut partitions: Vec<Partition> = topic
            .partitions
            .iter()
            .map(|partition| Partition {
                partition: partition.partition_index,
                leader: known(partition.leader_id),
                leader_epoch: known(partition.leader_epoch),
                replicas: partition.replica_nodes.to_vec(),
                isr: partition.isr_nodes.to_vec(),
                offline: partition.offline_replicas.to_vec(),
            })
            .collect();
        partitions.sort_by_key(|partition| partition.partition);
        Topic {
            name: topic.name.as_deref().unwrap_or_default().to_owned(),
            id: (!topic.topic_id.is_zero()).then(|| topic.topic_id.to_string()),
            internal: topic.is_internal,
            error: (!topic.error_code.is_none()).then(|| topic.error_code.to_string()),
            partitions,
        }
    }
}

/// Brokers say -1 of what there is not.
fn known(number: i32) -> Option<i32> {
    (number >= 0).then_some(number)
}

fn list(nodes: &[i32]) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Rows with their columns below each other; the last cell of a row may be as long as it likes.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter(|row| row.len() > column + 1).map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let rows = [vec!["A", "B", "C"], vec!["long", "x", ""], vec!["a", "an error of many words"]];
        let rows = rows.map(|row| row.into_iter().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(aligned(&rows), ["A     B  C", "long  x", "a     an error of many words"]);
    }
}

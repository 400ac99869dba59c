//! A transactional loop: orders and their lines, all of an order or nothing, whatever goes wrong on the way.

use anyhow::Result;
use kafka_producer::{CommitError, Error, Producer, ProducerRecord, TransactionalProducer};
use kafka_testkit::{ApiKey, ClusterConfig, ErrorCode, LoopbackCluster, Rule, TopicConfig};
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<()> {
    let config =
        ClusterConfig::new(3).topic(TopicConfig::new("orders", 2)).topic(TopicConfig::new("lines", 6));
    let cluster = LoopbackCluster::start(config)?;
    let producer = Producer::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .transactional_id("shop-1")
        .build_transactional()?;
    producer.init().await?;

    // The cluster of this example refuses one write, and loses the answer to one commit.
    cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).nth(4).refuse(ErrorCode::INVALID_RECORD));
    cluster.add_rule(Rule::new().api(ApiKey::END_TXN).nth(3).disconnect_after());
    for order in 1..=4 {
        while let Err(error) = place(&producer, order).await {
            if error.is_fatal() {
                return Err(error.into());
            }
            println!("order {order} is done again: {error}");
        }
        println!("order {order} is placed");
    }
    producer.close(Duration::from_secs(30)).await?;

    let committed = cluster.with(|cluster, _| {
        let of = |partition| kafka_producer::TopicPartition::new("lines", partition);
        (0..6).map(|partition| cluster.committed_records(&of(partition)).len()).sum::<usize>()
    });
    println!("{committed} lines are committed");
    Ok(())
}

/// One order, in one transaction.
async fn place(producer: &TransactionalProducer, order: u32) -> Result<(), Error> {
    let id = order.to_string();
    // Dropped by the `?` below, it is aborted.
    let transaction = producer.begin().await?;
    drop(transaction.send(ProducerRecord::new("orders").key(&id).value("an order")).await?);
    for line in 1..=3 {
        let value = format!("line {line}");
        // Nobody has to look at each delivery: the commit does.
        drop(transaction.send(ProducerRecord::new("lines").key(&id).value(&value)).await?);
    }
    let mut outcome = transaction.commit().await;
    while let Err(CommitError::Unknown(pending)) = outcome {
        // It may be committed. To do it again now could double it.
        outcome = pending.resume().await;
    }
    outcome.map_err(Error::from)
}

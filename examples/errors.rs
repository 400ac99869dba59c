//! What can go wrong, how it is told, and what a program may do about it.

use anyhow::Result;
use kafka_producer::{Error, ErrorKind, Outcome, Producer, ProducerRecord};
use kafka_testkit::{ApiKey, ClusterConfig, ErrorCode, LoopbackCluster, Rule, TopicConfig};
use std::time::Duration;

#[tokio::main]
async fn main() -> Result<()> {
    let topic = TopicConfig::new("orders", 3);
    let cluster = LoopbackCluster::start(ClusterConfig::new(1).topic(topic).auto_create_topics(false))?;

    // Everything that is wrong with a configuration is said at once.
    let wrong = Producer::builder().property("linger_ms", "5").property("acks", "some").build();
    told("a misspelt configuration", wrong.map(drop));

    let producer = Producer::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .max_block(Duration::from_millis(500))
        .build()?;
    let send = async |record| producer.send_and_wait(record).await.map(drop);
    told("a topic that does not exist", send(ProducerRecord::new("order").value("3 apples")).await);
    told(
        "a partition that does not exist",
        send(ProducerRecord::new("orders").partition(3).value("3 apples")).await,
    );
    let large = "x".repeat(2 * 1024 * 1024);
    told("a record that is too large", send(ProducerRecord::new("orders").value(&*large)).await);

    // The cluster of this example refuses the next write.
    cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).times(1).refuse(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
    told("a topic that is not allowed", send(ProducerRecord::new("orders").value("3 apples")).await);

    producer.close(Duration::from_secs(30)).await?;
    told("a producer that is closed", send(ProducerRecord::new("orders").value("3 apples")).await);
    Ok(())
}

fn told(what: &str, result: Result<(), Error>) {
    let Err(error) = result else {
        println!("{what}: no error");
        return;
    };
    // The message is for people; kind and outcome are for the program.
    println!("{what}\n  {error}");
    let next = match error.kind() {
        ErrorKind::Configuration | ErrorKind::Misuse | ErrorKind::Serialization => "mend the program",
        ErrorKind::TooLarge => "split the record, or set it aside",
        ErrorKind::Authorization | ErrorKind::Authentication => "ask the cluster's administrator",
        _ if error.is_fatal() => "make a new producer",
        _ if error.outcome() == Outcome::Unknown => "send it again if a duplicate does no harm",
        _ if error.is_retriable() => "send it again later",
        _ => "look at the message",
    };
    println!("  {:?}, {:?} → {next}\n", error.kind(), error.outcome());
}

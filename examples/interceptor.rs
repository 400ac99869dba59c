//! Hooks around every send: one that stamps records with a header, one that counts outcomes.

use anyhow::Result;
use kafka_producer::{
    Acknowledgement, Error, Header, Interceptor, InterceptorError, Producer, ProducerRecord, SendContext,
};
use kafka_testkit::{ClusterConfig, LoopbackCluster, TopicConfig};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Says where records come from.
struct Origin(String);

impl Interceptor for Origin {
    fn on_send(&self, record: &mut SendContext<'_, '_>) -> Result<(), InterceptorError> {
        record.headers.push(Header::new("origin", self.0.clone()));
        Ok(())
    }
}

/// Counts outcomes. The program keeps a handle on what the interceptor counts.
struct Outcomes(Arc<Counts>);

#[derive(Default)]
struct Counts {
    acknowledged: AtomicU64,
    failed: AtomicU64,
}

impl Interceptor for Outcomes {
    fn on_acknowledgement(&self, outcome: &Acknowledgement<'_>) {
        let counter = match outcome.result {
            Ok(_) => &self.0.acknowledged,
            Err(error) => {
                // It is the producer's own error, and knows its kind.
                let kind = error.downcast_ref::<Error>().map(Error::kind);
                println!("a record for {} failed: {kind:?}", outcome.topic);
                &self.0.failed
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    fn on_close(&self) {
        println!("the producer has closed");
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let cluster = LoopbackCluster::start(ClusterConfig::new(1).topic(TopicConfig::new("visits", 1)))?;
    let counts = Arc::new(Counts::default());
    let producer = Producer::builder()
        .bootstrap_servers(cluster.bootstrap_servers())
        .max_request_size(1000)
        // They run in this order.
        .interceptor(Origin("checkout".to_owned()))
        .interceptor(Outcomes(Arc::clone(&counts)))
        .build()?;

    producer.send_and_wait(ProducerRecord::new("visits").value("front page")).await?;
    let too_large = producer.send(ProducerRecord::new("visits").value("x".repeat(2000))).await;
    println!("{}", too_large.map_or_else(|error| error.to_string(), |_| "accepted".to_owned()));
    producer.close(Duration::from_secs(30)).await?;

    for record in cluster.records("visits", 0) {
        let header = record.headers.first().map(|header| header.key.clone());
        println!("in the log: {:?}, with the header {header:?}", record.value);
    }
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!("{} acknowledged, {} failed", count(&counts.acknowledged), count(&counts.failed));
    Ok(())
}

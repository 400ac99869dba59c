//! This producer's program; the peers' take the same arguments and print the same line.

use anyhow::Result;
use bench::open_loop::{Arguments, OpenLoop};
use bench::values::values;
use clap::Args;
use kafka_producer::{Producer, ProducerRecord};
use std::sync::Arc;
use std::time::Duration;

/// Measures this producer alone.
#[derive(Args, Debug)]
pub(crate) struct Ours {
    /// BOOTSTRAP TOPIC RATE SECONDS SIZE LINGER_MS; rate 0 is as fast as it goes.
    #[arg(num_args = 6, required = true)]
    arguments: Vec<String>,
}

impl Ours {
    pub(crate) fn run(self) -> Result<()> {
        let arguments = Arguments::parse(self.arguments.into_iter())?;
        let producer = Producer::builder()
            .bootstrap_servers(&arguments.bootstrap)
            .client_id("latency")
            .property("linger.ms", &arguments.linger_ms)
            .build()?;
        let values = values(arguments.size);
        let topic = arguments.topic.as_str();
        // Connecting, metadata and the producer id come before the clock starts.
        producer.send_blocking(ProducerRecord::new(topic).value(&values[0]))?.wait()?;
        let schedule = Arc::new(OpenLoop::start(&arguments));
        let sent = schedule.run(|number, due| {
            let record = ProducerRecord::new(topic).value(&values[number as usize % values.len()]);
            let schedule = schedule.clone();
            producer.send_with_blocking(record, move |outcome| schedule.done(due, outcome.is_ok()));
        });
        println!("{}", schedule.finish(sent)?);
        producer.close_blocking(Duration::from_secs(10))?;
        Ok(())
    }
}

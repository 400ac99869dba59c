//! This producer's program; the peers' take the same arguments and print the same line.

use anyhow::Result;
use bench::open_loop::{Arguments, OpenLoop};
use bench::values::values;
use clap::Args;
use kafka_producer::{Delivery, Producer, ProducerRecord};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::scope;
use std::time::Duration;

/// Measures this producer alone.
#[derive(Args, Debug)]
pub(crate) struct Ours {
    /// BOOTSTRAP TOPIC RATE SECONDS SIZE LINGER_MS; rate 0 is as fast as it goes.
    #[arg(num_args = 6, required = true)]
    arguments: Vec<String>,
    /// Another thread waits for each delivery in the order of sending, instead of a callback with each record.
    #[arg(long)]
    awaited: bool,
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
        let record = |number: u64| ProducerRecord::new(topic).value(&values[number as usize % values.len()]);
        // Connecting, metadata and the producer id come before the clock starts.
        producer.send_blocking(record(0))?.wait()?;
        let schedule = Arc::new(OpenLoop::start(&arguments));
        let sent = if self.awaited {
            scope(|scope| {
                let (sent, bursts) = channel::<Vec<(u64, Delivery)>>();
                let schedule = &schedule;
                scope.spawn(move || {
                    for (due, delivery) in bursts.into_iter().flatten() {
                        schedule.done(due, delivery.wait().is_ok());
                    }
                });
                let burst = RefCell::new(Vec::new());
                schedule.run_in_bursts(
                    |number, due| match producer.send_blocking(record(number)) {
                        Ok(delivery) => burst.borrow_mut().push((due, delivery)),
                        Err(_) => schedule.done(due, false),
                    },
                    // The thread is there until the sender drops.
                    || drop(sent.send(burst.take())),
                )
            })
        } else {
            schedule.run(|number, due| {
                let schedule = schedule.clone();
                producer
                    .send_with_blocking(record(number), move |outcome| schedule.done(due, outcome.is_ok()));
            })
        };
        println!("{}", schedule.finish(sent)?);
        producer.close_blocking(Duration::from_secs(10))?;
        Ok(())
    }
}

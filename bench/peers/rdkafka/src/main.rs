//! The open load, sent with rdkafka's `ThreadedProducer`: every record's own delivery report, in its callback.

#[path = "../../../src/open_loop.rs"]
mod open_loop;
#[path = "../../../src/values.rs"]
mod values;

use anyhow::Result;
use open_loop::{Arguments, OpenLoop};
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What the first record has in place of a time: it is none of the schedule's.
const FIRST: usize = usize::MAX;

struct Reports(Arc<OnceLock<OpenLoop>>);

impl ClientContext for Reports {}

impl ProducerContext for Reports {
    /// When the record was due.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, due: usize) {
        if let Some(schedule) = self.0.get().filter(|_| due != FIRST) {
            schedule.done(due as u64, result.is_ok());
        }
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &arguments.bootstrap)
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("batch.size", "16384")
        .set("linger.ms", &arguments.linger_ms);
    let started = Arc::new(OnceLock::new());
    let producer = ThreadedProducer::from_config_and_context(&config, Reports(started.clone()))?;
    let values = values::values(arguments.size);
    let send = |number: u64, due: u64| -> Result<()> {
        let value = &values[number as usize % values.len()];
        let mut record: BaseRecord<'_, (), Vec<u8>, usize> =
            BaseRecord::with_opaque_to(&arguments.topic, due as usize).payload(value);
        loop {
            match producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    std::thread::sleep(Duration::from_micros(100));
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
    };
    // Connecting, metadata and the producer id come before the clock starts.
    send(0, FIRST as u64)?;
    producer.flush(Duration::from_secs(60))?;
    let schedule = started.get_or_init(|| OpenLoop::start(&arguments));
    let mut failed = None;
    let sent = schedule.run(|number, due| {
        if failed.is_none() {
            failed = send(number, due).err();
        }
    });
    if let Some(error) = failed {
        return Err(error);
    }
    println!("{}", schedule.finish(sent)?);
    Ok(())
}

//! `kafka-cli verifiable-producer`: numbered records at a steady rate, each outcome as a line of JSON.

use crate::arguments::ConnectionArguments;
use crate::events::Event;
use crate::shutdown;
use crate::throttle::Throttle;
use anyhow::Result;
use clap::Args;
use kafka_producer::{Producer, ProducerRecord, Timestamp};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Sends the numbers 0, 1, 2 … and prints a line of JSON for each, as kafka-verifiable-producer does.
///
/// Unlike Kafka's, it keeps the producer's own retries. It ends early when it is interrupted, or when nobody reads its
/// standard output any more; a second Ctrl-C ends it at once.
///
/// Exit code 0 means that every record that was sent was acknowledged, and in transactions committed unless it was to be aborted; 1, that one was not, or that it could not start; 2,
/// that an option is wrong.
///
/// Example: kafka-cli verifiable-producer --bootstrap-server localhost:9092 --topic t --max-messages 1000 --throughput 100
#[derive(Args, Debug)]
pub(crate) struct VerifiableProducerArguments {
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,

    /// The topic to send to.
    #[arg(long)]
    pub(crate) topic: String,

    /// How many records to send; -1 goes on until the process is asked to end.
    #[arg(long, default_value_t = -1, allow_negative_numbers = true)]
    pub(crate) max_messages: i64,

    /// Records per second; -1 is as fast as possible.
    #[arg(long, default_value_t = -1, allow_negative_numbers = true)]
    pub(crate) throughput: i64,

    /// all (or -1), 1 or 0 (acks); all unless a property says otherwise.
    #[arg(long, allow_negative_numbers = true)]
    acks: Option<String>,

    /// The first record's timestamp, in milliseconds since 1970; the others follow at the rate of the clock. -1 is now.
    #[arg(long, default_value_t = -1, allow_negative_numbers = true)]
    pub(crate) message_create_time: i64,

    /// Goes before each value, with a dot between.
    #[arg(long)]
    pub(crate) value_prefix: Option<String>,

    /// Sends in transactions, under this name, which no other program that runs may have (transactional.id). A record is
    /// reported when its transaction is committed, and so is each transaction.
    #[arg(long, value_name = "ID")]
    pub(crate) transactional_id: Option<String>,

    /// Records of a transaction.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 1000,
        value_parser = clap::value_parser!(u64).range(1..),
        requires = "transactional_id"
    )]
    pub(crate) transaction_size: u64,

    /// Each K-th transaction is aborted, on purpose; 0 aborts none.
    #[arg(long, value_name = "K", default_value_t = 0, requires = "transactional_id")]
    pub(crate) abort_every: u64,

    /// Keys count from 0 to one below this, again and again; without it, keys are null.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) repeating_keys: Option<u64>,
}

impl VerifiableProducerArguments {
    /// Sends, waits for every outcome, and prints the sums.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        if let Some(id) = &self.transactional_id {
            return self.run_transactions(id);
        }
        let producer = self.connection.builder(&[], self.options())?.build()?;
        let stopped = Arc::new(AtomicBool::new(false));
        shutdown::on_signal({
            let stopped = Arc::clone(&stopped);
            move || stopped.store(true, Ordering::Relaxed)
        })?;
        Event::StartupComplete.print();
        let throttle = Throttle::new(self.throughput);
        let acked = Arc::new(AtomicU64::new(0));
        let sent = self.send(&producer, &throttle, &stopped, &acked);
        let seconds = throttle.seconds();
        let closed = producer.close_blocking(Duration::MAX);
        Event::ShutdownComplete.print();
        let acked = acked.load(Ordering::Acquire);
        Event::ToolData {
            sent,
            acked,
            target_throughput: self.throughput,
            avg_throughput: if seconds > 0.0 { acked as f64 / seconds } else { 0.0 },
        }
        .print();
        closed?;
        Ok(if acked == sent { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    pub(crate) fn options(&self) -> Vec<(&'static str, String)> {
        self.acks.iter().map(|acks| ("acks", acks.clone())).collect()
    }

    pub(crate) fn key(&self, number: u64) -> Option<String> {
        self.repeating_keys.map(|count| (number % count).to_string())
    }

    pub(crate) fn value(&self, number: u64) -> String {
        match &self.value_prefix {
            Some(prefix) => format!("{prefix}.{number}"),
            None => number.to_string(),
        }
    }

    pub(crate) fn timestamp(&self, throttle: &Throttle) -> Option<Timestamp> {
        let passed = (throttle.seconds() * 1e3) as i64;
        (self.message_create_time >= 0).then(|| Timestamp(self.message_create_time.saturating_add(passed)))
    }

    fn send(
        &self,
        producer: &Producer,
        throttle: &Throttle,
        stopped: &Arc<AtomicBool>,
        acked: &Arc<AtomicU64>,
    ) -> u64 {
        let count = u64::try_from(self.max_messages).unwrap_or(u64::MAX);
        let topic: Arc<str> = self.topic.as_str().into();
        let stop = || stopped.load(Ordering::Relaxed);
        for number in 0..count {
            throttle.wait(number, stop);
            if stop() {
                return number;
            }
            let (key, value) = (self.key(number), self.value(number));
            let mut record = ProducerRecord::new(&*topic).key_or_null(key.as_deref()).value(value.as_str());
            record.timestamp = self.timestamp(throttle);
            let callback = {
                let (topic, acked, stopped) = (Arc::clone(&topic), Arc::clone(acked), Arc::clone(stopped));
                let (key, value) = (key.clone(), value.clone());
                move |outcome: Result<_, _>| {
                    if outcome.is_ok() {
                        acked.fetch_add(1, Ordering::Release);
                    }
                    if !Event::of(key.as_deref(), &value, &topic, &outcome).print() {
                        stopped.store(true, Ordering::Relaxed);
                    }
                }
            };
            // Told to the callback as well, if it is refused.
            producer.send_with_blocking(record, callback);
        }
        count
    }
}

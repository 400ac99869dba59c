//! `kafka-cli perf-test`: how fast records go, and how long they take.

mod payload;
mod statistics;

use crate::arguments::{KeyValue, builder_of};
use crate::throttle::Throttle;
use crate::{shutdown, tell};
use anyhow::{Result, bail, ensure};
use clap::Args;
use kafka_producer::{
    CommitError, Error, Producer, ProducerBuilder, ProducerRecord, Transaction, TransactionalProducer,
};
use kafka_types::SplitMix64;
use payload::{KeyDistribution, Payload};
use statistics::Statistics;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often a terminal sees how far the test is.
const PROGRESS: Duration = Duration::from_millis(250);
/// How many failures are told one by one; the rest is counted.
const TOLD: u64 = 10;

/// Measures throughput and latency, with the options and the lines of kafka-producer-perf-test.
///
/// A latency is the time from the call of send to the acknowledgement. Exit code 0 means that every record was
/// acknowledged; 1, that one was not, or that it could not start; 2, that an option is wrong.
///
/// Example: kafka-cli perf-test --bootstrap-server localhost:9092 --topic t --num-records 1000000 --record-size 100
/// --throughput -1
#[derive(Args, Debug)]
pub(crate) struct PerfTestArguments {
    /// Addresses to start from: HOST:PORT, several separated by commas. Wins over the property bootstrap.servers.
    #[arg(long, value_name = "HOST:PORT,…")]
    bootstrap_server: Option<String>,

    /// The topic to send to.
    #[arg(long)]
    topic: String,

    /// How many records to send.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    num_records: u64,

    /// Records per second, about; -1 is as fast as possible.
    #[arg(long, allow_negative_numbers = true)]
    throughput: f64,

    /// Bytes of each record's value, which is random capital letters.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..), group = "payload")]
    record_size: Option<u32>,

    /// A file of values in UTF-8, chosen at random.
    #[arg(long, value_name = "FILE", group = "payload")]
    payload_file: Option<PathBuf>,

    /// What stands between the values of the file.
    #[arg(long, default_value = "\\n", hide_default_value = true, requires = "payload_file")]
    payload_delimiter: String,

    /// Values are the numbers 0, 1, 2 …
    #[arg(long, group = "payload")]
    payload_monotonic: bool,

    /// Which keys records have; range and random need --record-key-range.
    #[arg(long, value_enum, default_value_t = KeyDistribution::None)]
    key_distribution: KeyDistribution,

    /// Keys are numbers from 0 to one below this.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    record_key_range: Option<u64>,

    /// The same seed gives the same keys and values.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    random_seed: i64,

    /// Producer properties; they win over the file.
    #[arg(long, visible_alias = "producer-props", value_name = "KEY=VALUE", num_args = 1..)]
    command_property: Vec<KeyValue>,

    /// A file of producer properties, in Java's format.
    #[arg(long, visible_alias = "producer.config", value_name = "FILE")]
    command_config: Option<PathBuf>,

    /// Sends in transactions, under this name (transactional.id).
    #[arg(long, value_name = "ID")]
    transactional_id: Option<String>,

    /// How long a transaction is, in milliseconds; 3000 if there is a transactional.id, and the other way round a name is made up.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    transaction_duration_ms: Option<u64>,

    /// The first so many records don't count in a second summary line, of the steady state.
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    warmup_records: u64,

    /// How often a line tells what was acknowledged since the last, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 5000, value_parser = clap::value_parser!(u64).range(1..))]
    reporting_interval: u64,
}

/// What records are sent with.
enum Sender {
    Plain(Producer),
    Transactional(TransactionalProducer, Duration),
}

/// What callbacks tell.
struct Shared {
    measured: Mutex<Measured>,
    failed: AtomicU64,
    warm_up: u64,
}

struct Measured {
    total: Statistics,
    window: Statistics,
    steady: Option<Statistics>,
}

impl PerfTestArguments {
    /// Sends, waits for every outcome, and prints the summary.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        ensure!(
            self.warmup_records < self.num_records,
            "--warmup-records ({}) leaves none of --num-records ({}) to be measured",
            self.warmup_records,
            self.num_records
        );
        ensure!(
            self.key_distribution == KeyDistribution::None || self.record_key_range.is_some(),
            "--key-distribution needs --record-key-range, the number of keys"
        );
        let mut random = SplitMix64::new(self.random_seed.cast_unsigned());
        let payload = self.payload(&mut random)?;
        let sender = self.sender()?;
        let stopped = Arc::new(AtomicBool::new(false));
        shutdown::on_signal({
            let stopped = Arc::clone(&stopped);
            move || stopped.store(true, Ordering::Relaxed)
        })?;
        if self.warmup_records > 0 {
            say(&format!(
                "Warmup first {} records. Steady state results will print after the complete test summary.",
                self.warmup_records
            ));
        }
        let shared = Arc::new(Shared {
            measured: Mutex::new(Measured {
                total: Statistics::new(""),
                window: Statistics::new(""),
                steady: None,
            }),
            failed: AtomicU64::new(0),
            warm_up: self.warmup_records,
        });
        let reporter = self.report(Arc::clone(&shared));
        let sent = self.send(&sender, &payload, &mut random, &shared, &stopped);
        let closed = match &sender {
            Sender::Plain(producer) => producer.close_blocking(Duration::MAX),
            Sender::Transactional(producer, _) => producer.close_blocking(Duration::MAX),
        };
        reporter.end();
        let measured = shared.measured();
        say(&measured.total.to_string());
        if let Some(steady) = &measured.steady {
            say(&steady.to_string());
        }
        let sent = sent?;
        closed?;
        let failed = shared.failed.load(Ordering::Acquire);
        if failed > 0 {
            bail!("{failed} of {sent} records were not acknowledged");
        }
        Ok(if sent < self.num_records { ExitCode::from(130) } else { ExitCode::SUCCESS })
    }

    fn payload(&self, random: &mut SplitMix64) -> Result<Payload> {
        match (self.record_size, &self.payload_file, self.payload_monotonic) {
            (Some(size), None, false) => Ok(Payload::random(size as usize, random)),
            (None, Some(file), false) => Payload::of_file(file, &self.payload_delimiter.replace("\\n", "\n")),
            (None, None, true) => Ok(Payload::Monotonic),
            _ => bail!(
                "exactly one of --record-size, --payload-file and --payload-monotonic says what is sent"
            ),
        }
    }

    fn sender(&self) -> Result<Sender> {
        let defaults = [("client.id", "perf-producer-client")];
        let server =
            self.bootstrap_server.iter().map(|server| ("bootstrap.servers", server.clone())).collect();
        let builder: ProducerBuilder =
            builder_of(self.command_config.as_deref(), &self.command_property, &defaults, server)?;
        let configured = builder.config()?.transactional_id;
        let id = self.transactional_id.clone().or(configured);
        let duration = self.transaction_duration_ms.map(Duration::from_millis);
        let id = match (id, duration) {
            (None, None) => return Ok(Sender::Plain(builder.build()?)),
            (Some(id), _) => id,
            (None, Some(_)) => format!("performance-producer-{}-{:?}", std::process::id(), Instant::now()),
        };
        let producer = builder.transactional_id(id).build_transactional()?;
        producer.init_blocking()?;
        Ok(Sender::Transactional(producer, duration.unwrap_or(Duration::from_secs(3))))
    }

    /// Sends until all is sent, or somebody wants an end; says how many were.
    fn send(
        &self,
        sender: &Sender,
        payload: &Payload,
        random: &mut SplitMix64,
        shared: &Arc<Shared>,
        stopped: &AtomicBool,
    ) -> Result<u64, Error> {
        let throttle = Throttle::of(self.throughput);
        let stop = || stopped.load(Ordering::Relaxed);
        let (mut key_buffer, mut value_buffer) = (String::new(), String::new());
        let mut open: Option<(Transaction, Instant)> = None;
        let range = self.record_key_range.unwrap_or(1);
        let mut sent = 0;
        while sent < self.num_records {
            throttle.wait(sent, stop);
            if stop() {
                break;
            }
            let key = self.key_distribution.key(sent, range, random, &mut key_buffer);
            let value = payload.value(sent, random, &mut value_buffer);
            let record = ProducerRecord::new(self.topic.as_str()).key_or_null(key).value(value);
            let callback = {
                let (shared, started, bytes) = (Arc::clone(shared), Instant::now(), value.len());
                move |outcome: Result<_, Error>| match outcome {
                    Ok(_) => shared.acknowledged(started.elapsed(), bytes),
                    Err(error) => shared.failed(&error),
                }
            };
            match sender {
                Sender::Plain(producer) => producer.send_with_blocking(record, callback),
                Sender::Transactional(producer, duration) => {
                    if open.as_ref().is_some_and(|(_, since)| since.elapsed() >= *duration)
                        && let Some((transaction, _)) = open.take()
                    {
                        commit(transaction)?;
                    }
                    let (transaction, _) = match &mut open {
                        Some(open) => open,
                        None => open.insert((producer.begin_blocking()?, Instant::now())),
                    };
                    transaction.send_with_blocking(record, callback);
                }
            }
            sent += 1;
        }
        if let Some((transaction, _)) = open {
            commit(transaction)?;
        }
        Ok(sent)
    }

    /// Prints a line for each interval, and on a terminal how far it is.
    fn report(&self, shared: Arc<Shared>) -> Reporter {
        let (interval, count) = (Duration::from_millis(self.reporting_interval), self.num_records);
        let ended = Arc::new(AtomicBool::new(false));
        let live = stderr().is_terminal();
        let thread = std::thread::spawn({
            let ended = Arc::clone(&ended);
            move || {
                let mut due = Instant::now() + interval;
                while !ended.load(Ordering::Acquire) {
                    let left = due.saturating_duration_since(Instant::now());
                    std::thread::park_timeout(if live { left.min(PROGRESS) } else { left });
                    if Instant::now() >= due {
                        due += interval;
                        let line = shared.measured().window.take_window();
                        clear(live);
                        say(&line);
                    }
                    if live {
                        let measured = shared.measured();
                        let (records, rate) = (measured.total.records(), measured.total.rate());
                        drop(measured);
                        let percent = records as f64 * 100.0 / count as f64;
                        let _ =
                            write!(stderr(), "\r{percent:5.1} %  {records} records, {rate:.0} records/sec ");
                    }
                }
                clear(live);
            }
        });
        Reporter { ended, thread }
    }
}

struct Reporter {
    ended: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Reporter {
    fn end(self) {
        self.ended.store(true, Ordering::Release);
        self.thread.thread().unpark();
        let _ = self.thread.join();
    }
}

impl Shared {
    fn acknowledged(&self, latency: Duration, bytes: usize) {
        let mut measured = self.measured();
        measured.total.record(latency, bytes);
        measured.window.record(latency, bytes);
        let steady = measured.total.records() > self.warm_up;
        if self.warm_up > 0 && steady {
            if measured.steady.is_none() {
                say("In steady state.");
            }
            measured.steady.get_or_insert_with(|| Statistics::new(" steady state")).record(latency, bytes);
        }
    }

    fn failed(&self, error: &Error) {
        if self.failed.fetch_add(1, Ordering::AcqRel) < TOLD {
            tell(format_args!("{error}"));
        }
    }

    fn measured(&self) -> MutexGuard<'_, Measured> {
        self.measured.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn commit(transaction: Transaction) -> Result<(), Error> {
    let mut outcome = transaction.commit_blocking();
    while let Err(CommitError::Unknown(pending)) = outcome {
        outcome = pending.resume_blocking();
    }
    outcome.map_err(Error::from)
}

/// Nobody may be reading; that is no reason not to measure.
fn say(line: &str) {
    let _ = writeln!(stdout(), "{line}");
}

/// Takes the line of progress away.
fn clear(live: bool) {
    if live {
        let _ = write!(stderr(), "\r\x1b[K");
    }
}

//! `kafka-cli produce`: lines of standard input become records.

use crate::arguments::{ConnectionArguments, KeyValue, read_properties};
use crate::json_reader::{self, JsonRecord};
use crate::ledger::{Ledger, Tally};
use crate::line_reader::LineFormat;
use crate::shutdown;
use crate::tell;
use crate::transactional_lines::TransactionalLines;
use anyhow::{Context, Result, bail};
use clap::Args;
use kafka_producer::{
    BytesSerializer, ErrorKind, Header, PartitionId, Payload, Producer, ProducerRecord, Timestamp,
};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, stdin};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long an interrupted program goes on sending.
const PATIENCE: Duration = Duration::from_secs(30);

/// The classes that `--line-reader` may name.
const LINE_READERS: [&str; 1] = ["org.apache.kafka.tools.LineMessageReader"];

/// Sends each line of standard input, or of files, as a record, as kafka-console-producer does.
///
/// Exit code 0 means that every record was acknowledged; 1, that one was not, or that it could not start; 2, that an
/// option is wrong; 130, that it was interrupted. What was read before is sent first, for up to 30 seconds; a second
/// Ctrl-C ends it at once.
///
/// Example: kafka-cli produce --bootstrap-server localhost:9092 --topic orders --reader-property parse.key=true < orders.tsv
///
/// Names in parentheses are of the producer property that an option sets. Options win over --command-property, and that over
/// --command-config.
#[derive(Args, Debug)]
pub(crate) struct ProduceArguments {
    #[command(flatten)]
    connection: ConnectionArguments,

    /// The topic to send to.
    #[arg(long)]
    topic: String,

    /// Files to read instead of standard input, one after the other.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// What lines are: text, or JSON objects with key, value, headers, partition and timestamp, each of which may be left out.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// What stands between records instead of the end of a line: any text, with \\n, \\r, \\t, \\0 and \\xHH for bytes.
    #[arg(long, value_name = "TEXT", value_parser = delimiter)]
    delimiter: Option<Delimiter>,

    /// A line, key or header that equals this is null; short for --reader-property null.marker=TEXT.
    #[arg(long, value_name = "TEXT")]
    null_marker: Option<String>,

    /// Tells at the end how many records were sent, and how fast.
    #[arg(long)]
    summary: bool,

    /// How lines are taken apart; given several times, each counts.
    ///
    /// parse.key (false), key.separator (a tab), parse.headers (false), headers.delimiter (a tab), headers.separator
    /// (,), headers.key.separator (:), ignore.error (false), null.marker (none: what equals it is null). With all of
    /// them a line is h1:v1,h2:v2 TAB key TAB value.
    #[arg(long, visible_alias = "property", value_name = "KEY=VALUE")]
    reader_property: Vec<KeyValue>,

    /// A file of reader properties, in Java's format.
    #[arg(long, value_name = "FILE")]
    reader_config: Option<PathBuf>,

    /// For scripts that name Kafka's own: org.apache.kafka.tools.LineMessageReader is the only one there is.
    #[arg(long, value_name = "CLASS", value_parser = LINE_READERS)]
    line_reader: Option<String>,

    /// Prints topic-partition@offset of each record on standard output, in the order of the lines.
    #[arg(long)]
    print_metadata: bool,

    /// Waits for each record's acknowledgement before the next line is read.
    #[arg(long)]
    sync: bool,

    /// The codec: none, gzip, snappy, lz4 or zstd; gzip if no value is given (compression.type).
    #[arg(long, value_name = "CODEC", num_args = 0..=1, default_missing_value = "gzip")]
    compression_codec: Option<String>,

    /// Sends lines in transactions, under this name, which no other program that runs may have (transactional.id). Who reads
    /// with isolation.level=read_committed gets all lines of a transaction or none.
    #[arg(long, value_name = "ID")]
    transactional_id: Option<String>,

    /// Lines of a transaction. It is committed with fewer at the end, and when it was open for a third of
    /// transaction.timeout.ms.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 1000,
        value_parser = clap::value_parser!(u64).range(1..),
        requires = "transactional_id"
    )]
    transaction_size: u64,

    /// all, 1 or 0 (acks).
    #[arg(long, value_name = "ACKS", allow_negative_numbers = true)]
    request_required_acks: Option<String>,

    /// Bytes of a batch (batch.size).
    #[arg(
        long,
        visible_alias = "max-partition-memory-bytes",
        value_name = "BYTES",
        allow_negative_numbers = true
    )]
    batch_size: Option<String>,

    /// How long a batch waits for more records, in milliseconds (linger.ms). Lines that are typed don't wait.
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    timeout: Option<String>,

    /// The most time a line waits for metadata and memory, in milliseconds (max.block.ms).
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    max_block_ms: Option<String>,

    /// The bound on buffered bytes (buffer.memory).
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true)]
    max_memory_bytes: Option<String>,

    /// How often a batch is tried again (retries).
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    message_send_max_retries: Option<String>,

    /// The pause before a retry, in milliseconds (retry.backoff.ms).
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    retry_backoff_ms: Option<String>,

    /// The most time a request may take, in milliseconds (request.timeout.ms).
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    request_timeout_ms: Option<String>,

    /// How old metadata may become, in milliseconds (metadata.max.age.ms).
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    metadata_expiry_ms: Option<String>,

    /// The socket's send buffer, in bytes (send.buffer.bytes).
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true)]
    socket_buffer_size: Option<String>,
}

impl ProduceArguments {
    /// Reads, sends, and waits for every acknowledgement.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let format = self.line_format()?;
        let builder = self.connection.builder(&self.defaults(), self.options())?;
        let lines = match &self.transactional_id {
            Some(id) => {
                let producer = builder.transactional_id(id).build_transactional()?;
                Lines::InTransactions(Arc::new(TransactionalLines::start(producer, self.transaction_size)?))
            }
            None => Lines::OneByOne(builder.build()?),
        };
        let ledger = Arc::new(Ledger::start(self.print_metadata));
        lines.watch(&ledger)?;
        let interrupted = Arc::new(AtomicBool::new(false));
        shutdown::on_signal({
            let (lines, ledger, interrupted) = (lines.clone(), ledger.clone(), interrupted.clone());
            move || {
                interrupted.store(true, Ordering::SeqCst);
                tell(format_args!(
                    "interrupted: sending what was read, for up to {} s; once more ends at once",
                    PATIENCE.as_secs()
                ));
                // What was read before the signal is still sent.
                let _ = lines.finish(&ledger, PATIENCE);
                let tally = ledger.finish();
                tell(format_args!(
                    "records acknowledged: {}, not acknowledged: {}",
                    tally.acknowledged, tally.failed
                ));
                std::process::exit(shutdown::INTERRUPTED);
            }
        })?;
        let started = Instant::now();
        let read = self.send_lines(&lines, &format, &ledger);
        if interrupted.load(Ordering::SeqCst) {
            // The line that was being sent met a closed producer; the other thread ends the program.
            loop {
                std::thread::park();
            }
        }
        let closed = lines.finish(&ledger, Duration::MAX);
        let tally = ledger.finish();
        self.tell_summary(read?, tally, started);
        closed?;
        Ok(if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Sends all that there is to read; says how many records that were.
    fn send_lines(&self, lines: &Lines, format: &LineFormat, ledger: &Ledger) -> Result<u64> {
        let mut number = 0;
        if self.files.is_empty() {
            let input = &mut stdin().lock();
            self.send_input(input, &mut number, lines, format, ledger).context("reading standard input")?;
            return Ok(number);
        }
        for file in &self.files {
            let name = || format!("reading {}", file.display());
            let mut input = BufReader::new(File::open(file).with_context(name)?);
            if !self.send_input(&mut input, &mut number, lines, format, ledger).with_context(name)? {
                break;
            }
        }
        Ok(number)
    }

    /// False if nothing more can be sent.
    fn send_input(
        &self,
        input: &mut dyn BufRead,
        number: &mut u64,
        lines: &Lines,
        format: &LineFormat,
        ledger: &Ledger,
    ) -> Result<bool> {
        let mut buffer = Vec::new();
        while let Some(line) = self.next_line(input, &mut buffer)? {
            *number += 1;
            let number = *number;
            if self.format == Format::Json {
                if line.is_empty() {
                    continue;
                }
                let parsed = json_reader::parse(line).with_context(|| format!("line {number}"))?;
                if !lines.send(number, self.json_record(&parsed), self.sync, ledger) {
                    return Ok(false);
                }
                continue;
            }
            let parsed = format.parse(line).with_context(|| format!("line {number}"))?;
            let mut record =
                ProducerRecord::new(self.topic.as_str()).key_or_null(parsed.key).value_or_null(parsed.value);
            record.headers = parsed
                .headers
                .into_iter()
                .map(|(key, value)| Header { key: Cow::Borrowed(key), value: value.map(Cow::Borrowed) })
                .collect();
            if !lines.send(number, record, self.sync, ledger) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What stands before the next delimiter, or the end.
    fn next_line<'b>(&self, input: &mut dyn BufRead, buffer: &'b mut Vec<u8>) -> Result<Option<&'b [u8]>> {
        let delimiter = self.delimiter.as_ref().map_or(&b"\n"[..], |delimiter| &delimiter.0);
        let Some(last) = delimiter.last() else { bail!("--delimiter is empty") };
        buffer.clear();
        while input.read_until(*last, buffer)? > 0 && !buffer.ends_with(delimiter) {}
        if buffer.is_empty() {
            return Ok(None);
        }
        let line = buffer.strip_suffix(delimiter).unwrap_or(buffer);
        let line = if self.delimiter.is_none() { line.strip_suffix(b"\r").unwrap_or(line) } else { line };
        Ok(Some(line))
    }

    fn json_record<'r>(
        &'r self,
        parsed: &'r JsonRecord,
    ) -> ProducerRecord<'r, impl Payload<BytesSerializer>, impl Payload<BytesSerializer>> {
        let mut record = ProducerRecord::new(self.topic.as_str())
            .key_or_null(parsed.key.as_deref())
            .value_or_null(parsed.value.as_deref());
        record.partition = parsed.partition.map(PartitionId);
        record.timestamp = parsed.timestamp.map(Timestamp);
        let header = |(key, value): &'r (String, Option<Vec<u8>>)| Header {
            key: Cow::Borrowed(key.as_str()),
            value: value.as_deref().map(Cow::Borrowed),
        };
        record.headers = parsed.headers.iter().map(header).collect();
        record
    }

    fn tell_summary(&self, read: u64, Tally { acknowledged, failed }: Tally, started: Instant) {
        if self.summary {
            let seconds = started.elapsed().as_secs_f64();
            let rate = acknowledged as f64 / seconds.max(1e-9);
            tell(format_args!(
                "{read} records in {seconds:.1} s ({rate:.0} per second), {failed} not acknowledged"
            ));
        }
    }

    fn line_format(&self) -> Result<LineFormat> {
        let mut properties = Vec::new();
        if let Some(file) = &self.reader_config {
            let pairs = read_properties(file)?;
            properties.extend(pairs.into_iter().map(|(key, value)| KeyValue { key, value }));
        }
        properties.extend(self.reader_property.iter().cloned());
        let marker = self
            .null_marker
            .iter()
            .map(|value| KeyValue { key: "null.marker".to_owned(), value: value.clone() });
        properties.extend(marker);
        LineFormat::from_properties(&properties)
    }

    /// A person who types a line wants to see it sent.
    fn defaults(&self) -> Vec<(&'static str, &'static str)> {
        if stdin().is_terminal() { vec![("linger.ms", "0")] } else { Vec::new() }
    }

    /// The options as producer properties; those that were not given leave the others alone.
    fn options(&self) -> Vec<(&'static str, String)> {
        let options = [
            ("compression.type", self.compression_codec.clone()),
            ("acks", self.request_required_acks.clone()),
            ("batch.size", self.batch_size.clone()),
            ("linger.ms", self.timeout.clone()),
            ("max.block.ms", self.max_block_ms.clone()),
            ("buffer.memory", self.max_memory_bytes.clone()),
            ("retries", self.message_send_max_retries.clone()),
            ("retry.backoff.ms", self.retry_backoff_ms.clone()),
            ("request.timeout.ms", self.request_timeout_ms.clone()),
            ("metadata.max.age.ms", self.metadata_expiry_ms.clone()),
            ("send.buffer.bytes", self.socket_buffer_size.clone()),
        ];
        options.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// What lines are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// What stands between records.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Delimiter(Vec<u8>);

/// Any text; a backslash makes bytes that a shell can't.
fn delimiter(text: &str) -> Result<Delimiter, String> {
    let mut bytes = Vec::new();
    let mut rest = text.chars();
    while let Some(next) = rest.next() {
        if next != '\\' {
            bytes.extend(next.encode_utf8(&mut [0; 4]).bytes());
            continue;
        }
        match rest.next() {
            Some('n') => bytes.push(b'\n'),
            Some('r') => bytes.push(b'\r'),
            Some('t') => bytes.push(b'\t'),
            Some('0') => bytes.push(0),
            Some('\\') => bytes.push(b'\\'),
            Some('x') => {
                let digits: String = rest.by_ref().take(2).collect();
                bytes.push(u8::from_str_radix(&digits, 16).map_err(|_| format!("\\x{digits} is no byte"))?);
            }
            other => return Err(format!("unknown escape \\{}", other.map_or(String::new(), String::from))),
        }
    }
    if bytes.is_empty() { Err("it is empty".to_owned()) } else { Ok(Delimiter(bytes)) }
}

/// Where lines go.
#[derive(Clone)]
enum Lines {
    OneByOne(Producer),
    InTransactions(Arc<TransactionalLines>),
}

impl Lines {
    /// Sends a line's record. False if the next lines need not be tried.
    fn send<'r, K, V>(
        &self,
        number: u64,
        record: ProducerRecord<'r, K, V>,
        sync: bool,
        ledger: &Ledger,
    ) -> bool
    where
        K: Payload<BytesSerializer>,
        V: Payload<BytesSerializer>,
    {
        let producer = match self {
            Lines::OneByOne(producer) => producer,
            Lines::InTransactions(lines) => return lines.send(number, record, sync, ledger),
        };
        match producer.send_blocking(record) {
            Ok(delivery) if sync => ledger.settle(number, delivery.wait()),
            Ok(delivery) => ledger.expect(number, delivery),
            Err(error) => {
                // Anything else the next lines would meet too, each after its own wait.
                let only_this_line = matches!(error.kind(), ErrorKind::TooLarge | ErrorKind::Serialization);
                ledger.settle(number, Err(error));
                return only_this_line;
            }
        }
        true
    }

    /// Transactions must not stay open while nobody types.
    fn watch(&self, ledger: &Arc<Ledger>) -> Result<()> {
        if let Lines::InTransactions(lines) = self {
            let (lines, ledger) = (lines.clone(), ledger.clone());
            std::thread::Builder::new().name("transactions".into()).spawn(move || lines.watch(&ledger))?;
        }
        Ok(())
    }

    fn finish(&self, ledger: &Ledger, patience: Duration) -> Result<()> {
        match self {
            Lines::OneByOne(producer) => producer.close_blocking(patience).map(drop).map_err(Into::into),
            Lines::InTransactions(lines) => lines.finish(ledger, patience),
        }
    }
}

//! The JSON lines of Kafka's verifiable producer.

use kafka_producer::{Error, RecordMetadata};
use serde::Serialize;
use std::io::{Write, stdout};
use std::time::{SystemTime, UNIX_EPOCH};

/// One line on standard output.
#[derive(Serialize, Debug)]
#[serde(tag = "name", rename_all = "snake_case")]
pub(crate) enum Event<'e> {
    StartupComplete,
    ProducerSendSuccess {
        key: Option<&'e str>,
        value: &'e str,
        topic: &'e str,
        partition: i32,
        offset: i64,
    },
    ProducerSendError {
        key: Option<&'e str>,
        value: &'e str,
        topic: &'e str,
        /// The kind of the error.
        exception: String,
        message: String,
    },
    TransactionCommitted(TransactionEvent<'e>),
    TransactionAborted(TransactionEvent<'e>),
    /// Nobody knows whether it was committed.
    TransactionUnknown(TransactionEvent<'e>),
    ShutdownComplete,
    ToolData {
        sent: u64,
        acked: u64,
        target_throughput: i64,
        avg_throughput: f64,
    },
}

/// What became of a transaction.
#[derive(Serialize, Debug)]
pub(crate) struct TransactionEvent<'e> {
    /// Which one; the first is 1.
    pub(crate) transaction: u64,
    /// Records in it.
    pub(crate) count: u64,
    /// The first and the last record's value.
    pub(crate) first: Option<&'e str>,
    pub(crate) last: Option<&'e str>,
    /// Why it was not committed; nothing if that was intended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exception: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
}

#[derive(Serialize)]
struct Line<'e> {
    /// Milliseconds since the Unix epoch.
    timestamp: u64,
    #[serde(flatten)]
    event: &'e Event<'e>,
}

impl<'e> Event<'e> {
    /// What became of one record.
    pub(crate) fn of(
        key: Option<&'e str>,
        value: &'e str,
        topic: &'e str,
        outcome: &'e Result<RecordMetadata, Error>,
    ) -> Event<'e> {
        match outcome {
            Ok(metadata) => Event::ProducerSendSuccess {
                key,
                value,
                topic,
                partition: metadata.partition().0,
                offset: metadata.offset.0,
            },
            Err(error) => Event::ProducerSendError {
                key,
                value,
                topic,
                exception: format!("{:?}", error.kind()),
                message: error.to_string(),
            },
        }
    }

    /// Writes the line. False if nobody reads standard output any more, which is no error of the records.
    pub(crate) fn print(&self) -> bool {
        let timestamp = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        let Ok(mut line) = serde_json::to_vec(&Line { timestamp, event: self }) else { return true };
        line.push(b'\n');
        // One write, so that lines of several threads don't mix.
        stdout().lock().write_all(&line).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_kafkas_names() {
        let event = Event::ProducerSendSuccess { key: None, value: "7", topic: "t", partition: 2, offset: 9 };
        let line = serde_json::to_string(&Line { timestamp: 5, event: &event }).unwrap();
        assert_eq!(
            line,
            r#"{"timestamp":5,"name":"producer_send_success","key":null,"value":"7","topic":"t","partition":2,"offset":9}"#
        );
        let start = serde_json::to_string(&Line { timestamp: 5, event: &Event::StartupComplete }).unwrap();
        assert_eq!(start, r#"{"timestamp":5,"name":"startup_complete"}"#);
    }
}

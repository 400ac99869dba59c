//! The words: what happened, where the time went, and what to do next.

use super::cause::{Cause, MetadataWaited, WaitsFor};
use kafka_types::{ErrorCode, rounded};
use std::fmt;

pub(super) fn write(cause: &Cause, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match cause {
        Cause::Configuration(problems) => match problems.as_slice() {
            [problem] => write!(f, "invalid configuration: {problem}"),
            problems => {
                write!(f, "invalid configuration, {} problems:", problems.len())?;
                problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        },
        #[cfg(feature = "driver")]
        Cause::Start(error) => write!(f, "the producer's background thread could not be started: {error}"),
        Cause::TopicName { topic, reason } => write!(f, "the topic name {topic:?} is not legal: {reason}"),
        Cause::NegativeTimestamp(timestamp) => write!(
            f,
            "the timestamp {timestamp} is negative: expected milliseconds since 1970, or none for the time of the send"
        ),
        Cause::NegativePartition(partition) => {
            write!(f, "the partition {partition} is negative: expected one from 0, or none for the partitioner's choice")
        }
        Cause::PartitionerChoice { topic, chosen, count } => write!(
            f,
            "the partitioner chose partition {chosen} of topic {topic}, which has {count}: mend the partitioner"
        ),
        Cause::Serialization { topic, part, source } => {
            write!(f, "the {part} of a record for topic {topic} could not be serialized: {source}")
        }
        Cause::TooLarge { topic, size, limit, property } => write!(
            f,
            "a record of {size} bytes for topic {topic} is greater than {property} ({limit}): send less, or raise \
             the property (and the topic's max.message.bytes, if need be)"
        ),
        Cause::Metadata(waited) => write_metadata(waited, f),
        Cause::Memory { topic, bytes, waited, buffer_memory } => write!(
            f,
            "no room for {bytes} bytes for topic {topic} within {:?}: buffer.memory \
             ({buffer_memory}) is full of records that are not yet acknowledged. Send more slowly, or raise \
             buffer.memory or max.block.ms; if nothing gets acknowledged, look at the brokers",
            rounded(*waited)
        ),
        Cause::WouldWait(WaitsFor::Memory) => f.write_str(
            "buffer.memory is full: try again later, or use `send`, which waits for room up to max.block.ms",
        ),
        Cause::WouldWait(WaitsFor::Metadata) => f.write_str(
            "the topic's partitions are not known yet and are being asked for: try again later, or use `send`, \
             which waits for them up to max.block.ms",
        ),
        Cause::Topic { topic, code } => {
            write!(f, "topic {topic} cannot be used: the cluster answered {code}")?;
            match *code {
                ErrorCode::TOPIC_AUTHORIZATION_FAILED => f.write_str(". Ask for permission to write to it"),
                _ => Ok(()),
            }
        }
        Cause::Fatal(error) => fmt::Display::fmt(error, f),
        Cause::Transaction(cause) => fmt::Display::fmt(cause, f),
        Cause::Delivery(failure) => fmt::Display::fmt(failure, f),
        Cause::InCallback(operation) => write!(
            f,
            "`{operation}` was called inside a callback or an interceptor, where it could only wait for itself: call \
             it from another thread or task"
        ),
        Cause::Closed => f.write_str("the producer is closed: make a new one"),
        Cause::Stopped => f.write_str(
            "the producer has stopped, because the thread or runtime that it ran on is gone: make a new one, and \
             keep a runtime that is passed to it running until it is closed",
        ),
    }
}

fn write_metadata(waited: &MetadataWaited, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let MetadataWaited { topic, waited, code, partition, unreachable, bootstrap, connection_error } = waited;
    let waited = rounded(*waited);
    if *unreachable {
        write!(
            f,
            "no metadata for topic {topic} after waiting {waited:?} (max.block.ms): none of the bootstrap servers ({bootstrap}) has \
             answered. "
        )?;
        if let Some(error) = connection_error {
            write!(f, "The latest attempt: {}. ", error.trim_end_matches(['.', '?']))?;
        }
        return f.write_str("Check bootstrap.servers, the network, and that the listener is PLAINTEXT");
    }
    if let Some((partition, count)) = partition.filter(|(_, count)| *count > 0) {
        return write!(
            f,
            "partition {partition} of topic {topic} does not exist after waiting {waited:?} (max.block.ms): the topic has {count} \
             partitions, 0 to {}",
            count - 1
        );
    }
    match *code {
        Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) => write!(
            f,
            "topic {topic} does not exist after waiting {waited:?} (max.block.ms): the cluster answered {}. Create it, or check its \
             name",
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        ),
        Some(code) => {
            write!(
                f,
                "topic {topic} was not usable after waiting {waited:?} (max.block.ms): the cluster answered {code}"
            )
        }
        None => write!(
            f,
            "no metadata for topic {topic} after waiting {waited:?} (max.block.ms): the cluster has not answered yet"
        ),
    }
}

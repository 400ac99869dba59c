//! Whose fault, and what next.

use std::fmt;

/// What kind of failure an [`Error`](crate::Error) is: whose fault it was, and with that what to do next.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration is wrong; the message lists every property to mend.
    Configuration,
    /// The call is wrong: an illegal topic name, partition or timestamp, or waiting inside a callback.
    Misuse,
    /// A serializer refused the key or the value.
    Serialization,
    /// The record is greater than a limit, here or on the broker.
    TooLarge,
    /// Time ran out; the message says where it went.
    Timeout,
    /// `try_send` would have had to wait for memory or metadata; the record came back.
    WouldWait,
    /// The cluster refused the record, or the topic.
    Broker,
    /// The cluster does not allow this client to do it.
    Authorization,
    /// The cluster does not accept this client's credentials.
    Authentication,
    /// Another producer has taken this one's place.
    Fenced,
    /// The producer was closed before, or while, this happened.
    Closed,
    /// The producer's background thread or runtime is gone; only a new producer helps.
    Stopped,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ErrorKind::Configuration => "configuration",
            ErrorKind::Misuse => "misuse",
            ErrorKind::Serialization => "serialization",
            ErrorKind::TooLarge => "too large",
            ErrorKind::Timeout => "timeout",
            ErrorKind::WouldWait => "would wait",
            ErrorKind::Broker => "broker",
            ErrorKind::Authorization => "authorization",
            ErrorKind::Authentication => "authentication",
            ErrorKind::Fenced => "fenced",
            ErrorKind::Closed => "closed",
            ErrorKind::Stopped => "stopped",
        })
    }
}

/// Whether a failed record may be in the log nevertheless.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// It is not, and will not be: sending it again makes no duplicate.
    NotWritten,
    /// It may be: it was on its way when the answer failed to come. Sending it again may make a duplicate.
    Unknown,
}

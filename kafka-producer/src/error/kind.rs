//! Whose fault, and what next.

use std::fmt;

/// Kinds and the words they print as; `ALL` has every one.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident => $words:literal,)*) => {
        /// What kind of failure an [`Error`](crate::Error) is: whose fault it was, and with that what to do next.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $($(#[$doc])* $kind,)*
        }

        impl ErrorKind {
            #[cfg(test)]
            pub(super) const ALL: &[ErrorKind] = &[$(ErrorKind::$kind,)*];
        }

        impl fmt::Display for ErrorKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(ErrorKind::$kind => $words,)*
                })
            }
        }
    };
}

kinds! {
    /// The configuration is wrong; the message lists every property to mend.
    Configuration => "configuration",
    /// The call is wrong: an illegal topic name, partition or timestamp, or waiting inside a callback.
    Misuse => "misuse",
    /// A serializer refused the key or the value.
    Serialization => "serialization",
    /// The record is greater than a limit, here or on the broker.
    TooLarge => "too large",
    /// Time ran out; the message says where it went.
    Timeout => "timeout",
    /// `try_send` would have had to wait for memory or metadata, and the record came back; or any send for memory, if the builder's
    /// `on_full` refuses that.
    WouldWait => "would wait",
    /// The cluster refused the record, or the topic.
    Broker => "broker",
    /// The cluster does not allow this client to do it.
    Authorization => "authorization",
    /// The cluster does not accept this client's credentials.
    Authentication => "authentication",
    /// Another producer has taken this one's place.
    Fenced => "fenced",
    /// Its transaction was aborted before the record was sent.
    Aborted => "aborted",
    /// The program took the record back before it was acknowledged.
    Purged => "purged",
    /// The producer was closed before, or while, this happened.
    Closed => "closed",
    /// The producer's background thread or runtime is gone; only a new producer helps.
    Stopped => "stopped",
}

/// Whether a failed record may be in the log nevertheless.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// It is not, and will not be: sending it again makes no duplicate.
    NotWritten,
    /// It may be: it was on its way when the answer failed to come. Sending it again may make a duplicate.
    Unknown,
}

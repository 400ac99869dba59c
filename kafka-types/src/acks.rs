//! How many replicas must have a record before it counts as acknowledged.

use std::fmt;
use std::str::FromStr;

/// `acks`. Exhaustive: the protocol has only these.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Acks {
    /// `0`: the record counts as sent when its bytes are in the socket. Offsets are unknown; loss goes unseen.
    None,
    /// `1`: the leader has it. Lost if the leader dies before a follower copied it.
    Leader,
    /// `all` (or `-1`): all replicas in sync have it. The default, and what idempotence needs.
    #[default]
    All,
}

impl Acks {
    /// The number on the wire.
    pub const fn value(self) -> i16 {
        match self {
            Acks::None => 0,
            Acks::Leader => 1,
            Acks::All => -1,
        }
    }
}

impl FromStr for Acks {
    type Err = UnknownAcks;

    fn from_str(value: &str) -> Result<Self, UnknownAcks> {
        match value {
            "0" => Ok(Acks::None),
            "1" => Ok(Acks::Leader),
            "all" | "-1" => Ok(Acks::All),
            other => Err(UnknownAcks(other.to_owned())),
        }
    }
}

impl fmt::Display for Acks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Acks::None => "0",
            Acks::Leader => "1",
            Acks::All => "all",
        })
    }
}

/// A value that `acks` does not take.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("unknown acks {0:?}: expected all, -1, 0 or 1")]
pub struct UnknownAcks(String);

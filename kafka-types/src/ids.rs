//! Newtypes for the numbers that name things in a cluster.

use std::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                $name(value)
            }
        }

        impl From<$name> for $inner {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}
pub(crate) use number;

number! {
    /// A partition's index within its topic, from 0.
    PartitionId(i32)
}

number! {
    /// A broker's node id (`node.id`). Bootstrap addresses have negative ids until metadata names the brokers.
    NodeId(i32)
}

number! {
    /// A record's position in its partition's log.
    Offset(i64)
}

number! {
    /// The generation of a partition's leadership (KIP-320); -1 where it is unknown.
    LeaderEpoch(i32)
}

impl Offset {
    /// The broker did not say (`acks=0`, or a duplicate whose offset it forgot).
    pub const UNKNOWN: Offset = Offset(-1);

    /// True unless this is [`Offset::UNKNOWN`] or otherwise negative.
    pub const fn is_known(self) -> bool {
        self.0 >= 0
    }
}

impl LeaderEpoch {
    /// No epoch known: old brokers, or not learned yet.
    pub const UNKNOWN: LeaderEpoch = LeaderEpoch(-1);
}

/// A topic's unique id (KIP-516): it changes when a topic is deleted and created again under the same name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TopicId(pub [u8; 16]);

impl TopicId {
    /// The id that means "none".
    pub const ZERO: TopicId = TopicId([0; 16]);

    /// True if this is [`TopicId::ZERO`].
    pub fn is_zero(&self) -> bool {
        *self == TopicId::ZERO
    }
}

impl fmt::Display for TopicId {
    /// The usual 8-4-4-4-12 form of a UUID.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_ids_print_as_uuids() {
        let id = TopicId(*b"0123456789abcdef");
        assert_eq!(id.to_string(), "30313233-3435-3637-3839-616263646566");
    }
}

//! What makes a batch recognisable to a broker: producer id, epoch and sequence (KIP-98).

use crate::ids::number;
use std::fmt;

number! {
    /// A producer id, given out by the cluster; -1 means none.
    ProducerId(i64)
}

number! {
    /// The generation of a producer id; -1 means none.
    ProducerEpoch(i16)
}

number! {
    /// The number of a record within its producer's stream to one partition; -1 means none.
    ///
    /// It counts from 0 to `i32::MAX` and goes on at 0. Plain comparison is wrong around the wrap, so the type's `Ord`
    /// is for collections only; [`Sequence::distance_from`] answers who comes first.
    Sequence(i32)
}

impl ProducerId {
    /// No producer id.
    pub const NONE: ProducerId = ProducerId(-1);
}

impl ProducerEpoch {
    /// No epoch.
    pub const NONE: ProducerEpoch = ProducerEpoch(-1);
    /// The last epoch of a producer id; after it a new id is needed.
    pub const MAX: ProducerEpoch = ProducerEpoch(i16::MAX);
}

impl Sequence {
    /// No sequence.
    pub const NONE: Sequence = Sequence(-1);
    /// Where every stream starts.
    pub const FIRST: Sequence = Sequence(0);

    /// The sequence `count` records further on; after `i32::MAX` comes 0.
    #[must_use]
    pub fn plus(self, count: u32) -> Sequence {
        let space = i64::from(i32::MAX) + 1;
        Sequence(((i64::from(self.0) + i64::from(count)) % space) as i32)
    }

    /// How many records `self` is ahead of `earlier`, modulo the wrap: from 0 to `i32::MAX`.
    pub fn distance_from(self, earlier: Sequence) -> u32 {
        let space = i64::from(i32::MAX) + 1;
        (i64::from(self.0) - i64::from(earlier.0)).rem_euclid(space) as u32
    }
}

/// A producer id with its epoch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ProducerIdentity {
    /// The id.
    pub id: ProducerId,
    /// Its generation.
    pub epoch: ProducerEpoch,
}

impl ProducerIdentity {
    /// What a producer without idempotence writes.
    pub const NONE: ProducerIdentity = ProducerIdentity { id: ProducerId::NONE, epoch: ProducerEpoch::NONE };

    /// True unless this is [`ProducerIdentity::NONE`].
    pub fn is_some(&self) -> bool {
        self.id.0 >= 0
    }
}

impl fmt::Display for ProducerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "producer id {} epoch {}", self.id, self.epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_go_on_at_zero_after_the_greatest() {
        assert_eq!(Sequence(i32::MAX).plus(1), Sequence(0));
        assert_eq!(Sequence(i32::MAX - 1).plus(5), Sequence(3));
        assert_eq!(Sequence(7).plus(0), Sequence(7));
    }

    #[test]
    fn distance_knows_the_wrap() {
        assert_eq!(Sequence(3).distance_from(Sequence(i32::MAX - 1)), 5);
        assert_eq!(Sequence(10).distance_from(Sequence(4)), 6);
        assert_eq!(Sequence(4).distance_from(Sequence(4)), 0);
    }
}

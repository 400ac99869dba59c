//! A batch's attributes.

use kafka_types::Codec;
use std::fmt;

/// What the 16 attribute bits of a batch say. Bits without a meaning survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Attributes(pub i16);

const CODEC: i16 = 0b111;
const LOG_APPEND_TIME: i16 = 1 << 3;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;
const DELETE_HORIZON: i16 = 1 << 6;

/// Whose clock a batch's timestamps come from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum TimestampType {
    /// The producer's; what producers write.
    #[default]
    CreateTime,
    /// The broker's: the maximum timestamp of the batch stands for each of its records.
    LogAppendTime,
}

impl Attributes {
    /// How the records are compressed (bits 0 to 2).
    pub const fn codec(self) -> Codec {
        Codec((self.0 & CODEC) as u8)
    }

    /// The same with another codec; only the lowest three bits of its number count.
    #[must_use]
    pub const fn with_codec(self, codec: Codec) -> Self {
        Attributes(self.0 & !CODEC | codec.0 as i16 & CODEC)
    }

    /// Whose clock the timestamps come from (bit 3).
    pub const fn timestamp_type(self) -> TimestampType {
        if self.0 & LOG_APPEND_TIME == 0 { TimestampType::CreateTime } else { TimestampType::LogAppendTime }
    }

    /// The same with another clock.
    #[must_use]
    pub const fn with_timestamp_type(self, timestamp_type: TimestampType) -> Self {
        self.with(LOG_APPEND_TIME, matches!(timestamp_type, TimestampType::LogAppendTime))
    }

    /// True if the records belong to a transaction (bit 4).
    pub const fn is_transactional(self) -> bool {
        self.0 & TRANSACTIONAL != 0
    }

    /// The same, inside a transaction or outside.
    #[must_use]
    pub const fn with_transactional(self, transactional: bool) -> Self {
        self.with(TRANSACTIONAL, transactional)
    }

    /// True if the batch holds a broker's control record, such as a transaction's end (bit 5). Clients never write one.
    pub const fn is_control(self) -> bool {
        self.0 & CONTROL != 0
    }

    /// The same, as a control batch or as data.
    #[must_use]
    pub const fn with_control(self, control: bool) -> Self {
        self.with(CONTROL, control)
    }

    /// True if compaction put the time at which tombstones go into the base timestamp's place (bit 6, KIP-534).
    pub const fn has_delete_horizon(self) -> bool {
        self.0 & DELETE_HORIZON != 0
    }

    const fn with(self, bit: i16, on: bool) -> Self {
        Attributes(if on { self.0 | bit } else { self.0 & !bit })
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attributes({:#06x})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_has_its_bit() {
        let none = Attributes::default();
        assert_eq!(none.with_codec(Codec::ZSTD).0, 0x04);
        assert_eq!(none.with_timestamp_type(TimestampType::LogAppendTime).0, 0x08);
        assert_eq!(none.with_transactional(true).0, 0x10);
        assert_eq!(none.with_control(true).0, 0x20);
        assert!(Attributes(0x40).has_delete_horizon());
    }

    #[test]
    fn settings_leave_the_other_bits_alone() {
        let all = Attributes(-1);
        assert_eq!(all.with_codec(Codec::GZIP).0, !0b110);
        assert_eq!(all.with_transactional(false).with_transactional(true), all);
        assert_eq!(all.with_codec(Codec(0xff)), all);
    }
}

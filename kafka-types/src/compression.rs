//! Compression of record batches.

use std::fmt;
use std::str::FromStr;

/// How record batches are compressed (`compression.type`), with the level where the codec has one.
///
/// Exhaustive: these are all that the record format has room for today.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Compression {
    /// Not compressed (`none`); the default.
    #[default]
    None,
    /// gzip, with `compression.gzip.level`.
    Gzip(GzipLevel),
    /// Snappy, in the framing of snappy-java.
    Snappy,
    /// LZ4 frames, with `compression.lz4.level`.
    Lz4(Lz4Level),
    /// Zstandard, with `compression.zstd.level`; needs brokers of Kafka 2.1 or later.
    Zstd(ZstdLevel),
}

/// Names without a level mean Kafka's default level.
impl Compression {
    /// gzip at the default level: as small as zlib's own.
    pub const GZIP: Compression = Compression::Gzip(GzipLevel::DEFAULT);
    /// LZ4 at level 9, which is the fast compressor.
    pub const LZ4: Compression = Compression::Lz4(Lz4Level::DEFAULT);
    /// Zstandard at level 3.
    pub const ZSTD: Compression = Compression::Zstd(ZstdLevel::DEFAULT);

    /// The codec's number in a batch's attributes.
    pub const fn codec(self) -> Codec {
        match self {
            Compression::None => Codec::NONE,
            Compression::Gzip(_) => Codec::GZIP,
            Compression::Snappy => Codec::SNAPPY,
            Compression::Lz4(_) => Codec::LZ4,
            Compression::Zstd(_) => Codec::ZSTD,
        }
    }

    /// Kafka's name of it, as `compression.type` takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip(_) => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4(_) => "lz4",
            Compression::Zstd(_) => "zstd",
        }
    }
}

impl FromStr for Compression {
    type Err = UnknownCompression;

    fn from_str(name: &str) -> Result<Self, UnknownCompression> {
        match name {
            "none" => Ok(Compression::None),
            "gzip" => Ok(Compression::GZIP),
            "snappy" => Ok(Compression::Snappy),
            "lz4" => Ok(Compression::LZ4),
            "zstd" => Ok(Compression::ZSTD),
            other => Err(UnknownCompression(other.to_owned())),
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no codec of Kafka's.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("unknown compression {0:?}: expected one of none, gzip, snappy, lz4, zstd")]
pub struct UnknownCompression(String);

/// A codec's number in the lowest three bits of a batch's attributes. Unknown numbers survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Codec(pub u8);

impl Codec {
    /// Not compressed.
    pub const NONE: Codec = Codec(0);
    /// gzip.
    pub const GZIP: Codec = Codec(1);
    /// Snappy.
    pub const SNAPPY: Codec = Codec(2);
    /// LZ4.
    pub const LZ4: Codec = Codec(3);
    /// Zstandard.
    pub const ZSTD: Codec = Codec(4);
}

/// A level outside its codec's range.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{codec} level {level} is out of range: expected {expected}")]
pub struct LevelOutOfRange {
    codec: &'static str,
    level: i32,
    expected: &'static str,
}

macro_rules! level {
    ($(#[$doc:meta])* $name:ident, $codec:literal, $default:literal, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(i32);

        impl $name {
            /// Kafka's default.
            pub const DEFAULT: $name = $name($default);

            /// A level within the codec's range.
            ///
            /// # Errors
            /// [`LevelOutOfRange`] names the range.
            pub fn new(level: i32) -> Result<Self, LevelOutOfRange> {
                let valid: fn(i32) -> bool = $valid;
                if valid(level) {
                    Ok($name(level))
                } else {
                    Err(LevelOutOfRange { codec: $codec, level, expected: $expected })
                }
            }

            /// The level as Kafka counts it.
            pub const fn value(self) -> i32 {
                self.0
            }
        }

        impl Default for $name {
            fn default() -> Self {
                $name::DEFAULT
            }
        }
    };
}

level! {
    /// `compression.gzip.level`: 1 to 9, or -1 for the default, which is as small as zlib's own (6).
    GzipLevel, "gzip", -1, "1 to 9, or -1", |level| level == -1 || (1..=9).contains(&level)
}

level! {
    /// `compression.lz4.level`: 1 to 17. At 9, the default, Kafka uses the fast compressor; the format is the same.
    Lz4Level, "lz4", 9, "1 to 17", |level| (1..=17).contains(&level)
}

level! {
    /// `compression.zstd.level`: -131072 to 22, default 3.
    ZstdLevel, "zstd", 3, "-131072 to 22", |level| (-131_072..=22).contains(&level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for compression in
            [Compression::None, Compression::GZIP, Compression::Snappy, Compression::LZ4, Compression::ZSTD]
        {
            assert_eq!(compression.name().parse(), Ok(compression));
        }
        let unknown = "brotli".parse::<Compression>().unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "unknown compression \"brotli\": expected one of none, gzip, snappy, lz4, zstd"
        );
    }

    #[test]
    fn levels_keep_their_ranges() {
        assert!(GzipLevel::new(0).is_err());
        assert!(GzipLevel::new(-1).is_ok());
        assert!(Lz4Level::new(18).is_err());
        assert!(ZstdLevel::new(23).is_err());
        assert_eq!(
            ZstdLevel::new(23).unwrap_err().to_string(),
            "zstd level 23 is out of range: expected -131072 to 22"
        );
    }
}

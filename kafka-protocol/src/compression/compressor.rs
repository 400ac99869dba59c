//! The codecs' working memory, kept from batch to batch.

use super::{CompressError, gzip, lz4, snappy, zstandard};
use kafka_types::Compression;
use std::cell::RefCell;
use std::fmt;

/// Compresses one batch after another with the same working memory.
///
/// Each codec's is made when first used: about 16 KiB for LZ4 and 32 KiB for snappy, some hundred KiB for gzip, and for
/// Zstandard from one MiB to hundreds, by level and batch size.
#[derive(Default)]
pub struct Compressor {
    gzip: Option<gzip::Encoder>,
    snappy: Option<snappy::Encoder>,
    lz4: Option<lz4::Encoder>,
    zstd: Option<zstandard::Encoder>,
}

impl Compressor {
    /// A compressor without working memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the compressed form of `input` to `output`. Incompressible input grows by a small fraction.
    ///
    /// LZ4 has one strength here, that of Kafka's default level 9 (the fast compressor). Other levels are accepted and
    /// give the same bytes: there is no high-compression variant without C code, and the format is the same.
    ///
    /// # Errors
    /// [`CompressError`] when a codec's library finds no memory. What was appended to `output` by then is undefined.
    pub fn compress(
        &mut self,
        compression: Compression,
        input: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), CompressError> {
        match compression {
            Compression::None => output.extend_from_slice(input),
            Compression::Gzip(level) => {
                let encoder = self.gzip.take().unwrap_or_else(|| gzip::Encoder::new(level));
                self.gzip.insert(encoder.at(level)).compress(input, output)?;
            }
            Compression::Snappy => self.snappy.get_or_insert_default().compress(input, output)?,
            Compression::Lz4(_) => self.lz4.get_or_insert_default().compress(input, output)?,
            Compression::Zstd(level) => {
                self.zstd.get_or_insert_default().compress(level, input, output)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").finish_non_exhaustive()
    }
}

thread_local! {
    static COMPRESSOR: RefCell<Compressor> = RefCell::default();
}

/// Appends the compressed form of `input` to `output`, with this thread's own [`Compressor`].
///
/// # Errors
/// As [`Compressor::compress`].
pub fn compress(compression: Compression, input: &[u8], output: &mut Vec<u8>) -> Result<(), CompressError> {
    COMPRESSOR.with_borrow_mut(|compressor| compressor.compress(compression, input, output))
}

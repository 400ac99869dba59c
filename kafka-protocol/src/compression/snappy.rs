//! Snappy in the framing of snappy-java's streams (also called xerial), and without any framing.

use super::{CompressError, DecompressError};

const NAME: &str = "snappy";
const MAGIC: [u8; 8] = *b"\x82SNAPPY\0";
/// The magic, the version 1, and the oldest version that can read it, 1.
const STREAM_HEADER: [u8; 16] = *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
/// How much of the input goes into one block.
const BLOCK_SIZE: usize = 32 * 1024;
/// The best that the format can do is 64 bytes from an element of three, after a header of one to five bytes.
const MAX_RATIO: usize = 22;

pub(super) struct Encoder {
    block: snap::raw::Encoder,
}

impl Default for Encoder {
    fn default() -> Self {
        Encoder { block: snap::raw::Encoder::new() }
    }
}

impl Encoder {
    pub(super) fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<(), CompressError> {
        output.extend_from_slice(&STREAM_HEADER);
        for block in input.chunks(BLOCK_SIZE) {
            let length_at = output.len();
            let start = length_at + 4;
            output.resize(start + snap::raw::max_compress_len(block.len()), 0);
            let size = self
                .block
                .compress(block, &mut output[start..])
                .map_err(|error| CompressError::new(NAME, error))?;
            output[length_at..start].copy_from_slice(&(size as u32).to_be_bytes());
            output.truncate(start + size);
        }
        Ok(())
    }
}

/// Framed if it begins like a stream of snappy-java; else one bare block, as some old clients wrote it.
pub(super) fn decompress(compressed: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    let mut output = Vec::new();
    if !compressed.starts_with(&MAGIC) {
        decompress_block(compressed, &mut output, limit)?;
        return Ok(output);
    }
    let mut rest = compressed;
    while !rest.is_empty() {
        // Streams may be concatenated.
        if rest.starts_with(&MAGIC) {
            rest = rest.get(STREAM_HEADER.len()..).ok_or_else(|| truncated("stream header"))?;
            continue;
        }
        let (length, blocks) = rest.split_first_chunk().ok_or_else(|| truncated("block length"))?;
        let length = u32::from_be_bytes(*length) as usize;
        let (block, others) = blocks.split_at_checked(length).ok_or_else(|| truncated("block"))?;
        decompress_block(block, &mut output, limit)?;
        rest = others;
    }
    Ok(output)
}

fn decompress_block(block: &[u8], output: &mut Vec<u8>, limit: usize) -> Result<(), DecompressError> {
    let corrupt = |error: snap::Error| DecompressError::corrupt(NAME, error);
    let size = snap::raw::decompress_len(block).map_err(corrupt)?;
    // The block's own statement of its size is believed only as far as its bytes can bear it out.
    if size / MAX_RATIO > block.len() {
        return Err(DecompressError::corrupt(NAME, "a block claims more than its bytes can hold"));
    }
    let start = output.len();
    if size > limit - start {
        return Err(DecompressError::TooLarge { codec: NAME, limit });
    }
    output.resize(start + size, 0);
    let written = snap::raw::Decoder::new().decompress(block, &mut output[start..]).map_err(corrupt)?;
    output.truncate(start + written);
    Ok(())
}

fn truncated(what: &str) -> DecompressError {
    DecompressError::corrupt(NAME, format_args!("cut off within a {what}"))
}

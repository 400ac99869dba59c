//! LZ4 frames as Kafka writes them: version 1, independent blocks of 64 KiB, no checksum but the header's.

use super::{CompressError, DecompressError, read_bounded};
use lz4_flex::block::{CompressTable, compress_into_with_table, get_maximum_output_size};
use lz4_flex::frame::FrameDecoder;
use std::io::Read;
use xxhash_rust::xxh32::xxh32;

const NAME: &str = "lz4";
const MAGIC: [u8; 4] = 0x184d_2204_u32.to_le_bytes();
/// Version 1 and independent blocks; no block checksums, content size, content checksum or dictionary.
const FLAGS: u8 = 0x60;
/// Blocks of at most 64 KiB.
const BLOCK_DESCRIPTOR: u8 = 0x40;
const BLOCK_SIZE: usize = 64 * 1024;
/// The second byte of XXH32 over flags and block descriptor.
const HEADER_CHECKSUM: u8 = 0x82;
/// The top bit of a block's length: its bytes are stored as they are.
const STORED: u32 = 1 << 31;
const END_MARK: [u8; 4] = [0; 4];

const HAS_CONTENT_SIZE: u8 = 1 << 3;
const HAS_DICTIONARY: u8 = 1;

pub(super) struct Encoder {
    table: CompressTable,
}

impl Default for Encoder {
    fn default() -> Self {
        // A block can be longer than the small table's positions reach.
        Encoder { table: CompressTable::large() }
    }
}

impl Encoder {
    pub(super) fn compress(&mut self, input: &[u8], output: &mut Vec<u8>) -> Result<(), CompressError> {
        output.extend_from_slice(&MAGIC);
        output.extend_from_slice(&[FLAGS, BLOCK_DESCRIPTOR, HEADER_CHECKSUM]);
        for block in input.chunks(BLOCK_SIZE) {
            let length_at = output.len();
            let start = length_at + 4;
            output.resize(start + get_maximum_output_size(block.len()), 0);
            let size = compress_into_with_table(block, &mut output[start..], &mut self.table)
                .map_err(|error| CompressError::new(NAME, error))?;
            output.truncate(start + size);
            let mut length = size as u32;
            if size >= block.len() {
                output.truncate(start);
                output.extend_from_slice(block);
                length = block.len() as u32 | STORED;
            }
            output[length_at..start].copy_from_slice(&length.to_le_bytes());
        }
        output.extend_from_slice(&END_MARK);
        Ok(())
    }
}

pub(super) fn decompress(compressed: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    read_frame(compressed, limit)
}

/// As [`decompress`], whatever the header's checksum: clients of format 0 computed it over the magic as well, and Kafka
/// accepts any there.
pub(super) fn decompress_any_header(compressed: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
    let mut header = [0; 19];
    let checksum_at = match compressed.get(MAGIC.len()) {
        None => return decompress(compressed, limit),
        Some(flags) => {
            let content_size = if flags & HAS_CONTENT_SIZE != 0 { 8 } else { 0 };
            let dictionary = if flags & HAS_DICTIONARY != 0 { 4 } else { 0 };
            MAGIC.len() + 2 + content_size + dictionary
        }
    };
    let Some((head, rest)) = compressed.split_at_checked(checksum_at + 1) else {
        return decompress(compressed, limit);
    };
    let header = &mut header[..=checksum_at];
    header.copy_from_slice(head);
    header[checksum_at] = (xxh32(&header[MAGIC.len()..checksum_at], 0) >> 8) as u8;
    read_frame((&*header).chain(rest), limit)
}

/// The decoder's own buffers depend on the block size that the header names, 64 KiB to 8 MiB.
fn read_frame(frame: impl Read, limit: usize) -> Result<Vec<u8>, DecompressError> {
    read_bounded(NAME, FrameDecoder::new(frame), limit)
}

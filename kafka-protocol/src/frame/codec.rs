//! Frames on an async stream.

use super::{DEFAULT_MAX_FRAME_SIZE, FrameError, split_frame};
use bytes::{Bytes, BytesMut};
use std::io;
use tokio_util::codec::{Decoder, Encoder};

/// Frames for `tokio_util::codec::Framed`: it gives each whole frame without its length, and takes frames in the pieces that
/// [`request_frame`](super::request_frame) and [`response_frame`](super::response_frame) make.
///
/// `Framed` copies what it writes into its own buffer. Who sends large record batches writes the pieces as they are, with
/// vectored writes, as `kafka-network` does.
///
/// ```
/// use bytes::{Bytes, BytesMut};
/// use kafka_protocol::frame::{FrameCodec, response_frame};
/// use tokio_util::codec::{Decoder, Encoder};
///
/// let mut codec = FrameCodec::default();
/// let mut stream = BytesMut::new();
/// codec.encode(response_frame(7, 0, vec![Bytes::from_static(b"body")])?, &mut stream)?;
/// assert_eq!(codec.decode(&mut stream)?.unwrap(), b"\0\0\0\x07body"[..]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameCodec {
    max_frame_size: usize,
}

impl FrameCodec {
    /// Refuses frames above this many bytes. The default is [`DEFAULT_MAX_FRAME_SIZE`].
    pub fn new(max_frame_size: usize) -> Self {
        FrameCodec { max_frame_size }
    }
}

impl Default for FrameCodec {
    fn default() -> Self {
        FrameCodec::new(DEFAULT_MAX_FRAME_SIZE)
    }
}

/// Why a stream of frames ends early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The stream is no sequence of frames.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The stream failed, or ended within a frame.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Decoder for FrameCodec {
    type Item = Bytes;
    type Error = CodecError;

    fn decode(&mut self, stream: &mut BytesMut) -> Result<Option<Bytes>, CodecError> {
        Ok(split_frame(stream, self.max_frame_size)?)
    }
}

impl Encoder<Vec<Bytes>> for FrameCodec {
    type Error = CodecError;

    fn encode(&mut self, frame: Vec<Bytes>, stream: &mut BytesMut) -> Result<(), CodecError> {
        stream.reserve(frame.iter().map(Bytes::len).sum());
        frame.iter().for_each(|piece| stream.extend_from_slice(piece));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::response_frame;
    use super::*;

    #[test]
    fn frames_come_out_as_they_went_in_however_the_stream_is_cut() {
        let mut codec = FrameCodec::new(10_000);
        let mut whole = BytesMut::new();
        for (id, size) in [(1, 0), (2, 3), (3, 5_000)] {
            let frame = response_frame(id, 1, vec![Bytes::from(vec![id as u8; size])]).unwrap();
            codec.encode(frame, &mut whole).unwrap();
        }
        for cut in 0..whole.len() {
            let (mut stream, mut lengths) = (BytesMut::from(&whole[..cut]), Vec::new());
            while let Some(frame) = codec.decode(&mut stream).unwrap() {
                lengths.push(frame.len());
            }
            stream.extend_from_slice(&whole[cut..]);
            while let Some(frame) = codec.decode(&mut stream).unwrap() {
                lengths.push(frame.len());
            }
            assert_eq!(lengths, [5, 8, 5_005], "cut at {cut}");
        }
    }

    #[test]
    fn a_frame_beyond_the_limit_and_an_end_within_a_frame_are_errors() {
        let mut stream = BytesMut::from(&[0, 0, 0, 11, 1][..]);
        assert!(matches!(FrameCodec::new(10).decode(&mut stream), Err(CodecError::Frame(_))));
        assert!(matches!(FrameCodec::new(11).decode_eof(&mut stream), Err(CodecError::Io(_))));
    }
}

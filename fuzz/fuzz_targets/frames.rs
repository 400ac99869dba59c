//! Frames and headers from any stream, however it is cut.
#![no_main]

use bytes::{Bytes, BytesMut};
use kafka_protocol::frame::{FrameError, RequestHeader, decode_response_header, request_frame, split_frame};
use kafka_protocol::messages::request_header_version;
use kafka_protocol::wire::Decoder;
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 1 << 16;

fuzz_target!(|data: &[u8]| {
    let [step, stream @ ..] = data else { return };
    let whole = frames(stream, stream.len().max(1));
    assert_eq!(whole, frames(stream, usize::from(*step) + 1), "frames depend on how the stream is cut");
    for frame in whole.0 {
        let _ = decode_response_header(&mut Decoder::new(frame.clone()), i16::from(step & 1));
        let mut decoder = Decoder::new(frame);
        let version = |key, version| request_header_version(key, version).unwrap_or(1);
        if let Ok(header) = RequestHeader::decode(&mut decoder, version) {
            let header_version = version(header.api_key, header.api_version);
            let pieces =
                request_frame(&header, header_version, vec![decoder.into_rest()]).expect("it was one");
            let mut written = BytesMut::from(&pieces.concat()[..]);
            let frame = split_frame(&mut written, usize::MAX).expect("it is one").expect("it is whole");
            let again = RequestHeader::decode(&mut Decoder::new(frame), version);
            assert_eq!(again, Ok(header));
        }
    }
});

fn frames(stream: &[u8], step: usize) -> (Vec<Bytes>, Option<FrameError>) {
    let (mut buffer, mut frames) = (BytesMut::new(), Vec::new());
    for piece in stream.chunks(step) {
        buffer.extend_from_slice(piece);
        loop {
            match split_frame(&mut buffer, LIMIT) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}

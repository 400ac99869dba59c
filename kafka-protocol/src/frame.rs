//! Frames: a four-byte length, a header, a body.
//!
//! A client writes requests and reads responses; a broker does the opposite. Neither needs more of the socket than bytes
//! in order. With the feature `tokio-codec`, `FrameCodec` puts them on an async stream of tokio's.

#[cfg(feature = "tokio-codec")]
mod codec;

#[cfg(feature = "tokio-codec")]
pub use codec::{CodecError, FrameCodec};

use crate::wire::{ApiKey, DecodeError, Decoder, EncodeError, Encoder, StrBytes, UnknownTaggedFields};
use bytes::{Buf, Bytes, BytesMut};

/// What Kafka itself refuses to receive beyond (`socket.request.max.bytes`).
pub const DEFAULT_MAX_FRAME_SIZE: usize = 100 * 1024 * 1024;

/// A stream that is no sequence of frames. Nothing after it can be understood.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The length is negative, or beyond what the reader accepts.
    #[error("a frame claims {length} bytes, the limit is {limit}; is this a Kafka port, and without TLS?")]
    InvalidLength {
        /// What the frame claims.
        length: i32,
        /// What the reader accepts.
        limit: usize,
    },
    /// The bytes are a TLS record, such as the alert that a TLS port answers plain text with.
    #[error(
        "the peer answers in TLS: this is a TLS port spoken to in plain text, security.protocol is probably wrong"
    )]
    Tls,
    /// The bytes are an HTTP response.
    #[error("the peer answers in HTTP: this is not a Kafka port; check its number, and security.protocol")]
    Http,
}

/// Takes the next whole frame, without its length, off the front of `buffer`; `None` until all of it is there.
///
/// # Errors
/// [`FrameError`], as soon as the length is there.
pub fn split_frame(buffer: &mut BytesMut, max_size: usize) -> Result<Option<Bytes>, FrameError> {
    let Some(prefix) = buffer.first_chunk::<4>() else { return Ok(None) };
    let length = i32::from_be_bytes(*prefix);
    let size = usize::try_from(length)
        .ok()
        .filter(|size| *size <= max_size)
        .ok_or_else(|| no_length(*prefix, length, max_size))?;
    if buffer.len() < 4 + size {
        return Ok(None);
    }
    buffer.advance(4);
    Ok(Some(buffer.split_to(size).freeze()))
}

/// What the first bytes of a stream are, if they are no length: the usual answers of ports that are not Kafka's.
fn no_length(prefix: [u8; 4], length: i32, limit: usize) -> FrameError {
    match prefix {
        // Content type (change of cipher, alert, handshake, data), then version 3.0 to 3.4.
        [0x14..=0x17, 3, 0..=4, _] => FrameError::Tls,
        [b'H', b'T', b'T', b'P'] => FrameError::Http,
        _ => FrameError::InvalidLength { length, limit },
    }
}

/// The header of a request, in version 1 or 2.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestHeader {
    /// Which API.
    pub api_key: ApiKey,
    /// The version of the body.
    pub api_version: i16,
    /// What the response will repeat.
    pub correlation_id: i32,
    /// `client.id`.
    pub client_id: Option<StrBytes>,
}

impl RequestHeader {
    /// Reads a header; `header_version` says for the API and version found whether tagged fields follow.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(
        decoder: &mut Decoder,
        header_version: impl FnOnce(ApiKey, i16) -> i16,
    ) -> Result<RequestHeader, DecodeError> {
        let (api_key, api_version) = (ApiKey(decoder.int16()?), decoder.int16()?);
        let correlation_id = decoder.int32()?;
        // The client id keeps its old form in both versions, so that a broker can read it whatever the version.
        let client_id = decoder.string(false)?;
        if header_version(api_key, api_version) >= 2 {
            decoder.unknown_tagged_fields()?;
        }
        Ok(RequestHeader { api_key, api_version, correlation_id, client_id })
    }
}

/// A whole request frame: length, header, and the body's pieces as they are.
///
/// # Errors
/// [`EncodeError::TooLong`]: a client id, or a frame, beyond what its length can say.
pub fn request_frame(
    header: &RequestHeader,
    header_version: i16,
    body: Vec<Bytes>,
) -> Result<Vec<Bytes>, EncodeError> {
    let mut encoder = Encoder::new();
    encoder.int16(header.api_key.0);
    encoder.int16(header.api_version);
    encoder.int32(header.correlation_id);
    encoder.string(header.client_id.as_deref(), false)?;
    if header_version >= 2 {
        encoder.unsigned_varint(0);
    }
    frame(encoder, body)
}

/// Reads a response's header: the correlation id, and in version 1 tagged fields.
///
/// # Errors
/// [`DecodeError`].
pub fn decode_response_header(decoder: &mut Decoder, header_version: i16) -> Result<i32, DecodeError> {
    let correlation_id = decoder.int32()?;
    if header_version >= 1 {
        let _: UnknownTaggedFields = decoder.unknown_tagged_fields()?;
    }
    Ok(correlation_id)
}

/// A whole response frame: length, header, and the body's pieces as they are.
///
/// # Errors
/// [`EncodeError::TooLong`]: a frame beyond what its length can say.
pub fn response_frame(
    correlation_id: i32,
    header_version: i16,
    body: Vec<Bytes>,
) -> Result<Vec<Bytes>, EncodeError> {
    let mut encoder = Encoder::new();
    encoder.int32(correlation_id);
    if header_version >= 1 {
        encoder.unsigned_varint(0);
    }
    frame(encoder, body)
}

/// Header and a small first piece share a buffer with the length; the other pieces stay as they are.
fn frame(header: Encoder, body: Vec<Bytes>) -> Result<Vec<Bytes>, EncodeError> {
    let header = header.finish_contiguous();
    let length = header.len() + body.iter().map(Bytes::len).sum::<usize>();
    let prefix = i32::try_from(length).map_err(|_| EncodeError::TooLong { what: "frame", length })?;
    let mut body = body.into_iter().peekable();
    let first = body.next_if(|piece| piece.len() <= 4096).unwrap_or_default();
    let mut start = BytesMut::with_capacity(4 + header.len() + first.len());
    start.extend_from_slice(&prefix.to_be_bytes());
    start.extend_from_slice(&header);
    start.extend_from_slice(&first);
    Ok(std::iter::once(start.freeze()).chain(body).collect())
}

#[cfg(test)]
mod tests;

//! What all messages have in common.

use super::{ApiKey, DecodeError, Decoder, EncodeError, Encoder, Structure};
use bytes::Bytes;
use std::fmt::Debug;

/// A request, a response, or a data record, in every version it has. Only generated code implements it.
pub trait Message: Structure + Clone + PartialEq + Debug {
    /// Kafka's name of it.
    const NAME: &'static str;
    /// The oldest version.
    const MIN_VERSION: i16;
    /// The newest version.
    const MAX_VERSION: i16;
    /// The newest version that Kafka has settled. Those after it are served only by brokers with
    /// `unstable.api.versions.enable`, and may still change.
    const LATEST_STABLE_VERSION: i16 = Self::MAX_VERSION;

    /// Writes the body.
    ///
    /// # Errors
    /// [`EncodeError`]: a version that does not exist, or that can't carry what is set.
    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {
        let (min, max) = (Self::MIN_VERSION, Self::MAX_VERSION);
        if !(min..=max).contains(&version) {
            return Err(EncodeError::UnknownVersion { message: Self::NAME, version, min, max });
        }
        self.write(encoder, version);
        encoder.outcome()
    }

    /// Reads the body. What follows it stays unread.
    ///
    /// # Errors
    /// [`DecodeError`]: a version that does not exist, or bytes that are no such message.
    fn decode(decoder: &mut Decoder, version: i16) -> Result<Self, DecodeError> {
        let (min, max) = (Self::MIN_VERSION, Self::MAX_VERSION);
        if !(min..=max).contains(&version) {
            return Err(DecodeError::UnknownVersion { message: Self::NAME, version, min, max });
        }
        let mut message = Self::default();
        message.read(decoder, version)?;
        Ok(message)
    }
}

/// A request: what it is called on the wire, and what answers it.
pub trait Request: Message {
    /// The key.
    const API_KEY: ApiKey;
    /// What answers it, in the same version.
    type Response: Message;

    /// The version of the request header that goes before this version of the body.
    fn header_version(version: i16) -> i16;

    /// The version of the header that goes before the response.
    fn response_header_version(version: i16) -> i16;
}

/// Reads a whole body: trailing bytes are an error.
///
/// # Errors
/// [`DecodeError`].
pub fn decode_exact<M: Message>(bytes: Bytes, version: i16) -> Result<M, DecodeError> {
    let mut decoder = Decoder::new(bytes);
    let message = M::decode(&mut decoder, version)?;
    decoder.expect_end(M::NAME)?;
    Ok(message)
}

/// Writes a body into one piece.
///
/// # Errors
/// [`EncodeError`].
pub fn encode_to_bytes<M: Message>(message: &M, version: i16) -> Result<Bytes, EncodeError> {
    let mut encoder = Encoder::new();
    message.encode(&mut encoder, version)?;
    Ok(encoder.finish_contiguous())
}

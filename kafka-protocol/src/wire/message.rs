//! What all messages have in common.

use super::{ApiKey, DecodeError, Decoder, EncodeError, Encoder};
use bytes::Bytes;
use std::fmt::Debug;

/// A request, a response, or a data record, in every version it has.
pub trait Message: Sized + Default + Clone + PartialEq + Debug {
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
    fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError>;

    /// Reads the body. What follows it stays unread.
    ///
    /// # Errors
    /// [`DecodeError`]: a version that does not exist, or bytes that are no such message.
    fn decode(decoder: &mut Decoder, version: i16) -> Result<Self, DecodeError>;
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

/// The version exists, for writing.
pub(crate) fn encodable<M: Message>(version: i16) -> Result<(), EncodeError> {
    let (min, max) = (M::MIN_VERSION, M::MAX_VERSION);
    if (min..=max).contains(&version) {
        Ok(())
    } else {
        Err(EncodeError::UnknownVersion { message: M::NAME, version, min, max })
    }
}

/// The version exists, for reading.
pub(crate) fn decodable<M: Message>(version: i16) -> Result<(), DecodeError> {
    let (min, max) = (M::MIN_VERSION, M::MAX_VERSION);
    if (min..=max).contains(&version) {
        Ok(())
    } else {
        Err(DecodeError::UnknownVersion { message: M::NAME, version, min, max })
    }
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

/// Tagged fields (KIP-482) that a newer peer sent and this crate does not know; written back as they came.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UnknownTaggedFields(Vec<(u32, Bytes)>);

impl UnknownTaggedFields {
    /// Adds a field; tags must ascend.
    pub fn push(&mut self, tag: u32, content: Bytes) {
        self.0.push((tag, content));
    }

    /// The fields, by ascending tag.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Bytes)> {
        self.0.iter().map(|(tag, content)| (*tag, content))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Writes them after the known ones, of which `highest_known` has the highest tag; all were counted already.
    ///
    /// # Errors
    /// [`EncodeError::TagOrder`]: no peer could read fields out of order; [`EncodeError::TooLong`].
    pub fn encode(&self, encoder: &mut Encoder, highest_known: Option<u32>) -> Result<(), EncodeError> {
        let mut previous = highest_known;
        for (tag, content) in self.iter() {
            if let Some(previous) = previous.filter(|&previous| previous >= tag) {
                return Err(EncodeError::TagOrder { tag, previous });
            }
            previous = Some(tag);
            encoder.tagged_field(tag, |encoder| {
                encoder.raw(content);
                Ok(())
            })?;
        }
        Ok(())
    }
}

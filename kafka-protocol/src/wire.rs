//! Reading and writing the protocol's primitive types, and what all messages have in common.

mod api_key;
mod api_versions;
mod decoder;
mod encoder;
mod error;
mod message;
mod record_data;
mod str_bytes;

pub use api_key::ApiKey;
pub use api_versions::{ApiVersionRanges, VersionRange};
pub use decoder::Decoder;
pub use encoder::Encoder;
pub use error::{DecodeError, EncodeError};
pub use message::{Message, Request, UnknownTaggedFields, decode_exact, encode_to_bytes};
pub(crate) use message::{decodable, encodable};
pub use record_data::Records;
pub use str_bytes::StrBytes;

// The tests work on messages of several features.
#[cfg(all(test, feature = "all-messages", feature = "transcode"))]
mod tests;

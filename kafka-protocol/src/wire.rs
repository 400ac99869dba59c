//! Reading and writing the protocol's primitive types, and what all messages have in common.

mod api_key;
mod api_versions;
mod decoder;
mod encoder;
mod error;
mod fixed;
mod int32_array;
mod message;
mod record_data;
mod str_bytes;
mod structure;
mod unknown_tagged_fields;

pub use api_key::ApiKey;
pub use api_versions::{ApiVersionRanges, VersionRange};
pub use decoder::Decoder;
pub use encoder::Encoder;
pub use error::{DecodeError, EncodeError};
pub(crate) use fixed::{FixedFields, FixedRoom};
pub use int32_array::Int32Array;
pub use message::{Message, Request, decode_exact, encode_to_bytes};
pub use record_data::Records;
pub use str_bytes::StrBytes;
pub(crate) use structure::{Failure, Field, Structure};
pub use unknown_tagged_fields::UnknownTaggedFields;

// The tests work on messages of several features.
#[cfg(all(test, feature = "all-messages", feature = "transcode"))]
mod tests;

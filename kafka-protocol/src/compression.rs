//! Compression of a batch's records.

mod error;

pub use error::DecompressError;

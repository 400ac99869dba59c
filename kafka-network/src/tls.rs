//! TLS by rustls.

mod alert;
mod connector;
mod context;
mod error;
mod files;
#[cfg(feature = "keystores")]
mod jks;
mod material;
mod pem;
#[cfg(feature = "keystores")]
mod pkcs12;
mod suites;
mod verifier;

#[cfg(test)]
mod tests;

pub use connector::TlsConnector;
pub use context::TlsContext;
pub use error::TlsError;
#[doc(hidden)]
#[cfg(feature = "keystores")]
pub use material::fuzz_key_store;
#[cfg(feature = "oidc")]
pub(crate) use material::private_key;

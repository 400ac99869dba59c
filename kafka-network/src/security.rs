//! How connections are secured: the words of `security.protocol`, `ssl.*` and `sasl.*`.

mod config;
mod jaas;
mod protocol;
mod sasl_config;
mod tls_config;

pub use config::{SecurityConfig, SecurityError};
pub use jaas::{JaasConfig, JaasError};
pub use protocol::{InvalidSecurityProtocol, SecurityProtocol};
pub use sasl_config::{
    AssertionAlgorithm, AssertionConfig, OAuthConfig, OAuthEndpoint, OAuthGrant, OAuthSource, RefreshConfig,
    SaslConfig, ScramHash,
};
pub use tls_config::{KeyStore, KeyStoreType, TlsConfig, TlsVersion, TrustStore};

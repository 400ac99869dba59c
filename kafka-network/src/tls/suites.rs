//! Versions and cipher suites.

use crate::{SecurityError, TlsConfig, TlsVersion};
use rustls::SupportedProtocolVersion;
use rustls::crypto::CryptoProvider;
use std::sync::Arc;

/// The provider that was compiled in, with the suites that the configuration leaves.
pub(super) fn provider(config: &TlsConfig) -> Result<Arc<CryptoProvider>, SecurityError> {
    let mut provider = compiled_in().ok_or_else(|| {
        SecurityError::new("security.protocol", "no crypto provider is compiled in (feature ring)")
    })?;
    let wanted = &config.cipher_suites;
    if !wanted.is_empty() {
        let all: Vec<String> = provider.cipher_suites.iter().map(|suite| name(suite.suite())).collect();
        provider.cipher_suites.retain(|suite| {
            let name = name(suite.suite());
            wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(&name))
        });
        if provider.cipher_suites.is_empty() {
            let message =
                format!("none of {} is available: choose from {}", wanted.join(","), all.join(", "));
            return Err(SecurityError::new("ssl.cipher.suites", message));
        }
        for unknown in wanted.iter().filter(|name| !all.iter().any(|known| known.eq_ignore_ascii_case(name)))
        {
            tracing::warn!("ssl.cipher.suites: {unknown} is not available and is left out");
        }
    }
    Ok(Arc::new(provider))
}

pub(super) fn versions(config: &TlsConfig) -> Result<Vec<&'static SupportedProtocolVersion>, SecurityError> {
    let versions: Vec<_> = config
        .versions
        .iter()
        .map(|version| match version {
            TlsVersion::V1_2 => &rustls::version::TLS12,
            TlsVersion::V1_3 => &rustls::version::TLS13,
        })
        .collect();
    if versions.is_empty() {
        return Err(SecurityError::new(
            "ssl.enabled.protocols",
            "no version is left: expected TLSv1.2 or TLSv1.3",
        ));
    }
    Ok(versions)
}

/// IANA's name, which Java has too; rustls sets those of TLS 1.3 apart.
fn name(suite: rustls::CipherSuite) -> String {
    format!("{suite:?}").replacen("TLS13_", "TLS_", 1)
}

fn compiled_in() -> Option<CryptoProvider> {
    #[cfg(feature = "aws-lc-rs")]
    return Some(rustls::crypto::aws_lc_rs::default_provider());
    #[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
    return Some(rustls::crypto::ring::default_provider());
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    return None;
}

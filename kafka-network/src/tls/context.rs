//! A configuration made ready, and made again when its files change.

use super::files::Stamp;
use super::verifier::AnyHost;
use super::{material, suites};
use crate::{SecurityError, TlsConfig};
use parking_lot::Mutex;
use rustls::ClientConfig;
use rustls::client::WebPkiServerVerifier;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Certificates, keys and rules, ready for handshakes.
///
/// Before each handshake it looks at the files; when one has changed, all is read again. If that fails the old ones
/// serve on, and the log says why.
pub struct TlsContext {
    config: TlsConfig,
    files: Vec<PathBuf>,
    current: Mutex<Current>,
}

struct Current {
    stamp: Stamp,
    client: Arc<ClientConfig>,
}

impl TlsContext {
    /// Reads everything that the configuration names.
    ///
    /// # Errors
    /// [`SecurityError`] names the property, the file, and what is wrong with it.
    pub fn new(config: TlsConfig) -> Result<TlsContext, SecurityError> {
        let files = material::files(&config);
        // Noted before reading: a change in between is read again, one after reading is found.
        let stamp = Stamp::of(&files);
        let client = Arc::new(prepare(&config)?);
        Ok(TlsContext { config, files, current: Mutex::new(Current { stamp, client }) })
    }

    /// What holds for the next handshake. It may read files: call it where that may take a moment.
    pub(super) fn client(&self) -> Arc<ClientConfig> {
        let stamp = Stamp::of(&self.files);
        let unchanged = {
            let current = self.current.lock();
            (current.stamp == stamp).then(|| current.client.clone())
        };
        if let Some(client) = unchanged {
            return client;
        }
        let prepared = prepare(&self.config);
        let mut current = self.current.lock();
        // Also after a failure: the same bytes are not read with each connection.
        current.stamp = stamp;
        match prepared {
            Ok(client) => {
                tracing::info!("certificates have changed and are read again");
                current.client = Arc::new(client);
            }
            Err(error) => {
                tracing::warn!(%error, "certificates have changed and can't be read: the old ones serve on")
            }
        }
        current.client.clone()
    }
}

fn prepare(config: &TlsConfig) -> Result<ClientConfig, SecurityError> {
    let provider = suites::provider(config)?;
    let versions = suites::versions(config)?;
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&versions)
        .map_err(|error| {
            SecurityError::new(
                "ssl.cipher.suites",
                format!("none of them is for ssl.enabled.protocols: {error}"),
            )
        })?;
    let roots = Arc::new(material::roots(config)?);
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider)
        .build()
        .map_err(|error| SecurityError::new("ssl.truststore.location", error.to_string()))?;
    let builder = if config.verify_host_name {
        builder.with_webpki_verifier(verifier)
    } else {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyHost(verifier)))
    };
    match material::identity(config)? {
        None => Ok(builder.with_no_client_auth()),
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| {
            let message = format!("the certificate and the private key can't be used together: {error}");
            SecurityError::new("ssl.keystore.location", message)
        }),
    }
}

impl fmt::Debug for TlsContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsContext").field("config", &self.config).finish_non_exhaustive()
    }
}

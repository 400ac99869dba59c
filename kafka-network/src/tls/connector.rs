//! TLS over another connector's streams.

use super::{TlsContext, TlsError};
use crate::{ConnectError, Connector, Stream};
use async_trait::async_trait;
use kafka_types::BrokerAddress;
use rustls::pki_types::ServerName;
use std::fmt;
use std::io;
use std::sync::Arc;

/// Speaks TLS over whatever streams another connector opens: TCP, a proxy's, the user's own.
///
/// The certificate has to be for the host that the connection is meant for, whatever way it takes.
pub struct TlsConnector {
    inner: Arc<dyn Connector>,
    context: Arc<TlsContext>,
}

impl TlsConnector {
    /// Over this connector.
    pub fn new(inner: Arc<dyn Connector>, context: Arc<TlsContext>) -> TlsConnector {
        TlsConnector { inner, context }
    }
}

#[async_trait]
impl Connector for TlsConnector {
    async fn connect(&self, address: &BrokerAddress) -> Result<Box<dyn Stream>, ConnectError> {
        let context = self.context.clone();
        let client = tokio::task::spawn_blocking(move || context.client())
            .await
            .map_err(|_| ConnectError::from(io::Error::other("the runtime is ending")))?;
        // A zone is the client's own business, and no part of the name.
        let host = address.host.split('%').next().unwrap_or_default().to_owned();
        let tls = |source| ConnectError::Tls { address: address.clone(), source };
        let name = ServerName::try_from(host)
            .map_err(|_| tls(TlsError::Other("its host is no name that a certificate can be for".into())))?;
        let stream = self.inner.connect(address).await?;
        let connector = tokio_rustls::TlsConnector::from(client);
        match connector.connect(name, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(match TlsError::of_handshake(&error) {
                Some(source) => tls(source),
                None => ConnectError::from(error),
            }),
        }
    }
}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnector").field("context", &self.context).finish_non_exhaustive()
    }
}

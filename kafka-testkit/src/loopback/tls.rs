//! TLS for the brokers, with certificates made on the spot.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A handshake that takes longer is given up.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// TLS for a [`LoopbackCluster`](crate::LoopbackCluster): an authority of its own, and a certificate for the brokers.
///
/// ```
/// use kafka_testkit::{ClusterConfig, LoopbackCluster, TlsServer};
///
/// let tls = TlsServer::new()?;
/// let cluster = LoopbackCluster::builder(ClusterConfig::new(1)).tls(&tls).start()?;
/// // The client needs: ssl.truststore.certificates
/// println!("{}", tls.authority_pem());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct TlsServer {
    authority: Arc<CertifiedIssuer<'static, KeyPair>>,
    server: Identity,
    client_certificate: bool,
}

/// A certificate and its private key, in PEM.
#[derive(Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// The key, PKCS#8.
    pub key: String,
    certificate_der: CertificateDer<'static>,
    key_der: Vec<u8>,
}

impl TlsServer {
    /// For brokers at `localhost`, 127.0.0.1 and ::1.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new() -> io::Result<TlsServer> {
        TlsServer::with_names(["localhost", "127.0.0.1", "::1"])
    }

    /// For brokers of these names, or addresses.
    ///
    /// # Errors
    /// A name that no certificate can have.
    pub fn with_names<N: Into<String>>(names: impl IntoIterator<Item = N>) -> io::Result<TlsServer> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "simulated authority");
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let authority = Arc::new(CertifiedIssuer::self_signed(params, key).map_err(io::Error::other)?);
        let params = CertificateParams::new(names).map_err(io::Error::other)?;
        let server = issue(&authority, params, "broker", ExtendedKeyUsagePurpose::ServerAuth)?;
        Ok(TlsServer { authority, server, client_certificate: false })
    }

    /// The brokers' certificate has expired.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn expired(mut self) -> io::Result<TlsServer> {
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        self.server = issue(&self.authority, params, "broker", ExtendedKeyUsagePurpose::ServerAuth)?;
        Ok(self)
    }

    /// Clients need a certificate of the same authority (`ssl.client.auth=required`).
    #[must_use]
    pub fn require_client_certificate(mut self) -> TlsServer {
        self.client_certificate = true;
        self
    }

    /// The authority's certificate, which clients have to trust.
    pub fn authority_pem(&self) -> String {
        self.authority.pem()
    }

    /// A certificate for a client.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn client(&self, name: &str) -> io::Result<Identity> {
        let params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
        issue(&self.authority, params, name, ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// The certificate and key that brokers show.
    pub fn server(&self) -> &Identity {
        &self.server
    }

    pub(super) fn acceptor(&self) -> Acceptor {
        // All of it is made here, and fits.
        let made = self.server_config().map(|config| Acceptor(TlsAcceptor::from(Arc::new(config))));
        made.expect("certificates of one's own making are good")
    }

    fn server_config(&self) -> Result<ServerConfig, Box<dyn std::error::Error>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
        let builder = if self.client_certificate {
            let mut roots = RootCertStore::empty();
            roots.add(self.authority.der().clone())?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivatePkcs8KeyDer::from(self.server.key_der.clone());
        Ok(builder.with_single_cert(vec![self.server.certificate_der.clone()], key.into())?)
    }
}

fn issue(
    authority: &CertifiedIssuer<'static, KeyPair>,
    mut params: CertificateParams,
    name: &str,
    purpose: ExtendedKeyUsagePurpose,
) -> io::Result<Identity> {
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![purpose];
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = params.signed_by(&key, authority).map_err(io::Error::other)?;
    Ok(Identity {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
        certificate_der: certificate.der().clone(),
        key_der: key.serialize_der(),
    })
}

/// Speaks a broker's part of handshakes.
#[derive(Clone)]
pub(super) struct Acceptor(TlsAcceptor);

impl Acceptor {
    pub(super) async fn greet(&self, stream: TcpStream) -> Option<Box<TlsStream<TcpStream>>> {
        let greeted = tokio::time::timeout(HANDSHAKE, self.0.accept(stream)).await;
        match greeted {
            Ok(Ok(stream)) => Some(Box::new(stream)),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a client's TLS handshake failed");
                None
            }
            Err(_) => None,
        }
    }
}

impl fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acceptor")
    }
}

impl fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsServer")
            .field("client_certificate", &self.client_certificate)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

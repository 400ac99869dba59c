//! The builder's typed settings of security.

use super::ProducerBuilder;
use crate::config::security::SslSettings;
use kafka_network::{SaslConfig, SecurityProtocol, TlsConfig};

impl<KS, VS> ProducerBuilder<KS, VS> {
    /// Whether connections are encrypted, and whether the client says who it is. Default: neither. Kafka's
    /// `security.protocol`.
    pub fn security_protocol(mut self, protocol: SecurityProtocol) -> Self {
        self.settings.security.protocol = Some(protocol);
        self.problems.remove("security.protocol");
        self
    }

    /// How TLS is spoken; takes the place of every `ssl.*` that was said before. It counts with a
    /// [`security_protocol`](Self::security_protocol) that has TLS.
    ///
    /// ```no_run
    /// use kafka_producer::{Producer, SecurityProtocol, TlsConfig, TrustStore};
    ///
    /// let authority = TrustStore::Pem(std::fs::read_to_string("ca.pem").unwrap().into());
    /// let producer = Producer::builder()
    ///     .bootstrap_servers("kafka.example.com:9093")
    ///     .security_protocol(SecurityProtocol::Ssl)
    ///     .tls(TlsConfig { trust: authority, ..TlsConfig::default() })
    ///     .build()?;
    /// # Ok::<(), kafka_producer::Error>(())
    /// ```
    pub fn tls(mut self, tls: TlsConfig) -> Self {
        self.settings.security.tls = Some(tls);
        self.settings.security.ssl = SslSettings::default();
        self.problems.retain(|property, _| !property.starts_with("ssl."));
        self
    }

    /// How the client says who it is; takes the place of all that `sasl.*` says. It counts with a
    /// [`security_protocol`](Self::security_protocol) that has SASL.
    ///
    /// ```no_run
    /// use kafka_producer::{Producer, SaslConfig, ScramHash, Secret, SecurityProtocol};
    ///
    /// let sasl = SaslConfig::Scram {
    ///     hash: ScramHash::Sha512,
    ///     username: "billing".into(),
    ///     password: Secret::new(std::env::var("KAFKA_PASSWORD").unwrap()),
    ///     token_auth: false,
    /// };
    /// let producer = Producer::builder()
    ///     .bootstrap_servers("kafka.example.com:9094")
    ///     .security_protocol(SecurityProtocol::SaslSsl)
    ///     .sasl(sasl)
    ///     .build()?;
    /// # Ok::<(), kafka_producer::Error>(())
    /// ```
    pub fn sasl(mut self, sasl: SaslConfig) -> Self {
        self.settings.security.sasl = Some(sasl);
        self.problems.retain(|property, _| !property.starts_with("sasl."));
        self
    }

    /// Says who the client is in a way of the program's own: another mechanism, or credentials and tokens from anywhere.
    /// Takes the place of all that `sasl.*` says.
    #[cfg(feature = "driver")]
    pub fn login(mut self, login: impl kafka_network::Login + 'static) -> Self {
        self.settings.security.own_login = true;
        self.login = Some(std::sync::Arc::new(login));
        self
    }
}

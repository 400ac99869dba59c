//! A connection's security as a whole.

use super::{SaslConfig, SecurityProtocol, TlsConfig};

/// How connections are secured.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct SecurityConfig {
    /// `security.protocol`.
    pub protocol: SecurityProtocol,
    /// `ssl.*`, for protocols with TLS.
    pub tls: TlsConfig,
    /// `sasl.*`, for protocols with SASL. `None` with one of those is an error, unless the program brings its own `Login`.
    pub sasl: Option<SaslConfig>,
}

/// What is wrong with a configuration: the property, and what to do. Never the secret itself.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{property}: {message}")]
pub struct SecurityError {
    /// Kafka's name of the property.
    pub property: &'static str,
    /// What is wrong with it.
    pub message: String,
}

impl SecurityError {
    /// What is wrong with a property.
    pub fn new(property: &'static str, message: impl Into<String>) -> SecurityError {
        SecurityError { property, message: message.into() }
    }
}

#[cfg(feature = "transport")]
mod access {
    use super::{SaslConfig, SecurityConfig, SecurityError};
    use crate::{Access, Connector, Login};
    use std::sync::Arc;

    impl SecurityConfig {
        /// Makes the configuration ready over a connector: reads certificates and keys, and puts TLS and SASL in their
        /// place. `login` takes the place of [`sasl`](SecurityConfig::sasl).
        ///
        /// # Errors
        /// What can't be used: the property, the file, and why.
        pub fn access(
            &self,
            connector: Arc<dyn Connector>,
            login: Option<Arc<dyn Login>>,
        ) -> Result<Access, SecurityError> {
            let access = Access::new(if self.protocol.uses_tls() { self.tls(connector)? } else { connector });
            if !self.protocol.uses_sasl() {
                return Ok(access);
            }
            let login = match (login, &self.sasl) {
                (Some(login), _) => login,
                (None, Some(sasl)) => sasl.login()?,
                (None, None) => {
                    let message = format!("security.protocol={} needs a mechanism", self.protocol);
                    return Err(SecurityError::new("sasl.mechanism", message));
                }
            };
            Ok(access.with_login(login))
        }

        #[cfg(feature = "tls")]
        fn tls(&self, connector: Arc<dyn Connector>) -> Result<Arc<dyn Connector>, SecurityError> {
            let context = crate::TlsContext::new(self.tls.clone())?;
            Ok(Arc::new(crate::TlsConnector::new(connector, Arc::new(context))))
        }

        #[cfg(not(feature = "tls"))]
        fn tls(&self, _: Arc<dyn Connector>) -> Result<Arc<dyn Connector>, SecurityError> {
            Err(SecurityError::new("security.protocol", "TLS is not compiled in (feature tls)"))
        }
    }

    impl SaslConfig {
        #[cfg(not(feature = "sasl"))]
        fn login(&self) -> Result<Arc<dyn Login>, SecurityError> {
            Err(SecurityError::new("sasl.mechanism", "SASL is not compiled in (feature sasl)"))
        }

        #[cfg(feature = "sasl")]
        fn login(&self) -> Result<Arc<dyn Login>, SecurityError> {
            use crate::{
                AwsCredentialsProvider, AwsEnvironment, AwsMskIamConfig, AwsMskIamLogin, AwsProfile,
                PasswordLogin,
            };
            Ok(match self {
                SaslConfig::Plain { username, password } => {
                    Arc::new(PasswordLogin::plain(username, password.clone()))
                }
                SaslConfig::Scram { hash, username, password, token_auth } => {
                    Arc::new(PasswordLogin::scram(*hash, username, password.clone(), *token_auth))
                }
                SaslConfig::OAuthBearer(oauth) => crate::sasl::oauth_login(oauth)?,
                SaslConfig::AwsMskIam { region, profile } => {
                    let provider: Arc<dyn AwsCredentialsProvider> = match profile {
                        Some(name) => Arc::new(AwsProfile { name: Some(name.clone()), file: None }),
                        None => Arc::new(AwsEnvironment),
                    };
                    Arc::new(AwsMskIamLogin::new(AwsMskIamConfig { region: region.clone() }, provider))
                }
            })
        }
    }
}

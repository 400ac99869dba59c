//! A login per mechanism.

use super::random::nonce;
use super::{
    Authenticator, AwsCredentialsProvider, AwsMskIamAuthenticator, AwsMskIamConfig, Login,
    OAuthBearerAuthenticator, PlainAuthenticator, SaslError, ScramAuthenticator, TokenProvider,
};
use crate::{ScramHash, Secret, wall_clock};
use kafka_types::BrokerAddress;
use std::fmt;
use std::sync::Arc;

/// PLAIN or SCRAM, with a name and a password.
#[derive(Clone, Debug)]
pub struct PasswordLogin {
    /// `None` for PLAIN.
    hash: Option<ScramHash>,
    username: String,
    password: Secret,
    token_auth: bool,
}

impl PasswordLogin {
    /// PLAIN.
    pub fn plain(username: impl Into<String>, password: Secret) -> PasswordLogin {
        PasswordLogin { hash: None, username: username.into(), password, token_auth: false }
    }

    /// SCRAM. With `token_auth`, name and password are a delegation token's (KIP-48).
    pub fn scram(
        hash: ScramHash,
        username: impl Into<String>,
        password: Secret,
        token_auth: bool,
    ) -> PasswordLogin {
        PasswordLogin { hash: Some(hash), username: username.into(), password, token_auth }
    }
}

#[async_trait::async_trait]
impl Login for PasswordLogin {
    async fn authenticator(&self, _broker: &BrokerAddress) -> Result<Box<dyn Authenticator>, SaslError> {
        let (username, password) = (self.username.as_str(), self.password.clone());
        Ok(match self.hash {
            None => Box::new(PlainAuthenticator::new(username, password)?),
            Some(hash) => {
                let scram = ScramAuthenticator::new(hash, username, password, nonce()?)?;
                Box::new(scram.token_auth(self.token_auth))
            }
        })
    }
}

/// OAUTHBEARER, with whatever tokens a provider gives.
#[derive(Clone)]
pub struct OAuthBearerLogin(pub Arc<dyn TokenProvider>);

#[async_trait::async_trait]
impl Login for OAuthBearerLogin {
    async fn authenticator(&self, _broker: &BrokerAddress) -> Result<Box<dyn Authenticator>, SaslError> {
        Ok(Box::new(OAuthBearerAuthenticator::new(self.0.token().await?)?))
    }
}

impl fmt::Debug for OAuthBearerLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OAuthBearerLogin")
    }
}

/// AWS_MSK_IAM: a request signed with AWS credentials, for each broker by its name.
#[derive(Clone)]
pub struct AwsMskIamLogin {
    config: AwsMskIamConfig,
    provider: Arc<dyn AwsCredentialsProvider>,
}

impl AwsMskIamLogin {
    /// With a provider's credentials.
    pub fn new(config: AwsMskIamConfig, provider: Arc<dyn AwsCredentialsProvider>) -> AwsMskIamLogin {
        AwsMskIamLogin { config, provider }
    }
}

#[async_trait::async_trait]
impl Login for AwsMskIamLogin {
    async fn authenticator(&self, broker: &BrokerAddress) -> Result<Box<dyn Authenticator>, SaslError> {
        let credentials = self.provider.credentials().await?;
        let (host, now) = (broker.host.as_ref(), wall_clock::now());
        Ok(Box::new(AwsMskIamAuthenticator::new(&self.config, host, &credentials, now)?))
    }
}

impl fmt::Debug for AwsMskIamLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsMskIamLogin").field("config", &self.config).finish_non_exhaustive()
    }
}

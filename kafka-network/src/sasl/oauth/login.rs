//! From a configuration to a login.

use super::{
    FileTokenProvider, RefreshingTokenProvider, Token, TokenError, TokenProvider, UnsecuredTokenProvider,
};
use crate::{Login, OAuthBearerLogin, OAuthConfig, OAuthEndpoint, OAuthSource, SecurityError};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) fn login(config: &OAuthConfig) -> Result<Arc<dyn Login>, SecurityError> {
    let source: Arc<dyn TokenProvider> = match &config.source {
        OAuthSource::Unsecured { subject, lifetime, claims } => {
            let claims = claims.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
            Arc::new(UnsecuredTokenProvider { subject: subject.clone(), lifetime: *lifetime, claims })
        }
        OAuthSource::File(path) => Arc::new(FileTokenProvider::new(path)),
        OAuthSource::Endpoint(endpoint) => provider(endpoint)?,
    };
    let extended = Extended { source, extensions: config.extensions.clone() };
    let kept = RefreshingTokenProvider::new(Arc::new(extended), config.refresh.clone());
    Ok(Arc::new(OAuthBearerLogin(Arc::new(kept))))
}

#[cfg(feature = "oidc")]
fn provider(endpoint: &OAuthEndpoint) -> Result<Arc<dyn TokenProvider>, SecurityError> {
    Ok(Arc::new(super::EndpointTokenProvider::new(endpoint.clone())?))
}

#[cfg(not(feature = "oidc"))]
fn provider(_: &OAuthEndpoint) -> Result<Arc<dyn TokenProvider>, SecurityError> {
    let message = "token endpoints are not compiled in (feature oidc)";
    Err(SecurityError::new("sasl.oauthbearer.token.endpoint.url", message))
}

/// Adds the configured extensions to each token.
struct Extended {
    source: Arc<dyn TokenProvider>,
    extensions: BTreeMap<String, String>,
}

#[async_trait::async_trait]
impl TokenProvider for Extended {
    async fn token(&self) -> Result<Token, TokenError> {
        let mut token = self.source.token().await?;
        token.extensions.extend(self.extensions.clone());
        Ok(token)
    }
}

//! OAUTHBEARER (RFC 7628, KIP-255): a token, and where it comes from.

#[cfg(feature = "oidc")]
mod assertion;
mod authenticator;
#[cfg(feature = "oidc")]
mod endpoint;
mod jwt;
mod login;
mod provider;
mod refreshing;
mod token;

pub use authenticator::OAuthBearerAuthenticator;
#[cfg(feature = "oidc")]
pub use endpoint::EndpointTokenProvider;
pub(crate) use login::login;
pub use provider::{FileTokenProvider, StaticTokenProvider, UnsecuredTokenProvider};
pub use refreshing::RefreshingTokenProvider;
pub use token::{Token, TokenError, TokenProvider};

//! SASL: the client's side of each mechanism, as a state machine.
//!
//! An [`Authenticator`] is one exchange: messages of the broker go in, answers come out. A [`Login`] makes one for each
//! exchange; it may have to fetch a token first.

mod authenticator;
mod error;
#[cfg(feature = "sasl")]
mod mechanisms;
#[cfg(feature = "sasl")]
mod oauth;
#[cfg(feature = "sasl")]
mod plain;
#[cfg(feature = "sasl")]
mod random;
#[cfg(feature = "sasl")]
mod scram;

#[cfg(feature = "sasl")]
mod aws;

#[cfg(feature = "transport")]
pub use authenticator::Login;
pub use authenticator::{Authenticator, SaslStep, secret_bytes};
#[cfg(feature = "sasl")]
pub use aws::{
    AwsCredentials, AwsCredentialsProvider, AwsEnvironment, AwsMskIamAuthenticator, AwsMskIamConfig,
    AwsProfile, StaticAwsCredentials, aws_region_of,
};
pub use error::SaslError;
#[cfg(feature = "sasl")]
pub use mechanisms::{AwsMskIamLogin, OAuthBearerLogin, PasswordLogin};
#[cfg(feature = "oidc")]
pub use oauth::EndpointTokenProvider;
#[cfg(feature = "sasl")]
pub(crate) use oauth::login as oauth_login;
#[cfg(feature = "sasl")]
pub use oauth::{
    FileTokenProvider, OAuthBearerAuthenticator, RefreshingTokenProvider, StaticTokenProvider, Token,
    TokenError, TokenProvider, UnsecuredTokenProvider,
};
#[cfg(feature = "sasl")]
pub use plain::PlainAuthenticator;
#[cfg(feature = "sasl")]
pub(crate) use random::fraction;
#[cfg(feature = "sasl")]
pub use scram::{SCRAM_MAX_ITERATIONS, SCRAM_MIN_ITERATIONS, ScramAuthenticator};

//! `sasl.*`.

use crate::Secret;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// How a client says who it is (`sasl.mechanism`).
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum SaslConfig {
    /// `PLAIN`.
    Plain {
        /// `sasl.username`, or `username` in `sasl.jaas.config`.
        username: String,
        /// `sasl.password`, or `password` in `sasl.jaas.config`.
        password: Secret,
    },
    /// `SCRAM-SHA-256` or `SCRAM-SHA-512`.
    Scram {
        /// Which of the two.
        hash: ScramHash,
        /// `sasl.username`, or `username` in `sasl.jaas.config`.
        username: String,
        /// `sasl.password`, or `password` in `sasl.jaas.config`.
        password: Secret,
        /// `tokenauth` in `sasl.jaas.config`: the two are a delegation token's id and HMAC (KIP-48).
        token_auth: bool,
    },
    /// `OAUTHBEARER`.
    OAuthBearer(Box<OAuthConfig>),
    /// `AWS_MSK_IAM`: credentials of the environment or of a profile. A program that gets them elsewhere passes a
    /// `AwsMskIamLogin` of its own.
    AwsMskIam {
        /// `awsRegion` in `sasl.jaas.config`; without it the broker's name tells, else `AWS_REGION`.
        region: Option<String>,
        /// `awsProfileName` in `sasl.jaas.config`; without it the environment's keys, else its profile.
        profile: Option<String>,
    },
}

impl SaslConfig {
    /// The mechanism's name.
    pub fn mechanism(&self) -> &'static str {
        match self {
            SaslConfig::Plain { .. } => "PLAIN",
            SaslConfig::Scram { hash, .. } => hash.mechanism(),
            SaslConfig::OAuthBearer(_) => "OAUTHBEARER",
            SaslConfig::AwsMskIam { .. } => "AWS_MSK_IAM",
        }
    }
}

/// The hash of SCRAM.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScramHash {
    /// SCRAM-SHA-256.
    Sha256,
    /// SCRAM-SHA-512.
    Sha512,
}

impl ScramHash {
    /// The mechanism's name.
    pub fn mechanism(self) -> &'static str {
        match self {
            ScramHash::Sha256 => "SCRAM-SHA-256",
            ScramHash::Sha512 => "SCRAM-SHA-512",
        }
    }
}

/// Where OAuth tokens come from, and how they are kept.
#[derive(Clone, PartialEq, Debug)]
pub struct OAuthConfig {
    /// Who gives them out.
    pub source: OAuthSource,
    /// `extension_…` in `sasl.jaas.config`: what goes to the broker beside the token (KIP-342).
    pub extensions: BTreeMap<String, String>,
    /// `sasl.login.refresh.*`: when the next one is asked for.
    pub refresh: RefreshConfig,
}

impl OAuthConfig {
    /// Tokens of this source.
    pub fn new(source: OAuthSource) -> OAuthConfig {
        OAuthConfig { source, extensions: BTreeMap::new(), refresh: RefreshConfig::default() }
    }
}

/// Who gives out tokens.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum OAuthSource {
    /// Nobody: the client makes them itself, unsigned (`unsecuredLogin…` in `sasl.jaas.config`, KIP-255). For tests.
    Unsecured {
        /// The claim `sub`.
        subject: String,
        /// How long each is good.
        lifetime: Duration,
        /// Claims of text (`unsecuredLoginStringClaim_…`).
        claims: BTreeMap<String, String>,
    },
    /// A file (`sasl.oauthbearer.token.endpoint.url=file:/…`).
    File(PathBuf),
    /// An endpoint.
    Endpoint(Box<OAuthEndpoint>),
}

/// A token endpoint, and what it is asked with.
#[derive(Clone, PartialEq, Debug)]
pub struct OAuthEndpoint {
    /// `sasl.oauthbearer.token.endpoint.url`: `https://…`, or `http://…` for tests.
    pub url: String,
    /// `sasl.oauthbearer.scope`.
    pub scope: Option<String>,
    /// What proves who the client is.
    pub grant: OAuthGrant,
    /// How the endpoint's certificate is checked: by the system's roots unless `sasl.jaas.config` has options `ssl.…`.
    pub tls: super::TlsConfig,
    /// `sasl.login.connect.timeout.ms`: 10 s.
    pub connect_timeout: Duration,
    /// `sasl.login.read.timeout.ms`: 10 s for the answer.
    pub read_timeout: Duration,
    /// `sasl.login.retry.backoff.ms`: 100 ms before the endpoint is asked again; then it doubles.
    pub retry_backoff: Duration,
    /// `sasl.login.retry.backoff.max.ms`: 10 s for all attempts of one exchange together.
    pub retry_backoff_max: Duration,
}

impl OAuthEndpoint {
    /// An endpoint with Kafka's defaults.
    pub fn new(url: impl Into<String>, grant: OAuthGrant) -> OAuthEndpoint {
        OAuthEndpoint {
            url: url.into(),
            scope: None,
            grant,
            tls: super::TlsConfig::default(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(10),
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_secs(10),
        }
    }
}

/// What proves to a token endpoint who the client is.
#[derive(Clone, PartialEq, Debug)]
pub enum OAuthGrant {
    /// Name and secret (KIP-768).
    ClientCredentials {
        /// `sasl.oauthbearer.client.credentials.client.id`, or `clientId` in `sasl.jaas.config`.
        client_id: String,
        /// `sasl.oauthbearer.client.credentials.client.secret`, or `clientSecret` in `sasl.jaas.config`.
        client_secret: Secret,
        /// `sasl.oauthbearer.header.urlencode`: the two are URL-encoded before they become the header (RFC 6749, 2.3.1).
        urlencode: bool,
    },
    /// A signed assertion (KIP-1139, RFC 7523), in a file that somebody else renews (`sasl.oauthbearer.assertion.file`).
    AssertionFile(PathBuf),
    /// A signed assertion (KIP-1139, RFC 7523), made for each request.
    Assertion(Box<AssertionConfig>),
}

/// How an assertion is made (`sasl.oauthbearer.assertion.*`).
#[derive(Clone, PartialEq, Debug)]
pub struct AssertionConfig {
    /// `…algorithm`.
    pub algorithm: AssertionAlgorithm,
    /// `…private.key.file`: in PEM.
    pub private_key_file: PathBuf,
    /// `…private.key.passphrase`.
    pub passphrase: Option<Secret>,
    /// `…template.file`: JSON with `header` and `payload`, which the claims below are added to.
    pub template_file: Option<PathBuf>,
    /// `…claim.aud`.
    pub audience: Option<String>,
    /// `…claim.iss`.
    pub issuer: Option<String>,
    /// `…claim.sub`.
    pub subject: Option<String>,
    /// `…claim.exp.seconds`: how long it is good; 5 minutes.
    pub expires_in: Duration,
    /// `…claim.nbf.seconds`: how long before now it began; 1 minute.
    pub not_before: Duration,
    /// `…claim.jti.include`: whether each has an id of its own.
    pub include_id: bool,
}

/// How an assertion is signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AssertionAlgorithm {
    /// RSA with SHA-256.
    #[default]
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

/// When a token is renewed.
#[derive(Clone, PartialEq, Debug)]
pub struct RefreshConfig {
    /// `sasl.login.refresh.window.factor`: after this part of its life. 0.8; from 0.5 to 1.
    pub window_factor: f64,
    /// `sasl.login.refresh.window.jitter`: plus up to this part of its life. 0.05; from 0 to 0.25.
    pub window_jitter: f64,
    /// `sasl.login.refresh.min.period.seconds`: not before it is so old. 1 minute; at most 15.
    pub min_period: Duration,
    /// `sasl.login.refresh.buffer.seconds`: at least so long before its end. 5 minutes; at most an hour.
    pub buffer: Duration,
}

impl Default for RefreshConfig {
    fn default() -> Self {
        RefreshConfig {
            window_factor: 0.8,
            window_jitter: 0.05,
            min_period: Duration::from_secs(60),
            buffer: Duration::from_secs(300),
        }
    }
}

//! AWS credentials, and where they come from.

use crate::{SaslError, Secret};
use std::fmt;
use std::path::{Path, PathBuf};

/// An access key.
#[derive(Clone)]
pub struct AwsCredentials {
    /// `aws_access_key_id`.
    pub access_key_id: String,
    /// `aws_secret_access_key`.
    pub secret_access_key: Secret,
    /// `aws_session_token`, if the credentials are temporary.
    pub session_token: Option<Secret>,
}

impl fmt::Debug for AwsCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsCredentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Gives out credentials, each time anew: temporary ones change. A program that has AWS's SDK passes that one's chain (roles,
/// single sign-on, instance metadata) through this trait.
#[async_trait::async_trait]
pub trait AwsCredentialsProvider: Send + Sync {
    /// Credentials that are good now.
    ///
    /// # Errors
    /// [`SaslError::Credentials`] or [`SaslError::Unavailable`].
    async fn credentials(&self) -> Result<AwsCredentials, SaslError>;
}

/// Always the same.
#[derive(Clone, Debug)]
pub struct StaticAwsCredentials(pub AwsCredentials);

#[async_trait::async_trait]
impl AwsCredentialsProvider for StaticAwsCredentials {
    async fn credentials(&self) -> Result<AwsCredentials, SaslError> {
        Ok(self.0.clone())
    }
}

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` of the environment; without these the profile of
/// [`AwsProfile`].
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsEnvironment;

#[async_trait::async_trait]
impl AwsCredentialsProvider for AwsEnvironment {
    async fn credentials(&self) -> Result<AwsCredentials, SaslError> {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
            (Some(access_key_id), Some(secret)) => Ok(AwsCredentials {
                access_key_id,
                secret_access_key: Secret::new(secret),
                session_token: variable("AWS_SESSION_TOKEN").map(Secret::new),
            }),
            _ => AwsProfile::default().credentials().await,
        }
    }
}

/// A profile of the shared credentials file.
#[derive(Clone, Debug, Default)]
pub struct AwsProfile {
    /// The profile; `None` for `AWS_PROFILE`, or `default`.
    pub name: Option<String>,
    /// The file; `None` for `AWS_SHARED_CREDENTIALS_FILE`, or `~/.aws/credentials`.
    pub file: Option<PathBuf>,
}

#[async_trait::async_trait]
impl AwsCredentialsProvider for AwsProfile {
    async fn credentials(&self) -> Result<AwsCredentials, SaslError> {
        let profile = self.clone();
        let read = tokio::task::spawn_blocking(move || profile.read()).await;
        read.unwrap_or_else(|_| Err(SaslError::Unavailable("the runtime is ending".into())))
    }
}

impl AwsProfile {
    fn read(&self) -> Result<AwsCredentials, SaslError> {
        let name = self.name.clone().or_else(|| std::env::var("AWS_PROFILE").ok());
        let name = name.unwrap_or_else(|| "default".to_owned());
        let file = self
            .file
            .clone()
            .or_else(|| std::env::var_os("AWS_SHARED_CREDENTIALS_FILE").map(PathBuf::from))
            .or_else(|| std::env::home_dir().map(|home| home.join(".aws/credentials")));
        let Some(file) = file else {
            return Err(SaslError::Credentials(
                "no AWS credentials in the environment, and no home folder".into(),
            ));
        };
        let text = std::fs::read_to_string(&file).map(zeroize::Zeroizing::new).map_err(|error| {
            let file = file.display();
            SaslError::Unavailable(
                format!("no AWS credentials in the environment, and {file}: {error}").into(),
            )
        })?;
        parse(&text, &name).ok_or_else(|| missing(&file, &name))
    }
}

fn missing(file: &Path, name: &str) -> SaslError {
    let file = file.display();
    SaslError::Credentials(
        format!("{file} has no profile {name:?} with aws_access_key_id and aws_secret_access_key").into(),
    )
}

/// The profile's values in an INI file.
fn parse(text: &str, profile: &str) -> Option<AwsCredentials> {
    let mut within = false;
    let (mut id, mut secret, mut token) = (None, None, None);
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            within = name.trim() == profile;
        } else if within && let Some((name, value)) = line.split_once('=') {
            let value = value.trim();
            match name.trim() {
                "aws_access_key_id" => id = Some(value.to_owned()),
                "aws_secret_access_key" => secret = Some(Secret::from(value)),
                "aws_session_token" => token = Some(Secret::from(value)),
                _ => {}
            }
        }
    }
    Some(AwsCredentials { access_key_id: id?, secret_access_key: secret?, session_token: token })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# mine\n[default]\naws_access_key_id = AKIDEFAULT\naws_secret_access_key=one\n\n\
                        [other]\n aws_access_key_id=AKIOTHER\n aws_secret_access_key = two=2\n aws_session_token=t\n[half]\naws_access_key_id=x\n";

    #[test]
    fn a_profile_is_read_by_its_name() {
        let default = parse(FILE, "default").unwrap();
        assert_eq!(
            (default.access_key_id.as_str(), default.secret_access_key.expose()),
            ("AKIDEFAULT", "one")
        );
        assert!(default.session_token.is_none());
        let other = parse(FILE, "other").unwrap();
        assert_eq!((other.secret_access_key.expose(), other.session_token.unwrap().expose()), ("two=2", "t"));
        assert!(parse(FILE, "half").is_none() && parse(FILE, "nobody").is_none());
    }

    #[test]
    fn credentials_do_not_show_their_secret() {
        let shown = format!("{:?}", parse(FILE, "other").unwrap());
        assert!(shown.contains("AKIOTHER") && !shown.contains("two"), "{shown}");
    }
}

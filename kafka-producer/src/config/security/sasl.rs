//! `sasl.mechanism`, `sasl.jaas.config`, `sasl.username`, `sasl.password`.

use super::{SecuritySettings, said, told};
use crate::config::{Notice, Problem};
use kafka_network::{JaasConfig, SaslConfig, ScramHash, Secret, SecurityProtocol};

const MECHANISM: &str = "sasl.mechanism";
const JAAS: &str = "sasl.jaas.config";
const SERVED: &str = "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM";

impl SecuritySettings {
    pub(super) fn resolve_sasl(
        &self,
        notices: &mut Vec<Notice>,
        problems: &mut Vec<Problem>,
    ) -> Option<SaslConfig> {
        if self.own_login {
            return None;
        }
        let config = match &self.sasl {
            Some(typed) => Some(typed.clone()),
            None => self.sasl_of_properties(notices, problems),
        };
        let is_plain = matches!(config, Some(SaslConfig::Plain { .. }));
        if is_plain && self.protocol == Some(SecurityProtocol::SaslPlaintext) {
            notices.push(Notice::warn(
                "sasl.mechanism=PLAIN without TLS: everybody on the way can read the password",
            ));
        }
        config
    }

    fn sasl_of_properties(
        &self,
        notices: &mut Vec<Notice>,
        problems: &mut Vec<Problem>,
    ) -> Option<SaslConfig> {
        let jaas = match told(&self.jaas).map(|line| line.expose().parse::<JaasConfig>()) {
            None => None,
            Some(Ok(jaas)) => Some(jaas),
            Some(Err(error)) => {
                problems.push(Problem::new(JAAS, error.to_string()));
                return None;
            }
        };
        let mechanism = said(&self.mechanism).unwrap_or("GSSAPI");
        let module = match mechanism {
            "PLAIN" => "PlainLoginModule",
            "SCRAM-SHA-256" | "SCRAM-SHA-512" => "ScramLoginModule",
            "OAUTHBEARER" => "OAuthBearerLoginModule",
            "AWS_MSK_IAM" => "IAMLoginModule",
            "GSSAPI" => {
                let message = format!("GSSAPI (Kerberos), Kafka's default, is not served: expected {SERVED}");
                problems.push(Problem::new(MECHANISM, message));
                return None;
            }
            other => {
                problems.push(Problem::value(MECHANISM, other, SERVED));
                return None;
            }
        };
        if let Some(other) = jaas.as_ref().map(JaasConfig::module_name).filter(|name| *name != module) {
            let message =
                format!("{other} is not the login module of sasl.mechanism={mechanism}: expected {module}");
            problems.push(Problem::new(JAAS, message));
            return None;
        }
        let option = |name| jaas.as_ref().and_then(|jaas| jaas.option(name));
        let hash = if mechanism == "SCRAM-SHA-256" { ScramHash::Sha256 } else { ScramHash::Sha512 };
        match mechanism {
            "OAUTHBEARER" => self.oauth.resolve(jaas.as_ref(), notices, problems),
            "AWS_MSK_IAM" => {
                if option("awsRoleArn").is_some() {
                    let message =
                        "awsRoleArn is not served: pass credentials of the role with the builder's `login`";
                    problems.push(Problem::new(JAAS, message));
                }
                let text = |name| option(name).map(|value| value.expose().to_owned());
                Some(SaslConfig::AwsMskIam { region: text("awsRegion"), profile: text("awsProfileName") })
            }
            _ => {
                let (username, password) = self.name_and_password(jaas.as_ref(), problems)?;
                Some(match mechanism {
                    "PLAIN" => SaslConfig::Plain { username, password },
                    _ => {
                        let token_auth = option("tokenauth")
                            .is_some_and(|value| value.expose().eq_ignore_ascii_case("true"));
                        SaslConfig::Scram { hash, username, password, token_auth }
                    }
                })
            }
        }
    }

    /// The properties of their own win over the line, of which they may replace a part.
    fn name_and_password(
        &self,
        jaas: Option<&JaasConfig>,
        problems: &mut Vec<Problem>,
    ) -> Option<(String, Secret)> {
        let option = |name| jaas.and_then(|jaas| jaas.option(name)).filter(|value| !value.is_empty());
        let username =
            said(&self.username).map(str::to_owned).or_else(|| Some(option("username")?.expose().to_owned()));
        let password = told(&self.password).or_else(|| option("password")).cloned();
        for (missing, property) in
            [(username.is_none(), "sasl.username"), (password.is_none(), "sasl.password")]
        {
            if missing {
                let name = property.trim_start_matches("sasl.");
                let message = format!("not set: expected it here, or as {name} in sasl.jaas.config");
                problems.push(Problem::new(property, message));
            }
        }
        Some((username?, password?))
    }
}

//! References in values: to the environment, and to files (KIP-297, KIP-421).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::parse_file_text;

/// A reference that leads nowhere. It names the property and the reference, never a value.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{property}: {message}")]
pub struct ReferenceError {
    property: String,
    message: String,
}

impl ReferenceError {
    pub(crate) fn into_parts(self) -> (String, String) {
        (self.property, self.message)
    }
}

/// Where a provider's values come from: Kafka's own classes, by their names without the package.
#[derive(Clone, Copy)]
enum Provider {
    Environment,
    File,
    Directory,
}

/// Puts in what values refer to, as `config.providers` of the same properties says, so that secrets need not stand in the file.
///
/// | `config.providers.<name>.class` | reference | stands for |
/// |---|---|---|
/// | `…EnvVarConfigProvider` | `${name:VARIABLE}` | a variable of the environment |
/// | `…FileConfigProvider` | `${name:/path/to/file.properties:key}` | a value of another properties file |
/// | `…DirectoryConfigProvider` | `${name:/path/to/folder:file}` | a whole file, such as a mounted secret |
///
/// What refers to no provider stays as it is; `config.providers…` themselves are gone afterwards.
///
/// ```
/// use kafka_producer::properties::{parse_file_text, resolve_references};
///
/// let text = "config.providers=env\n\
///             config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider\n\
///             client.id=on ${env:CARGO_PKG_NAME}\n";
/// let pairs = resolve_references(parse_file_text(text)?)?;
/// assert_eq!(pairs, [("client.id".to_owned(), "on kafka-producer".to_owned())]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A provider of another class or with parameters, and a reference to what is not there.
pub fn resolve_references(pairs: Vec<(String, String)>) -> Result<Vec<(String, String)>, ReferenceError> {
    let providers = providers(&pairs)?;
    let own = |name: &str| name == "config.providers" || name.starts_with("config.providers.");
    let others = pairs.into_iter().filter(|(name, _)| !own(name));
    others
        .map(|(name, value)| match resolve(&value, &providers) {
            Ok(value) => Ok((name, value)),
            Err(message) => Err(ReferenceError { property: name, message }),
        })
        .collect()
}

fn providers(pairs: &[(String, String)]) -> Result<BTreeMap<String, Provider>, ReferenceError> {
    let last =
        |name: &str| pairs.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.trim());
    let names = last("config.providers").unwrap_or_default().split(',').map(str::trim);
    let mut providers = BTreeMap::new();
    for name in names.filter(|name| !name.is_empty()) {
        let prefix = format!("config.providers.{name}.");
        let class = format!("{prefix}class");
        let wrong = |property: &str, message: &str| ReferenceError {
            property: property.into(),
            message: message.into(),
        };
        if let Some((other, _)) =
            pairs.iter().find(|(known, _)| known.starts_with(&prefix) && *known != class)
        {
            return Err(wrong(other, "parameters of providers are not served"));
        }
        let provider = match last(&class).and_then(|class| class.rsplit('.').next()) {
            Some("EnvVarConfigProvider") => Provider::Environment,
            Some("FileConfigProvider") => Provider::File,
            Some("DirectoryConfigProvider") => Provider::Directory,
            Some(_) => {
                let expected = "expected EnvVarConfigProvider, FileConfigProvider or DirectoryConfigProvider";
                return Err(wrong(&class, expected));
            }
            None => return Err(wrong(&class, "not set, and config.providers names it")),
        };
        providers.insert(name.to_owned(), provider);
    }
    Ok(providers)
}

/// What a reference stands for is not looked through for references again.
fn resolve(value: &str, providers: &BTreeMap<String, Provider>) -> Result<String, String> {
    let mut resolved = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start..].find('}') else { break };
        let reference = &rest[start + 2..start + length];
        resolved.push_str(&rest[..start]);
        match reference.split_once(':').and_then(|(name, of)| Some((providers.get(name)?, of))) {
            Some((provider, of)) => {
                resolved.push_str(&provider.find(of).map_err(|why| format!("${{{reference}}}: {why}"))?)
            }
            None => resolved.push_str(&rest[start..=start + length]),
        }
        rest = &rest[start + length + 1..];
    }
    resolved.push_str(rest);
    Ok(resolved)
}

impl Provider {
    fn find(self, reference: &str) -> Result<String, String> {
        let (path, key) = reference.rsplit_once(':').unwrap_or(("", reference));
        match self {
            Provider::Environment => {
                std::env::var(key).map_err(|_| "the environment has no such variable".to_owned())
            }
            Provider::File => {
                let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
                let pairs = parse_file_text(&text).map_err(|error| error.to_string())?;
                let found = pairs.into_iter().rev().find(|(name, _)| name == key);
                found.map(|(_, value)| value).ok_or_else(|| "the file has no such key".to_owned())
            }
            Provider::Directory => {
                // A key is a file of the folder, not a way out of it.
                if key.contains(['/', '\\']) || key == ".." {
                    return Err("the key has to be the name of a file".to_owned());
                }
                fs::read_to_string(Path::new(path).join(key)).map_err(|error| error.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGE: &str = "org.apache.kafka.common.config.provider";

    fn resolved(text: &str) -> Result<Vec<(String, String)>, String> {
        resolve_references(parse_file_text(text).unwrap()).map_err(|error| error.to_string())
    }

    fn with(name: &str, class: &str, value: &str) -> Result<Vec<(String, String)>, String> {
        resolved(&format!(
            "config.providers={name}\nconfig.providers.{name}.class={PACKAGE}.{class}\nsasl.password={value}\n"
        ))
    }

    fn password(value: &str) -> Vec<(String, String)> {
        vec![("sasl.password".to_owned(), value.to_owned())]
    }

    #[test]
    fn files_and_folders_are_looked_into() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secrets.properties"), "user=me\npassword=s3cret\n").unwrap();
        fs::write(folder.path().join("password"), "whole\n").unwrap();
        let path = folder.path().display();
        let value = format!("<${{f:{path}/secrets.properties:password}}>");
        assert_eq!(with("f", "FileConfigProvider", &value), Ok(password("<s3cret>")));
        let value = format!("${{d:{path}:password}}");
        assert_eq!(with("d", "DirectoryConfigProvider", &value), Ok(password("whole\n")));
        let out = with("d", "DirectoryConfigProvider", &format!("${{d:{path}:../password}}"));
        assert!(out.unwrap_err().contains("name of a file"));
    }

    #[test]
    fn what_refers_to_no_provider_stays_as_it_is() {
        for value in ["${other:X}", "$ConnectionString", "${", "${env}", "a}b"] {
            assert_eq!(with("env", "EnvVarConfigProvider", value), Ok(password(value)));
        }
        // Without `config.providers` nothing is a reference.
        assert_eq!(resolved("sasl.password=${env:PATH}"), Ok(password("${env:PATH}")));
    }

    #[test]
    fn what_is_not_there_is_named_by_property_and_reference() {
        let error = with("env", "EnvVarConfigProvider", "${env:NO_SUCH_VARIABLE}").unwrap_err();
        assert!(error.starts_with("sasl.password: ${env:NO_SUCH_VARIABLE}: "), "{error}");
        let error = with("f", "FileConfigProvider", "${f:/no/such/file:key}").unwrap_err();
        assert!(error.contains("/no/such/file"), "{error}");
        assert!(with("v", "VaultConfigProvider", "x").unwrap_err().contains("config.providers.v.class"));
        assert!(resolved("config.providers=env").unwrap_err().contains("config.providers.env.class"));
        let parameters = format!(
            "config.providers=env\nconfig.providers.env.class={PACKAGE}.EnvVarConfigProvider\n\
             config.providers.env.param.allowlist.pattern=.*"
        );
        assert!(resolved(&parameters).unwrap_err().contains("allowlist.pattern"));
    }
}

//! What the commands' options share.

use anyhow::{Context, Result};
use clap::Args;
use kafka_producer::ProducerBuilder;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// `key=value`, as `--command-property` and `--reader-property` take it; the value may be empty or contain `=`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct KeyValue {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl FromStr for KeyValue {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok(KeyValue { key: key.trim().to_owned(), value: value.to_owned() })
            }
            _ => Err(format!("{text:?} is not of the form key=value")),
        }
    }
}

/// Where the cluster is and how the producer is set up.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConnectionArguments {
    /// Addresses to start from: HOST:PORT, several separated by commas.
    #[arg(long, value_name = "HOST:PORT,…")]
    pub(crate) bootstrap_server: String,

    /// A file of producer properties, in Java's format.
    #[arg(long, visible_alias = "producer.config", value_name = "FILE")]
    pub(crate) command_config: Option<PathBuf>,

    /// A producer property; given several times, each counts. Wins over the file
    #[arg(long, visible_alias = "producer-property", value_name = "KEY=VALUE")]
    pub(crate) command_property: Vec<KeyValue>,
}

impl ConnectionArguments {
    /// A builder with `defaults`, the file's properties, those of the command line, and `options`; what comes later wins.
    pub(crate) fn builder(
        &self,
        defaults: &[(&str, &str)],
        options: Vec<(&str, String)>,
    ) -> Result<ProducerBuilder> {
        let builder = builder_of(self.command_config.as_deref(), &self.command_property, defaults, options)?;
        Ok(builder.bootstrap_servers(&self.bootstrap_server))
    }
}

/// A builder with `defaults`, a file's properties, those of the command line, and `options`; what comes later wins.
pub(crate) fn builder_of(
    file: Option<&Path>,
    properties: &[KeyValue],
    defaults: &[(&str, &str)],
    options: Vec<(&str, String)>,
) -> Result<ProducerBuilder> {
    let mut builder = ProducerBuilder::default().properties(defaults.iter().copied());
    if let Some(file) = file {
        builder = builder.properties(read_properties(file)?);
    }
    builder = builder.properties(properties.iter().map(|p| (p.key.clone(), p.value.clone())));
    Ok(builder.properties(options))
}

/// Reads a `.properties` file. Java's are in ISO 8859-1; what is UTF-8 is taken as that.
pub(crate) fn read_properties(file: &Path) -> Result<Vec<(String, String)>> {
    let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect());
    let within = || format!("in {}", file.display());
    let pairs = kafka_producer::properties::parse_file_text(&text).with_context(within)?;
    kafka_producer::properties::resolve_references(pairs).with_context(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_in_utf8_and_in_javas_own_encoding() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("producer.properties");
        for bytes in [&b"client.id=caf\xe9"[..], "client.id=café".as_bytes()] {
            std::fs::write(&file, bytes).unwrap();
            assert_eq!(read_properties(&file).unwrap(), [("client.id".to_owned(), "café".to_owned())]);
        }
    }
}

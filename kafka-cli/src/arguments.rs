//! What the commands' options share.

use anyhow::{Context, Result};
use clap::Args;
use kafka_producer::ProducerBuilder;
use std::path::PathBuf;
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

    /// A producer property; given several times, each counts. Wins over the file.
    #[arg(long, visible_alias = "producer-property", value_name = "KEY=VALUE")]
    pub(crate) command_property: Vec<KeyValue>,
}

impl ConnectionArguments {
    /// A builder with the file's properties, then `defaults`' own where the user said nothing, then the options'.
    pub(crate) fn builder(&self, options: Vec<(&str, String)>) -> Result<ProducerBuilder> {
        let mut builder = ProducerBuilder::default();
        if let Some(file) = &self.command_config {
            let text =
                std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
            let properties = kafka_producer::properties::parse_file_text(&text)
                .with_context(|| format!("in {}", file.display()))?;
            builder = builder.properties(properties);
        }
        builder = builder.properties(options);
        builder = builder.properties(self.command_property.iter().map(|p| (p.key.clone(), p.value.clone())));
        Ok(builder.bootstrap_servers(&self.bootstrap_server))
    }
}

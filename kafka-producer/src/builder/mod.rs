//! Putting a producer together.

mod options;
mod security;

use crate::config::{Notice, Problem, ProducerConfig, Settings};
use crate::{Error, properties};
use kafka_interceptor::Interceptor;
use kafka_partitioner::Partitioner;
use kafka_types::BytesSerializer;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Collects what a producer is made of; [`Producer::builder`](crate::Producer::builder) starts one.
///
/// Settings come as typed values or by Kafka's own property names; for each, what was said last holds. Nothing is
/// checked before [`build`](ProducerBuilder::build), which then says everything that is wrong at once.
#[derive(Clone)]
#[must_use = "a builder does nothing until it builds"]
pub struct ProducerBuilder<KS = BytesSerializer, VS = BytesSerializer> {
    settings: Settings,
    /// By property: a later legal value replaces an earlier illegal one.
    problems: BTreeMap<String, Problem>,
    notices: Vec<Notice>,
    pub(crate) interceptors: Vec<Arc<dyn Interceptor>>,
    pub(crate) partitioner: Option<Arc<dyn Partitioner>>,
    pub(crate) key_serializer: KS,
    pub(crate) value_serializer: VS,
    #[cfg(feature = "driver")]
    pub(crate) connector: Option<Arc<dyn kafka_network::Connector>>,
    #[cfg(feature = "driver")]
    pub(crate) login: Option<Arc<dyn kafka_network::Login>>,
    #[cfg(feature = "driver")]
    pub(crate) runtime: Option<tokio::runtime::Handle>,
}

impl ProducerBuilder {
    /// A builder with Kafka's defaults. Only `bootstrap.servers` has none.
    pub fn new() -> Self {
        ProducerBuilder {
            settings: Settings::default(),
            problems: BTreeMap::new(),
            notices: Vec::new(),
            interceptors: Vec::new(),
            partitioner: None,
            key_serializer: BytesSerializer,
            value_serializer: BytesSerializer,
            #[cfg(feature = "driver")]
            connector: None,
            #[cfg(feature = "driver")]
            login: None,
            #[cfg(feature = "driver")]
            runtime: None,
        }
    }
}

impl Default for ProducerBuilder {
    fn default() -> Self {
        ProducerBuilder::new()
    }
}

impl<KS, VS> ProducerBuilder<KS, VS> {
    /// Sets a property by Kafka's name and in Kafka's spelling of values; see [`properties`](crate::properties).
    ///
    /// ```
    /// let builder = kafka_producer::ProducerBuilder::new()
    ///     .property("bootstrap.servers", "localhost:9092")
    ///     .property("linger.ms", "5");
    /// assert!(builder.config().is_ok());
    /// ```
    pub fn property(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let name = name.as_ref().trim();
        match properties::apply(&mut self.settings, &mut self.notices, name, value.as_ref()) {
            Ok(()) => {
                self.problems.remove(name);
            }
            Err(problem) => {
                self.problems.insert(name.to_owned(), problem);
            }
        }
        self
    }

    /// Sets properties, in order, as [`property`](ProducerBuilder::property) does. With `config.providers` among them, values
    /// may refer to the environment and to files: see [`resolve_references`](crate::properties::resolve_references).
    pub fn properties<N: AsRef<str>, V: AsRef<str>>(
        mut self,
        properties: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let owned = |(name, value): (N, V)| (name.as_ref().to_owned(), value.as_ref().to_owned());
        let mut pairs: Vec<(String, String)> = properties.into_iter().map(owned).collect();
        if pairs.iter().any(|(name, _)| name == "config.providers") {
            pairs = match properties::resolve_references(pairs) {
                Ok(resolved) => resolved,
                Err(error) => {
                    let (property, message) = error.into_parts();
                    self.problems.insert(property.clone(), Problem::new(property, message));
                    return self;
                }
            };
        }
        pairs.into_iter().fold(self, |builder, (name, value)| builder.property(name, value))
    }

    /// Adds an interceptor after those already there. Kafka's `interceptor.classes`.
    pub fn interceptor(mut self, interceptor: impl Interceptor + 'static) -> Self {
        self.interceptors.push(Arc::new(interceptor));
        self
    }

    /// Chooses partitions with `partitioner` instead of the one that comes with the producer. Kafka's
    /// `partitioner.class`. It is asked for every record that names no partition, with a key or without.
    pub fn partitioner(mut self, partitioner: impl Partitioner + 'static) -> Self {
        self.partitioner = Some(Arc::new(partitioner));
        self
    }

    /// Turns keys into bytes with `serializer`. Kafka's `key.serializer`.
    pub fn key_serializer<S>(self, serializer: S) -> ProducerBuilder<S, VS> {
        self.with_serializers(|_, value| (serializer, value))
    }

    /// Turns values into bytes with `serializer`. Kafka's `value.serializer`.
    pub fn value_serializer<S>(self, serializer: S) -> ProducerBuilder<KS, S> {
        self.with_serializers(|key, _| (key, serializer))
    }

    /// The configuration that the producer would run with.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) lists everything that is wrong.
    pub fn config(&self) -> Result<ProducerConfig, Error> {
        self.resolve().map(|(config, _)| config)
    }

    /// As [`config`](ProducerBuilder::config), with the notices that a build logs.
    pub(crate) fn resolve(&self) -> Result<(ProducerConfig, Vec<Notice>), Error> {
        let mut notices = self.notices.clone();
        let mut problems: Vec<Problem> = self.problems.values().cloned().collect();
        match self.settings.resolve(&mut notices) {
            Ok(config) if problems.is_empty() => Ok((config, notices)),
            Ok(_) => Err(Error::configuration(problems)),
            Err(more) => {
                // A property whose value could not be read is not also "not set".
                problems.extend(more.into_iter().filter(|p| !self.problems.contains_key(p.property())));
                Err(Error::configuration(problems))
            }
        }
    }

    fn with_serializers<K, V>(self, change: impl FnOnce(KS, VS) -> (K, V)) -> ProducerBuilder<K, V> {
        let (key_serializer, value_serializer) = change(self.key_serializer, self.value_serializer);
        ProducerBuilder {
            settings: self.settings,
            problems: self.problems,
            notices: self.notices,
            interceptors: self.interceptors,
            partitioner: self.partitioner,
            key_serializer,
            value_serializer,
            #[cfg(feature = "driver")]
            connector: self.connector,
            #[cfg(feature = "driver")]
            login: self.login,
            #[cfg(feature = "driver")]
            runtime: self.runtime,
        }
    }
}

impl<KS, VS> std::fmt::Debug for ProducerBuilder<KS, VS> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProducerBuilder")
            .field("settings", &self.settings)
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

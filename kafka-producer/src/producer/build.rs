//! From a builder to a running producer.

use super::unobserved::Unobserved;
use super::{Producer, Shared};
use crate::driver::{Driver, clock};
use crate::error::Cause;
use crate::{Error, Notice, Problem, ProducerBuilder, ProducerConfig, TransactionalProducer};
use kafka_network::{Access, Connector, TcpConfig, TcpConnector};
use std::sync::Arc;

impl<KS, VS> ProducerBuilder<KS, VS> {
    /// Starts the producer. It connects in the background: that no broker answers shows with the first send.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) lists everything that is wrong;
    /// [`Stopped`](crate::ErrorKind::Stopped) if the system has no thread left.
    pub fn build(self) -> Result<Producer<KS, VS>, Error> {
        let (config, notices) = self.resolve()?;
        if config.transactional_id.is_some() {
            let message = "set: a producer for transactions is built with `build_transactional`";
            return Err(Error::configuration(vec![Problem::new("transactional.id", message)]));
        }
        self.start(config, notices)
    }

    /// Starts a producer for transactions; [`init`](TransactionalProducer::init) is the first thing to call.
    ///
    /// # Errors
    /// As [`build`](Self::build); and [`Configuration`](crate::ErrorKind::Configuration) without a
    /// [`transactional_id`](Self::transactional_id).
    pub fn build_transactional(self) -> Result<TransactionalProducer<KS, VS>, Error> {
        let (config, notices) = self.resolve()?;
        if config.transactional_id.is_none() {
            let message =
                "not set: expected a name that is the same after a restart, and no other producer's";
            return Err(Error::configuration(vec![Problem::new("transactional.id", message)]));
        }
        Ok(TransactionalProducer::new(self.start(config, notices)?))
    }

    /// How this configuration reaches brokers: for a tool's own [`Client`](kafka_network::Client) with the same properties.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) lists everything that is wrong.
    pub fn access(&self) -> Result<Access, Error> {
        let (config, _) = self.resolve()?;
        self.access_with(&config)
    }

    fn access_with(&self, config: &ProducerConfig) -> Result<Access, Error> {
        let connector = self.connector.clone().unwrap_or_else(|| tcp(config));
        config
            .security
            .access(connector, self.login.clone())
            .map_err(|error| Error::configuration(vec![Problem::new(error.property, error.message)]))
    }

    fn start(mut self, config: ProducerConfig, notices: Vec<Notice>) -> Result<Producer<KS, VS>, Error> {
        notices.iter().for_each(|notice| notice.log());
        let access = self.access_with(&config)?;
        let runtime = self.runtime.take();
        let (core, engine) = self.core(config, seed());
        let unobserved = Arc::new(Unobserved::new(&core.config().client_id));
        core.watch_unseen(unobserved.clone());
        let driver = Driver::start(engine, core.clone(), unobserved.clone(), access, runtime.as_ref())
            .map_err(|error| Error::from(Cause::Start(error)))?;
        Ok(Producer {
            shared: Arc::new(Shared {
                core,
                unobserved,
                driver,
                key_serializer: self.key_serializer,
                value_serializer: self.value_serializer,
            }),
        })
    }
}

fn tcp(config: &ProducerConfig) -> Arc<dyn Connector> {
    Arc::new(TcpConnector::new(TcpConfig {
        send_buffer: config.send_buffer,
        receive_buffer: config.receive_buffer,
    }))
}

/// Differs from start to start and from producer to producer; nothing secret depends on it.
fn seed() -> u64 {
    let now = clock::precise();
    let process = u64::from(std::process::id()) << 32;
    now.mono.as_nanos().rotate_left(20) ^ now.wall.as_millis().unsigned_abs() ^ process
}

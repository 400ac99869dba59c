//! From a builder to a running producer.

use super::unobserved::Unobserved;
use super::{Producer, Shared};
use crate::driver::{Driver, clock};
use crate::error::Cause;
use crate::{Error, ProducerBuilder, ProducerConfig};
use kafka_network::{Connector, TcpConfig, TcpConnector};
use std::sync::Arc;

impl<KS, VS> ProducerBuilder<KS, VS> {
    /// Starts the producer. It connects in the background: that no broker answers shows with the first send.
    ///
    /// # Errors
    /// [`Configuration`](crate::ErrorKind::Configuration) lists everything that is wrong;
    /// [`Stopped`](crate::ErrorKind::Stopped) if the system has no thread left.
    pub fn build(mut self) -> Result<Producer<KS, VS>, Error> {
        let (config, notices) = self.resolve()?;
        notices.iter().for_each(|notice| notice.log());
        let connector = self.connector.take().unwrap_or_else(|| tcp(&config));
        let runtime = self.runtime.take();
        let (core, engine) = self.core(config, seed());
        let unobserved = Arc::new(Unobserved::new(&core.config().client_id));
        core.watch_unseen(unobserved.clone());
        let driver = Driver::start(engine, core.clone(), unobserved.clone(), connector, runtime.as_ref())
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

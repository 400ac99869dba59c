//! A broker's state.

use crate::config::BrokerConfig;
use kafka_types::Monotonic;

#[derive(Debug)]
pub(crate) struct Broker {
    pub(crate) config: BrokerConfig,
    /// Takes bytes and does nothing with them yet, as a stopped process would.
    pub(crate) frozen: bool,
    /// When the partitions that it led before it stopped get new leaders.
    pub(crate) election_at: Option<Monotonic>,
}

impl Broker {
    pub(crate) fn new(config: BrokerConfig) -> Self {
        Broker { config, frozen: false, election_at: None }
    }
}

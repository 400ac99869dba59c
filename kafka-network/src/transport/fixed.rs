//! Other addresses than the brokers advertise.

use super::{ConnectError, Connector, Stream};
use async_trait::async_trait;
use kafka_types::BrokerAddress;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Connects to one address where another is meant: for tunnels, forwarded ports and containers, whose brokers advertise
/// addresses that are good only within. TLS still checks the certificate against the address that is meant.
///
/// ```
/// use kafka_network::{BrokerAddress, FixedAddresses, TcpConfig, TcpConnector};
/// use std::sync::Arc;
///
/// let tunnels = FixedAddresses::new(Arc::new(TcpConnector::new(TcpConfig::default())))
///     .address(BrokerAddress::new("kafka-1.internal", 9092), BrokerAddress::new("localhost", 19092))
///     .address(BrokerAddress::new("kafka-2.internal", 9092), BrokerAddress::new("localhost", 29092));
/// ```
#[derive(Clone)]
pub struct FixedAddresses {
    inner: Arc<dyn Connector>,
    addresses: BTreeMap<BrokerAddress, BrokerAddress>,
}

impl FixedAddresses {
    /// Without any: every address stands for itself.
    pub fn new(inner: Arc<dyn Connector>) -> FixedAddresses {
        FixedAddresses { inner, addresses: BTreeMap::new() }
    }

    /// Where `advertised` is meant, connects to `actual`.
    #[must_use]
    pub fn address(mut self, advertised: BrokerAddress, actual: BrokerAddress) -> FixedAddresses {
        self.addresses.insert(advertised, actual);
        self
    }
}

#[async_trait]
impl Connector for FixedAddresses {
    async fn connect(&self, address: &BrokerAddress) -> Result<Box<dyn Stream>, ConnectError> {
        self.inner.connect(self.addresses.get(address).unwrap_or(address)).await
    }
}

impl fmt::Debug for FixedAddresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FixedAddresses").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

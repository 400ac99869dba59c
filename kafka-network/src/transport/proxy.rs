//! Proxies that a company's network lets out through.

mod http_connect;
mod socks5;

pub use http_connect::HttpConnect;
pub use socks5::Socks5;

use super::{ConnectError, Connector, Stream};
use kafka_types::BrokerAddress;

/// The stream to a proxy; what fails there is the proxy's failure.
async fn reach(
    inner: &dyn Connector,
    proxy: &BrokerAddress,
    broker: &BrokerAddress,
) -> Result<Box<dyn Stream>, ConnectError> {
    inner.connect(proxy).await.map_err(|error| refused(proxy, broker, &error.to_string()))
}

fn refused(proxy: &BrokerAddress, broker: &BrokerAddress, message: &str) -> ConnectError {
    ConnectError::Proxy { address: broker.clone(), proxy: proxy.to_string().into(), message: message.into() }
}

//! Plain TCP.

use super::{ConnectError, Connector, Resolver, Stream, SystemResolver};
use async_trait::async_trait;
use kafka_types::BrokerAddress;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpSocket, TcpStream};

/// The sockets' options. `None` leaves a buffer's size to the system.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TcpConfig {
    /// `send.buffer.bytes`: the size of the socket's send buffer.
    pub send_buffer: Option<usize>,
    /// `receive.buffer.bytes`: the size of the socket's receive buffer.
    pub receive_buffer: Option<usize>,
}

/// Connects by TCP, without delay of small packets and with keep-alive.
///
/// A host's addresses are tried one after the other (`client.dns.lookup=use_all_dns_ips`): first those of the same
/// family as the resolver's first answer, then the others. If an attempt is given up from outside, the next call goes
/// on with the address after it, so that one that swallows packets does not hide the others.
pub struct TcpConnector {
    config: TcpConfig,
    resolver: Arc<dyn Resolver>,
    /// The attempts that neither succeeded nor failed: they are under way, or were given up.
    unfinished: Mutex<BTreeMap<BrokerAddress, SocketAddr>>,
}

impl TcpConnector {
    /// Asks the system's resolver.
    pub fn new(config: TcpConfig) -> TcpConnector {
        TcpConnector::with_resolver(config, Arc::new(SystemResolver))
    }

    /// Asks another resolver.
    pub fn with_resolver(config: TcpConfig, resolver: Arc<dyn Resolver>) -> TcpConnector {
        TcpConnector { config, resolver, unfinished: Mutex::default() }
    }

    async fn resolve(&self, address: &BrokerAddress) -> Result<Vec<SocketAddr>, ConnectError> {
        let dns = |error| ConnectError::Dns { host: address.host.clone(), source: Arc::new(error) };
        let found = self.resolver.resolve(&address.host, address.port).await.map_err(dns)?;
        if found.is_empty() {
            return Err(dns(io::Error::new(io::ErrorKind::NotFound, "the name has no address")));
        }
        Ok(in_order(found, self.unfinished(|unfinished| unfinished.get(address).copied())))
    }

    fn unfinished<T>(&self, act: impl FnOnce(&mut BTreeMap<BrokerAddress, SocketAddr>) -> T) -> T {
        act(&mut self.unfinished.lock())
    }

    async fn attempt(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        let size = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        // Before connecting: the receive buffer's size decides on the window that is announced then.
        if let Some(bytes) = self.config.send_buffer {
            socket.set_send_buffer_size(size(bytes))?;
        }
        if let Some(bytes) = self.config.receive_buffer {
            socket.set_recv_buffer_size(size(bytes))?;
        }
        socket.set_keepalive(true)?;
        socket.set_nodelay(true)?;
        socket.connect(address).await
    }
}

/// Those of the first one's family come first. An attempt at `given_up` was not finished, so it is the last one now.
fn in_order(found: Vec<SocketAddr>, given_up: Option<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_ipv4 = found.first().is_some_and(SocketAddr::is_ipv4);
    let (mut ordered, others): (Vec<SocketAddr>, _) =
        found.into_iter().partition(|address| address.is_ipv4() == first_is_ipv4);
    ordered.extend(others);
    if let Some(tried) = ordered.iter().position(|address| Some(*address) == given_up) {
        ordered.rotate_left(tried + 1);
    }
    ordered
}

#[async_trait]
impl Connector for TcpConnector {
    async fn connect(&self, address: &BrokerAddress) -> Result<Box<dyn Stream>, ConnectError> {
        let mut failure = None;
        for tried in self.resolve(address).await? {
            self.unfinished(|unfinished| unfinished.insert(address.clone(), tried));
            let attempt = self.attempt(tried).await;
            self.unfinished(|unfinished| unfinished.remove(address));
            match attempt {
                Ok(stream) => return Ok(Box::new(stream)),
                Err(error) => {
                    tracing::debug!(%address, %tried, %error, "connection attempt failed");
                    failure = Some(match error.kind() {
                        io::ErrorKind::ConnectionRefused => {
                            ConnectError::Refused { address: address.clone(), tried }
                        }
                        _ => {
                            ConnectError::Attempt { address: address.clone(), tried, source: Arc::new(error) }
                        }
                    });
                }
            }
        }
        // `resolve` gives at least one address.
        Err(failure.unwrap_or_else(|| io::Error::from(io::ErrorKind::NotFound).into()))
    }
}

impl fmt::Debug for TcpConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpConnector").field("config", &self.config).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_family_of_the_first_answer_comes_first_and_no_address_is_left_out() {
        let found = addresses(&["[::1]:1", "127.0.0.1:1", "[::2]:1", "127.0.0.2:1"]);
        assert_eq!(in_order(found, None), addresses(&["[::1]:1", "[::2]:1", "127.0.0.1:1", "127.0.0.2:1"]));
    }

    #[test]
    fn an_address_whose_attempt_was_given_up_is_tried_last() {
        let found = addresses(&["127.0.0.1:1", "127.0.0.2:1", "127.0.0.3:1"]);
        let after = in_order(found.clone(), Some(found[0]));
        assert_eq!(after, addresses(&["127.0.0.2:1", "127.0.0.3:1", "127.0.0.1:1"]));
        assert_eq!(in_order(found.clone(), Some(found[2])), found);
        assert_eq!(in_order(found.clone(), Some("9.9.9.9:1".parse().unwrap())), found);
    }
}

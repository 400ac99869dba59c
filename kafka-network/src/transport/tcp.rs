//! Plain TCP.

use super::{ConnectError, Connector, Resolver, Stream, SystemResolver};
use async_trait::async_trait;
use kafka_types::BrokerAddress;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// How long an attempt has before the next address is tried beside it (RFC 8305's recommendation).
const STAGGER: Duration = Duration::from_millis(250);

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
/// All of a host's addresses are tried (`client.dns.lookup=use_all_dns_ips`), the families in turn, beginning with that of the
/// resolver's first answer. The next one begins when an attempt fails, or has taken a quarter of a second; the first to
/// succeed is taken (happy eyeballs, RFC 8305). So an address that swallows packets does not hide the others.
pub struct TcpConnector {
    config: TcpConfig,
    resolver: Arc<dyn Resolver>,
}

impl TcpConnector {
    /// Asks the system's resolver.
    pub fn new(config: TcpConfig) -> TcpConnector {
        TcpConnector::with_resolver(config, Arc::new(SystemResolver))
    }

    /// Asks another resolver.
    pub fn with_resolver(config: TcpConfig, resolver: Arc<dyn Resolver>) -> TcpConnector {
        TcpConnector { config, resolver }
    }

    async fn resolve(&self, address: &BrokerAddress) -> Result<Vec<SocketAddr>, ConnectError> {
        let dns = |error| ConnectError::Dns { host: address.host.clone(), source: Arc::new(error) };
        let found = self.resolver.resolve(&address.host, address.port).await.map_err(dns)?;
        if found.is_empty() {
            return Err(dns(io::Error::new(io::ErrorKind::NotFound, "the name has no address")));
        }
        Ok(in_turn(found))
    }
}

impl TcpConfig {
    async fn attempt(self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        let size = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        // Before connecting: the receive buffer's size decides on the window that is announced then.
        if let Some(bytes) = self.send_buffer {
            socket.set_send_buffer_size(size(bytes))?;
        }
        if let Some(bytes) = self.receive_buffer {
            socket.set_recv_buffer_size(size(bytes))?;
        }
        socket.set_keepalive(true)?;
        socket.set_nodelay(true)?;
        socket.connect(address).await
    }
}

/// One of each family after the other, beginning with the first one's.
fn in_turn(found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_ipv4 = found.first().is_some_and(SocketAddr::is_ipv4);
    let (first, others): (Vec<SocketAddr>, Vec<SocketAddr>) =
        found.into_iter().partition(|address| address.is_ipv4() == first_is_ipv4);
    let (mut first, mut others) = (first.into_iter(), others.into_iter());
    let mut ordered = Vec::new();
    loop {
        let pair = (first.next(), others.next());
        if pair == (None, None) {
            return ordered;
        }
        ordered.extend(pair.0);
        ordered.extend(pair.1);
    }
}

fn failed(address: &BrokerAddress, tried: SocketAddr, error: io::Error) -> ConnectError {
    tracing::debug!(%address, %tried, %error, "connection attempt failed");
    match error.kind() {
        io::ErrorKind::ConnectionRefused => ConnectError::Refused { address: address.clone(), tried },
        _ => ConnectError::Attempt { address: address.clone(), tried, source: Arc::new(error) },
    }
}

#[async_trait]
impl Connector for TcpConnector {
    async fn connect(&self, address: &BrokerAddress) -> Result<Box<dyn Stream>, ConnectError> {
        let mut waiting = self.resolve(address).await?.into_iter();
        // Dropping it, when one has succeeded or the caller gives up, ends the others.
        let mut attempts = JoinSet::new();
        let mut failure = None;
        loop {
            match waiting.next() {
                Some(tried) => {
                    let config = self.config.clone();
                    attempts.spawn(async move { (tried, config.attempt(tried).await) });
                }
                None if attempts.is_empty() => break,
                None => {}
            }
            let next_turn = async {
                if waiting.len() > 0 {
                    tokio::time::sleep(STAGGER).await
                } else {
                    std::future::pending().await
                }
            };
            tokio::select! {
                Some(ended) = attempts.join_next() => match ended {
                    Ok((_, Ok(stream))) => return Ok(Box::new(stream)),
                    Ok((tried, Err(error))) => failure = Some(failed(address, tried, error)),
                    Err(_) => failure = Some(io::Error::other("the runtime is ending").into()),
                },
                () = next_turn => {}
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
    fn families_take_turns_from_the_first_answers_on_and_no_address_is_left_out() {
        let found = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "127.0.0.1:1", "127.0.0.2:1"]);
        let expected = addresses(&["[::1]:1", "127.0.0.1:1", "[::2]:1", "127.0.0.2:1", "[::3]:1"]);
        assert_eq!(in_turn(found), expected);
        assert_eq!(in_turn(addresses(&["127.0.0.1:1", "[::1]:1"])), addresses(&["127.0.0.1:1", "[::1]:1"]));
    }
}

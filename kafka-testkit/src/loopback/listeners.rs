//! The brokers' ports.

use super::server::{Accepted, Event};
use kafka_types::NodeId;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;

/// One port per broker. A broker that is down doesn't listen, so that connections are refused; its port stays taken by
/// a bound socket, so that nobody else gets it meanwhile.
#[derive(Debug)]
pub(super) struct Listeners {
    ports: BTreeMap<NodeId, Port>,
    #[cfg(feature = "tls")]
    tls: Option<super::tls::Acceptor>,
}

#[derive(Debug)]
struct Port {
    address: SocketAddr,
    _reservation: Option<TcpSocket>,
    accepting: Option<JoinHandle<()>>,
}

const BACKLOG: u32 = 128;

impl Listeners {
    /// Takes the ports. Nothing listens yet.
    pub(super) fn bind(nodes: &[NodeId], address: IpAddr, first_port: u16) -> io::Result<Listeners> {
        let mut ports = BTreeMap::new();
        for (index, node) in nodes.iter().enumerate() {
            let port = match first_port {
                0 => 0,
                first => u16::try_from(usize::from(first) + index).map_err(|_| {
                    io::Error::new(
                        io::ErrorKind::InvalidInput,
                        format!("broker {node} has no port: {first} + {index} is too high"),
                    )
                })?,
            };
            let reservation = bind(SocketAddr::new(address, port))?;
            let address = reservation.local_addr()?;
            // Elsewhere two sockets can't be bound to one port, even if one of them never listens.
            let reservation = cfg!(target_os = "linux").then_some(reservation);
            // Somebody who listens there already is found out by listening, and told before anything starts.
            drop(listen(address)?);
            ports.insert(*node, Port { address, _reservation: reservation, accepting: None });
        }
        Ok(Listeners {
            ports,
            #[cfg(feature = "tls")]
            tls: None,
        })
    }

    #[cfg(feature = "tls")]
    pub(super) fn with_tls(mut self, tls: Option<super::tls::Acceptor>) -> Listeners {
        self.tls = tls;
        self
    }

    pub(super) fn ports(&self) -> impl Iterator<Item = (NodeId, u16)> {
        self.ports.iter().map(|(node, port)| (*node, port.address.port()))
    }

    /// Listens for those brokers that are up, and for no others.
    pub(super) async fn sync(&mut self, is_up: impl Fn(NodeId) -> bool, events: &Sender<Event>) {
        for (node, port) in &mut self.ports {
            match (is_up(*node), port.accepting.take()) {
                (true, None) => match listen(port.address) {
                    Ok(listener) => {
                        #[cfg(feature = "tls")]
                        let greeting = Greeting { tls: self.tls.clone() };
                        #[cfg(not(feature = "tls"))]
                        let greeting = Greeting {};
                        let accepting = accept(*node, listener, greeting, events.clone());
                        port.accepting = Some(tokio::spawn(accepting));
                    }
                    Err(error) => tracing::error!(%node, address = %port.address, %error, "cannot listen"),
                },
                (false, Some(accepting)) => {
                    accepting.abort();
                    // The socket is closed once the task is really gone.
                    let _ = accepting.await;
                }
                (_, unchanged) => port.accepting = unchanged,
            }
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    bind(address)?.listen(BACKLOG)
}

/// What happens to a connection before the broker hears of it.
#[derive(Clone, Debug)]
struct Greeting {
    #[cfg(feature = "tls")]
    tls: Option<super::tls::Acceptor>,
}

async fn accept(node: NodeId, listener: TcpListener, greeting: Greeting, events: Sender<Event>) {
    // Handshakes end with the listener.
    #[cfg(feature = "tls")]
    let mut handshakes = tokio::task::JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                #[cfg(feature = "tls")]
                if let Some(tls) = greeting.tls.clone() {
                    let events = events.clone();
                    while handshakes.try_join_next().is_some() {}
                    handshakes.spawn(async move {
                        if let Some(stream) = tls.greet(stream).await {
                            let _ =
                                events.send(Event::Accepted { node, stream: Accepted::Tls(stream) }).await;
                        }
                    });
                    continue;
                }
                let Greeting { .. } = greeting;
                if events.send(Event::Accepted { node, stream: Accepted::Plain(stream) }).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                // Out of file descriptors, or a connection that broke at once. Others may still come.
                tracing::warn!(%node, %error, "cannot accept");
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        }
    }
}

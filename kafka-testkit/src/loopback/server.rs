//! The task that owns the cluster.

use super::clock::Clock;
use super::listeners::Listeners;
use super::peer::Peer;
use crate::cluster::{Cluster, ClusterOutput, ConnectionId};
use bytes::Bytes;
use kafka_types::{NodeId, Now};
use std::collections::BTreeMap;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, channel};

/// Something to do with the cluster; what it gives back tells the caller that it is done.
pub(super) type Command = Box<dyn FnOnce(&mut Cluster, Now) -> Box<dyn FnOnce() + Send> + Send>;

/// What happened on a socket.
#[derive(Debug)]
pub(super) enum Event {
    Accepted { node: NodeId, stream: Accepted },
    Received { connection: ConnectionId, data: Bytes },
    Closed { connection: ConnectionId },
}

/// A connection's stream.
#[derive(Debug)]
pub(super) enum Accepted {
    Plain(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::server::TlsStream<TcpStream>>),
}

/// So many bytes of requests may wait for a broker; what comes beyond stays in the socket.
const BACKLOG: usize = 1024 * 1024;

pub(super) struct Server {
    cluster: Cluster,
    clock: Clock,
    listeners: Listeners,
    peers: BTreeMap<ConnectionId, Peer>,
    commands: UnboundedReceiver<Command>,
    events: Receiver<Event>,
    event_sender: Sender<Event>,
}

impl Server {
    pub(super) fn new(
        cluster: Cluster,
        listeners: Listeners,
        commands: UnboundedReceiver<Command>,
    ) -> Server {
        let (event_sender, events) = channel(64);
        Server {
            cluster,
            clock: Clock::start(),
            listeners,
            peers: BTreeMap::new(),
            commands,
            events,
            event_sender,
        }
    }

    /// Until nobody can command any more.
    pub(super) async fn run(mut self) {
        loop {
            let mut done = None;
            self.settle().await;
            let deadline = self.clock.instant(self.cluster.next_deadline());
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    Some(command) => done = Some(command(&mut self.cluster, self.clock.now())),
                    None => return,
                },
                Some(event) = self.events.recv() => self.handle(event),
                () = sleep_until(deadline) => {}
            }
            if let Some(done) = done {
                self.settle().await;
                done();
            }
        }
    }

    fn handle(&mut self, event: Event) {
        let now = self.clock.now();
        match event {
            Event::Accepted { node, stream } => {
                // Accepted just before the broker stopped: dropping the stream closes it.
                if let Some(connection) = self.cluster.connect(now, node) {
                    let peer = Peer::start(connection, stream, self.event_sender.clone());
                    self.peers.insert(connection, peer);
                }
            }
            Event::Received { connection, data } => {
                self.cluster.handle_data(now, connection, &data);
                if let Some(peer) = self.peers.get_mut(&connection) {
                    peer.paused = true;
                }
            }
            Event::Closed { connection } => {
                self.cluster.handle_closed(now, connection);
                self.peers.remove(&connection);
            }
        }
    }

    /// Does what the cluster wants, lets readers read on, and follows brokers that stopped or started.
    async fn settle(&mut self) {
        let now = self.clock.now();
        while let Some(output) = self.cluster.poll_output(now) {
            match output {
                ClusterOutput::Send { connection, data } => {
                    if let Some(peer) = self.peers.get(&connection) {
                        peer.send(data);
                    }
                }
                ClusterOutput::Close { connection } => {
                    if let Some(peer) = self.peers.remove(&connection) {
                        peer.close();
                    }
                }
            }
        }
        for (connection, peer) in &mut self.peers {
            if peer.paused && self.cluster.backlog(*connection) <= BACKLOG {
                peer.read_on();
            }
        }
        let cluster = &self.cluster;
        self.listeners.sync(|node| cluster.is_up(node), &self.event_sender).await;
    }
}

async fn sleep_until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

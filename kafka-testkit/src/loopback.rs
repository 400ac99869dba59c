//! The cluster on loopback sockets, on a thread of its own.

mod clock;
mod listeners;
mod peer;
mod server;
#[cfg(feature = "tls")]
mod tls;

#[cfg(feature = "tls")]
pub use tls::{Identity, TlsServer};

use crate::cluster::Cluster;
use crate::config::ClusterConfig;
use crate::rules::{Rule, RuleId};
use kafka_types::{NodeId, Now, TopicPartition};
use listeners::Listeners;
use server::{Command, Server};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::thread::JoinHandle;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// A [`Cluster`] with one listening socket per broker, for programs that speak to a real network.
///
/// It runs on its own thread from [`LoopbackClusterBuilder::start`] until it is dropped. Every method may be called from
/// any thread, inside an async runtime too: none waits for the network. A broker that is stopped refuses connections;
/// started again it is at the same port.
///
/// ```
/// use kafka_testkit::{ClusterConfig, LoopbackCluster, TopicConfig};
///
/// let cluster = LoopbackCluster::start(ClusterConfig::new(3).topic(TopicConfig::new("orders", 6)))?;
/// println!("bootstrap.servers={}", cluster.bootstrap_servers());
/// // … produce to it, then look at what arrived:
/// let records = cluster.records("orders", 0);
/// assert!(records.is_empty());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct LoopbackCluster {
    addresses: Vec<(NodeId, String)>,
    commands: UnboundedSender<Command>,
    thread: Option<JoinHandle<()>>,
}

/// How a [`LoopbackCluster`] appears on the network.
#[derive(Clone, Debug)]
#[must_use = "nothing runs before `start`"]
pub struct LoopbackClusterBuilder {
    config: ClusterConfig,
    bind: IpAddr,
    port: u16,
    advertised_host: Option<String>,
    #[cfg(feature = "tls")]
    tls: Option<TlsServer>,
}

impl LoopbackClusterBuilder {
    /// Speaks TLS, and nothing else.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: &TlsServer) -> Self {
        self.tls = Some(tls.clone());
        self
    }

    /// The address to listen at. Default: 127.0.0.1.
    pub fn bind(mut self, address: IpAddr) -> Self {
        self.bind = address;
        self
    }

    /// The first broker's port; the next ones follow. Default: 0, any that are free.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The host that metadata names. Default: the address that is listened at.
    pub fn advertised_host(mut self, host: impl Into<String>) -> Self {
        self.advertised_host = Some(host.into());
        self
    }

    /// Listens, and starts the thread.
    ///
    /// # Errors
    /// A port that is taken or does not exist, or a system without a thread or a socket left.
    pub fn start(self) -> io::Result<LoopbackCluster> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut cluster = Cluster::new(self.config);
        let nodes: Vec<NodeId> = cluster.nodes().collect();
        // Entered, not blocked on: whoever starts a cluster may be inside a runtime of their own.
        let entered = runtime.enter();
        let listeners = Listeners::bind(&nodes, self.bind, self.port);
        drop(entered);
        #[cfg(feature = "tls")]
        let listeners =
            listeners.map(|listeners| listeners.with_tls(self.tls.as_ref().map(TlsServer::acceptor)));
        let listeners = match listeners {
            Ok(listeners) => listeners,
            Err(error) => {
                runtime.shutdown_background();
                return Err(error);
            }
        };
        let host = self.advertised_host.unwrap_or_else(|| self.bind.to_string());
        let mut addresses = Vec::new();
        for (node, port) in listeners.ports() {
            cluster.set_address(node, host.clone(), port);
            // IPv6 addresses need brackets before a port.
            let shown =
                if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
            addresses.push((node, shown));
        }
        let (commands, received) = unbounded_channel();
        let server = Server::new(cluster, listeners, received);
        let thread = std::thread::Builder::new()
            .name("kafka-testkit".to_owned())
            .spawn(move || runtime.block_on(server.run()))?;
        let cluster = LoopbackCluster { addresses, commands, thread: Some(thread) };
        // Answered once all brokers listen.
        cluster.with(|_, _| ());
        Ok(cluster)
    }
}

impl LoopbackCluster {
    /// Starts a cluster at free ports of 127.0.0.1.
    ///
    /// # Errors
    /// As [`LoopbackClusterBuilder::start`].
    pub fn start(config: ClusterConfig) -> io::Result<LoopbackCluster> {
        LoopbackCluster::builder(config).start()
    }

    /// A cluster that is to start somewhere else.
    pub fn builder(config: ClusterConfig) -> LoopbackClusterBuilder {
        LoopbackClusterBuilder {
            config,
            bind: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            advertised_host: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// What `bootstrap.servers` takes: every broker's host and port.
    pub fn bootstrap_servers(&self) -> String {
        let addresses: Vec<&str> = self.addresses.iter().map(|(_, address)| address.as_str()).collect();
        addresses.join(",")
    }

    /// A broker's host and port; `None` if there is no such broker.
    pub fn address(&self, node: impl Into<NodeId>) -> Option<&str> {
        let node = node.into();
        self.addresses.iter().find(|(of, _)| *of == node).map(|(_, address)| address.as_str())
    }

    /// Does anything with the cluster between two of its steps, and waits until what follows from it is done: sockets
    /// closed, listening again or not any more. The closure must not call the `LoopbackCluster` itself: that would wait
    /// for ever.
    ///
    /// # Panics
    /// If the cluster's thread died of a panic, which is a defect of this crate or of such a closure.
    pub fn with<R: Send + 'static>(&self, f: impl FnOnce(&mut Cluster, Now) -> R + Send + 'static) -> R {
        let (reply, answer) = std::sync::mpsc::channel();
        let command: Command = Box::new(move |cluster, now| {
            let result = f(cluster, now);
            Box::new(move || drop(reply.send(result)))
        });
        let sent = self.commands.send(command);
        match sent.map(|()| answer.recv()) {
            Ok(Ok(result)) => result,
            _ => panic!("the cluster's thread is gone: it panicked"),
        }
    }

    /// As [`Cluster::add_rule`].
    pub fn add_rule(&self, rule: Rule) -> RuleId {
        self.with(|cluster, _| cluster.add_rule(rule))
    }

    /// As [`Cluster::remove_rule`].
    pub fn remove_rule(&self, id: RuleId) -> bool {
        self.with(move |cluster, _| cluster.remove_rule(id))
    }

    /// As [`Cluster::clear_rules`].
    pub fn clear_rules(&self) {
        self.with(|cluster, _| cluster.clear_rules());
    }

    /// As [`Cluster::rule_hits`].
    pub fn rule_hits(&self, id: RuleId) -> u64 {
        self.with(move |cluster, _| cluster.rule_hits(id))
    }

    /// As [`Cluster::stop_broker`]; its port refuses connections afterwards.
    pub fn stop_broker(&self, node: impl Into<NodeId>) -> bool {
        let node = node.into();
        self.with(move |cluster, now| cluster.stop_broker(now, node))
    }

    /// As [`Cluster::start_broker`].
    pub fn start_broker(&self, node: impl Into<NodeId>) -> bool {
        let node = node.into();
        self.with(move |cluster, now| cluster.start_broker(now, node))
    }

    /// As [`Cluster::freeze`].
    pub fn freeze(&self, node: impl Into<NodeId>) {
        let node = node.into();
        self.with(move |cluster, _| cluster.freeze(node));
    }

    /// As [`Cluster::thaw`].
    pub fn thaw(&self, node: impl Into<NodeId>) {
        let node = node.into();
        self.with(move |cluster, now| cluster.thaw(now, node));
    }

    /// As [`Cluster::move_leader`].
    pub fn move_leader(&self, topic: &str, partition: i32, node: impl Into<NodeId>) -> bool {
        let (of, node) = (TopicPartition::new(topic, partition), node.into());
        self.with(move |cluster, now| cluster.move_leader(now, &of, node))
    }

    /// As [`Cluster::leader`].
    pub fn leader(&self, topic: &str, partition: i32) -> Option<NodeId> {
        let of = TopicPartition::new(topic, partition);
        self.with(move |cluster, _| cluster.leader(&of))
    }

    /// As [`Cluster::set_password`].
    pub fn set_password(&self, user: &str, password: &str) {
        let (user, password) = (user.to_owned(), password.to_owned());
        self.with(move |cluster, _| cluster.set_password(&user, &password));
    }

    /// As [`Cluster::records`].
    pub fn records(&self, topic: &str, partition: i32) -> Vec<crate::LoggedRecord> {
        let of = TopicPartition::new(topic, partition);
        self.with(move |cluster, _| cluster.records(&of))
    }
}

impl Drop for LoopbackCluster {
    /// Closes all connections and ends the thread.
    fn drop(&mut self) {
        // The server ends when the last sender is gone.
        let (unconnected, _) = unbounded_channel();
        self.commands = unconnected;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for LoopbackCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopbackCluster").field("bootstrap_servers", &self.bootstrap_servers()).finish()
    }
}

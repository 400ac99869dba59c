//! The cluster as a state machine: bytes in, bytes out.

mod inspect;
mod sessions;
mod take_up;
mod transactions;
mod world;

pub use inspect::LoggedRecord;
pub(crate) use sessions::Session;
pub(crate) use transactions::{EnlistSupport, Enlisted};

use crate::broker::Broker;
use crate::config::ClusterConfig;
use crate::connection::{Busy, Connection};
use crate::groups::Groups;
use crate::random::Random;
use crate::request_log::RequestLog;
use crate::rules::Rules;
use crate::topic::Topic;
use crate::transactions::Transactions;
use bytes::Bytes;
use kafka_types::{Monotonic, NodeId, Now};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

/// A connection of a client to one of the brokers. Never used again after it was closed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What the cluster wants done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClusterOutput {
    /// Send these bytes to the client.
    Send {
        /// The connection.
        connection: ConnectionId,
        /// The bytes.
        data: Bytes,
    },
    /// Close the connection, after what was to be sent before. The cluster has forgotten it already.
    Close {
        /// The connection.
        connection: ConnectionId,
    },
}

/// A simulated Kafka cluster without sockets or clocks.
///
/// Whoever drives it connects clients with [`Cluster::connect`], hands in what they send with [`Cluster::handle_data`],
/// and after each call takes what is to be sent back with [`Cluster::poll_output`] until there is nothing more. When
/// [`Cluster::next_deadline`] has come, [`Cluster::poll_output`] is called again: it does what is due. Everything else
/// changes the world (brokers stop, leaders move, rules make requests fail) or looks at it, and may be called at any time.
///
/// Time is an argument, `now` never goes back, and randomness has a seed: the same calls give the same outputs.
///
/// ```
/// use kafka_protocol::frame::{RequestHeader, request_frame};
/// use kafka_protocol::messages::MetadataRequest;
/// use kafka_protocol::wire::{Request, encode_to_bytes};
/// use kafka_testkit::{Cluster, ClusterConfig, ClusterOutput};
/// use kafka_types::{Monotonic, NodeId, Now, Timestamp};
///
/// let mut cluster = Cluster::new(ClusterConfig::new(3));
/// let now = Now { mono: Monotonic::ZERO, wall: Timestamp(1_700_000_000_000) };
/// let connection = cluster.connect(now, NodeId(1)).expect("the broker is up");
///
/// let header = RequestHeader {
///     api_key: MetadataRequest::API_KEY,
///     api_version: 12,
///     correlation_id: 0,
///     client_id: None,
/// };
/// let body = encode_to_bytes(&MetadataRequest::default(), 12)?;
/// for piece in request_frame(&header, MetadataRequest::header_version(12), vec![body])? {
///     cluster.handle_data(now, connection, &piece);
/// }
/// while let Some(output) = cluster.poll_output(now) {
///     match output {
///         ClusterOutput::Send { connection: to, data } => assert!(to == connection && !data.is_empty()),
///         ClusterOutput::Close { connection } => panic!("{connection} was closed"),
///     }
/// }
/// assert_eq!(cluster.next_deadline(), Monotonic::NEVER);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Cluster {
    pub(crate) config: ClusterConfig,
    pub(crate) brokers: BTreeMap<NodeId, Broker>,
    /// The brokers that are up.
    pub(crate) up: BTreeSet<NodeId>,
    pub(crate) topics: BTreeMap<String, Topic>,
    pub(crate) groups: Groups,
    pub(crate) transactions: Transactions,
    /// The epoch of the finalized features.
    pub(crate) features_epoch: i64,
    /// Until when transactions were looked at.
    advanced_to: Monotonic,
    /// How often the producer of a transactional id was fenced.
    pub(crate) fencings: u64,
    pub(crate) rules: Rules,
    pub(crate) requests: RequestLog,
    pub(crate) random: Random,
    pub(crate) next_producer_id: i64,
    connections: BTreeMap<ConnectionId, Connection>,
    next_connection: u64,
    outputs: VecDeque<ClusterOutput>,
}

impl Cluster {
    /// A cluster with all brokers up and its first topics made.
    pub fn new(config: ClusterConfig) -> Self {
        let brokers: BTreeMap<_, _> =
            config.brokers.iter().map(|broker| (broker.node, Broker::new(broker.clone()))).collect();
        let mut cluster = Cluster {
            up: brokers.keys().copied().collect(),
            brokers,
            topics: BTreeMap::new(),
            groups: Groups::new(config.group_initial_rebalance_delay),
            transactions: Transactions::default(),
            features_epoch: 1,
            advanced_to: Monotonic::ZERO,
            fencings: 0,
            rules: Rules::default(),
            requests: RequestLog::default(),
            random: Random::new(config.seed),
            // Ids differ from seed to seed, so that nobody gets used to 0.
            next_producer_id: 1_000 + (config.seed % 1_000) as i64 * 1_000,
            connections: BTreeMap::new(),
            next_connection: 0,
            outputs: VecDeque::new(),
            config,
        };
        for topic in cluster.config.topics.clone() {
            cluster.create_topic(topic);
        }
        cluster
    }

    /// A client connects to a broker. `None` if the broker is down or there is none: the connection is refused.
    pub fn connect(&mut self, now: Now, node: NodeId) -> Option<ConnectionId> {
        self.catch_up(now);
        if !self.up.contains(&node) {
            return None;
        }
        let id = ConnectionId(self.next_connection);
        self.next_connection += 1;
        self.connections.insert(id, Connection::new(node));
        Some(id)
    }

    /// Bytes came from a client, in whatever pieces. Bytes for a connection that is closed are ignored.
    pub fn handle_data(&mut self, now: Now, connection: ConnectionId, data: &[u8]) {
        self.catch_up(now);
        let limit = self.config.max_request_size;
        let Some(open) = self.connections.get_mut(&connection) else { return };
        let framed = open.receive(data, limit);
        self.requests.in_flight(connection, open.in_flight());
        self.serve(now, connection);
        if framed.is_err() {
            // What came before the impossible length was complete, and is answered.
            self.close(connection);
        }
        self.advance(now);
    }

    /// A client closed its connection, or it broke.
    pub fn handle_closed(&mut self, now: Now, connection: ConnectionId) {
        self.connections.remove(&connection);
        self.advance(now);
    }

    /// What is to be done next; `None` if there is nothing before [`Cluster::next_deadline`].
    pub fn poll_output(&mut self, now: Now) -> Option<ClusterOutput> {
        if self.outputs.is_empty() {
            self.catch_up(now);
        }
        self.outputs.pop_front()
    }

    /// When [`Cluster::poll_output`] is to be called again, if nothing else happens before.
    pub fn next_deadline(&self) -> Monotonic {
        let elections = self.brokers.values().filter_map(|broker| broker.election_at);
        let waits = self
            .connections
            .values()
            .filter(|connection| !self.is_frozen(connection.node))
            .filter_map(|connection| connection.busy.as_ref())
            .map(|busy| busy.waiting.deadline(self));
        let coordinators = [self.groups.next_deadline(), self.transactions_deadline()];
        elections.chain(waits).chain(coordinators).min().unwrap_or(Monotonic::NEVER)
    }

    /// What was due before now happened before what happens now.
    fn catch_up(&mut self, now: Now) {
        if self.next_deadline() <= now.mono {
            self.advance(now);
        }
    }

    /// Does what is due, until nothing is.
    pub(crate) fn advance(&mut self, now: Now) {
        self.hold_elections(now);
        loop {
            let replies = self.groups.advance(now.mono);
            let mut moved = !replies.is_empty();
            moved |= self.advance_transactions(now);
            for reply in replies {
                self.answer_group(now, reply);
            }
            for connection in self.connections.keys().copied().collect::<Vec<_>>() {
                moved |= self.resume(now, connection);
            }
            if !moved {
                return;
            }
        }
    }

    /// Takes up requests of a connection until one has to wait, or there are no more.
    fn serve(&mut self, now: Now, connection: ConnectionId) {
        while let Some(open) = self.connections.get_mut(&connection) {
            let idle =
                open.busy.is_none() && self.brokers.get(&open.node).is_some_and(|broker| !broker.frozen);
            let Some(frame) = (if idle { open.next_frame() } else { None }) else { return };
            self.take_up(now, connection, frame);
        }
    }

    /// Lets a waiting request go on if what it waits for has come. True if it did.
    fn resume(&mut self, now: Now, connection: ConnectionId) -> bool {
        let Some(open) = self.connections.get_mut(&connection) else { return false };
        let node = open.node;
        if self.is_frozen(node) {
            return false;
        }
        let Some(busy) = self.connections.get_mut(&connection).and_then(|open| open.busy.take()) else {
            return false;
        };
        match self.poll_wait(now, busy) {
            Some(busy) => {
                if let Some(open) = self.connections.get_mut(&connection) {
                    open.busy = Some(busy);
                }
                false
            }
            None => {
                self.serve(now, connection);
                true
            }
        }
    }

    pub(crate) fn park(&mut self, connection: ConnectionId, busy: Busy) {
        if let Some(open) = self.connections.get_mut(&connection) {
            open.busy = Some(busy);
        }
    }

    pub(crate) fn unpark(&mut self, connection: ConnectionId) -> Option<Busy> {
        self.connections.get_mut(&connection)?.busy.take()
    }

    pub(crate) fn send(&mut self, connection: ConnectionId, data: Bytes) {
        if self.connections.contains_key(&connection) {
            self.outputs.push_back(ClusterOutput::Send { connection, data });
        }
    }

    pub(crate) fn close(&mut self, connection: ConnectionId) {
        if self.connections.remove(&connection).is_some() {
            self.outputs.push_back(ClusterOutput::Close { connection });
        }
    }

    pub(crate) fn node_of(&self, connection: ConnectionId) -> Option<NodeId> {
        self.connections.get(&connection).map(|open| open.node)
    }

    /// The bytes of requests that wait behind others on a connection.
    #[cfg(feature = "loopback")]
    pub(crate) fn backlog(&self, connection: ConnectionId) -> usize {
        self.connections.get(&connection).map_or(0, Connection::backlog)
    }

    pub(crate) fn is_frozen(&self, node: NodeId) -> bool {
        self.brokers.get(&node).is_some_and(|broker| broker.frozen)
    }

    fn connections_to(&self, node: NodeId) -> Vec<ConnectionId> {
        self.connections.iter().filter(|(_, open)| open.node == node).map(|(id, _)| *id).collect()
    }
}

//! One connection through the simulated network.

use bytes::BytesMut;
use kafka_network::Connection;
use kafka_sender::Transmit;
use kafka_types::{Monotonic, NodeId};
use std::collections::VecDeque;

/// A connection between the producer and a broker: bytes take their time, and pieces keep their order.
pub(crate) struct Link {
    pub(crate) node: NodeId,
    pub(crate) broker: Option<kafka_testkit::ConnectionId>,
    pub(crate) connection: Connection,
    /// Requests that were not begun yet: the engine can recall them.
    pub(crate) queue: VecDeque<Transmit>,
    /// A frame whose last piece has not left yet.
    pub(crate) writing: bool,
    /// Nothing leaves: the peer's window is full, or the cable is out.
    pub(crate) blocked: bool,
    pub(crate) received: BytesMut,
    /// When the last piece arrives, either way: the next can't be earlier.
    pub(crate) last_to_broker: Monotonic,
    pub(crate) last_to_client: Monotonic,
}

impl Link {
    pub(crate) fn new(node: NodeId, connection: Connection) -> Link {
        Link {
            node,
            broker: None,
            connection,
            queue: VecDeque::new(),
            writing: false,
            blocked: false,
            received: BytesMut::new(),
            last_to_broker: Monotonic::ZERO,
            last_to_client: Monotonic::ZERO,
        }
    }
}

//! One connection through the simulated network.

use bytes::{Bytes, BytesMut};
use kafka_network::{Connection, OutgoingFrame};
use kafka_protocol::wire::ApiKey;
use kafka_sender::{ConnectionId, Transmit};
use kafka_types::{Monotonic, NodeId};
use std::collections::VecDeque;
use std::fmt;

/// Small batches are copied beside the headers of their request; pieces that are longer than all that together are the records
/// of a single batch.
const LONGEST_COPY: usize = 10 * 1024;

/// A connection of one of the clients.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct LinkId {
    pub(crate) client: usize,
    pub(crate) connection: ConnectionId,
}

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.client {
            0 => self.connection.fmt(f),
            client => write!(f, "{} of client {client}", self.connection),
        }
    }
}

/// A connection between the producer and a broker: bytes take their time, and pieces keep their order.
pub(crate) struct Link {
    pub(crate) node: NodeId,
    pub(crate) broker: Option<kafka_testkit::ConnectionId>,
    pub(crate) connection: Connection,
    /// Requests that were not begun yet: the engine can recall them.
    pub(crate) queue: VecDeque<Transmit>,
    /// The frame whose last piece has not left yet.
    pub(crate) writing: Option<OutgoingFrame>,
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
            writing: None,
            blocked: false,
            received: BytesMut::new(),
            last_to_broker: Monotonic::ZERO,
            last_to_client: Monotonic::ZERO,
        }
    }

    /// Records in requests that have not left, recalled ones included: what was sent again is there twice. Shorter pieces
    /// may be headers.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Bytes> {
        let queued = self.queue.iter().filter(|transmit| transmit.api_key == ApiKey::PRODUCE);
        let pieces = queued.flat_map(|transmit| &transmit.body);
        let pieces = pieces.chain(self.writing.iter().flat_map(|frame| &frame.segments));
        pieces.filter(|piece| piece.len() > LONGEST_COPY)
    }
}

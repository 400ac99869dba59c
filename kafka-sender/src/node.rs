//! A broker as somewhere to send to, and the connection to it.

use crate::{ConnectionId, RequestId};
use kafka_accumulator::QueueId;

use kafka_protocol::wire::ApiVersionRanges;
use kafka_types::{BrokerAddress, Monotonic, NodeId};
use std::collections::VecDeque;
use std::sync::Arc;

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) address: BrokerAddress,
    pub(crate) connection: Option<ConnectionId>,
    /// The address as text, for errors; made once.
    text: Option<Arc<str>>,
    /// Why its latest connection ended, or did not come about; `None` while there is a working one.
    pub(crate) last_failure: Option<Arc<str>>,
    /// Disconnects since it was last ready: exponent of the reconnect backoff.
    pub(crate) failures: u32,
    /// Failures to connect in a row: exponent of the set-up time-out.
    pub(crate) setup_failures: u32,
    pub(crate) retry_at: Monotonic,
    pub(crate) last_attempt: Monotonic,
    /// Partitions it leads that may have something to send, longest waiting first.
    pub(crate) ready: VecDeque<QueueId>,
    /// Batches that became ready since the last request took some.
    pub(crate) fresh: u32,
    /// What is ready goes out without waiting for more.
    pub(crate) urgent: bool,
    /// Something is ready for it that it can't take.
    pub(crate) waits: bool,
    /// Since when it has waited for more.
    pub(crate) gathering_since: Option<Monotonic>,
}

impl Node {
    pub(crate) fn new(address: BrokerAddress) -> Node {
        Node {
            address,
            text: None,
            last_failure: None,
            connection: None,
            failures: 0,
            setup_failures: 0,
            retry_at: Monotonic::ZERO,
            last_attempt: Monotonic::ZERO,
            ready: VecDeque::new(),
            fresh: 0,
            urgent: false,
            waits: false,
            gathering_since: None,
        }
    }

    /// The node is somewhere else now: what was learned of the old place does not hold there.
    pub(crate) fn move_to(&mut self, address: BrokerAddress) {
        self.address = address;
        self.text = None;
        self.last_failure = None;
        self.failures = 0;
        self.setup_failures = 0;
        self.retry_at = Monotonic::ZERO;
    }

    pub(crate) fn display(&mut self) -> Arc<str> {
        self.text.get_or_insert_with(|| self.address.to_string().into()).clone()
    }
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) node: NodeId,
    /// What the broker speaks; `None` while it is being set up.
    pub(crate) versions: Option<ApiVersionRanges>,
    /// Requests without an answer, oldest first.
    pub(crate) requests: VecDeque<RequestId>,
    /// How many of them are Produce requests.
    pub(crate) produces: usize,
    pub(crate) throttled_until: Monotonic,
    pub(crate) last_used: Monotonic,
}

impl Connection {
    pub(crate) fn new(node: NodeId, now: Monotonic) -> Connection {
        Connection {
            node,
            versions: None,
            requests: VecDeque::new(),
            produces: 0,
            throttled_until: Monotonic::ZERO,
            last_used: now,
        }
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.versions.is_some()
    }
}

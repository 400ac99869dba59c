//! What clients asked for.

use crate::cluster::ConnectionId;
use kafka_protocol::wire::ApiKey;
use kafka_types::{NodeId, Now};
use std::collections::{BTreeMap, VecDeque};

/// How many requests are kept one by one; counts go on beyond.
const KEPT: usize = 65_536;

/// A request that a broker took up.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RequestSeen {
    /// When the broker took it up.
    pub at: Now,
    /// The broker.
    pub node: NodeId,
    /// The connection.
    pub connection: ConnectionId,
    /// What it asks for.
    pub api: ApiKey,
    /// In which version.
    pub version: i16,
    /// Its number on the connection.
    pub correlation_id: i32,
    /// Who asks.
    pub client_id: Option<String>,
    /// The request's size with its length prefix, in bytes.
    pub size: usize,
}

/// All requests since the cluster began: counted for ever, the latest 65,536 one by one.
#[derive(Debug, Default)]
pub struct RequestLog {
    recent: VecDeque<RequestSeen>,
    counts: BTreeMap<(ApiKey, i16), u64>,
    max_in_flight: BTreeMap<ConnectionId, usize>,
}

impl RequestLog {
    /// The latest requests, oldest first.
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = &RequestSeen> {
        self.recent.iter()
    }

    /// How many requests of a kind came, in any version.
    pub fn count(&self, api: ApiKey) -> u64 {
        self.counts.iter().filter(|((key, _), _)| *key == api).map(|(_, count)| count).sum()
    }

    /// How many requests came, by kind and version.
    pub fn counts(&self) -> &BTreeMap<(ApiKey, i16), u64> {
        &self.counts
    }

    /// The most requests that a connection ever had sent and not had answered yet.
    pub fn max_in_flight(&self, connection: ConnectionId) -> usize {
        self.max_in_flight.get(&connection).copied().unwrap_or(0)
    }

    /// The same over all connections, or 0 if there was none.
    pub fn max_in_flight_of_all(&self) -> usize {
        self.max_in_flight.values().copied().max().unwrap_or(0)
    }

    pub(crate) fn record(&mut self, request: RequestSeen) {
        *self.counts.entry((request.api, request.version)).or_default() += 1;
        if self.recent.len() == KEPT {
            self.recent.pop_front();
        }
        self.recent.push_back(request);
    }

    pub(crate) fn in_flight(&mut self, connection: ConnectionId, requests: usize) {
        let most = self.max_in_flight.entry(connection).or_default();
        *most = requests.max(*most);
        while self.max_in_flight.len() > KEPT {
            self.max_in_flight.pop_first();
        }
    }
}

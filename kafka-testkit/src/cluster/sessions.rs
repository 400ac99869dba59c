//! Who is at the other end of a connection.

use super::{Cluster, ConnectionId};
use crate::sasl::{Exchange, Verdict};
use kafka_protocol::wire::ApiKey;
use kafka_types::{Monotonic, Now};

/// A connection's session.
#[derive(Debug, Default)]
pub(crate) struct Session {
    exchange: Option<Exchange>,
    /// Until when the client is known; `None` if it is not.
    until: Option<Monotonic>,
    /// Authentication failed: the connection closes after the answer.
    failed: bool,
}

impl Cluster {
    /// True if the broker takes this request from whoever is there: everything without SASL; until the client is known, and
    /// while it says so again, only what that needs; after the session's end only its prolongation (KIP-368).
    pub(super) fn admits(&self, now: Now, connection: ConnectionId, api: ApiKey) -> bool {
        let sasl = [ApiKey::SASL_HANDSHAKE, ApiKey::SASL_AUTHENTICATE].contains(&api);
        if self.config.sasl.is_none() || sasl {
            return true;
        }
        let Some(session) = self.connections.get(&connection).map(|open| &open.session) else { return false };
        match session.until {
            None => api == ApiKey::API_VERSIONS && session.exchange.is_none(),
            Some(until) => session.exchange.is_none() && now.mono <= until,
        }
    }

    pub(crate) fn begin_exchange(&mut self, connection: ConnectionId, exchange: Option<Exchange>) {
        if let Some(open) = self.connections.get_mut(&connection) {
            open.session.failed = exchange.is_none();
            open.session.exchange = exchange;
        }
    }

    /// A client's message; `None` if no exchange was begun.
    pub(crate) fn exchange(&mut self, now: Now, connection: ConnectionId, message: &[u8]) -> Option<Verdict> {
        let server = self.config.sasl.as_ref()?;
        let exchange = self.connections.get_mut(&connection)?.session.exchange.as_mut()?;
        Some(exchange.handle(now, server, message))
    }

    /// With the session's end (`Some(None)`: never), or with a failure.
    pub(crate) fn end_exchange(&mut self, connection: ConnectionId, session: Option<Option<Monotonic>>) {
        if let Some(open) = self.connections.get_mut(&connection) {
            open.session.exchange = None;
            match session {
                Some(until) => open.session.until = Some(until.unwrap_or(Monotonic::NEVER)),
                None => open.session.failed = true,
            }
        }
    }

    /// True if the client failed to say who it is.
    pub(super) fn is_doomed(&self, connection: ConnectionId) -> bool {
        self.connections.get(&connection).is_some_and(|open| open.session.failed)
    }
}

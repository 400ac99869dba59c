//! Connections: one per node, opened when there is something to send, with backoff and time-outs.

use crate::engine::Engine;
use crate::in_flight::{InFlight, RequestKind};
use crate::node::{Connection, Node};
use crate::outcome::Answer;
use crate::timers::Timer;
use crate::{ConnectionId, DisconnectReason, Output, RequestId, RequestSlot, Transmit};
use bytes::Bytes;
use kafka_metadata::MetadataError;
use kafka_protocol::wire::{ApiKey, ApiVersionRanges};
use kafka_types::{Acks, ErrorCode, ExponentialBackoff, Monotonic, NodeId};
use std::sync::Arc;
use std::time::Duration;

impl Engine {
    /// Takes the node's address from the snapshot. False if the snapshot does not know it.
    pub(crate) fn learn_node(&mut self, id: NodeId) -> bool {
        let Some(broker) = self.metadata.snapshot().brokers.get(&id) else { return false };
        match self.nodes.get_mut(&id) {
            None => {
                self.nodes.insert(id, Node::new(broker.address.clone()));
            }
            Some(node) if node.address != broker.address => {
                node.move_to(broker.address.clone());
            }
            Some(_) => {}
        }
        true
    }

    /// The node's connection, if it may take a request now.
    pub(crate) fn usable(&self, id: NodeId, now: Monotonic) -> Option<ConnectionId> {
        let connection = self.nodes.get(&id)?.connection?;
        let state = self.connections.get(&connection)?;
        (state.is_ready() && state.throttled_until <= now).then_some(connection)
    }

    /// Opens a connection to the node, or sees to it that it is tried when its backoff is over.
    pub(crate) fn connect(&mut self, now: Monotonic, id: NodeId) {
        let Some(node) = self.nodes.get(&id) else { return };
        if node.connection.is_some() {
            return;
        }
        if node.retry_at > now {
            self.timers.set(Timer::Reconnect(id), node.retry_at);
            return;
        }
        let connection = self.new_connection_id();
        let random = self.random.draw();
        let Some(node) = self.nodes.get_mut(&id) else { return };
        node.connection = Some(connection);
        node.last_attempt = now;
        let timeout = ExponentialBackoff::new(
            self.config.connection_setup_timeout,
            self.config.connection_setup_timeout_max,
        )
        .delay(node.setup_failures, random);
        let address = node.address.clone();
        self.connections.insert(connection, Connection::new(id, now));
        self.timers.set(Timer::ConnectTimeout(connection), now + timeout);
        self.outputs.push_back(Output::Connect { connection, node: id, address });
    }

    pub(crate) fn connected(&mut self, now: Monotonic, id: ConnectionId, versions: ApiVersionRanges) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.versions = Some(versions);
        connection.last_used = now;
        let node_id = connection.node;
        if let Some(node) = self.nodes.get_mut(&node_id) {
            node.failures = 0;
            node.setup_failures = 0;
            node.last_failure = None;
        }
        self.timers.cancel(Timer::ConnectTimeout(id));
        self.timers.set(Timer::Idle(id), now + self.config.connections_max_idle);
        self.dirty.insert(node_id);
    }

    pub(crate) fn disconnected(&mut self, now: Monotonic, id: ConnectionId, reason: &DisconnectReason) {
        if let DisconnectReason::AuthenticationFailed(message) = reason {
            let cause = MetadataError::Authentication { message: message.clone() };
            let wakers = self.metadata.handle_fatal(&cause);
            self.wake(wakers);
        }
        let message: Arc<str> = match reason {
            DisconnectReason::ConnectFailed(m)
            | DisconnectReason::Io(m)
            | DisconnectReason::Protocol(m)
            | DisconnectReason::AuthenticationFailed(m) => m.clone(),
        };
        self.lose(now, id, ErrorCode::NETWORK_EXCEPTION, message);
    }

    /// Closes a connection that is still open at the driver's.
    pub(crate) fn give_up(&mut self, now: Monotonic, id: ConnectionId, code: ErrorCode, message: &str) {
        if self.connections.contains_key(&id) {
            self.outputs.push_back(Output::Close { connection: id });
            self.lose(now, id, code, message.into());
        }
    }

    /// Whatever was on the connection has no answer, oldest first.
    fn lose(&mut self, now: Monotonic, id: ConnectionId, code: ErrorCode, message: Arc<str>) {
        let Some(connection) = self.connections.remove(&id) else { return };
        for timer in [Timer::RequestTimeout, Timer::ConnectTimeout, Timer::Idle, Timer::Throttle] {
            self.timers.cancel(timer(id));
        }
        let random = self.random.draw();
        if let Some(node) = self.nodes.get_mut(&connection.node) {
            node.connection = None;
            node.last_failure = Some(message.clone());
            let backoff =
                ExponentialBackoff::new(self.config.reconnect_backoff, self.config.reconnect_backoff_max);
            node.retry_at = now + backoff.delay(node.failures, random);
            node.failures = node.failures.saturating_add(1);
            if !connection.is_ready() {
                node.setup_failures = node.setup_failures.saturating_add(1);
            }
        }
        self.dirty.insert(connection.node);
        // From the newest back: once one can't be recalled, those before it went out earlier. Then the oldest first again, so
        // that batches line up as they were sent.
        let recalled: Vec<bool> = connection
            .requests
            .iter()
            .rev()
            .map(|request| self.requests.get(request).is_none_or(|r| r.slot.recall()))
            .collect();
        for (request, recalled) in connection.requests.iter().zip(recalled.into_iter().rev()) {
            let Some(in_flight) = self.requests.remove(request) else { continue };
            match in_flight.kind {
                RequestKind::Metadata => {
                    let wakers = self.metadata.handle_failure(now, None);
                    self.wake(wakers);
                }
                RequestKind::InitProducerId => self.transactions.handle_request_failed(now),
                RequestKind::Transaction(_) => self.transaction_request_lost(now, recalled),
                RequestKind::Produce(sent) => {
                    for sent in sent {
                        if self.is_in(&sent, *request) {
                            let answer = Answer::lost(code, message.clone(), recalled);
                            self.not_acknowledged(now, sent.batch, answer);
                        }
                    }
                }
            }
        }
        self.coordinator_lost(now, connection.node);
        self.metadata.request_update();
    }

    pub(crate) fn request_timeout(&mut self, now: Monotonic, id: ConnectionId) {
        if self.oldest_deadline(id) <= now {
            self.give_up(now, id, ErrorCode::REQUEST_TIMED_OUT, "no answer within request.timeout.ms");
        } else {
            self.watch_requests(now, id);
        }
    }

    pub(crate) fn connect_timeout(&mut self, now: Monotonic, id: ConnectionId) {
        let message = "not connected within socket.connection.setup.timeout.ms";
        self.give_up(now, id, ErrorCode::NETWORK_EXCEPTION, message);
    }

    /// An idle connection is closed; that is no failure of the node.
    pub(crate) fn idle(&mut self, now: Monotonic, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        let last_used = if connection.requests.is_empty() { connection.last_used } else { now };
        let until = last_used + self.config.connections_max_idle;
        if until > now {
            self.timers.set(Timer::Idle(id), until);
            return;
        }
        let node = connection.node;
        self.connections.remove(&id);
        for timer in [Timer::RequestTimeout, Timer::Throttle] {
            self.timers.cancel(timer(id));
        }
        if let Some(node) = self.nodes.get_mut(&node) {
            node.connection = None;
        }
        if !self.metadata.snapshot().brokers.contains_key(&node) {
            self.nodes.remove(&node);
        }
        self.outputs.push_back(Output::Close { connection: id });
    }

    /// Hands a request to the connection.
    pub(crate) fn transmit(
        &mut self,
        now: Monotonic,
        id: ConnectionId,
        request: RequestId,
        (api_key, version): (ApiKey, i16),
        body: Vec<Bytes>,
        kind: RequestKind,
    ) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let produce = matches!(kind, RequestKind::Produce(_));
        let slot = RequestSlot::new();
        connection.requests.push_back(request);
        connection.produces += usize::from(produce);
        connection.last_used = now;
        self.requests
            .insert(request, InFlight { connection: id, version, sent: now, slot: slot.clone(), kind });
        self.watch_requests(now, id);
        let expects_response = !(produce && self.config.acks == Acks::None);
        self.outputs.push_back(Output::Transmit(Transmit {
            connection: id,
            request,
            api_key,
            version,
            body,
            expects_response,
            slot,
        }));
    }

    /// Takes a request off its connection; `None` if the engine has given it up.
    pub(crate) fn land(&mut self, now: Monotonic, id: ConnectionId, request: RequestId) -> Option<InFlight> {
        if self.requests.get(&request)?.connection != id {
            return None;
        }
        let in_flight = self.requests.remove(&request)?;
        if let Some(connection) = self.connections.get_mut(&id) {
            if let Some(position) = connection.requests.iter().position(|other| *other == request) {
                connection.requests.remove(position);
            }
            if matches!(in_flight.kind, RequestKind::Produce(_)) {
                connection.produces = connection.produces.saturating_sub(1);
            }
            connection.last_used = now;
            self.dirty.insert(connection.node);
            if let Some(node) = self.nodes.get_mut(&connection.node) {
                node.urgent = true;
            }
        }
        self.watch_requests(now, id);
        Some(in_flight)
    }

    /// The broker's quota: no more requests before then (KIP-219).
    pub(crate) fn throttle(&mut self, now: Monotonic, id: ConnectionId, throttle_time_ms: i32) {
        let Ok(millis @ 1..) = u64::try_from(throttle_time_ms) else { return };
        let until = now + Duration::from_millis(millis);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if until > connection.throttled_until {
            connection.throttled_until = until;
            self.timers.set(Timer::Throttle(id), until);
            self.watch_requests(now, id);
        }
    }

    fn oldest_deadline(&self, id: ConnectionId) -> Monotonic {
        let Some(connection) = self.connections.get(&id) else { return Monotonic::NEVER };
        let oldest = connection.requests.front().and_then(|request| self.requests.get(request));
        // A broker that throttles answers late by as much.
        oldest.map_or(Monotonic::NEVER, |oldest| {
            oldest.sent.max(connection.throttled_until) + self.config.request_timeout
        })
    }

    pub(crate) fn watch_requests(&mut self, now: Monotonic, id: ConnectionId) {
        let deadline = self.oldest_deadline(id);
        self.timers.watch(Timer::RequestTimeout(id), now, deadline);
    }
}

//! Requests that go to any broker: metadata, and the producer id.

use crate::ConnectionId;
use crate::engine::Engine;
use crate::in_flight::RequestKind;
use crate::timers::Timer;
use kafka_metadata::MetadataError;
use kafka_protocol::messages::{
    InitProducerIdRequest, InitProducerIdResponse, MetadataRequest, MetadataResponse,
};
use kafka_protocol::wire::{ApiKey, Encoder, Message, Request, decode_exact};
use kafka_types::{ErrorCode, Monotonic, NodeId};
use std::sync::Arc;

use bytes::Bytes;

/// The newest InitProducerId that is not marked unstable.
const INIT_PRODUCER_ID_MAX: i16 = 5;

/// Where a request for any broker can go.
pub(crate) enum AnyBroker {
    Ready(ConnectionId),
    /// A connection is being set up, or a backoff is running.
    Soon,
    /// Every known broker is unreachable for now.
    Nowhere,
}

impl Engine {
    /// Sends the metadata request that is due. It does not wait behind `max.in.flight.requests.per.connection`.
    pub(crate) fn serve_metadata(&mut self, now: Monotonic) {
        if self.metadata.is_rebootstrap_due(now) {
            self.start_over(now);
        }
        if !self.metadata.is_update_due(now) {
            return;
        }
        if let AnyBroker::Nowhere = self.any_broker(now) {
            // No known broker can be reached: the bootstrap addresses may lead to others (KIP-899).
            if self.metadata.snapshot().is_bootstrap() {
                return;
            }
            let wakers = self.metadata.rebootstrap(now);
            self.wake(wakers);
        }
        let AnyBroker::Ready(connection) = self.any_broker(now) else { return };
        let versions = MetadataRequest::MIN_VERSION..=MetadataRequest::MAX_VERSION;
        let Some(version) = self.highest_common(connection, ApiKey::METADATA, versions) else {
            let message = "the broker serves no version of Metadata that this client speaks".into();
            let cause = MetadataError::UnsupportedVersion { message };
            let wakers = self.metadata.handle_failure(now, Some(cause));
            self.wake(wakers);
            return;
        };
        let Some(request) = self.metadata.poll_request(now) else { return };
        if !self.send_any(now, connection, version, &request, RequestKind::Metadata) {
            let wakers = self.metadata.handle_failure(now, None);
            self.wake(wakers);
        }
    }

    pub(crate) fn metadata_deadline(&self, now: Monotonic) -> Monotonic {
        self.metadata.next_deadline(now)
    }

    pub(crate) fn metadata_response(
        &mut self,
        now: Monotonic,
        connection: ConnectionId,
        version: i16,
        body: Bytes,
    ) {
        match decode_exact::<MetadataResponse>(body, version) {
            Ok(response) => {
                // Brokers of older versions delay the answer itself instead (KIP-219).
                if version >= 6 {
                    self.throttle(now, connection, response.throttle_time_ms);
                }
                let wakers = self.metadata.handle_response(now, version, &response);
                self.wake(wakers);
            }
            Err(error) => {
                let wakers = self.metadata.handle_failure(now, None);
                self.wake(wakers);
                let message = format!("the Metadata response can't be read: {error}");
                self.give_up(now, connection, ErrorCode::NETWORK_EXCEPTION, &message);
            }
        }
    }

    /// Forgets the cluster and all connections, and asks the bootstrap addresses (KIP-899, KIP-1102).
    fn start_over(&mut self, now: Monotonic) {
        let connections: Vec<ConnectionId> = self.connections.keys().copied().collect();
        for connection in connections {
            self.give_up(now, connection, ErrorCode::NETWORK_EXCEPTION, "starting over from bootstrap");
        }
        let wakers = self.metadata.rebootstrap(now);
        self.wake(wakers);
    }

    /// A new snapshot may have moved leaders: what waits is sorted by them anew.
    pub(crate) fn follow_snapshot(&mut self, now: Monotonic) {
        let snapshot = self.metadata.snapshot();
        if self.snapshot.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, snapshot)) {
            return;
        }
        self.snapshot = Some(snapshot.clone());
        self.relist(now);
    }

    /// Sends the InitProducerId request that is due.
    pub(crate) fn serve_producer_id(&mut self, now: Monotonic) {
        if self.transactions.next_deadline() > now {
            return;
        }
        let AnyBroker::Ready(connection) = self.any_broker(now) else { return };
        let versions = InitProducerIdRequest::MIN_VERSION..=INIT_PRODUCER_ID_MAX;
        let Some(version) = self.highest_common(connection, ApiKey::INIT_PRODUCER_ID, versions) else {
            self.transactions.handle_unsupported();
            return;
        };
        let Some(request) = self.transactions.poll_request(now) else { return };
        if !self.send_any(now, connection, version, &request, RequestKind::InitProducerId) {
            self.transactions.handle_request_failed(now);
        }
    }

    /// A due request that waits for a connection has no deadline of its own: the connection's events and timers bring it on.
    pub(crate) fn producer_id_deadline(&self, now: Monotonic) -> Monotonic {
        let due = self.transactions.next_deadline();
        if due > now { due } else { Monotonic::NEVER }
    }

    pub(crate) fn init_producer_id_response(
        &mut self,
        now: Monotonic,
        connection: ConnectionId,
        version: i16,
        body: Bytes,
    ) {
        match decode_exact::<InitProducerIdResponse>(body, version) {
            Ok(response) => {
                if version >= 1 {
                    self.throttle(now, connection, response.throttle_time_ms);
                }
                self.transactions.handle_init_producer_id(now, &response);
                if self.transactions.identity().is_some() {
                    for queue in std::mem::take(&mut self.nameless) {
                        self.enlist(now, queue);
                    }
                }
            }
            Err(error) => {
                self.transactions.handle_request_failed(now);
                let message = format!("the InitProducerId response can't be read: {error}");
                self.give_up(now, connection, ErrorCode::NETWORK_EXCEPTION, &message);
            }
        }
    }

    pub(crate) fn send_any<R: Request>(
        &mut self,
        now: Monotonic,
        connection: ConnectionId,
        version: i16,
        request: &R,
        kind: RequestKind,
    ) -> bool {
        let mut encoder = Encoder::new();
        if let Err(error) = request.encode(&mut encoder, version) {
            tracing::error!(%error, api = %R::API_KEY, version, "a request can't be encoded");
            return false;
        }
        let id = self.new_request_id();
        self.transmit(now, connection, id, (R::API_KEY, version), encoder.finish(), kind);
        true
    }

    pub(crate) fn highest_common(
        &self,
        connection: ConnectionId,
        api: ApiKey,
        ours: std::ops::RangeInclusive<i16>,
    ) -> Option<i16> {
        self.connections.get(&connection)?.versions.as_ref()?.highest_common(api, ours)
    }

    /// The least loaded broker; opens a connection if there is none to use.
    pub(crate) fn any_broker(&mut self, now: Monotonic) -> AnyBroker {
        let mut ids: Vec<NodeId> = self.metadata.snapshot().brokers.keys().copied().collect();
        if ids.is_empty() {
            return AnyBroker::Nowhere;
        }
        for id in &ids {
            self.learn_node(*id);
        }
        let ready = ids.iter().filter_map(|id| {
            let connection = self.usable(*id, now)?;
            Some((self.connections.get(&connection)?.requests.len(), connection))
        });
        if let Some((_, connection)) = ready.min() {
            return AnyBroker::Ready(connection);
        }
        // One attempt at a time, unless it takes long: a filtered port should not hold up the other addresses.
        let patience = self.config.reconnect_backoff_max;
        let trying = ids.iter().filter_map(|id| {
            let node = self.nodes.get(id)?;
            node.connection.map(|_| (node.last_attempt + patience, *id))
        });
        let trying = trying.max();
        if let Some((until, id)) = trying
            && until > now
        {
            self.timers.set(Timer::Reconnect(id), until);
            return AnyBroker::Soon;
        }
        // Oldest attempt first; among those never tried, any.
        let start = self.random.below(ids.len());
        ids.rotate_left(start);
        let open = |id: &&NodeId| {
            self.nodes.get(id).is_some_and(|node| node.connection.is_none() && node.retry_at <= now)
        };
        let next = ids.iter().filter(open).min_by_key(|id| self.nodes.get(id).map(|node| node.last_attempt));
        if let Some(id) = next.copied() {
            self.connect(now, id);
            return AnyBroker::Soon;
        }
        if trying.is_some() {
            return AnyBroker::Soon;
        }
        if let Some(id) = ids.iter().min_by_key(|id| self.nodes.get(id).map(|node| node.retry_at)).copied() {
            // Only arms the timer.
            self.connect(now, id);
        }
        AnyBroker::Nowhere
    }
}

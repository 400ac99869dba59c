//! Bytes on their way, in pieces and in order.

use super::{Event, World};
use crate::history::Violation;
use crate::link::LinkId;
use kafka_network::{ConnectionEvent, OutgoingRequest};
use kafka_sender::{DisconnectReason, RequestId};
use kafka_testkit::ClusterOutput;
use std::time::Duration;

impl World {
    pub(super) fn latency(&mut self) -> Duration {
        let (least, most) = self.scenario.latency;
        self.network.micros(least..most)
    }

    pub(super) fn handle_connected(&mut self, id: LinkId) -> Result<(), Violation> {
        let now = self.now();
        let Some(link) = self.links.get_mut(&id) else { return Ok(()) };
        match self.cluster.connect(now, link.node) {
            Some(broker) => {
                link.broker = Some(broker);
                link.connection.handle_connected();
                self.by_broker.insert(broker, id);
                self.pump(id);
                Ok(())
            }
            None => self.disconnect(id, DisconnectReason::ConnectFailed("refused".into())),
        }
    }

    /// Begins the next frame, unless one is still on its way out.
    pub(super) fn pump(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.broker.is_none() || link.writing.is_some() || link.blocked {
            return;
        }
        let frame = loop {
            if let Some(frame) = link.connection.poll_transmit() {
                break frame;
            }
            let Some(transmit) = link.queue.pop_front() else { return };
            if transmit.slot.begin_write() {
                let sent = link.connection.send(OutgoingRequest {
                    api_key: transmit.api_key,
                    version: transmit.version,
                    body: transmit.body,
                    token: transmit.request.0,
                    expects_response: transmit.expects_response,
                });
                debug_assert!(sent.is_ok(), "the engine sends what the connection can: {sent:?}");
            }
        };
        let (token, bytes) = (frame.token, frame.segments.concat());
        link.writing = Some(frame);
        let (least, most) = self.scenario.latency;
        let mut at = link.last_to_broker.max(self.now);
        let mut rest = &bytes[..];
        let mut left = self.now;
        while !rest.is_empty() {
            let length =
                if self.network.once_in(3) { 1 + self.network.index(rest.len()) } else { rest.len() };
            let (piece, after) = rest.split_at(length);
            left = left + self.network.micros(1..50);
            at = at.max(left + self.network.micros(least..most));
            self.agenda.schedule(at, Event::ToBroker(id, piece.to_vec()));
            rest = after;
        }
        if let Some(link) = self.links.get_mut(&id) {
            link.last_to_broker = at;
        }
        self.agenda.schedule(left, Event::Left(id, token));
    }

    pub(super) fn handle_left(&mut self, id: LinkId, request: Option<u64>) -> Result<(), Violation> {
        let now = self.now();
        let Some(link) = self.links.get_mut(&id) else { return Ok(()) };
        link.writing = None;
        if let (Some(request), Some(engine)) = (request, &mut self.clients[id.client].engine) {
            engine.handle_written(now, id.connection, RequestId(request));
            self.drive(id.client)?;
        }
        self.pump(id);
        Ok(())
    }

    pub(super) fn handle_data(&mut self, id: LinkId, data: &[u8]) -> Result<(), Violation> {
        let Some(link) = self.links.get_mut(&id) else { return Ok(()) };
        link.received.extend_from_slice(data);
        let result = link.connection.handle_data(&mut link.received);
        while let Some(event) = self.links.get_mut(&id).and_then(|link| link.connection.poll_event()) {
            let now = self.now();
            let Some(engine) = &mut self.clients[id.client].engine else { break };
            match event {
                ConnectionEvent::Ready { versions, features } => {
                    let level = features.level("transaction.version");
                    engine.handle_transaction_feature(features.epoch.unwrap_or(-1), level);
                    engine.handle_connected(now, id.connection, versions);
                }
                ConnectionEvent::Response { token, body } => {
                    engine.handle_response(now, id.connection, RequestId(token), body);
                }
                _ => {}
            }
        }
        if let Err(error) = result {
            return self.disconnect(id, DisconnectReason::Protocol(error.to_string().into()));
        }
        self.pump(id);
        self.drive(id.client)
    }

    pub(super) fn disconnect(&mut self, id: LinkId, reason: DisconnectReason) -> Result<(), Violation> {
        if !self.links.contains_key(&id) {
            return Ok(());
        }
        self.trace.line(self.now, || format!("connection {id} broke: {reason:?}"));
        self.drop_link(id);
        let now = self.now();
        if let Some(engine) = &mut self.clients[id.client].engine {
            engine.handle_disconnected(now, id.connection, reason);
        }
        self.drive(id.client)
    }

    pub(super) fn drop_link(&mut self, id: LinkId) {
        let Some(link) = self.links.remove(&id) else { return };
        let Some(broker) = link.broker else { return };
        self.by_broker.remove(&broker);
        if self.network.once_in(2) {
            let now = self.now();
            self.cluster.handle_closed(now, broker);
            return;
        }
        // What has left arrives all the same, when nobody waits for an answer any more.
        self.orphans.insert(id, broker);
        let at = link.last_to_broker.max(self.now) + self.network.micros(0..10_000_000);
        self.agenda.schedule(at, Event::Gone(id));
    }

    pub(super) fn forget_orphan(&mut self, id: LinkId) {
        if let Some(broker) = self.orphans.remove(&id) {
            let now = self.now();
            self.cluster.handle_closed(now, broker);
        }
    }

    /// The broker's end of a connection.
    pub(super) fn broker_end(&self, id: LinkId) -> Option<kafka_testkit::ConnectionId> {
        let link = self.links.get(&id).and_then(|link| link.broker);
        link.or_else(|| self.orphans.get(&id).copied())
    }

    /// Carries what the cluster has to say.
    pub(super) fn serve(&mut self) {
        let now = self.now();
        while let Some(output) = self.cluster.poll_output(now) {
            let (broker, data) = match output {
                ClusterOutput::Send { connection, data } => (connection, Some(data)),
                ClusterOutput::Close { connection } => (connection, None),
            };
            let Some(&id) = self.by_broker.get(&broker) else { continue };
            let latency = self.latency();
            let Some(link) = self.links.get_mut(&id) else { continue };
            let mut at = link.last_to_client.max(self.now + latency);
            match data {
                Some(data) => {
                    let mut rest = &data[..];
                    while !rest.is_empty() {
                        let cut = self.network.once_in(4);
                        let length = if cut { 1 + self.network.index(rest.len()) } else { rest.len() };
                        let (piece, after) = rest.split_at(length);
                        self.agenda.schedule(at, Event::ToClient(id, piece.to_vec()));
                        at = at + self.network.micros(0..30);
                        rest = after;
                    }
                }
                None => self.agenda.schedule(at, Event::ClosedByBroker(id)),
            }
            link.last_to_client = at;
        }
    }
}

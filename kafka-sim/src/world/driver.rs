//! The engine, and the driver's part in it.

use super::{Event, World};
use crate::history::Violation;
use crate::link::{Link, LinkId};
use kafka_network::{Connection, ConnectionConfig};
use kafka_sender::{FlushId, Output};
use kafka_types::{Monotonic, NodeId};
use std::task::Waker;

impl World {
    pub(super) fn drive(&mut self, client: usize) -> Result<(), Violation> {
        loop {
            let now = self.now();
            let Some(engine) = &mut self.clients[client].engine else { return Ok(()) };
            match engine.poll_output(now) {
                Output::Connect { connection, node, address } => {
                    let connection = LinkId { client, connection };
                    self.trace
                        .line(self.now, || format!("connection {connection} to node {node} at {address}"));
                    let node = node_at(&address.host);
                    let config = ConnectionConfig::new("simulated");
                    self.links.insert(connection, Link::new(node, Connection::new(config)));
                    let at = self.now + self.latency() + self.latency();
                    self.agenda.schedule(at, Event::Connected(connection));
                }
                Output::Close { connection } => {
                    let connection = LinkId { client, connection };
                    self.trace.line(self.now, || format!("close connection {connection}"));
                    self.drop_link(connection);
                }
                Output::Transmit(transmit) => {
                    let connection = LinkId { client, connection: transmit.connection };
                    self.trace.line(self.now, || {
                        format!(
                            "request {} ({}) on connection {connection}",
                            transmit.request, transmit.api_key
                        )
                    });
                    if let Some(link) = self.links.get_mut(&connection) {
                        link.queue.push_back(transmit);
                        self.pump(connection);
                    }
                }
                Output::Seal(job) => {
                    let at = self.now + self.network.micros(0..self.scenario.sealing);
                    let lost = self.scenario.lost_jobs > 0 && self.network.once_in(self.scenario.lost_jobs);
                    if lost {
                        self.trace.line(self.now, || "a worker loses its job".to_owned());
                        drop(job);
                        self.agenda.schedule(at, Event::Sealed(client, None));
                    } else {
                        self.agenda.schedule(at, Event::Sealed(client, Some(Box::new(job.run()))));
                    }
                }
                Output::Complete(completed) => {
                    self.trace.line(self.now, || {
                        let (of, count) = (completed.topic_partition(), completed.record_count());
                        match completed.failure() {
                            None => format!("batch of {count} for {of} is done"),
                            Some(failure) => format!("batch of {count} for {of} failed: {failure}"),
                        }
                    });
                    self.check_cause(&completed)?;
                    completed.run();
                }
                Output::Flushed(id, _) => {
                    self.trace.line(self.now, || format!("flushed {id}"));
                    self.check_flushed(client, id)?;
                }
                Output::Called(call, result) => self.called(client, call, result)?,
                Output::Wake(wakers) => wakers.into_iter().for_each(Waker::wake),
                Output::Closed(_) => {
                    self.trace.line(self.now, || "closed".to_owned());
                    self.clients[client].closed = true;
                    self.clients[client].engine_deadline = Monotonic::NEVER;
                    return Ok(());
                }
                Output::Wait { deadline, reason } => {
                    if deadline <= self.now {
                        let evidence = format!(
                            "the engine waits for {reason:?} until {deadline:?}, and it is {:?}",
                            self.now
                        );
                        return Err(Violation { invariant: "the engine does what is due", evidence });
                    }
                    self.clients[client].engine_deadline = deadline;
                    return Ok(());
                }
            }
        }
    }

    /// All that was open when the flush began must have its outcome. Only closing by force answers sooner: what a worker
    /// still has at its deadline is told when the worker lets go of it.
    pub(super) fn check_flushed(&mut self, client: usize, id: FlushId) -> Result<(), Violation> {
        let waited_for = self.flushes.remove(&(client, id)).unwrap_or_default();
        if self.clients[client].close_deadline <= self.now {
            return Ok(());
        }
        let open = self
            .open
            .deliveries()
            .find(|(number, delivery)| waited_for.contains(number) && !delivery.is_done());
        match open {
            None => Ok(()),
            Some((number, _)) => {
                let evidence =
                    format!("flush {id} is over, and record {}, accepted before it, is open", number.0);
                Err(Violation { invariant: "a flush waits for what was accepted before it", evidence })
            }
        }
    }
}

/// Brokers of the simulated cluster are called `broker-N`.
fn node_at(host: &str) -> NodeId {
    let number = host.rsplit('-').next().and_then(|number| number.parse().ok());
    NodeId(number.unwrap_or(0))
}

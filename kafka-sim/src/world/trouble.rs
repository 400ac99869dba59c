//! Faults, and the end of them.

use super::{Event, World};
use crate::fault::Fault;
use crate::history::Violation;
use crate::link::LinkId;
use kafka_types::NodeId;
use std::time::Duration;

impl World {
    pub(super) fn schedule_trouble(&mut self) {
        let Some(interval) = self.scenario.fault_interval else { return };
        let mean = interval.as_micros() as u64;
        let at = self.now + self.trouble.micros(1..mean * 2);
        self.agenda.schedule(at, Event::Trouble);
    }

    pub(super) fn make_trouble(&mut self) {
        if !self.troubled {
            return;
        }
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        let transactions = self.scenario.transactions.is_some();
        let (fault, end) =
            Fault::draw(&mut self.trouble, self.scenario.brokers, &links, transactions, self.now);
        self.agenda.schedule(self.now, Event::Fault(fault));
        if let Some((at, end)) = end {
            self.agenda.schedule(at, Event::Fault(end));
        }
        self.schedule_trouble();
    }

    pub(super) fn apply(&mut self, fault: &Fault) -> Result<(), Violation> {
        // What was to end by itself has ended when the world healed.
        if !self.troubled {
            return Ok(());
        }
        self.trace.line(self.now, || format!("{fault:?}"));
        let now = self.now();
        if let Fault::Recreate(topic, _) = fault {
            // What lies there is told apart from what its namesake will have.
            let mut deleted = std::mem::take(&mut self.deleted);
            self.read_log(topic, &mut deleted);
            self.deleted = deleted;
            *self.incarnations.entry((*topic).to_owned()).or_default() += 1;
        }
        fault.apply(&mut self.cluster, now);
        match fault {
            Fault::Block(id) => {
                if let Some(link) = self.links.get_mut(id) {
                    link.blocked = true;
                }
            }
            Fault::Unblock(id) => {
                if let Some(link) = self.links.get_mut(id) {
                    link.blocked = false;
                    self.pump(*id);
                }
            }
            Fault::ClockJump(millis) => self.wall_offset += millis,
            _ => {}
        }
        Ok(())
    }

    pub(super) fn heal(&mut self) {
        self.trace.line(self.now, || "the world heals".to_owned());
        self.troubled = false;
        // Requests without an answer block what is behind them for so long, then a connection that hangs while it is set up
        // has its time-out, and backoffs take a moment.
        let lingering = self.scenario.producer.request_timeout + Duration::from_secs(10);
        self.well_since.get_or_insert(self.now + lingering);
        self.cluster.clear_rules();
        let now = self.now();
        let nodes: Vec<NodeId> = self.cluster.nodes().collect();
        for node in nodes {
            self.cluster.start_broker(now, node);
            self.cluster.thaw(now, node);
        }
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        for id in links {
            if let Some(link) = self.links.get_mut(&id) {
                link.blocked = false;
            }
            self.pump(id);
        }
    }
}

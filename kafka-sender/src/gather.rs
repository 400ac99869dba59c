//! Waiting for batches of more partitions before a request goes out.

use crate::ConnectionId;
use crate::GatherConfig;
use crate::engine::Engine;
use kafka_accumulator::{Head, QueueId};
use kafka_types::{Monotonic, NodeId};
use std::time::Duration;

impl Engine {
    /// Changes when requests wait for more batches.
    pub fn set_gather(&mut self, gather: GatherConfig) {
        self.config.gather = gather;
    }
}

impl Engine {
    /// A batch became ready by being full.
    pub(crate) fn count_ready(&mut self, queue: QueueId) {
        self.pace.count();
        if let Some(leader) = self.leader(queue)
            && matches!(self.drainer.head(queue), Head::Ready { .. })
            && let Some(node) = self.nodes.get_mut(&leader)
        {
            node.fresh = node.fresh.saturating_add(1);
        }
    }

    /// What the partition has to send does not wait.
    pub(crate) fn hurry(&mut self, queue: QueueId) {
        if let Some(leader) = self.leader(queue)
            && let Some(node) = self.nodes.get_mut(&leader)
        {
            node.urgent = true;
        }
    }

    /// Whether the node's next request waits for more batches. What ends the wait: enough of them; an answer, since what has
    /// gathered meanwhile is the next request's; something that may not wait; or the end of the patience.
    pub(crate) fn gathers(&mut self, now: Monotonic, id: NodeId, connection: ConnectionId) -> bool {
        let gather = &self.config.gather;
        let waits = gather.batches > 1
            && self.pace.interval() <= gather.interval
            && self.flushes.is_empty()
            && self.closing.is_none()
            && self.connections.get(&connection).is_some_and(|connection| connection.produces > 0)
            && !self.drainer.has_memory_waiters();
        let Some(node) = self.nodes.get_mut(&id) else { return false };
        if !waits || node.urgent || node.fresh >= gather.batches {
            return false;
        }
        let since = *node.gathering_since.get_or_insert(now);
        let patient = now < since + gather.patience;
        if patient {
            self.gathering.insert(id);
        }
        patient
    }

    /// The node's request has taken so many batches.
    pub(crate) fn gathered(&mut self, id: NodeId, batches: usize) {
        if let Some(node) = self.nodes.get_mut(&id) {
            let batches = u32::try_from(batches).unwrap_or(u32::MAX);
            node.fresh = if node.ready.is_empty() { 0 } else { node.fresh.saturating_sub(batches) };
            node.urgent = false;
            node.gathering_since = None;
        }
    }

    /// Those who wait are looked at in every turn.
    pub(crate) fn look_after_gathering(&mut self) {
        self.dirty.append(&mut self.gathering);
    }

    /// How long the engine sleeps at most, and through how many closed batches, when there is much to do.
    pub(crate) fn doze(&self) -> (Duration, u32) {
        if !self.pace.is_busy() && self.gathering.is_empty() {
            return (Duration::MAX, 1);
        }
        let gather = &self.config.gather;
        let mut patience = 1;
        if self.pace.interval() <= gather.interval && !self.requests.is_empty() {
            let missing = |id: &NodeId| {
                let fresh = self.nodes.get(id).map_or(0, |node| node.fresh);
                gather.batches.saturating_sub(fresh)
            };
            patience = self.gathering.iter().map(missing).min().unwrap_or(gather.batches);
        }
        (gather.patience, patience)
    }
}

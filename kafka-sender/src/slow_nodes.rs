//! Nodes that can't take what is ready for them (KIP-794).

use crate::engine::Engine;
use crate::timers::Timer;
use kafka_types::{Monotonic, NodeId};

impl Engine {
    /// The node has something ready and can't take it: it has no connection, or one that is throttled or full of requests.
    pub(crate) fn node_waits(&mut self, now: Monotonic, id: NodeId) {
        let patience = self.config.availability_timeout;
        let Some(node) = self.nodes.get_mut(&id).filter(|_| !patience.is_zero()) else { return };
        if !node.waits {
            node.waits = true;
            self.timers.set(Timer::Slow(id), now + patience);
        }
    }

    /// The node takes what is ready for it.
    pub(crate) fn node_keeps_up(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(&id)
            && node.waits
        {
            node.waits = false;
            self.timers.cancel(Timer::Slow(id));
            self.drainer.set_slow_leader(id, false);
        }
    }

    /// The node has waited for so long. It is looked at again and again: when what waited for it is gone, nothing would ever
    /// find out that it is back, so it gets another chance.
    pub(crate) fn node_is_slow(&mut self, now: Monotonic, id: NodeId) {
        let waits = self.nodes.get(&id).is_some_and(|node| node.waits && !node.ready.is_empty());
        self.drainer.set_slow_leader(id, waits);
        if waits {
            self.timers.set(Timer::Slow(id), now + self.config.availability_timeout);
        } else if let Some(node) = self.nodes.get_mut(&id) {
            node.waits = false;
        }
    }
}

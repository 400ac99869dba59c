//! Brokers that keyless records should keep away from (KIP-794).

use kafka_types::NodeId;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

/// The engine says which; callers look once per batch, which costs one load while there is none.
#[derive(Debug, Default)]
pub(crate) struct SlowLeaders {
    any: AtomicBool,
    nodes: Mutex<BTreeSet<NodeId>>,
}

impl SlowLeaders {
    pub(crate) fn set(&self, node: NodeId, slow: bool) {
        let mut nodes = self.nodes.lock();
        if slow {
            nodes.insert(node);
        } else {
            nodes.remove(&node);
        }
        self.any.store(!nodes.is_empty(), Ordering::Relaxed);
    }

    pub(crate) fn nodes(&self) -> BTreeSet<NodeId> {
        if self.any.load(Ordering::Relaxed) { self.nodes.lock().clone() } else { BTreeSet::new() }
    }
}

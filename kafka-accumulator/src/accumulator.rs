//! The callers' side.

use crate::shared::Shared;
use crate::topic::TopicQueues;
use crate::{AccumulatorConfig, Drainer, UnseenFailures};
use kafka_types::NodeId;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Where callers put records; shared by all of them.
#[derive(Clone, Debug)]
pub struct Accumulator {
    shared: Arc<Shared>,
}

impl Accumulator {
    /// Both sides: this one for callers, the other for the engine.
    pub fn new(config: AccumulatorConfig) -> (Accumulator, Drainer) {
        let shared = Arc::new(Shared::new(config));
        (Accumulator { shared: Arc::clone(&shared) }, Drainer::new(shared))
    }

    /// The configuration.
    pub fn config(&self) -> &AccumulatorConfig {
        &self.shared.config
    }

    /// A topic's queues: the same for the same name. Keep them, to spare each record the look-up.
    pub fn topic(&self, name: &str) -> Arc<TopicQueues> {
        if let Some(topic) = self.shared.topics.read().get(name) {
            return Arc::clone(topic);
        }
        let name: Arc<str> = name.into();
        let topic = Arc::new(TopicQueues::new(Arc::clone(&name), Arc::clone(&self.shared)));
        Arc::clone(self.shared.topics.write().entry(name).or_insert(topic))
    }

    /// Has `watcher` told of failures that nobody looks at. Only the first one given is, and only of batches from then on.
    pub fn watch_unseen(&self, watcher: Arc<dyn UnseenFailures>) {
        self.shared.unseen.watch(watcher);
    }

    /// Takes no more records, and fails those who wait for memory. What was accepted stays.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Leaders that have not been able to take anything for longer than `partitioner.availability.timeout.ms`, as the engine
    /// says (KIP-794).
    pub fn slow_leaders(&self) -> BTreeSet<NodeId> {
        self.shared.slow_leaders.nodes()
    }

    /// Bytes of `buffer.memory` that batches hold.
    pub fn used_memory(&self) -> usize {
        self.shared.budget.used()
    }

    /// Bytes of `buffer.memory` that nothing holds.
    pub fn available_memory(&self) -> usize {
        self.shared.budget.available()
    }
}

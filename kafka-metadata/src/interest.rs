//! Which topics metadata is asked for.

use kafka_types::Monotonic;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The topics that somebody named lately.
#[derive(Default)]
pub(crate) struct Interest {
    /// With the time at which each is forgotten.
    topics: BTreeMap<Arc<str>, Monotonic>,
    /// Those that no answer has mentioned yet.
    new: BTreeSet<Arc<str>>,
}

impl Interest {
    /// Names a topic; true if it is new.
    pub(crate) fn touch(&mut self, topic: &str, expires: Monotonic) -> bool {
        if let Some(known) = self.topics.get_mut(topic) {
            *known = expires.max(*known);
            return false;
        }
        let topic: Arc<str> = topic.into();
        self.topics.insert(topic.clone(), expires);
        self.new.insert(topic);
        true
    }

    pub(crate) fn has_new(&self) -> bool {
        !self.new.is_empty()
    }

    pub(crate) fn all(&self) -> BTreeSet<Arc<str>> {
        self.topics.keys().cloned().collect()
    }

    pub(crate) fn new_ones(&self) -> &BTreeSet<Arc<str>> {
        &self.new
    }

    /// The shared name, if the topic is of interest.
    pub(crate) fn name(&self, topic: &str) -> Option<&Arc<str>> {
        self.topics.get_key_value(topic).map(|(name, _)| name)
    }

    /// Forgets what nobody named lately. Topics that were not answered yet stay.
    pub(crate) fn expire(&mut self, now: Monotonic) {
        self.topics.retain(|topic, expires| *expires > now || self.new.contains(topic));
    }

    /// An answer has mentioned the topic, or should have.
    pub(crate) fn handle_answered(&mut self, topic: &str) {
        self.new.remove(topic);
    }
}

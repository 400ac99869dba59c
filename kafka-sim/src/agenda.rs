//! What will happen, and when.

use kafka_types::Monotonic;
use std::collections::BTreeMap;

/// Events in the order of their time; those of one moment in the order of their scheduling.
#[derive(Debug)]
pub struct Agenda<E> {
    events: BTreeMap<(Monotonic, u64), E>,
    scheduled: u64,
}

impl<E> Default for Agenda<E> {
    fn default() -> Self {
        Agenda { events: BTreeMap::new(), scheduled: 0 }
    }
}

impl<E> Agenda<E> {
    /// Adds an event.
    pub fn schedule(&mut self, at: Monotonic, event: E) {
        self.scheduled += 1;
        self.events.insert((at, self.scheduled), event);
    }

    /// When the next event is due.
    pub fn next_time(&self) -> Option<Monotonic> {
        self.events.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next event, if it is due by `now`.
    pub fn pop_due(&mut self, now: Monotonic) -> Option<E> {
        let entry = self.events.first_entry()?;
        if entry.key().0 <= now { Some(entry.remove()) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_moment_keep_the_order_of_their_scheduling() {
        let mut agenda = Agenda::default();
        agenda.schedule(Monotonic::from_millis(2), "c");
        agenda.schedule(Monotonic::from_millis(1), "a");
        agenda.schedule(Monotonic::from_millis(1), "b");
        assert_eq!(agenda.next_time(), Some(Monotonic::from_millis(1)));
        assert_eq!(agenda.pop_due(Monotonic::from_millis(1)), Some("a"));
        assert_eq!(agenda.pop_due(Monotonic::from_millis(1)), Some("b"));
        assert_eq!(agenda.pop_due(Monotonic::from_millis(1)), None);
    }
}

//! What callers tell the engine, batch by batch, and whether it sleeps.

use crate::{BatchId, FailureCause, QueueId};
use kafka_types::Monotonic;
use parking_lot::Mutex;
use std::mem;

/// Something happened to a queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum QueueEvent {
    /// A batch was opened; it is due when it has lingered.
    Opened {
        /// Where.
        queue: QueueId,
        /// Which.
        batch: BatchId,
        /// When; linger and delivery time-out count from here.
        created: Monotonic,
    },
    /// A batch was closed for more records: it is ready, or being compressed, or wants to be.
    Sealed {
        /// Where.
        queue: QueueId,
    },
    /// A batch failed before the engine had it, or while a worker did: its job was dropped, or it could not be compressed. Its
    /// records know already.
    Lost {
        /// Where.
        queue: QueueId,
        /// Which.
        batch: BatchId,
        /// How many records it had.
        records: u32,
        /// Why.
        cause: FailureCause,
    },
    /// Somebody waits for memory.
    MemoryWaiter {
        /// For a batch of this one.
        queue: QueueId,
    },
}

/// The list of events, and the engine's word on when it wakes by itself.
///
/// No wake-up is lost: a caller pushes its event before its append returns, under this lock. The engine says that it sleeps
/// under the same lock, and only if there is no event. So an event is either seen by the engine before it sleeps, or
/// pushed after it said so, and then the caller who pushed it knows that it has to wake the engine.
#[derive(Debug)]
pub(crate) struct Events(Mutex<State>);

#[derive(Debug)]
struct State {
    events: Vec<QueueEvent>,
    engine: EngineState,
}

#[derive(Clone, Copy, Debug)]
enum EngineState {
    /// It will look at the events before it sleeps.
    Awake,
    Asleep {
        until: Monotonic,
        /// How many closed batches it sleeps through, the one that wakes it included.
        patience: u32,
    },
}

impl Events {
    pub(crate) fn new() -> Events {
        Events(Mutex::new(State { events: Vec::new(), engine: EngineState::Awake }))
    }

    /// Adds an event that has to be dealt with at `due`; true if the caller must wake the engine for it.
    pub(crate) fn push(&self, event: QueueEvent, due: Monotonic) -> bool {
        let mut state = self.0.lock();
        state.events.push(event);
        match state.engine {
            EngineState::Asleep { until, .. } if due < until => {
                // One wake-up is enough, whoever else comes before the engine is up.
                state.engine = EngineState::Awake;
                true
            }
            _ => false,
        }
    }

    /// Adds the event of a closed batch; true if the caller must wake the engine.
    pub(crate) fn push_closed(&self, event: QueueEvent) -> bool {
        let mut state = self.0.lock();
        state.events.push(event);
        match &mut state.engine {
            EngineState::Asleep { patience, .. } if *patience > 1 => {
                *patience -= 1;
                false
            }
            EngineState::Asleep { .. } => {
                state.engine = EngineState::Awake;
                true
            }
            EngineState::Awake => false,
        }
    }

    /// Adds an event; the caller wakes the engine in any case.
    pub(crate) fn push_quietly(&self, event: QueueEvent) {
        self.0.lock().events.push(event);
    }

    /// Moves the events to `into`. The engine is awake.
    pub(crate) fn take(&self, into: &mut Vec<QueueEvent>) {
        let mut state = self.0.lock();
        state.engine = EngineState::Awake;
        if into.is_empty() {
            mem::swap(&mut state.events, into);
        } else {
            into.append(&mut state.events);
        }
    }

    /// The engine wants to sleep; false if there are events to look at first.
    pub(crate) fn publish_sleep(&self, until: Monotonic, patience: u32) -> bool {
        let mut state = self.0.lock();
        if state.events.is_empty() {
            state.engine = EngineState::Asleep { until, patience };
        }
        state.events.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEALED: QueueEvent = QueueEvent::Sealed { queue: QueueId(0) };

    #[test]
    fn only_the_first_event_that_cannot_wait_wakes_a_sleeping_engine() {
        let events = Events::new();
        let at = Monotonic::from_millis;
        assert!(!events.push(SEALED, Monotonic::ZERO), "the engine is awake");
        assert!(!events.publish_sleep(at(10), 1), "there is an event");
        let mut taken = Vec::new();
        events.take(&mut taken);
        assert_eq!(taken, [SEALED]);
        assert!(events.publish_sleep(at(10), 1));
        assert!(!events.push(SEALED, at(10)), "it wakes by itself in time");
        assert!(events.push(SEALED, at(9)));
        assert!(!events.push(SEALED, at(1)), "it was woken already");
    }

    #[test]
    fn an_engine_sleeps_through_as_many_closed_batches_as_it_said() {
        let events = Events::new();
        let mut taken = Vec::new();
        assert!(events.publish_sleep(Monotonic::NEVER, 3));
        let wakes = [(); 5].map(|()| events.push_closed(SEALED));
        assert_eq!(wakes, [false, false, true, false, false]);
        events.take(&mut taken);
        assert_eq!(taken.len(), 5);
        assert!(events.publish_sleep(Monotonic::NEVER, 3));
        assert!(!events.push_closed(SEALED));
        let opened = Monotonic::from_millis(5);
        assert!(
            events.push(SEALED, opened),
            "what is due before the engine wakes by itself wakes it all the same"
        );
    }
}

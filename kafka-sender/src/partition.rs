//! A partition as the engine sees it: its batches on their way, in the order of their records.

use crate::ConnectionId;
use crate::drained::DrainedBatches;
use kafka_accumulator::BatchId;
use kafka_transactions::BatchKey;
use kafka_types::{LeaderEpoch, Monotonic, NodeId, TopicId};
use std::collections::VecDeque;

/// Whose turn it is in a partition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Turn {
    /// A batch that was in a request before, or that came from a split.
    Resend(BatchKey),
    /// The head of the accumulator's queue, if it is ready.
    Fresh,
    /// Nobody's, until a split is done.
    Blocked,
}

#[derive(Debug, Default)]
pub(crate) struct Partition {
    /// Batches that left the accumulator and have no outcome, in the order of their records. Split children stand where their
    /// parent stood.
    pub(crate) line: VecDeque<BatchKey>,
    /// How many of the line are in requests.
    pub(crate) in_flight: usize,
    /// The connection that those requests are on. Only one at a time: requests of one connection are handled in order, those of
    /// two are not.
    pub(crate) connection: Option<ConnectionId>,
    /// When a batch of it last went into a request.
    pub(crate) last_sent: Monotonic,
    /// The batch of the line that is being split, of which there is at most one.
    pub(crate) splitting: Option<(BatchKey, BatchId)>,
    /// The smallest size that the broker found too large; pieces of that size need not be sent to be split again.
    pub(crate) too_large: Option<usize>,
    /// It stands in some node's ready list.
    pub(crate) listed: bool,
    /// Its open batch waits no longer for more records than until a request takes it.
    pub(crate) due: bool,
    /// The transaction that it was last taken into, and the one that it is in for certain.
    pub(crate) joined: u64,
    pub(crate) admitted: u64,
    place: Place,
    /// Which of the engine's snapshots that is from; 0 is none.
    placed: u64,
}

/// Where a partition is, as far as the cluster is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Place {
    pub(crate) leader: Option<NodeId>,
    pub(crate) leader_epoch: LeaderEpoch,
    pub(crate) topic_id: TopicId,
}

impl Partition {
    /// What the partition would send next.
    pub(crate) fn turn(&self, batches: &DrainedBatches) -> Turn {
        if self.in_flight >= self.line.len() {
            return Turn::Fresh;
        }
        for id in &self.line {
            match batches.get(id) {
                // Its pieces come in its place: nothing may pass.
                None => return Turn::Blocked,
                Some(batch) if batch.request.is_none() => return Turn::Resend(*id),
                Some(_) => {}
            }
        }
        Turn::Fresh
    }

    /// Where it is by this snapshot; `find` looks it up if the last look was at another.
    pub(crate) fn place(&mut self, snapshot: u64, find: impl FnOnce() -> Place) -> Place {
        if self.placed != snapshot {
            self.placed = snapshot;
            self.place = find();
        }
        self.place
    }

    pub(crate) fn leave(&mut self, id: BatchKey) {
        if let Some(position) = self.line.iter().position(|other| *other == id) {
            self.line.remove(position);
        }
    }

    /// One of its batches is in no request any more.
    pub(crate) fn landed(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.in_flight == 0 {
            self.connection = None;
        }
    }
}

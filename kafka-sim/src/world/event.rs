//! What can happen.

use crate::fault::Fault;
use kafka_accumulator::Sealed;
use kafka_sender::ConnectionId;

/// Something that will happen.
pub(super) enum Event {
    Caller(usize),
    Connected(ConnectionId),
    ToBroker(ConnectionId, Vec<u8>),
    /// The last piece of a frame has left; the request, if it was one of the engine's.
    Left(ConnectionId, Option<u64>),
    ToClient(ConnectionId, Vec<u8>),
    ClosedByBroker(ConnectionId),
    /// A worker is done with a job, or has lost it.
    Sealed(Option<Box<Sealed>>),
    Trouble,
    Fault(Fault),
}

//! What can happen.

use crate::fault::Fault;
use crate::link::LinkId;
use kafka_accumulator::Sealed;

/// Something that will happen.
pub(super) enum Event {
    Caller(usize),
    Connected(LinkId),
    ToBroker(LinkId, Vec<u8>),
    /// The last piece of a frame has left; the request, if it was one of the engine's.
    Left(LinkId, Option<u64>),
    ToClient(LinkId, Vec<u8>),
    ClosedByBroker(LinkId),
    /// The broker hears that a connection is gone.
    Gone(LinkId),
    /// A worker is done with a job, or has lost it.
    Sealed(usize, Option<Box<Sealed>>),
    Trouble,
    /// A program goes on.
    Program(usize),
    /// A program ends before it is done.
    Quit(usize),
    /// Another program takes over.
    Successor,
    /// The feature `transaction.version` gets another level.
    Upgrade(i16),
    Fault(Fault),
}

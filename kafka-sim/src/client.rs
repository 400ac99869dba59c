//! A client: the producer in one process.

use crate::program::Program;
use kafka_producer::core::CoreProducer;
use kafka_sender::Engine;
use kafka_types::Monotonic;

pub(crate) struct Client {
    pub(crate) core: CoreProducer,
    /// `None` once it is closed and done, or dead.
    pub(crate) engine: Option<Engine>,
    /// When the engine wants to be asked again.
    pub(crate) engine_deadline: Monotonic,
    /// When closing ends by force, once it has begun.
    pub(crate) close_deadline: Monotonic,
    pub(crate) closed: bool,
    /// The program, if it has transactions.
    pub(crate) program: Option<Program>,
}

impl Client {
    pub(crate) fn new(core: CoreProducer, engine: Engine, program: Option<Program>) -> Client {
        Client {
            core,
            engine: Some(engine),
            engine_deadline: Monotonic::ZERO,
            close_deadline: Monotonic::NEVER,
            closed: false,
            program,
        }
    }
}

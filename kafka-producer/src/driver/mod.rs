//! The producer's life in the background, on tokio: it reads the clock, moves bytes, runs callbacks, and decides
//! nothing.

pub(crate) mod clock;
mod connection;
mod engine_task;
mod inbox;
mod input;
mod park;
mod seal_pool;
mod spin;
mod status;
mod troubles;

use crate::core::CoreProducer;
use crate::producer::unobserved::Unobserved;
use crate::{CloseSummary, Error, FlushSummary};
use engine_task::EngineTask;
use inbox::Inbox;
use input::Input;
use kafka_network::Access;
use kafka_sender::{CallError, Engine, Purge, TransactionCall};
use kafka_types::Monotonic;
use spin::Spin;
use status::{Life, Status};
use std::io;
use std::sync::Arc;
use std::thread;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

pub(crate) use park::block_on;

/// The callers' end of the driver.
#[derive(Clone)]
pub(crate) struct Driver {
    inbox: Arc<Inbox>,
    status: Arc<Status>,
}

impl Driver {
    /// Starts the driver on a thread of its own, or on `runtime`.
    ///
    /// # Errors
    /// The system has no thread, or no file descriptors, left.
    pub(crate) fn start(
        engine: Engine,
        core: CoreProducer,
        unobserved: Arc<Unobserved>,
        access: Access,
        runtime: Option<&Handle>,
    ) -> io::Result<Driver> {
        core.use_precise_clock(clock::precise);
        let inbox = Arc::new(Inbox::new());
        let status = Arc::new(Status::default());
        let name = format!("kafka-producer-network-thread | {}", core.config().client_id);
        let spin = Spin::new(runtime.is_none());
        let task = EngineTask::new(engine, core, unobserved, access, inbox.clone(), status.clone(), spin);
        match runtime {
            Some(runtime) => {
                runtime.spawn(task.run());
            }
            None => {
                let runtime = Builder::new_current_thread().enable_io().enable_time().build()?;
                // As a task of its own, as the connections are: what wakes the future that `block_on` is given writes to the
                // wake-up descriptor, also on the very thread that looks at it next.
                let run = move || runtime.block_on(async { tokio::spawn(task.run()).await });
                thread::Builder::new().name(name).spawn(run)?;
            }
        }
        Ok(Driver { inbox, status })
    }

    /// The accumulator or the metadata have something for the engine.
    pub(crate) fn wake(&self) {
        self.inbox.wake();
    }

    /// A transactional producer's call. The answer comes, by the deadline or with the driver's end, also if nobody waits for it.
    pub(crate) fn call(
        &self,
        call: TransactionCall,
        deadline: Monotonic,
    ) -> oneshot::Receiver<Result<(), CallError>> {
        let (reply, answer) = oneshot::channel();
        self.inbox.push(Input::Call { call, deadline, reply });
        answer
    }

    /// Whether it ended by a close in order.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.status.life(), Life::Closed(_))
    }

    pub(crate) async fn flush(&self) -> Result<FlushSummary, Error> {
        let (reply, answer) = oneshot::channel();
        self.inbox.push(Input::Flush { reply });
        answer.await.map_err(|_| match self.status.life() {
            Life::Closed(_) => Error::closed(),
            Life::Running | Life::Stopped => Error::stopped(),
        })
    }

    pub(crate) fn purge(&self, purge: Purge) {
        self.inbox.push(Input::Purge(purge));
    }

    pub(crate) async fn close(&self, deadline: Monotonic) -> Result<CloseSummary, Error> {
        let (reply, answer) = oneshot::channel();
        self.inbox.push(Input::Close { deadline, reply: Some(reply) });
        match answer.await {
            Ok(summary) => Ok(summary),
            // The task ended before it read this: an earlier close was faster, or it is gone.
            Err(_) => match self.status.life() {
                Life::Closed(summary) => Ok(summary),
                Life::Running | Life::Stopped => Err(Error::stopped()),
            },
        }
    }

    pub(crate) fn close_in_background(&self, deadline: Monotonic) {
        self.inbox.push(Input::Close { deadline, reply: None });
    }
}

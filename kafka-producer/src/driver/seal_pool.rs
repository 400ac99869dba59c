//! Compression outside the engine's thread, a few jobs at a time.

use super::inbox::Inbox;
use super::input::Input;
use kafka_accumulator::SealJob;
use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;

/// Runs seal jobs on the runtime's blocking threads, and queues those for which there is no core.
pub(super) struct SealPool {
    inbox: Arc<Inbox>,
    limit: usize,
    running: usize,
    waiting: VecDeque<SealJob>,
}

impl SealPool {
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        // One core is left to the network and the callers, if there are two.
        let cores = thread::available_parallelism().map_or(1, usize::from);
        SealPool { inbox, limit: (cores - 1).clamp(1, 4), running: 0, waiting: VecDeque::new() }
    }

    pub(super) fn start(&mut self, job: SealJob) {
        self.waiting.push_back(job);
        self.start_waiting();
    }

    /// One job has ended, well or not.
    pub(super) fn handle_ended(&mut self) {
        self.running -= 1;
        self.start_waiting();
    }

    fn start_waiting(&mut self) {
        while self.running < self.limit {
            let Some(job) = self.waiting.pop_front() else { return };
            self.running += 1;
            let ended = Ended(self.inbox.clone());
            // If the runtime is shutting down the job is dropped unrun, which fails its records.
            tokio::task::spawn_blocking(move || {
                let sealed = job.run();
                ended.0.push(Input::Sealed(sealed));
            });
        }
    }
}

/// Gives the job's place back even if the job panics.
struct Ended(Arc<Inbox>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.push(Input::SealEnded);
    }
}

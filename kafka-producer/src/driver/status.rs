//! How the driver's life ended, for those who ask later.

use crate::CloseSummary;
use parking_lot::Mutex;

#[derive(Default)]
pub(crate) struct Status(Mutex<Life>);

#[derive(Clone, Default)]
pub(crate) enum Life {
    #[default]
    Running,
    /// Closed in order, with this result.
    Closed(CloseSummary),
    /// The thread or runtime went away.
    Stopped,
}

impl Status {
    pub(crate) fn life(&self) -> Life {
        self.0.lock().clone()
    }

    pub(super) fn close(&self, summary: CloseSummary) {
        *self.0.lock() = Life::Closed(summary);
    }

    /// Notes that the engine's task is gone; says whether that was before a close in order.
    pub(super) fn stop(&self) -> bool {
        let mut life = self.0.lock();
        let running = matches!(*life, Life::Running);
        if running {
            *life = Life::Stopped;
        }
        running
    }
}

//! Interceptors in order, and the wall between them and the producer.

use crate::{Acknowledgement, Interceptor, InterceptorError, SendContext};
use kafka_types::{Header, PartitionId, Timestamp};
use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs interceptors in the order in which they were pushed. A link that fails or panics is logged as a warning, without
/// anything of the record but its topic; the others still run.
#[derive(Default)]
pub struct InterceptorChain {
    links: Vec<Link>,
    closed: AtomicBool,
}

struct Link {
    name: Cow<'static, str>,
    interceptor: Arc<dyn Interceptor>,
}

impl InterceptorChain {
    /// Adds a link after those already there.
    pub fn push(&mut self, interceptor: Arc<dyn Interceptor>) {
        self.links.push(Link { name: interceptor.name(), interceptor });
    }

    /// True if there is nothing to run.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// Runs each link's [`Interceptor::on_send`]. What a failing link changed is undone: the next one sees the record
    /// as the last good one left it.
    pub fn on_send(&self, record: &mut SendContext<'_, '_>) {
        for link in &self.links {
            let good = Snapshot::of(record);
            let failure = match shielded(|| link.interceptor.on_send(record)) {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => Failure::Error(error),
                Err(Panicked) => Failure::Panic,
            };
            good.restore(record);
            link.warn("on_send", record.topic, failure);
        }
    }

    /// Runs each link's [`Interceptor::on_acknowledgement`].
    pub fn on_acknowledgement(&self, outcome: &Acknowledgement<'_>) {
        for link in &self.links {
            if shielded(|| link.interceptor.on_acknowledgement(outcome)).is_err() {
                link.warn("on_acknowledgement", outcome.topic, Failure::Panic);
            }
        }
    }

    /// Runs each link's [`Interceptor::on_close`], the first time it is called.
    pub fn on_close(&self) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        for link in &self.links {
            if shielded(|| link.interceptor.on_close()).is_err() {
                tracing::warn!(interceptor = %link.name, "interceptor panicked in on_close");
            }
        }
    }
}

impl fmt::Debug for InterceptorChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.links.iter().map(|link| &link.name)).finish()
    }
}

enum Failure {
    Error(InterceptorError),
    Panic,
}

impl Link {
    fn warn(&self, hook: &str, topic: &str, failure: Failure) {
        let interceptor = &self.name;
        match failure {
            Failure::Panic => {
                tracing::warn!(%interceptor, topic, "interceptor panicked in {hook}; the record goes on without it");
            }
            Failure::Error(error) => {
                // Its text is user code too.
                let text = shielded(|| error.to_string()).unwrap_or_default();
                tracing::warn!(%interceptor, topic, error = text, "interceptor failed in {hook}; the record goes on without it");
                let _ = shielded(|| drop(error));
            }
        }
    }
}

struct Panicked;

/// Runs user code; a panic ends here. The panic hook has already told of it.
fn shielded<T>(run: impl FnOnce() -> T) -> Result<T, Panicked> {
    // Nothing of ours is left half-changed: what a hook may change is restored by the caller.
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| {
        // A payload is user code as well, and may panic again when it is dropped; then it is leaked.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(again);
        }
        Panicked
    })
}

/// The record as the last good link left it.
struct Snapshot<'r> {
    topic: Cow<'r, str>,
    partition: Option<PartitionId>,
    timestamp: Option<Timestamp>,
    headers: Vec<Header<'r>>,
}

impl<'r> Snapshot<'r> {
    fn of(record: &SendContext<'_, 'r>) -> Self {
        Snapshot {
            topic: record.topic.clone(),
            partition: *record.partition,
            timestamp: *record.timestamp,
            headers: record.headers.clone(),
        }
    }

    fn restore(self, record: &mut SendContext<'_, 'r>) {
        *record.topic = self.topic;
        *record.partition = self.partition;
        *record.timestamp = self.timestamp;
        *record.headers = self.headers;
    }
}

//! The refresh machine.

use crate::merge::merge;
use crate::schedule::Schedule;
use crate::shared::{Shared, State};
use crate::{Broker, ClusterSnapshot, LeaderHint, MetadataConfig, MetadataError};
use kafka_protocol::messages::metadata::MetadataRequestTopic;
use kafka_protocol::messages::{MetadataRequest, MetadataResponse};
use kafka_types::{BrokerAddress, ErrorCode, Monotonic};
use parking_lot::MutexGuard;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

/// Decides when metadata is asked for and what for, and keeps the snapshot. It does no I/O: its one owner sends what
/// [`poll_request`](MetadataManager::poll_request) gives, and reports the answer or that there is none.
///
/// Four kinds of methods: views (`snapshot`, `next_deadline`, `is_update_due`), `handle_*` for what happened, commands
/// (`request_update`, `keep_topic`, `rebootstrap`, `close`), and `poll_request`. Methods that end waits return the
/// wakers, to be woken with no lock held.
///
/// Dropping it ends all waits with [`MetadataError::Closed`].
pub struct MetadataManager {
    config: MetadataConfig,
    bootstrap: Vec<BrokerAddress>,
    shared: Arc<Shared>,
    snapshot: Arc<ClusterSnapshot>,
    schedule: Schedule,
    in_progress: Option<InProgress>,
    /// Since when a refresh is wanted and none has succeeded.
    wanted_since: Option<Monotonic>,
    rebootstrap_required: bool,
}

struct InProgress {
    full: bool,
    topics: BTreeSet<Arc<str>>,
}

impl MetadataManager {
    pub(crate) fn new(
        config: MetadataConfig,
        bootstrap: Vec<BrokerAddress>,
        shared: Arc<Shared>,
        seed: u64,
    ) -> Self {
        let snapshot = shared.lock().snapshot.clone();
        MetadataManager {
            snapshot,
            schedule: Schedule::new(&config, seed),
            config,
            bootstrap,
            shared,
            in_progress: None,
            wanted_since: None,
            rebootstrap_required: false,
        }
    }

    /// What is known now.
    pub fn snapshot(&self) -> &Arc<ClusterSnapshot> {
        &self.snapshot
    }

    /// True if a refresh should go out now, so that a connection is worth making for it.
    pub fn is_update_due(&mut self, now: Monotonic) -> bool {
        self.absorb();
        let due = self.in_progress.is_none() && self.due() <= now;
        if due {
            self.wanted_since.get_or_insert(now);
        }
        due
    }

    /// True between [`MetadataManager::poll_request`] and its answer.
    pub fn is_update_in_progress(&self) -> bool {
        self.in_progress.is_some()
    }

    /// The request to send now, if one is due. Ask only when there is a connection for it: from here on it is in
    /// progress, and no other one is given, until [`MetadataManager::handle_response`] or
    /// [`MetadataManager::handle_failure`].
    pub fn poll_request(&mut self, now: Monotonic) -> Option<MetadataRequest> {
        if !self.is_update_due(now) {
            return None;
        }
        let expired = self.schedule.is_expired(now);
        if expired {
            self.schedule.handle_expired();
        }
        let mut state = self.shared.lock();
        // Taken now, not at the answer: a refresh asked for from here on wants an answer made after it.
        let full = std::mem::take(&mut state.requested) || expired;
        let topics = if full { state.interest.all() } else { state.interest.new_ones().clone() };
        drop(state);
        let named = topics.iter().map(|topic| MetadataRequestTopic {
            name: Some(topic.clone().into()),
            ..MetadataRequestTopic::default()
        });
        let request = MetadataRequest { topics: Some(named.collect()), ..MetadataRequest::default() };
        self.in_progress = Some(InProgress { full, topics });
        Some(request)
    }

    /// The answer to the request in progress; any other is ignored. Returns whom to wake.
    #[must_use = "the wakers have to be woken"]
    pub fn handle_response(
        &mut self,
        now: Monotonic,
        version: i16,
        response: &MetadataResponse,
    ) -> Vec<Waker> {
        let Some(request) = self.in_progress.take() else { return Vec::new() };
        if !response.error_code.is_none() {
            self.rebootstrap_required |= response.error_code == ErrorCode::REBOOTSTRAP_REQUIRED;
            tracing::warn!(error = %response.error_code, "metadata request failed");
            self.handle_failed(now, request);
            return Vec::new();
        }
        self.absorb();
        let mut state = self.shared.lock();
        for topic in &request.topics {
            state.interest.handle_answered(topic);
        }
        for name in response.topics.iter().filter_map(|topic| topic.name.as_deref()) {
            state.interest.handle_answered(name);
        }
        state.interest.expire(now);
        let Some(merged) = merge(&self.snapshot, &state.interest, version, response) else {
            drop(state);
            tracing::warn!("metadata response without a usable broker");
            self.handle_failed(now, request);
            return Vec::new();
        };
        state.requested |= merged.stale;
        self.schedule.handle_success(now, request.full, merged.news);
        self.wanted_since = None;
        self.snapshot = Arc::new(merged.snapshot);
        self.shared.publish(&mut state, self.snapshot.clone())
    }

    /// The request in progress failed; or none could be made although one is due, for the connection for it was lost.
    /// With a `fatal` cause everybody who waits gets it. Returns whom to wake.
    #[must_use = "the wakers have to be woken"]
    pub fn handle_failure(&mut self, now: Monotonic, fatal: Option<MetadataError>) -> Vec<Waker> {
        match self.in_progress.take() {
            Some(request) => self.handle_failed(now, request),
            None if self.is_update_due(now) => self.schedule.handle_failure(now),
            None => {}
        }
        fatal.map_or_else(Vec::new, |cause| self.shared.lock().waiters.fail_all(&cause))
    }

    /// Something that will not pass by itself, such as refused credentials: everybody who waits gets it. A request in progress
    /// goes on. Returns whom to wake.
    #[must_use = "the wakers have to be woken"]
    pub fn handle_fatal(&mut self, cause: &MetadataError) -> Vec<Waker> {
        self.shared.lock().waiters.fail_all(cause)
    }

    /// Leaders that a response named (KIP-951), with the brokers it named. Newer ones than those known are taken over; a
    /// refresh is asked for in any case. Returns whom to wake.
    #[must_use = "the wakers have to be woken"]
    pub fn handle_leader_hints(&mut self, hints: &[LeaderHint], endpoints: &[Broker]) -> Vec<Waker> {
        let mut state = self.shared.lock();
        state.requested = true;
        let Some(after) = self.snapshot.with_hints(hints, endpoints) else { return Vec::new() };
        self.snapshot = Arc::new(after);
        self.shared.publish(&mut state, self.snapshot.clone())
    }

    /// Asks for a refresh of all topics of interest, as soon as the pause since the last one allows.
    pub fn request_update(&mut self) {
        self.shared.lock().requested = true;
    }

    /// Keeps a topic of interest, for the sake of records that are queued for it.
    pub fn keep_topic(&mut self, now: Monotonic, topic: &str) {
        let expires = now + self.config.max_idle;
        let mut state = self.shared.lock();
        state.topic_added |= state.interest.touch(topic, expires);
    }

    /// True if `rebootstrap` has to be called, after closing all connections: a broker demanded it, or a due refresh
    /// did not succeed for `rebootstrap_trigger` (KIP-1102).
    pub fn is_rebootstrap_due(&self, now: Monotonic) -> bool {
        let waited = |since: Monotonic| now.since(since) > self.config.rebootstrap_trigger;
        self.config.rebootstrap && (self.rebootstrap_required || self.wanted_since.is_some_and(waited))
    }

    /// Forgets all brokers and leaders, and starts over from the bootstrap addresses. A request in progress is
    /// forgotten. Also for its owner to call when no known broker can be connected to (KIP-899); without effect if the
    /// configuration does not allow it. Returns whom to wake.
    #[must_use = "the wakers have to be woken"]
    pub fn rebootstrap(&mut self, now: Monotonic) -> Vec<Waker> {
        if !self.config.rebootstrap {
            return Vec::new();
        }
        self.rebootstrap_required = false;
        self.wanted_since = Some(now);
        self.in_progress = None;
        self.request_update();
        if self.snapshot.is_bootstrap() {
            return Vec::new();
        }
        tracing::info!("starting over from the bootstrap addresses");
        let mut state = self.shared.lock();
        self.snapshot = Arc::new(self.snapshot.rebootstrapped(ClusterSnapshot::bootstrap(&self.bootstrap)));
        self.shared.publish(&mut state, self.snapshot.clone())
    }

    /// When something changes by itself: a refresh becomes due, a wait expires, or starting over becomes due. A refresh
    /// that is due already is not among it: then only a connection is missing.
    pub fn next_deadline(&self, now: Monotonic) -> Monotonic {
        let state = self.shared.lock();
        let mut deadline = state.waiters.next_deadline();
        if self.in_progress.is_none() {
            let due = self.due_with(&state);
            if due > now {
                deadline = deadline.min(due);
            }
        }
        if let Some(since) = self.wanted_since.filter(|_| self.config.rebootstrap) {
            // The trigger has to be exceeded, not reached.
            deadline = deadline.min(since + self.config.rebootstrap_trigger + Duration::from_nanos(1));
        }
        deadline
    }

    /// Ends the waits whose deadline has come. Returns whom to wake.
    #[must_use = "the wakers have to be woken"]
    pub fn expire_waiters(&mut self, now: Monotonic) -> Vec<Waker> {
        self.shared.lock().waiters.expire(now)
    }

    /// Ends all waits, now and later, with [`MetadataError::Closed`]. Returns whom to wake.
    #[must_use = "the wakers have to be woken"]
    pub fn close(&mut self) -> Vec<Waker> {
        let mut state = self.shared.lock();
        state.closed = true;
        state.waiters.take_wakers()
    }

    fn handle_failed(&mut self, now: Monotonic, request: InProgress) {
        self.schedule.handle_failure(now);
        self.shared.lock().requested |= request.full;
    }

    /// Takes notice of topics that callers added.
    fn absorb(&mut self) {
        let mut state = self.shared.lock();
        if std::mem::take(&mut state.topic_added) {
            self.schedule.handle_new_topic();
        }
    }

    fn due(&self) -> Monotonic {
        self.due_with(&self.shared.lock())
    }

    fn due_with(&self, state: &MutexGuard<'_, State>) -> Monotonic {
        if state.topic_added {
            return Monotonic::ZERO;
        }
        self.schedule.due(state.requested || state.interest.has_new())
    }
}

impl Drop for MetadataManager {
    fn drop(&mut self) {
        self.close().into_iter().for_each(Waker::wake);
    }
}

impl fmt::Debug for MetadataManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetadataManager")
            .field("snapshot", &self.snapshot)
            .field("in_progress", &self.in_progress.is_some())
            .finish_non_exhaustive()
    }
}

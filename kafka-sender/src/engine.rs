//! The engine: what goes in, what comes out, and the order of a turn.

use crate::close::Closing;
use crate::drained::DrainedBatches;
use crate::flush::Flush;
use crate::in_flight::{InFlight, RequestKind};
use crate::node::{Connection, Node};
use crate::pace::Pace;
use crate::partition::Partition;
use crate::purge::{Purge, Purging};
use crate::timers::{Timer, Timers};
use crate::transaction::Transactional;
use crate::{ConnectionId, DisconnectReason, FlushId, Output, RequestId, SenderConfig, WaitReason};
use bytes::Bytes;
use kafka_accumulator::{Drainer, QueueEvent, QueueId, SealJob, Sealed};
use kafka_metadata::{ClusterSnapshot, MetadataManager};
use kafka_protocol::wire::ApiVersionRanges;
use kafka_transactions::{BatchKey, TransactionManager};
use kafka_types::{Acks, Monotonic, NodeId, Now, SplitMix64};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The sender of one producer, uniquely owned by its driver.
///
/// Three kinds of methods:
///
/// - **Inputs**, `handle_*`: something happened. They never fail and never wait.
/// - **Output**, [`poll_output`](Engine::poll_output): after every input, and when the deadline of the last
///   [`Output::Wait`] has come, call it and do what it says until it says `Wait` again. It also reads what callers have
///   appended meanwhile, so a wake-up by an append needs no input, only a poll.
/// - **Looking**: [`is_closed`](Engine::is_closed), [`has_output`](Engine::has_output).
///
/// `now` never goes back from one call to the next. The same inputs at the same times with the same seed give the same outputs.
/// Names of connections and requests that the engine has given up are ignored wherever they still turn up, so a driver need not
/// care about such races.
///
/// Dropping it fails whatever it still owns, by the drop of what it owns: batches, waiters for memory and metadata.
#[derive(Debug)]
pub struct Engine {
    pub(crate) config: SenderConfig,
    pub(crate) drainer: Drainer,
    pub(crate) metadata: MetadataManager,
    pub(crate) transactions: TransactionManager,
    /// Boxed: most producers have none.
    pub(crate) transactional: Option<Box<Transactional>>,
    pub(crate) random: SplitMix64,
    pub(crate) outputs: VecDeque<Output>,
    pub(crate) timers: Timers,

    pub(crate) nodes: BTreeMap<NodeId, Node>,
    pub(crate) connections: BTreeMap<ConnectionId, Connection>,
    pub(crate) requests: BTreeMap<RequestId, InFlight>,
    next_connection: u64,
    next_request: u64,
    next_batch: u64,

    /// By [`QueueId`], which is dense.
    pub(crate) partitions: Vec<Partition>,
    pub(crate) batches: DrainedBatches,
    /// Queues that may have an open batch.
    pub(crate) open: BTreeSet<QueueId>,
    /// Partitions with something to send and no leader.
    pub(crate) leaderless: BTreeSet<QueueId>,
    /// Partitions with something to send that wait for a producer id.
    pub(crate) nameless: BTreeSet<QueueId>,
    /// Nodes whose ready list or connection changed.
    pub(crate) dirty: BTreeSet<NodeId>,
    /// Nodes whose next request waits for more batches.
    pub(crate) gathering: BTreeSet<NodeId>,
    pub(crate) pace: Pace,

    /// The snapshot that the ready lists were made by.
    pub(crate) snapshot: Option<Arc<ClusterSnapshot>>,
    /// The snapshot that partitions know their place by.
    pub(crate) places_of: Option<Arc<ClusterSnapshot>>,
    /// Counts those snapshots.
    pub(crate) places: u64,
    /// Queues that are not empty.
    pub(crate) occupied: BTreeSet<QueueId>,
    /// Partitions whose first batch waits for its retry.
    pub(crate) backing_off: BTreeSet<QueueId>,

    pub(crate) flushes: BTreeMap<FlushId, Flush>,
    pub(crate) purging: Purging,
    pub(crate) closing: Option<Closing>,
    pub(crate) closed: bool,
    events: Vec<QueueEvent>,
    jobs: Vec<SealJob>,
    /// Partitions with a batch that is being split by somebody else.
    pub(crate) splitting: BTreeSet<QueueId>,
}

impl Engine {
    /// An engine at rest. Everything that it decides by chance comes from `seed`.
    pub fn new(
        config: SenderConfig,
        drainer: Drainer,
        metadata: MetadataManager,
        transactions: TransactionManager,
        seed: u64,
    ) -> Engine {
        Engine {
            config,
            drainer,
            metadata,
            transactions,
            transactional: None,
            random: SplitMix64::new(seed),
            outputs: VecDeque::new(),
            timers: Timers::default(),
            nodes: BTreeMap::new(),
            connections: BTreeMap::new(),
            requests: BTreeMap::new(),
            next_connection: 0,
            next_request: 0,
            next_batch: 0,
            partitions: Vec::new(),
            batches: DrainedBatches::new(),
            open: BTreeSet::new(),
            leaderless: BTreeSet::new(),
            nameless: BTreeSet::new(),
            dirty: BTreeSet::new(),
            gathering: BTreeSet::new(),
            pace: Pace::new(),
            snapshot: None,
            places_of: None,
            places: 0,
            occupied: BTreeSet::new(),
            backing_off: BTreeSet::new(),
            flushes: BTreeMap::new(),
            purging: Purging::new(),
            closing: None,
            closed: false,
            events: Vec::new(),
            jobs: Vec::new(),
            splitting: BTreeSet::new(),
        }
    }

    /// The connection is set up; `versions` are what the broker said in ApiVersions.
    pub fn handle_connected(&mut self, now: Now, connection: ConnectionId, versions: ApiVersionRanges) {
        self.connected(now.mono, connection, versions);
    }

    /// The body of a request's response, after the response header. Responses come in the order of their requests.
    pub fn handle_response(&mut self, now: Now, connection: ConnectionId, request: RequestId, body: Bytes) {
        let now = now.mono;
        let Some(in_flight) = self.land(now, connection, request) else { return };
        match in_flight.kind {
            RequestKind::Metadata => self.metadata_response(now, connection, in_flight.version, body),
            RequestKind::InitProducerId => {
                self.init_producer_id_response(now, connection, in_flight.version, body);
            }
            RequestKind::Transaction(api) => {
                self.transaction_response(now, connection, api, in_flight.version, body);
            }
            RequestKind::Produce(sent) => {
                self.produce_response(now, connection, in_flight.version, sent, body);
            }
        }
    }

    /// The last byte of a request is in the socket. With `acks=0` that is its answer.
    pub fn handle_written(&mut self, now: Now, connection: ConnectionId, request: RequestId) {
        let fire_and_forget = self.config.acks == Acks::None
            && self.requests.get(&request).is_some_and(|r| matches!(r.kind, RequestKind::Produce(_)));
        if !fire_and_forget {
            return;
        }
        let Some(in_flight) = self.land(now.mono, connection, request) else { return };
        if let RequestKind::Produce(sent) = in_flight.kind {
            self.produce_written(now.mono, sent);
        }
    }

    /// The connection is gone, or could not be opened.
    pub fn handle_disconnected(&mut self, now: Now, connection: ConnectionId, reason: DisconnectReason) {
        self.disconnected(now.mono, connection, &reason);
    }

    /// A [`SealJob`] is done.
    pub fn handle_sealed(&mut self, now: Now, sealed: Sealed) {
        self.sealed(now.mono, sealed);
    }

    /// Says [`Output::Flushed`] when every batch that has no outcome now has one; open batches stop lingering.
    pub fn handle_flush(&mut self, now: Now, flush: FlushId) {
        self.start_flush(now.mono, flush);
    }

    /// Fails what is queued, in flight, or both, as [`FailureCause::Purged`](kafka_accumulator::FailureCause::Purged). A queued record
    /// is surely not written, unless an earlier attempt may have been; one in flight neither if nothing of its request went out
    /// yet. A batch that is being compressed fails when it is back; one that is being split because the broker found it too
    /// large is let through. Not for transactions, which abort instead.
    pub fn handle_purge(&mut self, now: Now, purge: Purge) {
        self.start_purge(now.mono, purge);
    }

    /// Goes on until everything has its outcome or the deadline is reached, then fails the rest and says
    /// [`Output::Closed`]. The accumulator takes no more records by then: it was closed by whoever calls. A second call can only
    /// bring the deadline forward.
    pub fn handle_close(&mut self, now: Now, deadline: Monotonic) {
        self.start_close(now.mono, deadline);
    }

    /// True if the next output is there already: without it, [`poll_output`](Engine::poll_output) looks for more to do, and
    /// makes ready for sleep if there is nothing.
    pub fn has_output(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// True if no record waits here to be sent, and at most one request for its answer: whatever comes next comes from outside.
    pub fn is_nearly_idle(&self) -> bool {
        self.occupied.is_empty() && self.requests.len() <= 1
    }

    /// True after [`Output::Closed`].
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// What to do next.
    pub fn poll_output(&mut self, now: Now) -> Output {
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return output;
            }
            if self.closed {
                return Output::Wait { deadline: Monotonic::NEVER, reason: WaitReason::Idle };
            }
            self.turn(now.mono);
            if !self.outputs.is_empty() || self.closed {
                continue;
            }
            let (mut deadline, mut reason) = self.next_deadline(now.mono);
            let (longest, patience) = self.doze();
            if now.mono + longest < deadline {
                (deadline, reason) = (now.mono + longest, WaitReason::Gather);
            }
            // Events that came since they were read: another turn instead of sleep.
            if self.drainer.publish_sleep(deadline, patience) {
                return Output::Wait { deadline, reason };
            }
        }
    }

    /// Everything that is due. What one step makes due for a later one is done in the same turn.
    fn turn(&mut self, now: Monotonic) {
        self.read_events(now);
        if !self.purging.is_empty() {
            self.fail_purged(now);
        }
        self.pace.look(now);
        self.look_after_gathering();
        self.fire_timers(now);
        self.expire_waiters(now);
        self.seal_what_cannot_wait(now);
        self.follow_snapshot(now);
        self.drain_nodes(now);
        // Draining finds out what is missing: leaders, an identity.
        self.serve_producer_id(now);
        self.follow_transaction(now);
        self.give_up_if_aborted(now);
        self.serve_transaction(now);
        self.serve_metadata(now);
        self.give_up_if_fatal(now);
        self.take_seal_jobs();
        self.finish_close(now);
    }

    pub(crate) fn read_events(&mut self, now: Monotonic) {
        let mut events = std::mem::take(&mut self.events);
        self.drainer.take_events(&mut events);
        for event in events.drain(..) {
            self.queue_event(now, event);
        }
        self.events = events;
    }

    pub(crate) fn take_seal_jobs(&mut self) {
        let mut jobs = std::mem::take(&mut self.jobs);
        self.drainer.take_seal_jobs(&mut jobs);
        for job in jobs.drain(..) {
            self.seal(job);
        }
        self.jobs = jobs;
    }

    pub(crate) fn seal(&mut self, job: SealJob) {
        self.outputs.push_back(Output::Seal(job));
    }

    fn fire_timers(&mut self, now: Monotonic) {
        let mut lingered = false;
        while let Some(timer) = self.timers.pop(now) {
            match timer {
                Timer::Linger(queue) => lingered |= self.linger_over(now, queue),
                Timer::QueueExpiry(queue) => self.expire_queue(now, queue),
                Timer::LineExpiry(queue) => self.expire_line(now, queue),
                Timer::Retry(queue) => {
                    self.backing_off.remove(&queue);
                    self.enlist(now, queue);
                }
                Timer::RequestTimeout(connection) => self.request_timeout(now, connection),
                Timer::ConnectTimeout(connection) => self.connect_timeout(now, connection),
                Timer::Idle(connection) => self.idle(now, connection),
                Timer::Throttle(connection) => {
                    if let Some(connection) = self.connections.get(&connection) {
                        self.dirty.insert(connection.node);
                    }
                }
                Timer::Reconnect(node) => {
                    self.dirty.insert(node);
                }
                Timer::Slow(node) => self.node_is_slow(now, node),
                Timer::Hold => self.list_joined(now),
                Timer::Call(call) => self.call_timed_out(call),
                // Looked at by the end of the turn.
                Timer::Close => {}
            }
        }
        if lingered {
            self.take_along(now);
        }
    }

    fn expire_waiters(&mut self, now: Monotonic) {
        let memory = self.drainer.expire_waiters(now);
        let metadata = self.metadata.expire_waiters(now);
        self.wake(memory);
        self.wake(metadata);
    }

    pub(crate) fn wake(&mut self, wakers: Vec<std::task::Waker>) {
        if !wakers.is_empty() {
            self.outputs.push_back(Output::Wake(wakers));
        }
    }

    fn next_deadline(&self, now: Monotonic) -> (Monotonic, WaitReason) {
        let mut next = self.timers.next();
        let others = [
            (self.drainer.next_waiter_deadline(), WaitReason::Memory),
            (self.metadata_deadline(now), WaitReason::Metadata),
            (self.producer_id_deadline(now), WaitReason::ProducerId),
            (self.transaction_deadline(now), WaitReason::Transaction),
        ];
        for other in others {
            if other.0 < next.0 {
                next = other;
            }
        }
        next
    }

    pub(crate) fn new_connection_id(&mut self) -> ConnectionId {
        self.next_connection += 1;
        ConnectionId(self.next_connection)
    }

    pub(crate) fn new_batch_key(&mut self) -> BatchKey {
        self.next_batch += 1;
        BatchKey(self.next_batch)
    }

    pub(crate) fn new_request_id(&mut self) -> RequestId {
        self.next_request += 1;
        RequestId(self.next_request)
    }
}

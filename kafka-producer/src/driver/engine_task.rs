//! The engine's task: inputs go in, outputs are carried out, until there is nothing to do before a deadline.

use super::clock;
use super::connection::ConnectionTask;
use super::inbox::Inbox;
use super::input::Input;
use super::seal_pool::SealPool;
use super::spin::{MOMENT, Spin};
use super::status::Status;
use super::troubles::Troubles;
use crate::core::CoreProducer;
use crate::producer::unobserved::Unobserved;
use crate::{CloseSummary, FlushSummary};
use kafka_network::{Access, ConnectionConfig};
use kafka_sender::{
    CallError, CallId, ConnectionId, DisconnectReason, Engine, FlushId, Output, TransactionCall, Transmit,
};
use kafka_types::{Monotonic, Now};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// The feature whose level says which protocol transactions have (KIP-890).
const TRANSACTION_VERSION: &str = "transaction.version";
/// How long the connections have to close in order after everything has its outcome.
const LAST_LINGER: Duration = Duration::from_secs(1);

pub(super) struct EngineTask {
    /// First, so that it drops first: whoever the engine's end wakes finds the producer stopped.
    life: LifeGuard,
    engine: Engine,
    unobserved: Arc<Unobserved>,
    access: Access,
    connection_config: ConnectionConfig,
    /// Dropping an entry closes the connection.
    connections: BTreeMap<ConnectionId, UnboundedSender<Transmit>>,
    connection_tasks: JoinSet<()>,
    troubles: Troubles,
    seal_pool: SealPool,
    spin: Spin,
    next_call: u64,
    /// Who waits for calls, and whether it is for a transaction's begin.
    calls: BTreeMap<CallId, (oneshot::Sender<Result<(), CallError>>, bool)>,
    next_flush: u64,
    flushes: BTreeMap<FlushId, oneshot::Sender<FlushSummary>>,
    closers: Vec<oneshot::Sender<CloseSummary>>,
}

/// What a turn ends with.
enum Turn {
    /// There are requests to write: the connections come first, then there may be more to do.
    Transmitted,
    WaitUntil(Monotonic),
    Closed(CloseSummary),
}

impl EngineTask {
    pub(super) fn new(
        engine: Engine,
        core: CoreProducer,
        unobserved: Arc<Unobserved>,
        access: Access,
        inbox: Arc<Inbox>,
        status: Arc<Status>,
        spin: Spin,
    ) -> Self {
        let connection_config = ConnectionConfig::new(core.config().client_id.as_str());
        EngineTask {
            life: LifeGuard { core, inbox: inbox.clone(), status },
            engine,
            unobserved,
            access,
            connection_config,
            connections: BTreeMap::new(),
            connection_tasks: JoinSet::new(),
            troubles: Troubles::default(),
            seal_pool: SealPool::new(inbox),
            spin,
            next_call: 0,
            calls: BTreeMap::new(),
            next_flush: 0,
            flushes: BTreeMap::new(),
            closers: Vec::new(),
        }
    }

    pub(super) async fn run(mut self) {
        let inbox = self.life.inbox.clone();
        let mut inputs = Vec::new();
        let summary = loop {
            inbox.take(&mut inputs);
            if !inputs.is_empty() {
                let now = clock::precise();
                for input in inputs.drain(..) {
                    self.handle(input, now);
                }
            }
            match self.carry_out() {
                // While there is something to write nobody needs to wake the engine: it comes back by itself, and finds all
                // that callers have done meanwhile.
                Turn::Transmitted => tokio::task::yield_now().await,
                Turn::WaitUntil(deadline) => {
                    if !self.found_at_once(&inbox, deadline).await {
                        wait(&inbox, deadline).await;
                    }
                }
                Turn::Closed(summary) => break summary,
            }
            // Connection tasks that have ended leave nothing but their place here.
            while self.connection_tasks.try_join_next().is_some() {}
        };
        self.finish(summary).await;
    }

    fn handle(&mut self, input: Input, now: Now) {
        match input {
            Input::Connected { connection, versions, features } => {
                self.life.core.note_connection(None);
                self.troubles.handle_connected(&self.life.core.config().client_id);
                let level = features.level(TRANSACTION_VERSION);
                self.engine.handle_transaction_feature(features.epoch.unwrap_or(-1), level);
                self.engine.handle_connected(now, connection, versions);
            }
            Input::Response { connection, request, body } => {
                self.engine.handle_response(now, connection, request, body);
            }
            Input::Written { connection, request } => self.engine.handle_written(now, connection, request),
            Input::Disconnected { connection, reason } => {
                self.connections.remove(&connection);
                let text = describe(&reason);
                self.troubles.handle_disconnected(&self.life.core.config().client_id, &reason, &text);
                self.life.core.note_connection(Some(text));
                self.engine.handle_disconnected(now, connection, reason);
            }
            Input::Sealed(sealed) => self.engine.handle_sealed(now, sealed),
            Input::SealEnded => self.seal_pool.handle_ended(),
            Input::Call { call, deadline, reply } => {
                let id = CallId(self.next_call);
                self.next_call += 1;
                let begins = matches!(call, TransactionCall::Begin);
                if begins && reply.is_closed() {
                    // Who gave up waiting for it may be the one that begins anew, next in the list.
                    return;
                }
                self.calls.insert(id, (reply, begins));
                self.engine.handle_call(now, id, call, deadline);
            }
            Input::Flush { reply } => {
                let flush = FlushId(self.next_flush);
                self.next_flush += 1;
                self.flushes.insert(flush, reply);
                self.engine.handle_flush(now, flush);
            }
            Input::Purge(purge) => self.engine.handle_purge(now, purge),
            Input::Close { deadline, reply } => {
                self.closers.extend(reply);
                self.engine.handle_close(now, deadline);
            }
        }
    }

    /// Carries out what the engine wants, until it has nothing more to do now.
    fn carry_out(&mut self) -> Turn {
        let mut now = clock::precise();
        loop {
            match self.engine.poll_output(now) {
                Output::Connect { connection, address, .. } => {
                    let (to_connection, outbox) = mpsc::unbounded_channel();
                    self.connections.insert(connection, to_connection);
                    let task = ConnectionTask {
                        id: connection,
                        address,
                        access: self.access.clone(),
                        config: self.connection_config.clone(),
                        outbox,
                        inbox: self.life.inbox.clone(),
                    };
                    self.connection_tasks.spawn(task.run());
                }
                Output::Close { connection } => {
                    self.connections.remove(&connection);
                }
                Output::Transmit(transmit) => {
                    // Refused only by a connection that has just broken, which the engine is about to hear.
                    if let Some(to_connection) = self.connections.get(&transmit.connection) {
                        let _ = to_connection.send(transmit);
                    }
                    if !self.engine.has_output() {
                        return Turn::Transmitted;
                    }
                }
                Output::Seal(job) => self.seal_pool.start(job),
                Output::Complete(completed) => {
                    let takes_long = completed.has_callbacks();
                    completed.run();
                    if takes_long {
                        now = clock::precise();
                    }
                }
                Output::Flushed(flush, summary) => {
                    if let Some(reply) = self.flushes.remove(&flush) {
                        let _ = reply.send(summary.into());
                    }
                }
                Output::Called(call, result) => {
                    // If nobody waits any more, the engine keeps what has to be told later, but for a transaction that would
                    // have no owner.
                    if let Some((reply, begins)) = self.calls.remove(&call)
                        && reply.send(result).is_err_and(|result| begins && result.is_ok())
                    {
                        let (id, deadline) = (CallId(self.next_call), Monotonic::NEVER);
                        self.next_call += 1;
                        self.engine.handle_call(now, id, TransactionCall::Abort, deadline);
                    }
                }
                Output::Wake(wakers) => wakers.into_iter().for_each(wake),
                Output::Closed(summary) => return Turn::Closed(summary.into()),
                Output::Wait { deadline, .. } => return Turn::WaitUntil(deadline),
            }
        }
    }

    /// Looks for news without sleeping, if that is likely to pay; true if there are some.
    ///
    /// Only where nothing can happen but that the one request is answered, or that somebody sends: else there are others to wait for,
    /// and there is work for this core that is not ours.
    async fn found_at_once(&mut self, inbox: &Inbox, deadline: Monotonic) -> bool {
        if !self.engine.is_nearly_idle() || !self.spin.pays() {
            return false;
        }
        let until = (clock::precise().mono + MOMENT).min(deadline);
        let found = inbox.woken_before(|| clock::precise().mono >= until).await;
        self.spin.handle_end(found);
        found
    }

    /// Everything has its outcome: say good-bye to the brokers, the interceptors, and those who wait.
    async fn finish(mut self, summary: CloseSummary) {
        self.connections.clear();
        let tasks = &mut self.connection_tasks;
        let all = async { while tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_LINGER, all).await;
        self.unobserved.tell_rest();
        self.life.core.close_interceptors();
        self.life.status.close(summary.clone());
        for closer in self.closers.drain(..) {
            let _ = closer.send(summary.clone());
        }
    }
}

/// Sleeps until somebody pushes or wakes, or the deadline comes.
async fn wait(inbox: &Inbox, deadline: Monotonic) {
    if deadline.is_never() {
        return inbox.woken().await;
    }
    let left = clock::precise().mono.until(deadline);
    tokio::select! {
        () = inbox.woken() => {}
        () = tokio::time::sleep(left) => {}
    }
}

/// What is said of it to those who wait for the cluster.
fn describe(reason: &DisconnectReason) -> Arc<str> {
    match reason {
        DisconnectReason::ConnectFailed(text)
        | DisconnectReason::Protocol(text)
        | DisconnectReason::AuthenticationFailed(text)
        | DisconnectReason::Io(text) => text.clone(),
        other => format!("{other:?}").into(),
    }
}

/// Wakers are the program's code.
fn wake(waker: Waker) {
    if catch_unwind(AssertUnwindSafe(|| waker.wake())).is_err() {
        tracing::error!("a waker panicked");
    }
}

/// However the task ends (in order, by a panic, with its runtime), nobody may wait for it any longer.
struct LifeGuard {
    core: CoreProducer,
    inbox: Arc<Inbox>,
    status: Arc<Status>,
}

impl Drop for LifeGuard {
    fn drop(&mut self) {
        if self.status.stop() {
            self.core.stop();
            tracing::error!(
                client_id = %self.core.config().client_id,
                "the producer has stopped: its thread or runtime is gone, and records not yet acknowledged fail"
            );
        }
        drop(self.inbox.close());
    }
}

//! The world: time, the network, the cluster, the producer and its callers.

mod callers;
mod checks;
mod clients;
mod driver;
mod event;
mod network;
mod programs;
mod trouble;

use self::event::Event;
use crate::agenda::Agenda;
use crate::caller::{Caller, Woken};
use crate::client::Client;
use crate::history::{History, Logged, RecordNumber, Told, Violation};
use crate::ledger::{Ledger, TransactionNumber};
use crate::link::{Link, LinkId};
use crate::open::Open;
use crate::program::Asked;
use crate::random::Random;
use crate::report::Report;
use crate::scenario::{Ending, Scenario};
use crate::trace::Trace;
use kafka_sender::{CallId, DisconnectReason, FlushId};
use kafka_testkit::Cluster;
use kafka_types::{Monotonic, Now, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::task::Waker;
use std::time::Duration;

/// A bound for everything to be done once the world is well: longer than any backoff and time-out of the scenarios.
const PROGRESS_BOUND: Duration = Duration::from_secs(150);
/// More events than this without an end are a loop.
const MOST_EVENTS: u64 = 3_000_000;
/// How long an idle producer is watched.
const IDLE_FOR: Duration = Duration::from_secs(3_600);
/// Wake-ups of an idle producer in that time: metadata refreshes and what comes with them.
const IDLE_WAKE_UPS: u64 = 3_600;

pub(crate) struct World {
    scenario: Scenario,
    now: Monotonic,
    wall_offset: i64,
    agenda: Agenda<Event>,
    random: Random,
    network: Random,
    trouble: Random,
    cluster: Cluster,
    clients: Vec<Client>,
    links: BTreeMap<LinkId, Link>,
    by_broker: BTreeMap<kafka_testkit::ConnectionId, LinkId>,
    /// Connections that the client has closed and the broker does not know of: what was sent still arrives.
    orphans: BTreeMap<LinkId, kafka_testkit::ConnectionId>,
    callers: Vec<Caller>,
    wakers: Vec<Waker>,
    woken: Woken,
    next_number: u64,
    history: History,
    ledger: Ledger,
    calls: BTreeMap<(usize, CallId), Asked>,
    next_call: u64,
    open: Open,
    /// What lay in topics that were deleted.
    deleted: Vec<Logged>,
    incarnations: BTreeMap<String, u32>,
    told: Arc<Mutex<Vec<(RecordNumber, Told)>>>,
    flushes: BTreeMap<(usize, FlushId), BTreeSet<RecordNumber>>,
    next_flush: u64,
    troubled: bool,
    /// The world is well for good, and programs come to their end.
    healed: bool,
    /// Nobody takes over any more.
    closing: bool,
    /// How many programs are about to start.
    successors: usize,
    /// The first transaction that began since.
    first_healed: Option<TransactionNumber>,
    /// One that began since was committed.
    last_committed: bool,
    /// Since when nothing has gone wrong, nor lingers on from before.
    well_since: Option<Monotonic>,
    events: u64,
    wake_ups: u64,
    trace: Trace,
}

impl World {
    pub(crate) fn new(scenario: Scenario, trace: Trace) -> World {
        let mut random = Random::new(scenario.seed.wrapping_mul(0x5851_F42D_4C95_7F2D));
        World {
            network: random.fork(),
            trouble: random.fork(),
            random,
            now: Monotonic::from_millis(1),
            wall_offset: 1_700_000_000_000,
            agenda: Agenda::default(),
            cluster: Cluster::new(scenario.cluster.clone()),
            clients: Vec::new(),
            links: BTreeMap::new(),
            by_broker: BTreeMap::new(),
            orphans: BTreeMap::new(),
            callers: Vec::new(),
            wakers: Vec::new(),
            woken: Woken::default(),
            next_number: 0,
            history: History::default(),
            ledger: Ledger::default(),
            calls: BTreeMap::new(),
            next_call: 0,
            open: Open::default(),
            deleted: Vec::new(),
            incarnations: BTreeMap::new(),
            told: Arc::default(),
            flushes: BTreeMap::new(),
            next_flush: 0,
            troubled: scenario.fault_interval.is_some(),
            healed: false,
            closing: false,
            successors: 0,
            first_healed: None,
            last_committed: false,
            well_since: scenario.fault_interval.is_none().then_some(Monotonic::ZERO),
            events: 0,
            wake_ups: 0,
            trace,
            scenario,
        }
    }

    /// Runs to the end.
    pub(crate) fn run(mut self) -> Result<Report, Violation> {
        self.start_client();
        if self.scenario.fault_interval.is_some() {
            self.schedule_trouble();
        }
        if let Some(after) = self.scenario.transactions.as_ref().and_then(|t| t.upgrade) {
            self.agenda.schedule(self.now + after, Event::Upgrade(2));
        }
        let trouble_ends = self.now + self.scenario.troubled_for;
        self.run_and_look(trouble_ends)?;
        self.closing = self.scenario.ending != Ending::Heal;
        match self.scenario.ending {
            Ending::Heal => self.heal_and_finish()?,
            Ending::CloseInTrouble(time) => self.close(time)?,
            Ending::EngineDies => {
                for client in 0..self.clients.len() {
                    self.crash(client)?;
                }
                self.run_until(self.now + self.after_the_end())?;
            }
        }
        self.check_nobody_waits()?;
        self.check_transactions()?;
        // Bytes that are still on their way somewhere belong to the world.
        self.links.clear();
        self.agenda = Agenda::default();
        self.collect()?;
        self.check_memory()?;
        let log = self.log();
        self.history.check(&log, self.scenario.promise)?;
        let (acknowledged, failed) = self.history.sums();
        Ok(Report { events: self.events, acknowledged, failed, simulated: self.now.since(Monotonic::ZERO) })
    }

    fn heal_and_finish(&mut self) -> Result<(), Violation> {
        self.healed = true;
        self.heal();
        self.wake_programs();
        let bound = self.now + PROGRESS_BOUND;
        while self.now < bound && !self.is_done() {
            let until = (self.now + Duration::from_millis(500)).min(bound);
            self.run_and_look(until)?;
        }
        if !self.is_done() {
            let evidence = format!(
                "{} records are open and {} callers wait {PROGRESS_BOUND:?} after the world healed; programs: {:?}, {}",
                self.history.open(),
                self.callers.iter().filter(|caller| caller.sending.is_some()).count(),
                self.clients
                    .iter()
                    .map(|client| client.program.as_ref().map(|p| p.phase))
                    .collect::<Vec<_>>(),
                self.last_committed,
            );
            return Err(Violation {
                invariant: "progress within a bound once the world is healthy",
                evidence,
            });
        }
        if self.random.once_in(4) {
            self.watch_idle()?;
        }
        self.close(Duration::from_secs(30))
    }

    fn is_done(&self) -> bool {
        self.history.open() == 0
            && self.flushes.is_empty()
            && self.callers.iter().all(|caller| caller.left == 0 && caller.sending.is_none())
            && self.are_programs_over()
    }

    /// Nothing is to do: then next to nothing may be done.
    fn watch_idle(&mut self) -> Result<(), Violation> {
        let before = self.wake_ups;
        self.run_until(self.now + IDLE_FOR)?;
        let wake_ups = self.wake_ups - before;
        let alive = self.clients.iter().filter(|client| client.engine.is_some()).count() as u64;
        if wake_ups > IDLE_WAKE_UPS * alive {
            let evidence = format!("{wake_ups} wake-ups in {IDLE_FOR:?} without a record");
            return Err(Violation { invariant: "idle costs nothing", evidence });
        }
        Ok(())
    }

    /// Closes, and waits for it: its bound is its own, whatever the world does.
    fn close(&mut self, time: Duration) -> Result<(), Violation> {
        for client in 0..self.clients.len() {
            if self.clients[client].engine.is_some()
                && self.clients[client].close_deadline == Monotonic::NEVER
            {
                self.start_close(client, time)?;
            }
        }
        self.closing = true;
        let end = self.now + time + self.after_the_end();
        self.run_until(end)?;
        self.look_after_closing()?;
        match self.clients.iter().position(|client| client.engine.is_some()) {
            None => Ok(()),
            Some(client) => {
                let evidence = format!("client {client} is not closed a moment after {time:?}");
                Err(Violation { invariant: "close keeps its bound", evidence })
            }
        }
    }

    fn now(&self) -> Now {
        let millis = (self.now.as_nanos() / 1_000_000) as i64;
        Now { mono: self.now, wall: Timestamp((self.wall_offset + millis).max(0)) }
    }

    /// Lets everything happen that is due until then.
    fn run_until(&mut self, end: Monotonic) -> Result<(), Violation> {
        // Who was woken from outside of an event.
        self.wake_callers();
        loop {
            let engines = self.clients.iter().map(|client| client.engine_deadline);
            let others = [self.cluster.next_deadline()].into_iter().chain(self.agenda.next_time());
            let next = engines.chain(others).min().unwrap_or(Monotonic::NEVER);
            if next > end {
                self.now = end;
                return Ok(());
            }
            self.now = self.now.max(next);
            self.events += 1;
            if self.events > MOST_EVENTS {
                let evidence = format!("{MOST_EVENTS} events by {:?}", self.now);
                return Err(Violation { invariant: "the world goes on", evidence });
            }
            if let Some(event) = self.agenda.pop_due(self.now) {
                self.happen(event)?;
            }
            self.serve();
            self.check_links()?;
            for client in 0..self.clients.len() {
                if self.clients[client].engine_deadline <= self.now {
                    self.wake_ups += 1;
                    self.drive(client)?;
                }
            }
            self.wake_callers();
        }
    }

    fn happen(&mut self, event: Event) -> Result<(), Violation> {
        match event {
            Event::Caller(index) => self.step_caller(index),
            Event::Connected(id) => self.handle_connected(id),
            Event::ToBroker(id, data) => {
                if let Some(broker) = self.broker_end(id) {
                    let now = self.now();
                    self.cluster.handle_data(now, broker, &data);
                }
                Ok(())
            }
            Event::Left(id, request) => self.handle_left(id, request),
            Event::ToClient(id, data) => self.handle_data(id, &data),
            Event::ClosedByBroker(id) => {
                self.disconnect(id, DisconnectReason::Io("closed by the broker".into()))
            }
            Event::Sealed(client, sealed) => {
                let now = self.now();
                if let (Some(engine), Some(sealed)) = (&mut self.clients[client].engine, sealed) {
                    engine.handle_sealed(now, *sealed);
                }
                self.drive(client)
            }
            Event::Gone(id) => {
                self.forget_orphan(id);
                Ok(())
            }
            Event::Program(client) => self.step_program(client),
            Event::Quit(client) => self.quit(client),
            Event::Successor => {
                self.successors -= 1;
                self.succeed();
                Ok(())
            }
            Event::Upgrade(level) => {
                self.trace.line(self.now, || format!("transaction.version is {level} from now on"));
                self.cluster.set_transaction_version(level);
                Ok(())
            }
            Event::Trouble => {
                self.make_trouble();
                Ok(())
            }
            Event::Fault(fault) => self.apply(&fault),
        }
    }
}

//! The world: time, the network, the cluster, the producer and its callers.

mod callers;
mod checks;
mod driver;
mod event;
mod network;
mod trouble;

use self::event::Event;
use crate::agenda::Agenda;
use crate::caller::{Caller, CallerWaker, Woken};
use crate::history::{History, Logged, RecordNumber, Told, Violation};
use crate::link::Link;
use crate::open::Open;
use crate::random::Random;
use crate::report::Report;
use crate::scenario::{Ending, Scenario};
use crate::trace::Trace;
use kafka_producer::core::CoreProducer;
use kafka_sender::{ConnectionId, DisconnectReason, Engine, FlushId};
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
    core: CoreProducer,
    engine: Option<Engine>,
    /// When the engine wants to be asked again.
    engine_deadline: Monotonic,
    /// When closing ends by force, once it has begun.
    close_deadline: Monotonic,
    closed: bool,
    links: BTreeMap<ConnectionId, Link>,
    by_broker: BTreeMap<kafka_testkit::ConnectionId, ConnectionId>,
    callers: Vec<Caller>,
    wakers: Vec<Waker>,
    woken: Woken,
    next_number: u64,
    history: History,
    open: Open,
    /// What lay in topics that were deleted.
    deleted: Vec<Logged>,
    incarnations: BTreeMap<String, u32>,
    told: Arc<Mutex<Vec<(RecordNumber, Told)>>>,
    flushes: BTreeMap<FlushId, BTreeSet<RecordNumber>>,
    next_flush: u64,
    troubled: bool,
    /// Since when nothing has gone wrong, nor lingers on from before.
    well_since: Option<Monotonic>,
    events: u64,
    wake_ups: u64,
    trace: Trace,
}

impl World {
    pub(crate) fn new(scenario: Scenario, trace: Trace) -> World {
        let mut random = Random::new(scenario.seed.wrapping_mul(0x5851_F42D_4C95_7F2D));
        let (core, mut engine) = CoreProducer::new(scenario.producer.clone(), scenario.seed);
        engine.set_gather(scenario.gather.clone());
        let woken = Woken::default();
        let callers = (0..scenario.callers)
            .map(|_| Caller {
                random: random.fork(),
                left: scenario.records_each,
                sending: None,
                since: Monotonic::ZERO,
                bytes: 0,
                forgets: false,
            })
            .collect();
        let wakers = (0..scenario.callers)
            .map(|index| Waker::from(Arc::new(CallerWaker { index, woken: Arc::clone(&woken) })))
            .collect();
        World {
            network: random.fork(),
            trouble: random.fork(),
            random,
            now: Monotonic::from_millis(1),
            wall_offset: 1_700_000_000_000,
            agenda: Agenda::default(),
            cluster: Cluster::new(scenario.cluster.clone()),
            core,
            engine: Some(engine),
            engine_deadline: Monotonic::ZERO,
            close_deadline: Monotonic::NEVER,
            closed: false,
            links: BTreeMap::new(),
            by_broker: BTreeMap::new(),
            callers,
            wakers,
            woken,
            next_number: 0,
            history: History::default(),
            open: Open::default(),
            deleted: Vec::new(),
            incarnations: BTreeMap::new(),
            told: Arc::default(),
            flushes: BTreeMap::new(),
            next_flush: 0,
            troubled: scenario.fault_interval.is_some(),
            well_since: scenario.fault_interval.is_none().then_some(Monotonic::ZERO),
            events: 0,
            wake_ups: 0,
            trace,
            scenario,
        }
    }

    /// Runs to the end.
    pub(crate) fn run(mut self) -> Result<Report, Violation> {
        for index in 0..self.callers.len() {
            let at = self.now + self.random.micros(0..50_000);
            self.agenda.schedule(at, Event::Caller(index));
        }
        if self.scenario.fault_interval.is_some() {
            self.schedule_trouble();
        }
        let trouble_ends = self.now + self.scenario.troubled_for;
        self.run_and_look(trouble_ends)?;
        match self.scenario.ending {
            Ending::Heal => self.heal_and_finish()?,
            Ending::CloseInTrouble(time) => self.close(time)?,
            Ending::EngineDies => {
                self.trace.line(self.now, || "the engine dies".to_owned());
                self.engine = None;
                self.core.stop();
                self.engine_deadline = Monotonic::NEVER;
                self.links.clear();
                self.run_until(self.now + self.after_the_end())?;
            }
        }
        self.check_nobody_waits()?;
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
        self.heal();
        let bound = self.now + PROGRESS_BOUND;
        while self.now < bound && !self.is_done() {
            let until = (self.now + Duration::from_millis(500)).min(bound);
            self.run_and_look(until)?;
        }
        if !self.is_done() {
            let evidence = format!(
                "{} records are open and {} callers wait {PROGRESS_BOUND:?} after the world healed",
                self.history.open(),
                self.callers.iter().filter(|caller| caller.sending.is_some()).count()
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
    }

    /// Nothing is to do: then next to nothing may be done.
    fn watch_idle(&mut self) -> Result<(), Violation> {
        let before = self.wake_ups;
        self.run_until(self.now + IDLE_FOR)?;
        let wake_ups = self.wake_ups - before;
        if wake_ups > IDLE_WAKE_UPS {
            let evidence = format!("{wake_ups} wake-ups in {IDLE_FOR:?} without a record");
            return Err(Violation { invariant: "idle costs nothing", evidence });
        }
        Ok(())
    }

    /// Closes, and waits for it: its bound is its own, whatever the world does.
    fn close(&mut self, time: Duration) -> Result<(), Violation> {
        let deadline = self.now + time;
        self.close_deadline = deadline;
        self.trace.line(self.now, || format!("close within {time:?}"));
        self.core.close();
        let now = self.now();
        if let Some(engine) = &mut self.engine {
            engine.handle_close(now, deadline);
        }
        self.drive()?;
        self.run_until(deadline + self.after_the_end())?;
        if !self.closed || !self.flushes.is_empty() {
            let evidence = format!(
                "{} flushes are open and closed is {}, a moment after the deadline of {time:?}",
                self.flushes.len(),
                self.closed
            );
            return Err(Violation { invariant: "close keeps its bound", evidence });
        }
        self.engine = None;
        Ok(())
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
            let deadlines = [self.engine_deadline, self.cluster.next_deadline()];
            let next = deadlines.into_iter().chain(self.agenda.next_time()).min().unwrap_or(Monotonic::NEVER);
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
            if self.engine_deadline <= self.now {
                self.wake_ups += 1;
                self.drive()?;
            }
            self.wake_callers();
        }
    }

    fn happen(&mut self, event: Event) -> Result<(), Violation> {
        match event {
            Event::Caller(index) => self.step_caller(index),
            Event::Connected(id) => self.handle_connected(id),
            Event::ToBroker(id, data) => {
                if let Some(broker) = self.links.get(&id).and_then(|link| link.broker) {
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
            Event::Sealed(sealed) => {
                let now = self.now();
                if let (Some(engine), Some(sealed)) = (&mut self.engine, sealed) {
                    engine.handle_sealed(now, *sealed);
                }
                self.drive()
            }
            Event::Trouble => {
                self.make_trouble();
                Ok(())
            }
            Event::Fault(fault) => self.apply(&fault),
        }
    }
}

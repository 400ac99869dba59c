//! Clients come and go.

use super::{Event, World};
use crate::caller::{Caller, CallerWaker};
use crate::client::Client;
use crate::history::Violation;
use crate::link::LinkId;
use crate::program::Program;
use kafka_producer::core::CoreProducer;
use kafka_types::Monotonic;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

impl World {
    /// A process starts, with callers of its own.
    pub(super) fn start_client(&mut self) {
        let client = self.clients.len();
        let seed = self.scenario.seed.wrapping_add(client as u64 * 7_919);
        let (core, mut engine) = CoreProducer::new(self.scenario.producer.clone(), seed);
        engine.set_gather(self.scenario.gather.clone());
        let transactions = self.scenario.transactions.as_ref();
        let program = transactions.map(|transactions| {
            let left = if self.healed { 0 } else { transactions.count };
            Program::new(self.random.fork(), left)
        });
        let has_program = program.is_some();
        let left = if has_program { 0 } else { self.scenario.records_each };
        self.clients.push(Client::new(core, engine, program));
        for _ in 0..self.scenario.callers {
            let index = self.callers.len();
            let random = self.random.fork();
            self.callers.push(Caller {
                client,
                simple: false,
                random,
                left,
                sending: None,
                since: Monotonic::ZERO,
                bytes: 0,
                forgets: false,
            });
            self.wakers.push(Waker::from(Arc::new(CallerWaker { index, woken: Arc::clone(&self.woken) })));
            if !has_program {
                let at = self.now + self.random.micros(0..50_000);
                self.agenda.schedule(at, Event::Caller(index));
            }
        }
        if has_program {
            self.trace.line(self.now, || format!("client {client} starts"));
            let at = self.now + self.random.micros(0..50_000);
            self.agenda.schedule(at, Event::Program(client));
            self.schedule_quit(client);
        }
    }

    /// A process dies.
    pub(super) fn crash(&mut self, client: usize) -> Result<(), Violation> {
        self.trace.line(self.now, || format!("the engine of client {client} dies"));
        self.clients[client].engine = None;
        self.clients[client].core.stop();
        self.end_client(client)
    }

    /// Closes, without waiting for it.
    pub(super) fn start_close(&mut self, client: usize, time: Duration) -> Result<(), Violation> {
        let deadline = self.now + time;
        self.trace.line(self.now, || format!("close client {client} within {time:?}"));
        self.clients[client].close_deadline = deadline;
        self.clients[client].core.close();
        let now = self.now();
        if let Some(engine) = &mut self.clients[client].engine {
            engine.handle_close(now, deadline);
        }
        self.drive(client)
    }

    /// Those that closing is over for are gone; whoever is not done in time breaks a promise.
    pub(super) fn look_after_closing(&mut self) -> Result<(), Violation> {
        for client in 0..self.clients.len() {
            let bound = self.clients[client].close_deadline;
            if self.clients[client].engine.is_none() || bound == Monotonic::NEVER {
                continue;
            }
            if self.clients[client].closed {
                self.check_flushes_of(client)?;
                self.clients[client].engine = None;
                self.end_client(client)?;
            } else if self.now > bound + self.after_the_end() {
                let evidence = format!("client {client} is not closed a moment after the deadline");
                return Err(Violation { invariant: CLOSE, evidence });
            }
        }
        Ok(())
    }

    pub(super) fn check_flushes_of(&self, client: usize) -> Result<(), Violation> {
        let open = self.flushes.keys().filter(|(of, _)| *of == client).count();
        if open == 0 {
            return Ok(());
        }
        let evidence = format!("client {client} is closed, and {open} flushes are open");
        Err(Violation { invariant: CLOSE, evidence })
    }

    /// What the dead client leaves behind.
    fn end_client(&mut self, client: usize) -> Result<(), Violation> {
        self.clients[client].engine_deadline = Monotonic::NEVER;
        let links: Vec<LinkId> = self.links.keys().filter(|id| id.client == client).copied().collect();
        for id in links {
            self.drop_link(id);
        }
        self.flushes.retain(|(of, _), _| *of != client);
        for caller in self.callers.iter_mut().filter(|caller| caller.client == client) {
            caller.left = 0;
        }
        self.end_program(client)
    }
}

const CLOSE: &str = "close keeps its bound";

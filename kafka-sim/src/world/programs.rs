//! The programs' turns: transactions begin, are filled, and end one way or another.

use super::{Event, World};
use crate::history::{RecordNumber, Violation};
use crate::ledger::{Committed, Fate};
use crate::program::{Asked, CallKind, Phase, Program};
use crate::scenario::{INPUT, TRANSACTIONAL_ID};
use kafka_sender::{CallError, CallId, TransactionCall};
use kafka_testkit::TransactionStatus;
use kafka_transactions::{GroupMetadata, OffsetAndMetadata};
use kafka_types::{Monotonic, Offset, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const GROUP: &str = "readers";
/// More programs than this do not follow each other while the world is unwell.
const MOST_CLIENTS: usize = 8;
const ANSWERED: &str = "every call has one answer, by its deadline";
const CAUSE: &str = "a producer is lost only if it was fenced, or its transaction took too long";
const ENDS: &str = "every transaction ends";

impl World {
    fn program(&mut self, client: usize) -> Option<&mut Program> {
        self.clients[client].program.as_mut()
    }

    fn is_latest(&self, client: usize) -> bool {
        client + 1 == self.clients.len()
    }

    pub(super) fn schedule_quit(&mut self, client: usize) {
        let life = self.scenario.transactions.as_ref().map_or(0, |transactions| transactions.life);
        if life > 0 && !self.healed {
            let at = self.now + self.random.micros(1..life);
            self.agenda.schedule(at, Event::Quit(client));
        }
    }

    fn schedule_program(&mut self, client: usize, most: u64) {
        let at = self.now + self.random.micros(0..most);
        self.agenda.schedule(at, Event::Program(client));
    }

    /// The program ends where it is: dies, closes, or goes on beside the one that takes over.
    pub(super) fn quit(&mut self, client: usize) -> Result<(), Violation> {
        if self.healed || self.successors > 0 || !self.is_latest(client) || self.clients.len() >= MOST_CLIENTS
        {
            return Ok(());
        }
        // Two at once, of which each has its own version, are more than the protocol can tell apart.
        let kinds =
            if self.scenario.transactions.as_ref().is_some_and(|t| t.upgrade.is_some()) { 2 } else { 4 };
        match self.random.within(0..kinds) {
            0 => self.crash(client)?,
            1 => {
                let time = self.random.micros(0..3_000_000);
                self.start_close(client, time)?;
            }
            _ => self.trace.line(self.now, || format!("client {client} is taken for dead")),
        }
        self.schedule_successor();
        Ok(())
    }

    fn schedule_successor(&mut self) {
        self.successors += 1;
        let at = self.now + self.random.micros(0..500_000);
        self.agenda.schedule(at, Event::Successor);
    }

    /// Another takes over, if the last one has nothing more to do, or is taken for dead.
    pub(super) fn succeed(&mut self) {
        if !self.closing {
            self.start_client();
        }
    }

    /// Those that were done may have to go on.
    pub(super) fn wake_programs(&mut self) {
        let Some(last) = self.clients.len().checked_sub(1) else { return };
        for program in self.clients.iter_mut().filter_map(|client| client.program.as_mut()) {
            program.left = 0;
        }
        let alive =
            self.clients[last].engine.is_some() && self.clients[last].close_deadline == Monotonic::NEVER;
        let Some(program) = &mut self.clients[last].program else { return };
        if program.phase == Phase::Over && alive && !program.lost {
            program.phase = if program.initialized.is_some() { Phase::Ready } else { Phase::Starting };
            self.schedule_program(last, 1_000);
        } else if program.phase == Phase::Over && self.successors == 0 {
            self.schedule_successor();
        }
    }

    pub(super) fn step_program(&mut self, client: usize) -> Result<(), Violation> {
        let Some(program) = &self.clients[client].program else { return Ok(()) };
        if self.clients[client].engine.is_none() {
            return Ok(());
        }
        match program.phase {
            Phase::Starting => self.ask(client, CallKind::Init, TransactionCall::Init),
            Phase::Ready => self.begin_or_end(client),
            Phase::Sending => self.fill(client),
            Phase::Unresolved => {
                let finish = self.program(client).is_some_and(|program| !program.random.once_in(3));
                match finish {
                    true => self.ask(client, CallKind::Finish, TransactionCall::Finish),
                    false => self.begin_or_end(client),
                }
            }
            Phase::Calling(_) | Phase::Over => Ok(()),
        }
    }

    fn begin_or_end(&mut self, client: usize) -> Result<(), Violation> {
        let latest = self.is_latest(client);
        let wants_last = self.healed && latest && !self.last_committed;
        let Some(program) = self.program(client) else { return Ok(()) };
        if !program.unresolved && if wants_last { false } else { program.left == 0 } {
            program.phase = Phase::Over;
            return Ok(());
        }
        self.ask(client, CallKind::Begin, TransactionCall::Begin)
    }

    /// The transaction's records are sent, or their callers are at it.
    fn fill(&mut self, client: usize) -> Result<(), Violation> {
        let busy = self.callers.iter().any(|c| c.client == client && (c.left > 0 || c.sending.is_some()));
        let Some(program) = self.clients[client].program.as_mut() else { return Ok(()) };
        if busy {
            return Ok(());
        }
        if std::mem::take(&mut program.offsets) {
            let wait = program.random.once_in(2);
            self.send_offsets(client)?;
            if wait || self.clients[client].program.as_ref().is_some_and(|p| p.phase != Phase::Sending) {
                return Ok(());
            }
        }
        self.end_transaction(client)
    }

    fn send_offsets(&mut self, client: usize) -> Result<(), Violation> {
        let Some(program) = self.clients[client].program.as_mut() else { return Ok(()) };
        let Some(transaction) = program.transaction else { return Ok(()) };
        let partitions = 1 + program.random.within(0..2);
        let offsets: BTreeMap<TopicPartition, Offset> = (0..partitions)
            .map(|step| ((transaction.0 + step) % u64::from(INPUT.1)) as i32)
            .map(|partition| (TopicPartition::new(INPUT.0, partition), Offset(transaction.0 as i64 + 1)))
            .collect();
        self.ledger.add_offsets(transaction, &offsets);
        let offsets = offsets.into_iter().map(|(of, offset)| (of, OffsetAndMetadata::from(offset))).collect();
        let call = TransactionCall::SendOffsets { group: GroupMetadata::new(GROUP), offsets };
        self.ask(client, CallKind::SendOffsets, call)
    }

    fn end_transaction(&mut self, client: usize) -> Result<(), Violation> {
        let aborts = self.scenario.transactions.as_ref().map_or(1, |transactions| transactions.aborts);
        let (healed, now) = (self.healed, self.now);
        let Some(program) = self.clients[client].program.as_mut() else { return Ok(()) };
        let abort = program.spoiled || !healed && program.random.once_in(aborts);
        let Some(transaction) = program.transaction else { return Ok(()) };
        if abort {
            self.ledger.tell(transaction, Fate::NotCommitted)?;
            return self.ask(client, CallKind::Abort, TransactionCall::Abort);
        }
        let impatient = !healed && program.random.once_in(8);
        program.unresolved = true;
        program.committing_since = now;
        self.ledger.tell(transaction, Fate::Asked)?;
        self.ask(client, CallKind::Commit, TransactionCall::Commit)?;
        // The future is dropped; the next transaction begins.
        let waits =
            self.clients[client].program.as_ref().is_some_and(|p| matches!(p.phase, Phase::Calling(_)));
        if impatient && waits {
            return self.ask(client, CallKind::Begin, TransactionCall::Begin);
        }
        Ok(())
    }

    fn ask(&mut self, client: usize, kind: CallKind, call: TransactionCall) -> Result<(), Violation> {
        let most = self.scenario.transactions.as_ref().map_or(1, |transactions| transactions.call_time);
        let most = if self.healed { 60_000_000 } else { most };
        let (now, id) = (self.now(), CallId(self.next_call));
        self.next_call += 1;
        let Some(program) = self.clients[client].program.as_mut() else { return Ok(()) };
        let time = match program.random.once_in(3) {
            true => program.random.micros(0..most),
            false => Duration::from_micros(most),
        };
        program.phase = Phase::Calling(id);
        if program.since.is_none() {
            (program.since, program.fencings_at_start) = (Some(now.mono), self.cluster.fencings());
        }
        let deadline = now.mono + time;
        let asked = Asked { kind, transaction: program.transaction, since: now.mono, deadline };
        self.calls.insert((client, id), asked);
        self.trace.line(self.now, || {
            format!("client {client} calls {kind:?} ({id}) for {:?} within {time:?}", asked.transaction)
        });
        if let Some(engine) = &mut self.clients[client].engine {
            engine.handle_call(now, id, call, deadline);
        }
        self.drive(client)
    }

    /// A call is answered.
    pub(super) fn called(
        &mut self,
        client: usize,
        id: CallId,
        result: Result<(), CallError>,
    ) -> Result<(), Violation> {
        self.trace.line(self.now, || format!("client {client}: call {id} is answered {result:?}"));
        let Some(asked) = self.calls.remove(&(client, id)) else {
            return Err(violated(ANSWERED, format!("call {id} of client {client} again: {result:?}")));
        };
        if self.now > asked.deadline.max(asked.since + Duration::from_millis(1)) {
            return Err(violated(ANSWERED, format!("call {id}, {asked:?}, at {:?}: {result:?}", self.now)));
        }
        if let Err(CallError::Fatal { error, .. }) = &result {
            self.check_cause_of_loss(client, &asked, &error.to_string())?;
        }
        self.note_fate(client, &asked, &result)?;
        let Some(program) = self.clients[client].program.as_mut() else { return Ok(()) };
        let is_waited_for = program.phase == Phase::Calling(id);
        if asked.kind == CallKind::SendOffsets && result.is_err() {
            program.spoiled = true;
        }
        if matches!(result, Err(CallError::Fatal { .. } | CallError::Closed { .. })) {
            if program.phase != Phase::Over {
                program.phase = Phase::Over;
                program.lost = true;
                self.program_is_lost(client);
            }
            return Ok(());
        }
        if !is_waited_for {
            return Ok(());
        }
        match (asked.kind, result) {
            (CallKind::Init, Ok(())) => self.initialized(client),
            (CallKind::Init, Err(_)) | (CallKind::Begin, Err(CallError::InitFailed(_))) => {
                program.phase = Phase::Starting;
            }
            // Between two transactions the producer lost its identity, and nobody waited.
            (CallKind::Begin, Err(CallError::Illegal(_))) => program.phase = Phase::Starting,
            (CallKind::Begin, Ok(())) => self.begun(client),
            (CallKind::Begin, Err(_)) => program.phase = Phase::Ready,
            (CallKind::SendOffsets, _) => program.phase = Phase::Sending,
            (CallKind::Commit | CallKind::Finish, Err(CallError::TimedOut)) => {
                program.phase = Phase::Unresolved;
            }
            (_, Err(CallError::Illegal(illegal))) => {
                return Err(violated("a call in its place is legal", format!("{asked:?}: {illegal}")));
            }
            (CallKind::Commit | CallKind::Finish, Ok(())) => {
                program.phase = Phase::Ready;
                // All of it happened after the world had healed.
                self.last_committed |= self.healed && asked.transaction >= self.first_healed;
            }
            (CallKind::Commit | CallKind::Finish | CallKind::Abort, _) => program.phase = Phase::Ready,
        }
        let most = if self.random.once_in(10) { 1_000_000 } else { 5_000 };
        self.schedule_program(client, most);
        Ok(())
    }

    /// What the answer says of the transaction.
    fn note_fate(
        &mut self,
        client: usize,
        asked: &Asked,
        result: &Result<(), CallError>,
    ) -> Result<(), Violation> {
        let Some(program) = self.clients[client].program.as_mut() else { return Ok(()) };
        let Some(transaction) = asked.transaction else { return Ok(()) };
        let about_commit = matches!(asked.kind, CallKind::Commit | CallKind::Finish)
            || asked.kind == CallKind::Begin && program.unresolved;
        if !about_commit {
            return Ok(());
        }
        let fate = match result {
            // Whoever begins anew without being told else may take it for committed.
            Ok(()) => Fate::Committed,
            Err(CallError::Failed { .. }) => Fate::NotCommitted,
            Err(CallError::Fatal { end_unknown, .. } | CallError::Closed { end_unknown }) => {
                match end_unknown {
                    true => Fate::Unknown,
                    false if asked.kind == CallKind::Commit => Fate::NotCommitted,
                    // Of a commit whose call timed out, a producer that was closed says nothing.
                    false if matches!(result, Err(CallError::Closed { .. })) => Fate::Unknown,
                    false => Fate::NotCommitted,
                }
            }
            Err(_) => return Ok(()),
        };
        program.unresolved = false;
        let superseded = program.superseded.is_some_and(|at| program.committing_since > at);
        if fate == Fate::Committed && superseded && !self.ledger.is_empty(transaction) {
            let evidence = format!("{asked:?} of client {client}");
            return Err(violated("a fenced producer is not told that it committed", evidence));
        }
        self.ledger.tell(transaction, fate)
    }

    fn initialized(&mut self, client: usize) {
        let (now, fencings) = (self.now, self.cluster.fencings());
        let Some(program) = self.program(client) else { return };
        program.phase = Phase::Ready;
        program.fencings_before = fencings;
        if program.initialized.replace(now).is_some() {
            return;
        }
        // Who was done with its own before this one began is fenced; who was not may have come after it.
        let Some(since) = program.since else { return };
        let mut fenced = BTreeSet::new();
        for (index, client) in self.clients.iter_mut().enumerate() {
            if let Some(program) = &mut client.program
                && program.initialized.is_some_and(|at| at < since)
            {
                program.superseded.get_or_insert(now);
                fenced.insert(index);
            }
        }
        let committed = self.committed();
        self.ledger.fence(fenced, &committed);
    }

    fn begun(&mut self, client: usize) {
        let Some(settings) = self.scenario.transactions.clone() else { return };
        let number = self.ledger.begin(client);
        let (healed, now) = (self.healed, self.now);
        if healed {
            self.first_healed.get_or_insert(number);
        }
        self.trace.line(now, || format!("client {client} has begun {number:?}"));
        let Some(program) = self.clients[client].program.as_mut() else { return };
        program.left = program.left.saturating_sub(1);
        program.transaction = Some(number);
        program.phase = Phase::Sending;
        program.spoiled = false;
        program.offsets = program.random.once_in(settings.offsets);
        let most = if healed { 2 } else { settings.records };
        for index in 0..self.callers.len() {
            let caller = &mut self.callers[index];
            if caller.client != client {
                continue;
            }
            caller.simple = healed;
            caller.left = caller.random.within(0..most + 1);
            let at = now + caller.random.micros(0..2_000);
            self.agenda.schedule(at, Event::Caller(index));
        }
    }

    /// A caller has sent all that was asked of it.
    pub(super) fn caller_rests(&mut self, client: usize) {
        if self.clients[client].program.as_ref().is_some_and(|program| program.phase == Phase::Sending) {
            self.schedule_program(client, 1_000);
        }
    }

    pub(super) fn accepted(&mut self, caller: usize, record: RecordNumber) {
        let client = self.callers[caller].client;
        if let Some(transaction) = self.clients[client].program.as_ref().and_then(|p| p.transaction) {
            self.ledger.add_record(transaction, record);
        }
    }

    /// A record was not taken: the program gives the transaction up, or goes on without it.
    pub(super) fn refused(&mut self, caller: usize) {
        let client = self.callers[caller].client;
        if let Some(program) = self.program(client) {
            program.spoiled |= program.random.once_in(2);
        }
    }

    /// Its producer is of no use any more: it goes, and another comes.
    fn program_is_lost(&mut self, client: usize) {
        let closing = self.clients[client].close_deadline < Monotonic::NEVER;
        let allowed = self.healed || self.clients.len() < MOST_CLIENTS;
        if self.is_latest(client) && self.successors == 0 && allowed && !closing {
            self.schedule_successor();
        }
    }

    fn check_cause_of_loss(&self, client: usize, asked: &Asked, error: &str) -> Result<(), Violation> {
        let Some(program) = &self.clients[client].program else { return Ok(()) };
        // Only its own beginning fenced anybody: an answer to that was no old news.
        let was_alone = program.fencings_before <= program.fencings_at_start + 1;
        let fenced = self.cluster.fencings() > program.fencings_before;
        if program.initialized.is_none() || !was_alone || fenced {
            return Ok(());
        }
        Err(violated(CAUSE, format!("client {client}, {asked:?}: {error}")))
    }

    /// Calls that are overdue.
    pub(super) fn check_calls(&mut self) -> Result<(), Violation> {
        self.look_after_closing()?;
        let late = self.calls.iter().find(|(_, asked)| self.now > asked.deadline + Duration::from_millis(1));
        match late {
            None => Ok(()),
            Some((call, asked)) => Err(violated(ANSWERED, format!("{call:?}: {asked:?} at {:?}", self.now))),
        }
    }

    /// The client is gone. Closed, it has answered; dead, it can't.
    pub(super) fn end_program(&mut self, client: usize) -> Result<(), Violation> {
        let open = self.calls.iter().find(|((of, _), _)| *of == client);
        if let (true, Some((call, asked))) = (self.clients[client].closed, open) {
            return Err(violated(ANSWERED, format!("{call:?}: {asked:?} at the producer's end")));
        }
        self.calls.retain(|(of, _), _| *of != client);
        if let Some(program) = self.program(client) {
            program.phase = Phase::Over;
        }
        self.ledger.client_ends(client);
        Ok(())
    }

    /// Every program has come to its end, and the last one has committed in a healthy world.
    pub(super) fn are_programs_over(&self) -> bool {
        let mut programs = self.clients.iter().filter_map(|client| client.program.as_ref());
        let over = programs.all(|program| program.phase == Phase::Over) && self.calls.is_empty();
        over && (self.scenario.transactions.is_none() || self.last_committed)
    }

    /// What a reader of committed records gets.
    pub(super) fn committed(&self) -> Committed {
        let mut records = Vec::new();
        let topics: Vec<String> = self.cluster.topic_names().map(str::to_owned).collect();
        for topic in &topics {
            self.read_topic(topic, &mut records, |cluster, of| cluster.committed_records(of));
        }
        let offsets = self.cluster.committed(GROUP).into_iter().collect();
        Committed { records, offsets }
    }

    /// Coordinators end what was left open, and what readers get then is what programs were told.
    pub(super) fn check_transactions(&mut self) -> Result<(), Violation> {
        let Some(settings) = self.scenario.transactions.clone() else { return Ok(()) };
        self.heal();
        self.run_until(self.now + settings.timeout + settings.marker_delay + Duration::from_secs(15))?;
        self.collect()?;
        if let Some(state) = self.cluster.transaction(TRANSACTIONAL_ID)
            && matches!(
                state.status,
                TransactionStatus::Ongoing
                    | TransactionStatus::PrepareAbort
                    | TransactionStatus::PrepareCommit
            )
        {
            return Err(violated(ENDS, format!("{state:?}")));
        }
        let topics: Vec<String> = self.cluster.topic_names().map(str::to_owned).collect();
        for topic in &topics {
            for partition in 0..self.cluster.partition_count(topic).unwrap_or(0) {
                let of = TopicPartition::new(topic.as_str(), partition as i32);
                let (stable, end) =
                    (self.cluster.last_stable_offset(self.now(), &of), self.cluster.end_offset(&of));
                if stable != end {
                    let evidence = format!("a transaction hangs in {of}: {stable:?} of {end:?} is stable");
                    return Err(violated(ENDS, evidence));
                }
            }
        }
        let committed = self.committed();
        self.ledger.check(&self.history, &committed, &self.incarnations)
    }
}

fn violated(invariant: &'static str, evidence: String) -> Violation {
    Violation { invariant, evidence }
}

//! The callers' turns.

use super::{Event, World};
use crate::caller;
use crate::history::{RecordNumber, Told, Violation};
use crate::open::OpenRecord;
use kafka_accumulator::{Delivery, Written};
use kafka_producer::core::{PendingSend, SendCallback};
use kafka_producer::{BytesSerializer, Outcome};
use kafka_sender::FlushId;
use std::sync::Arc;
use std::task::Poll;

impl World {
    pub(super) fn wake_callers(&mut self) {
        let woken = std::mem::take(&mut *self.woken.lock().expect("nobody panics with it"));
        for index in woken {
            let at = self.now + self.random.micros(0..200);
            self.agenda.schedule(at, Event::Caller(index));
        }
    }

    pub(super) fn step_caller(&mut self, index: usize) -> Result<(), Violation> {
        let caller = &mut self.callers[index];
        // The program's future is dropped, perhaps after what it waited for was granted.
        if caller.sending.is_some() && caller.random.once_in(12) {
            caller.sending = None;
            caller.left += u64::from(caller.left == 0);
        }
        if caller.sending.is_some() {
            return self.poll_caller(index);
        }
        let client = caller.client;
        if caller.left == 0 {
            self.caller_rests(client);
            return Ok(());
        }
        match caller.random.within(0..60) {
            0 => self.flush(client)?,
            choice => {
                caller.left -= 1;
                let number = RecordNumber(self.next_number);
                self.next_number += 1;
                let (record, bytes) = match caller.simple {
                    true => caller::simple_record(number),
                    false => caller::record(&mut caller.random, number),
                };
                let with_callback = caller.random.once_in(2);
                caller.forgets = with_callback && caller.random.once_in(4);
                (caller.since, caller.bytes) = (self.now, bytes);
                let callback = with_callback.then(|| self.callback(number));
                self.history.begin(number);
                let pending = PendingSend::new(record, callback);
                self.callers[index].sending = Some((number, pending));
                if choice < 4 {
                    self.try_send(index)?;
                } else {
                    self.poll_caller(index)?;
                }
            }
        }
        let caller = &mut self.callers[index];
        if caller.sending.is_none() {
            let pause = if caller.random.once_in(20) { 2_000_000 } else { 20_000 };
            let at = self.now + caller.random.micros(0..pause);
            self.agenda.schedule(at, Event::Caller(index));
        }
        Ok(())
    }

    pub(super) fn callback(&self, number: RecordNumber) -> SendCallback {
        let told = Arc::clone(&self.told);
        Box::new(move |outcome| {
            let outcome = match outcome {
                Ok(metadata) => Told::Acknowledged(metadata.topic_partition().clone(), metadata.offset),
                Err(error) => failed(error.outcome() == Outcome::NotWritten, &error),
            };
            told.lock().expect("nobody panics with it").push((number, outcome));
        })
    }

    pub(super) fn poll_caller(&mut self, index: usize) -> Result<(), Violation> {
        let now = self.now();
        let caller = &mut self.callers[index];
        let client = caller.client;
        let Some((number, pending)) = &mut caller.sending else { return Ok(()) };
        let number = *number;
        let polled = self.clients[caller.client].core.poll_send(
            pending,
            &BytesSerializer,
            &BytesSerializer,
            now,
            &self.wakers[index],
        );
        let wake = pending.take_wake();
        match polled {
            Poll::Ready(result) => {
                caller.sending = None;
                self.sent(
                    index,
                    number,
                    result.map_err(|error| failed(error.outcome() == Outcome::NotWritten, &error)),
                )?;
                let at = self.now + self.random.micros(0..5_000);
                self.agenda.schedule(at, Event::Caller(index));
            }
            // The program's future is dropped: its time was up, or a select took another branch.
            Poll::Pending if caller.random.once_in(10) => {
                caller.sending = None;
                let at = self.now + caller.random.micros(0..5_000);
                self.agenda.schedule(at, Event::Caller(index));
            }
            Poll::Pending => {}
        }
        if wake { self.drive(client) } else { Ok(()) }
    }

    pub(super) fn try_send(&mut self, index: usize) -> Result<(), Violation> {
        let now = self.now();
        let client = self.callers[index].client;
        let Some((number, mut pending)) = self.callers[index].sending.take() else { return Ok(()) };
        let result =
            self.clients[client].core.try_send(&mut pending, &BytesSerializer, &BytesSerializer, now);
        let wake = pending.take_wake();
        drop(pending);
        self.sent(
            index,
            number,
            result.map_err(|error| failed(error.outcome() == Outcome::NotWritten, &error)),
        )?;
        if wake { self.drive(client) } else { Ok(()) }
    }

    pub(super) fn sent(
        &mut self,
        index: usize,
        number: RecordNumber,
        result: Result<Delivery, Told>,
    ) -> Result<(), Violation> {
        match result {
            Ok(delivery) => {
                self.trace.line(self.now, || {
                    format!("record {} accepted for {:?}", number.0, delivery.topic_partition())
                });
                self.history.accept(number);
                self.accepted(index, number);
                let caller = &self.callers[index];
                let delivery = (!caller.forgets).then_some(delivery);
                self.open.insert(
                    number,
                    OpenRecord { client: caller.client, delivery, accepted: self.now, bytes: caller.bytes },
                );
                Ok(())
            }
            Err(told) => {
                self.trace.line(self.now, || format!("record {} refused: {told:?}", number.0));
                self.refused(index);
                self.history.tell(number, told)
            }
        }
    }

    pub(super) fn flush(&mut self, client: usize) -> Result<(), Violation> {
        self.collect()?;
        let id = FlushId(self.next_flush);
        self.next_flush += 1;
        let open = self.open.numbers_of(client).collect();
        let now = self.now();
        if let Some(engine) = &mut self.clients[client].engine {
            self.trace.line(self.now, || format!("flush {id}"));
            self.flushes.insert((client, id), open);
            engine.handle_flush(now, id);
        }
        self.drive(client)
    }

    /// Takes note of what was told meanwhile.
    pub(super) fn collect(&mut self) -> Result<(), Violation> {
        let told = std::mem::take(&mut *self.told.lock().expect("nobody panics with it"));
        for (number, told) in told {
            self.tell(number, told)?;
        }
        let results: Vec<_> = self
            .open
            .deliveries()
            .filter_map(|(number, delivery)| Some((number, outcome(delivery)?)))
            .collect();
        for (number, told) in results {
            self.tell(number, told)?;
        }
        Ok(())
    }

    /// Its outcome, once from its callback, if it has one, and once from its delivery, if the program kept it: they must agree.
    fn tell(&mut self, number: RecordNumber, told: Told) -> Result<(), Violation> {
        self.trace.line(self.now, || format!("record {}: {told:?}", number.0));
        self.history.tell(number, told)?;
        if let Some(told) = self.open.delivery(number).and_then(outcome) {
            self.history.tell(number, told)?;
        }
        self.open.remove(number);
        Ok(())
    }
}

fn outcome(delivery: &Delivery) -> Option<Told> {
    Some(match delivery.try_result()? {
        Ok(metadata) => Told::Acknowledged(metadata.topic_partition().clone(), metadata.offset),
        Err(failure) => failed(failure.outcome() == Written::NotWritten, &failure),
    })
}

fn failed(not_written: bool, error: &dyn std::fmt::Display) -> Told {
    // The words differ between a callback's error and a delivery's; whether it was written may not.
    let _ = error;
    if not_written { Told::NotWritten(String::new()) } else { Told::Unknown(String::new()) }
}

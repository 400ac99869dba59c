//! Records that were accepted and wait for their outcome.

use crate::history::RecordNumber;
use kafka_accumulator::Delivery;
use kafka_types::Monotonic;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub(crate) struct Open {
    /// By number.
    records: BTreeMap<RecordNumber, OpenRecord>,
    /// By the time they were accepted.
    since: BTreeSet<(Monotonic, RecordNumber)>,
    /// Of their values.
    bytes: usize,
}

pub(crate) struct OpenRecord {
    pub(crate) client: usize,
    /// `None` if the program did not keep it; then it has a callback.
    pub(crate) delivery: Option<Delivery>,
    pub(crate) accepted: Monotonic,
    pub(crate) bytes: usize,
}

impl Open {
    pub(crate) fn insert(&mut self, number: RecordNumber, record: OpenRecord) {
        self.bytes += record.bytes;
        self.since.insert((record.accepted, number));
        self.records.insert(number, record);
    }

    pub(crate) fn remove(&mut self, number: RecordNumber) {
        if let Some(record) = self.records.remove(&number) {
            self.bytes -= record.bytes;
            self.since.remove(&(record.accepted, number));
        }
    }

    pub(crate) fn delivery(&self, number: RecordNumber) -> Option<&Delivery> {
        self.records.get(&number)?.delivery.as_ref()
    }

    pub(crate) fn deliveries(&self) -> impl Iterator<Item = (RecordNumber, &Delivery)> {
        self.records.iter().filter_map(|(number, record)| Some((*number, record.delivery.as_ref()?)))
    }

    pub(crate) fn numbers_of(&self, client: usize) -> impl Iterator<Item = RecordNumber> {
        let of_client = move |record: &&OpenRecord| record.client == client;
        self.records.iter().filter(move |(_, record)| of_client(record)).map(|(number, _)| *number)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The one that was accepted first.
    pub(crate) fn oldest(&self) -> Option<(RecordNumber, Monotonic)> {
        self.since.first().map(|(accepted, number)| (*number, *accepted))
    }
}

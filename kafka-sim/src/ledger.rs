//! What programs were told of their transactions, and whether readers of committed records agree.

use crate::history::{History, Logged, RecordNumber, Told, Violation};
use kafka_types::{Offset, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};

/// A transaction's number, in the order of beginning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct TransactionNumber(pub(crate) u64);

/// What a program was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// Nobody asked for its commit.
    Open,
    /// Its commit was asked for.
    Asked,
    Committed,
    NotCommitted,
    /// Nobody will tell.
    Unknown,
}

struct Entry {
    /// Which program's it is.
    client: usize,
    fate: Fate,
    records: Vec<RecordNumber>,
    offsets: BTreeMap<TopicPartition, Offset>,
}

/// All transactions of a world.
#[derive(Default)]
pub(crate) struct Ledger {
    transactions: BTreeMap<TransactionNumber, Entry>,
    /// Clients that were fenced, and what was committed by then.
    fenced: Vec<(BTreeSet<usize>, BTreeSet<RecordNumber>)>,
}

/// What a reader of committed records gets.
pub(crate) struct Committed {
    /// In order within each partition.
    pub(crate) records: Vec<Logged>,
    /// The group's offsets.
    pub(crate) offsets: BTreeMap<TopicPartition, Offset>,
}

const ATOMIC: &str = "of a transaction everything is committed, or nothing";
const AS_TOLD: &str = "what is committed is what was said to be";
const ONE_END: &str = "a transaction has one end";
const FENCED: &str = "a fenced producer commits nothing";

impl Ledger {
    pub(crate) fn begin(&mut self, client: usize) -> TransactionNumber {
        let number = TransactionNumber(self.transactions.len() as u64);
        let entry = Entry { client, fate: Fate::Open, records: Vec::new(), offsets: BTreeMap::new() };
        self.transactions.insert(number, entry);
        number
    }

    pub(crate) fn add_record(&mut self, transaction: TransactionNumber, record: RecordNumber) {
        if let Some(entry) = self.transactions.get_mut(&transaction) {
            entry.records.push(record);
        }
    }

    pub(crate) fn add_offsets(
        &mut self,
        transaction: TransactionNumber,
        offsets: &BTreeMap<TopicPartition, Offset>,
    ) {
        if let Some(entry) = self.transactions.get_mut(&transaction) {
            entry.offsets.extend(offsets.iter().map(|(of, offset)| (of.clone(), *offset)));
        }
    }

    /// Whether anything was to be committed with it.
    pub(crate) fn is_empty(&self, transaction: TransactionNumber) -> bool {
        self.transactions
            .get(&transaction)
            .is_none_or(|entry| entry.records.is_empty() && entry.offsets.is_empty())
    }

    /// Something was told of it. What is known does not change.
    pub(crate) fn tell(&mut self, transaction: TransactionNumber, fate: Fate) -> Result<(), Violation> {
        let Some(entry) = self.transactions.get_mut(&transaction) else { return Ok(()) };
        let known = matches!(entry.fate, Fate::Committed | Fate::NotCommitted | Fate::Unknown);
        if known && entry.fate != fate {
            let evidence = format!("{transaction:?} was first {:?}, then {fate:?}", entry.fate);
            return Err(Violation { invariant: ONE_END, evidence });
        }
        entry.fate = fate;
        Ok(())
    }

    /// The program is gone: what it was not told is told to nobody.
    pub(crate) fn client_ends(&mut self, client: usize) {
        for entry in self.transactions.values_mut().filter(|entry| entry.client == client) {
            entry.fate = match entry.fate {
                Fate::Open => Fate::NotCommitted,
                Fate::Asked => Fate::Unknown,
                told => told,
            };
        }
    }

    /// Nothing of these clients is committed that is not committed by now.
    pub(crate) fn fence(&mut self, clients: BTreeSet<usize>, committed: &Committed) {
        self.fenced.push((clients, committed.records.iter().map(|record| record.number).collect()));
    }

    /// Everything against what a reader of committed records gets. Topics that were made anew have forgotten.
    pub(crate) fn check(
        &self,
        history: &History,
        committed: &Committed,
        made_anew: &BTreeMap<String, u32>,
    ) -> Result<(), Violation> {
        let mut times: BTreeMap<RecordNumber, usize> = BTreeMap::new();
        for record in &committed.records {
            *times.entry(record.number).or_default() += 1;
        }
        if let Some((number, times)) = times.iter().find(|(_, times)| **times > 1) {
            let evidence = format!("record {} is read {times} times", number.0);
            return Err(Violation { invariant: AS_TOLD, evidence });
        }
        let forgotten = |number: &RecordNumber| match history.told(*number) {
            Some(Told::Acknowledged(of, _)) => made_anew.contains_key(&*of.topic),
            _ => false,
        };
        let mut expected = BTreeMap::new();
        for (number, entry) in &self.transactions {
            let counted: Vec<_> = entry.records.iter().filter(|record| !forgotten(record)).collect();
            let read = counted.iter().filter(|record| times.contains_key(record)).count();
            let stray = entry.records.iter().find(|record| times.contains_key(record));
            let has_offset =
                entry.offsets.iter().any(|(of, offset)| committed.offsets.get(of) == Some(offset));
            let is_committed = match entry.fate {
                Fate::Committed => true,
                Fate::NotCommitted | Fate::Open => false,
                Fate::Unknown | Fate::Asked => stray.is_some() || has_offset,
            };
            let (told, all) = (entry.fate, counted.len());
            let wrong = if is_committed { read < all } else { stray.is_some() || has_offset };
            if wrong {
                let evidence = format!(
                    "{number:?} of client {} is {told:?}: {read} of {all} records are read, records {:?}, offsets {:?}",
                    entry.client, entry.records, entry.offsets
                );
                let invariant = if told == Fate::Unknown { ATOMIC } else { AS_TOLD };
                return Err(Violation { invariant, evidence });
            }
            if is_committed {
                let failed =
                    counted.iter().find(|r| !matches!(history.told(***r), Some(Told::Acknowledged(..))));
                if let Some(failed) = failed {
                    let evidence = format!("{number:?} is committed, and record {} failed", failed.0);
                    return Err(Violation { invariant: ATOMIC, evidence });
                }
                expected.extend(entry.offsets.iter().map(|(of, offset)| (of.clone(), *offset)));
            }
            self.check_fenced(*number, entry, &times)?;
        }
        if expected != committed.offsets {
            let evidence = format!("the group's offsets are {:?} instead of {expected:?}", committed.offsets);
            return Err(Violation { invariant: ATOMIC, evidence });
        }
        Ok(())
    }

    fn check_fenced(
        &self,
        number: TransactionNumber,
        entry: &Entry,
        times: &BTreeMap<RecordNumber, usize>,
    ) -> Result<(), Violation> {
        for (_, before) in self.fenced.iter().filter(|(clients, _)| clients.contains(&entry.client)) {
            let late =
                entry.records.iter().find(|record| times.contains_key(record) && !before.contains(record));
            if let Some(late) = late {
                let evidence = format!(
                    "record {} of {number:?} of client {} was committed after another had taken over",
                    late.0, entry.client
                );
                return Err(Violation { invariant: FENCED, evidence });
            }
        }
        Ok(())
    }
}

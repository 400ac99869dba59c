//! What callers were told, and whether the logs agree.

use kafka_types::{Offset, TopicPartition};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A record's number, which its value carries into the log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RecordNumber(pub u64);

/// What a caller was told of a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    /// It lies here.
    Acknowledged(TopicPartition, Offset),
    /// It failed and is surely not in the log.
    NotWritten(String),
    /// It failed and may be in the log.
    Unknown(String),
}

/// Every record that a producer accepted or refused, and what was told of it.
#[derive(Default, Debug)]
pub struct History {
    records: BTreeMap<RecordNumber, Entry>,
    accepted: u64,
}

#[derive(Debug)]
struct Entry {
    /// The place in the order of acceptance; `None` until accepted.
    accepted: Option<u64>,
    told: Option<Told>,
}

/// What a configuration promises of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Promise {
    /// Each record lies there at most once: idempotence.
    pub exactly_once: bool,
    /// In the order of `append`: idempotence, or one request at a time.
    pub ordered: bool,
    /// What was acknowledged lies there, whoever dies: `acks=all`.
    pub durable: bool,
}

/// A record as it lies in a log.
#[derive(Clone, Debug)]
pub struct Logged {
    /// The number that its value carries.
    pub number: RecordNumber,
    /// Where it lies.
    pub topic_partition: TopicPartition,
    /// Where it lies.
    pub offset: Offset,
    /// How often its topic had been deleted by then.
    pub incarnation: u32,
}

/// An invariant that did not hold, with what shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Which of the producer's invariants.
    pub invariant: &'static str,
    /// What happened.
    pub evidence: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.evidence)
    }
}

const ONE_OUTCOME: &str = "every accepted record gets exactly one outcome";
const ONCE_IN_ORDER: &str = "the log holds the acknowledged records once and in the order of append";
const NOT_WRITTEN: &str = "what was reported NotWritten is never in the log";

impl History {
    /// A record's send begins.
    pub fn begin(&mut self, number: RecordNumber) {
        self.records.insert(number, Entry { accepted: None, told: None });
    }

    /// The producer accepted it: a delivery exists.
    pub fn accept(&mut self, number: RecordNumber) {
        self.accepted += 1;
        let place = self.accepted;
        if let Some(entry) = self.records.get_mut(&number) {
            entry.accepted = Some(place);
        }
    }

    /// Its outcome was told, by callback or delivery; the second time must agree with the first.
    pub fn tell(&mut self, number: RecordNumber, told: Told) -> Result<(), Violation> {
        let Some(entry) = self.records.get_mut(&number) else {
            return Err(violated(ONE_OUTCOME, format!("record {} was never sent: {told:?}", number.0)));
        };
        match &entry.told {
            None => entry.told = Some(told),
            Some(before) if *before == told => {}
            Some(before) => {
                let evidence = format!("record {} was first {before:?}, then {told:?}", number.0);
                return Err(violated(ONE_OUTCOME, evidence));
            }
        }
        Ok(())
    }

    /// What was told of a record.
    pub(crate) fn told(&self, number: RecordNumber) -> Option<&Told> {
        self.records.get(&number)?.told.as_ref()
    }

    /// How many accepted records wait for their outcome.
    pub fn open(&self) -> usize {
        self.records.values().filter(|entry| entry.accepted.is_some() && entry.told.is_none()).count()
    }

    /// How many were acknowledged, and how many failed.
    pub fn sums(&self) -> (usize, usize) {
        let acknowledged =
            self.records.values().filter(|entry| matches!(entry.told, Some(Told::Acknowledged(..)))).count();
        let told = self.records.values().filter(|entry| entry.told.is_some()).count();
        (acknowledged, told - acknowledged)
    }

    /// Invariants 1 to 3 against what lies in the logs, in the order of offsets within each partition, as far as they were
    /// promised.
    pub fn check(&self, log: &[Logged], promise: Promise) -> Result<(), Violation> {
        let mut places: BTreeMap<RecordNumber, Vec<&Logged>> = BTreeMap::new();
        for record in log {
            places.entry(record.number).or_default().push(record);
        }
        for (number, entry) in &self.records {
            let lies = places.get(number).map_or(&[][..], Vec::as_slice);
            self.check_record(*number, entry, lies, promise)?;
        }
        if let Some(stranger) = log.iter().find(|record| !self.records.contains_key(&record.number)) {
            return Err(violated(ONCE_IN_ORDER, format!("{stranger:?} was never sent")));
        }
        if promise.exactly_once {
            self.check_order(log)?;
        }
        if promise.ordered && promise.durable { self.check_offsets(log) } else { Ok(()) }
    }

    fn check_record(
        &self,
        number: RecordNumber,
        entry: &Entry,
        lies: &[&Logged],
        promise: Promise,
    ) -> Result<(), Violation> {
        if entry.accepted.is_some() && entry.told.is_none() {
            return Err(violated(
                ONE_OUTCOME,
                format!("record {} was accepted and nothing was told", number.0),
            ));
        }
        match &entry.told {
            Some(Told::Acknowledged(topic_partition, offset)) if promise.durable => {
                let there = |record: &&Logged| {
                    record.topic_partition == *topic_partition
                        && (record.offset == *offset || !offset.is_known())
                };
                if !lies.iter().any(there) {
                    let evidence = format!(
                        "record {} was acknowledged at {topic_partition}@{offset}, and lies at {lies:?}",
                        number.0
                    );
                    return Err(violated(ONCE_IN_ORDER, evidence));
                }
            }
            Some(Told::NotWritten(why)) if !lies.is_empty() => {
                let evidence = format!("record {} ({why}) lies at {lies:?}", number.0);
                return Err(violated(NOT_WRITTEN, evidence));
            }
            // Never accepted: the caller got the record back, or dropped the send before it was taken.
            None if !lies.is_empty() => {
                let evidence = format!("record {} was not accepted and lies at {lies:?}", number.0);
                return Err(violated(NOT_WRITTEN, evidence));
            }
            _ => {}
        }
        // A topic that was made anew knows nothing of what its namesake had.
        let twice = lies
            .iter()
            .enumerate()
            .any(|(index, one)| lies[..index].iter().any(|other| other.incarnation == one.incarnation));
        if promise.exactly_once && twice {
            return Err(violated(ONCE_IN_ORDER, format!("record {} lies at {lies:?}", number.0)));
        }
        Ok(())
    }

    /// Offsets that were told ascend with the order of `append`.
    fn check_offsets(&self, log: &[Logged]) -> Result<(), Violation> {
        let made_anew: BTreeSet<&str> = log
            .iter()
            .filter(|record| record.incarnation > 0)
            .map(|record| &*record.topic_partition.topic)
            .collect();
        let mut told: Vec<_> = self
            .records
            .iter()
            .filter_map(|(number, entry)| match &entry.told {
                Some(Told::Acknowledged(at, offset)) if offset.is_known() => {
                    Some((at, entry.accepted?, *offset, *number))
                }
                _ => None,
            })
            .filter(|(at, ..)| !made_anew.contains(&*at.topic))
            .collect();
        told.sort_unstable_by_key(|(at, accepted, ..)| (*at, *accepted));
        for pair in told.windows(2) {
            let [(at, _, before, first), (then, _, after, second)] = pair else { continue };
            if at == then && before >= after {
                let evidence = format!(
                    "record {} was accepted before {}, and they lie at {at}@{before} and {after}",
                    first.0, second.0
                );
                return Err(violated(ONCE_IN_ORDER, evidence));
            }
        }
        Ok(())
    }

    fn check_order(&self, log: &[Logged]) -> Result<(), Violation> {
        let mut last: BTreeMap<&TopicPartition, (u64, &Logged)> = BTreeMap::new();
        // Batches that were on their way when their topic was deleted may arrive in the new one in any order: it takes every
        // producer's first sequence as it comes.
        let first = log.iter().filter(|record| record.incarnation == 0);
        for record in first {
            let entry = &self.records[&record.number];
            let acknowledged = matches!(entry.told, Some(Told::Acknowledged(..)));
            let (true, Some(place)) = (acknowledged, entry.accepted) else { continue };
            if let Some((before, earlier)) = last.insert(&record.topic_partition, (place, record))
                && before > place
            {
                let evidence = format!("{record:?} was accepted before {earlier:?} and lies after it");
                return Err(violated(ONCE_IN_ORDER, evidence));
            }
        }
        Ok(())
    }
}

fn violated(invariant: &'static str, evidence: String) -> Violation {
    Violation { invariant, evidence }
}

#[cfg(test)]
mod tests;

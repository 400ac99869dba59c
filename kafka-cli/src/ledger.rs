//! What became of each line.

use crate::tell;
use kafka_producer::{Delivery, Error, RecordMetadata};
use std::io::{BufWriter, Write, stdout};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// How many failures are told one by one; the rest is counted.
const TOLD: u64 = 10;

/// What became of all lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) acknowledged: u64,
    pub(crate) failed: u64,
}

/// Waits for deliveries on a thread of its own, in the order of the lines, and tells what became of them.
pub(crate) struct Ledger(Mutex<State>);

enum State {
    Open { entries: Sender<Entry>, reader: JoinHandle<Tally> },
    Finished(Tally),
}

struct Entry {
    line: u64,
    outcome: Outcome,
}

enum Outcome {
    Pending(Delivery),
    Settled(Box<Result<RecordMetadata, Error>>),
}

impl Ledger {
    /// With `print_metadata`, each acknowledged record's place goes to standard output.
    pub(crate) fn start(print_metadata: bool) -> Ledger {
        let (entries, received) = channel();
        let reader = std::thread::spawn(move || follow(&received, print_metadata));
        Ledger(Mutex::new(State::Open { entries, reader }))
    }

    /// The line's record was accepted.
    pub(crate) fn expect(&self, line: u64, delivery: Delivery) {
        self.record(line, Outcome::Pending(delivery));
    }

    /// The line's fate is known.
    pub(crate) fn settle(&self, line: u64, outcome: Result<RecordMetadata, Error>) {
        self.record(line, Outcome::Settled(Box::new(outcome)));
    }

    /// Waits for what is open, and says what became of the lines. Whoever comes second waits for the first, so that
    /// everything is told when it returns.
    pub(crate) fn finish(&self) -> Tally {
        let mut state = self.state();
        let tally = match std::mem::replace(&mut *state, State::Finished(Tally::default())) {
            State::Open { entries, reader } => {
                drop(entries);
                reader.join().unwrap_or(Tally { acknowledged: 0, failed: u64::MAX })
            }
            State::Finished(tally) => tally,
        };
        *state = State::Finished(tally);
        tally
    }

    fn record(&self, line: u64, outcome: Outcome) {
        // Once it is finished the program is about to end: nobody asks any more.
        if let State::Open { entries, .. } = &*self.state() {
            let _ = entries.send(Entry { line, outcome });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn follow(entries: &Receiver<Entry>, print_metadata: bool) -> Tally {
    let mut tally = Tally::default();
    let mut places = BufWriter::new(stdout().lock());
    loop {
        let entry = match entries.try_recv() {
            Ok(entry) => entry,
            Err(_) => {
                // Nothing more for the moment: show what there is. A reader that went away doesn't stop the sending.
                let _ = places.flush();
                match entries.recv() {
                    Ok(entry) => entry,
                    Err(_) => break,
                }
            }
        };
        let outcome = match entry.outcome {
            Outcome::Pending(delivery) => delivery.wait(),
            Outcome::Settled(outcome) => *outcome,
        };
        match outcome {
            Ok(metadata) => {
                tally.acknowledged += 1;
                if print_metadata {
                    let _ = writeln!(places, "{metadata}");
                }
            }
            Err(error) => {
                tally.failed += 1;
                if tally.failed <= TOLD {
                    tell(format_args!("line {}: {error}", entry.line));
                }
            }
        }
    }
    match tally.failed {
        0 => {}
        1 => tell(format_args!("1 record was not acknowledged")),
        failed => tell(format_args!("{failed} records were not acknowledged")),
    }
    tally
}

//! Records sent on schedule, whatever becomes of the earlier ones, and how late each was acknowledged.
//!
//! A record's latency counts from the time it was due, not from when a caller that was held up came to send it: a stall
//! shows in every record that it delayed. The peers' programs include this file, so it knows no client.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock, and waits")]

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long the last records may take to be acknowledged.
const PATIENCE: Duration = Duration::from_secs(60);

/// What every client's program takes: `bootstrap topic rate seconds size linger_ms`.
#[derive(Clone, Debug)]
pub struct Arguments {
    /// The cluster.
    pub bootstrap: String,
    /// The topic, which exists or is made by being used.
    pub topic: String,
    /// Records a second; 0 sends as many as the client takes.
    pub rate: f64,
    /// For how long records are measured, after as long a warm-up.
    pub seconds: f64,
    /// Bytes of a value.
    pub size: usize,
    /// `linger.ms`.
    pub linger_ms: String,
}

impl Arguments {
    /// Those of the command line.
    ///
    /// # Errors
    /// Too few, too many, or no numbers.
    pub fn parse(given: impl Iterator<Item = String>) -> Result<Arguments> {
        let given: Vec<String> = given.collect();
        ensure!(
            given.len() == 6,
            "usage: bootstrap topic rate seconds size linger_ms; rate 0 is as fast as it goes"
        );
        let number = |index: usize| -> Result<f64> {
            given[index].parse().with_context(|| format!("{:?} is not a number", given[index]))
        };
        Ok(Arguments {
            bootstrap: given[0].clone(),
            topic: given[1].clone(),
            rate: number(2)?,
            seconds: number(3)?,
            size: number(4)? as usize,
            linger_ms: given[5].clone(),
        })
    }
}

/// A schedule and what came of it. Times are nanoseconds since its start.
#[derive(Debug)]
pub struct OpenLoop {
    rate: f64,
    warm_up: u64,
    end: u64,
    started: Instant,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    latencies: Histogram<u64>,
    done: u64,
    failed: u64,
    /// Of the records that are measured, not of the warm-up.
    measured: u64,
    last: u64,
}

impl OpenLoop {
    /// The clock starts.
    pub fn start(arguments: &Arguments) -> OpenLoop {
        let nanos = (arguments.seconds * 1e9) as u64;
        // From a nanosecond to an hour, to three digits: bounds that every histogram of the kind can have.
        let latencies = Histogram::new_with_max(3_600_000_000_000, 3).expect("bounds in order, few digits");
        OpenLoop {
            rate: arguments.rate,
            warm_up: nanos,
            end: 2 * nanos,
            started: Instant::now(),
            seen: Mutex::new(Seen { latencies, done: 0, failed: 0, measured: 0, last: 0 }),
        }
    }

    /// Calls `send` with each record's number and due time when it is due, and returns how many were sent. What `send` was given
    /// comes back to [`done`](OpenLoop::done).
    pub fn run(&self, send: impl FnMut(u64, u64)) -> u64 {
        self.run_in_bursts(send, || ())
    }

    /// The same; `sent` is called when all that was due has been sent, and before that after every 256 records.
    pub fn run_in_bursts(&self, mut send: impl FnMut(u64, u64), mut sent: impl FnMut()) -> u64 {
        let mut number = 0;
        let mut told = 0;
        loop {
            if number - told >= 256 {
                sent();
                told = number;
            }
            let now = self.now();
            if self.rate <= 0.0 {
                if now >= self.end {
                    sent();
                    return number;
                }
                send(number, now);
                number += 1;
                continue;
            }
            let due = self.due(number);
            if due >= self.end {
                sent();
                return number;
            }
            if due > now {
                sent();
                told = number;
                // Wakes tens of microseconds late, and then finds all that are due: part of every client's figures.
                sleep(Duration::from_nanos(due - now));
                continue;
            }
            send(number, due);
            number += 1;
        }
    }

    /// A record that was due then has its outcome.
    pub fn done(&self, due: u64, acknowledged: bool) {
        let now = self.now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.done += 1;
        seen.failed += u64::from(!acknowledged);
        if due >= self.warm_up && acknowledged {
            seen.latencies.saturating_record(now - due);
            seen.measured += 1;
            seen.last = seen.last.max(now);
        }
    }

    /// Waits until everything that was sent is done, and says what came of it in one line.
    ///
    /// # Errors
    /// A record without an outcome, or not acknowledged.
    pub fn finish(&self, sent: u64) -> Result<String> {
        let given_up = Instant::now() + PATIENCE;
        while self.lock(|seen| seen.done) < sent {
            ensure!(
                Instant::now() < given_up,
                "{} of {sent} records have no outcome",
                sent - self.lock(|seen| seen.done)
            );
            sleep(Duration::from_millis(1));
        }
        self.lock(|seen| {
            ensure!(seen.failed == 0, "{} of {sent} records were not acknowledged", seen.failed);
            let micros = |quantile: f64| seen.latencies.value_at_quantile(quantile) as f64 / 1e3;
            let seconds = seen.last.saturating_sub(self.warm_up) as f64 / 1e9;
            Ok(format!(
                "records={} rec_per_s={:.0} p50_us={:.0} p99_us={:.0} p999_us={:.0} max_us={:.0}",
                seen.measured,
                seen.measured as f64 / seconds,
                micros(0.5),
                micros(0.99),
                micros(0.999),
                seen.latencies.max() as f64 / 1e3,
            ))
        })
    }

    fn lock<R>(&self, f: impl FnOnce(&Seen) -> R) -> R {
        f(&self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn now(&self) -> u64 {
        self.started.elapsed().as_nanos() as u64
    }

    fn due(&self, number: u64) -> u64 {
        (number as f64 / self.rate * 1e9) as u64
    }
}

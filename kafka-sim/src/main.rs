//! `kafka-sim --seeds A..B`, or `kafka-sim --seed N --trace`.
#![allow(clippy::disallowed_methods, reason = "seeds per second are measured by the real clock")]

use clap::Parser;
use kafka_sim::{Report, Scenario, Trace, Violation, run};
use std::ops::Range;
use std::panic::catch_unwind;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Runs the producer in simulated worlds.
#[derive(Parser, Debug)]
struct Arguments {
    /// Runs these seeds: A..B, B not included.
    #[arg(long, value_parser = range, conflicts_with = "seed", required_unless_present = "seed")]
    seeds: Option<Range<u64>>,

    /// Runs one seed.
    #[arg(long)]
    seed: Option<u64>,

    /// Tells the run line by line.
    #[arg(long, requires = "seed")]
    trace: bool,
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let wrong = || format!("{text:?} is not a range: expected A..B with A below B");
    let (from, to) = text.split_once("..").ok_or_else(wrong)?;
    let (from, to) = (from.parse().map_err(|_| wrong())?, to.parse().map_err(|_| wrong())?);
    if from < to { Ok(from..to) } else { Err(wrong()) }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match (arguments.seed, arguments.seeds) {
        (Some(seed), _) => one(seed, arguments.trace),
        (None, Some(seeds)) => many(seeds),
        (None, None) => ExitCode::FAILURE,
    }
}

fn one(seed: u64, trace: bool) -> ExitCode {
    let trace = if trace { Trace::Told } else { Trace::Silent };
    if trace == Trace::Told {
        println!("{:#?}", Scenario::new(seed));
    }
    match run(seed, trace) {
        Ok(report) => {
            println!("seed {seed}: {report:?}");
            ExitCode::SUCCESS
        }
        Err(violation) => {
            println!("seed {seed} FAILED: {violation}");
            ExitCode::FAILURE
        }
    }
}

/// A panic is a failure of its seed, not of the run.
fn guarded(seed: u64) -> Result<Report, Violation> {
    catch_unwind(|| run(seed, Trace::Silent)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(Violation { invariant: "nothing panics", evidence: text.to_owned() })
    })
}

fn many(seeds: Range<u64>) -> ExitCode {
    let started = Instant::now();
    let next = AtomicU64::new(seeds.start);
    let totals = Mutex::new((Report::default(), Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let result = guarded(seed);
                    let mut totals = totals.lock().unwrap_or_else(PoisonError::into_inner);
                    match result {
                        Ok(report) => {
                            totals.0.events += report.events;
                            totals.0.acknowledged += report.acknowledged;
                            totals.0.failed += report.failed;
                            totals.0.simulated += report.simulated;
                        }
                        Err(violation) => {
                            println!("seed {seed} FAILED: {violation}");
                            totals.1.push(seed);
                        }
                    }
                }
            });
        }
    });
    let (sums, failed) = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
    let (count, seconds) = (seeds.end - seeds.start, started.elapsed().as_secs_f64());
    println!(
        "{count} seeds in {seconds:.1} s ({:.1} seeds per second): {} events in {:.1} simulated hours, {} records \
         acknowledged, {} failed; {} seeds broke a promise",
        count as f64 / seconds,
        sums.events,
        sums.simulated.as_secs_f64() / 3_600.0,
        sums.acknowledged,
        sums.failed,
        failed.len(),
    );
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("look at one with: cargo xtask sim --seed {} --trace", failed[0]);
    ExitCode::FAILURE
}

//! Runs the works one at a time, for whoever counts what they take; `cargo xtask bench-guard` does.
//!
//! - `bench-work list`: a line for each work: its name and its unit, with a tab between them.
//! - `bench-work instructions NAME`: runs one under callgrind, which counts (see `bench::gauge::Callgrind`), and prints what was
//!   done: units, batches.
//! - `bench-work allocations NAME`: the same, and counts calls to the allocator: allocations, units, batches.

use anyhow::{Context, Result, bail};
use bench::gauge::{Allocations, Callgrind, Gauge, Unmeasured};
use bench::work::{Done, Work, works};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Rounds until memory that is kept has grown to its size, and timers of the start have fired.
const WARM_UP: u32 = 5;
const ROUNDS: u32 = 10;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["list"] => works().for_each(|work| println!("{}\t{}", work.name, work.unit)),
        ["instructions", name] => {
            let done = run(find(name)?, &mut Callgrind);
            println!("{}\t{}", done.units, done.batches);
        }
        ["allocations", name] => {
            let mut allocations = Allocations::default();
            let done = run(find(name)?, &mut allocations);
            println!("{}\t{}\t{}", allocations.count, done.units, done.batches);
        }
        _ => bail!("usage: bench-work list | instructions NAME | allocations NAME"),
    }
    Ok(())
}

fn find(name: &str) -> Result<&'static Work> {
    works().find(|work| work.name == name).with_context(|| format!("no work is called {name:?}"))
}

fn run(work: &Work, gauge: &mut dyn Gauge) -> Done {
    let mut round = (work.start)();
    for _ in 0..WARM_UP {
        round(&mut Unmeasured);
    }
    let mut done = Done::default();
    for _ in 0..ROUNDS {
        done += round(gauge);
    }
    done
}

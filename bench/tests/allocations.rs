//! The allocator is called by the batch, never by the record.

use bench::gauge::{Allocations, Gauge, Unmeasured};
use bench::work::{Done, works};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A batch has more records than this, so that one call per record would be far more than a handful per batch.
const RECORDS_PER_BATCH: u64 = 75;
/// Beyond what a batch needs in any step: its memory as it grows, what its records share, its request and answer.
const HANDFUL: u64 = 32;

/// One test, for the count is of the whole process.
#[test]
fn each_step_of_a_record_calls_the_allocator_a_handful_of_times_per_batch_or_not_at_all() {
    for name in ["send", "send-keyed", "network", "network-keyed", "append"] {
        let (done, calls) = count(name);
        let records_per_batch = done.units / done.batches;
        assert!(records_per_batch > RECORDS_PER_BATCH, "{name}: {done:?}");
        assert!(calls <= HANDFUL * done.batches, "{name}: {calls} allocations for {done:?}");
        assert!(calls > 0, "{name}: without any, nothing was counted");
    }
    for name in ["delivery", "batch-write", "partition-keyed", "partition-sticky", "partition-round-robin"] {
        let (done, calls) = count(name);
        assert_eq!(calls, 0, "{name}: {done:?}");
    }
}

/// What some rounds do in the steady state, and how often that calls the allocator.
fn count(name: &str) -> (Done, u64) {
    let work = works().find(|work| work.name == name).expect("there is one");
    let mut round = (work.start)();
    let mut run = |gauge: &mut dyn Gauge| {
        let mut done = Done::default();
        for _ in 0..5 {
            done += round(gauge);
        }
        done
    };
    run(&mut Unmeasured);
    let mut allocations = Allocations::default();
    let done = run(&mut allocations);
    (done, allocations.count as u64)
}

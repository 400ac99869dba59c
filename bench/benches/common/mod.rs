//! Works under criterion.

use bench::gauge::Stopwatch;
use bench::work::{Done, Work};
use criterion::{BenchmarkId, Criterion};
use std::time::Duration;

/// Times works. An iteration is a unit: the time is what one record, batch or partition takes.
pub(crate) fn run(group: &str, works: &[Work]) {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let mut group = criterion.benchmark_group(group);
    for work in works {
        group.bench_function(BenchmarkId::new(work.name, work.unit), |bencher| {
            let mut round = (work.start)();
            bencher.iter_custom(|units| {
                let (mut stopwatch, mut done) = (Stopwatch::default(), Done::default());
                // Whole rounds, so mostly a few units more than asked for.
                while done.units < units {
                    done += round(&mut stopwatch);
                }
                stopwatch.elapsed.mul_f64(units as f64 / done.units as f64)
            });
        });
    }
    group.finish();
    criterion.final_summary();
}

//! Works under criterion.

use bench::gauge::Stopwatch;
use bench::work::Work;
use criterion::{BenchmarkId, Criterion, Throughput};
use std::time::Duration;

/// Times works. One iteration is one round, so that the reported throughput, and not the time, is what one unit takes.
pub(crate) fn run(group: &str, works: &[Work]) {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    let mut group = criterion.benchmark_group(group);
    for work in works {
        let mut round = (work.start)();
        let done = round(&mut Stopwatch::default());
        group.throughput(Throughput::Elements(done.units));
        group.bench_function(BenchmarkId::from_parameter(work.name), |bencher| {
            bencher.iter_custom(|rounds| {
                let mut stopwatch = Stopwatch::default();
                for _ in 0..rounds {
                    round(&mut stopwatch);
                }
                stopwatch.elapsed
            });
        });
    }
    group.finish();
    criterion.final_summary();
}

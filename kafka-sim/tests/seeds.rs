//! Two hundred worlds, of which no two are alike.

use kafka_sim::{Trace, run};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

#[test]
fn every_promise_holds_in_two_hundred_simulated_worlds() {
    let next = AtomicU64::new(0);
    let broken = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= 200 {
                        return;
                    }
                    if let Err(violation) = run(seed, Trace::Silent) {
                        broken.lock().unwrap().push(format!("seed {seed}: {violation}"));
                    }
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    assert!(broken.is_empty(), "cargo xtask sim --seed N --trace shows the run:\n{}", broken.join("\n"));
}

#[test]
fn the_same_seed_is_the_same_world() {
    for seed in [3, 17] {
        let twice =
            [(); 2].map(|()| run(seed, Trace::Silent).map(|report| (report.events, report.acknowledged)));
        assert_eq!(twice[0], twice[1]);
    }
}

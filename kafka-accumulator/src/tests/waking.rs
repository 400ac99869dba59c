//! Callers on threads of their own, and an engine that sleeps.

use super::*;

#[test]
fn no_wake_up_is_lost_between_callers_and_a_sleeping_engine() {
    const CALLERS: usize = 3;
    const EACH: usize = 3_000;
    let linger = Duration::from_secs(3_600);
    let (accumulator, mut drainer) = Accumulator::new(AccumulatorConfig { linger, ..config() });
    let topic = accumulator.topic("t");
    let engine_thread = std::thread::current();
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            let (topic, engine_thread) = (&topic, &engine_thread);
            scope.spawn(move || {
                let waker = park::thread_waker();
                for _ in 0..EACH {
                    loop {
                        match append_with(topic, &[0; 300], at(0), None).unwrap() {
                            Append::Appended(appended) => {
                                if appended.wake {
                                    engine_thread.unpark();
                                }
                                break;
                            }
                            Append::NeedsMemory { bytes, .. } => {
                                let mut wait = topic.reserve(PartitionId(0), bytes, Monotonic::NEVER);
                                engine_thread.unpark();
                                while wait.poll(&waker).is_pending() {
                                    std::thread::park();
                                }
                            }
                            other => panic!("{other:?}"),
                        }
                    }
                }
            });
        }
        // The engine: it lingers for an hour, so that only events and waiters make it send.
        let (mut events, mut seen) = (Vec::new(), 0);
        while seen + 3 < CALLERS * EACH {
            drainer.take_events(&mut events);
            events.clear();
            if drainer.has_memory_waiters() && drainer.queue_count() > 0 {
                drainer.seal_open(QueueId(0));
            }
            if drainer.queue_count() > 0 {
                while let Some(batch) = drainer.pop(QueueId(0)) {
                    seen += batch.record_count() as usize;
                    acknowledge(batch, 0);
                }
            }
            if seen + 3 < CALLERS * EACH && drainer.publish_sleep(Monotonic::NEVER, 1) {
                std::thread::park();
            }
        }
    });
    drop(drainer);
    assert_eq!(accumulator.available_memory(), 100_000);
}

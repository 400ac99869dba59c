//! What an outage costs: no more memory than there is, and no record that comes back after it was given up.

mod world;

use kafka_accumulator::{AccumulatorConfig, Delivery, FailureCause, MemoryError, MemoryWait, Written};
use kafka_protocol::wire::ApiKey;
use kafka_sender::SenderConfig;
use kafka_testkit::{ClusterConfig, ErrorCode, Rule, TopicConfig};
use kafka_types::NodeId;
use std::task::{Poll, Waker};
use world::{MS, SECOND, Settings, World, failed, offset};

const MEMORY: usize = 100_000;

fn small(partitions: u32) -> World {
    let cluster = ClusterConfig::new(1).topic(TopicConfig::new("orders", partitions));
    let sender =
        SenderConfig { delivery_timeout: 10 * SECOND, request_timeout: SECOND, ..SenderConfig::default() };
    let accumulator =
        AccumulatorConfig { buffer_memory: MEMORY, batch_size: 4_096, ..AccumulatorConfig::default() };
    World::new(cluster, Settings { sender, accumulator, ..Settings::default() })
}

/// A caller who sends as fast as there is memory.
struct Caller {
    wait: Option<MemoryWait>,
    number: u32,
    sent: Vec<(i32, String, Delivery)>,
    /// How often `max.block.ms` was over.
    timed_out: u32,
}

impl Caller {
    fn new() -> Caller {
        Caller { wait: None, number: 0, sent: Vec::new(), timed_out: 0 }
    }

    /// Sends until there is no memory.
    fn send(&mut self, world: &mut World, partitions: i32) {
        let mut grant = None;
        if let Some(wait) = &mut self.wait {
            match wait.poll(Waker::noop()) {
                Poll::Pending => return,
                Poll::Ready(result) => {
                    self.wait = None;
                    self.timed_out += u32::from(matches!(result, Err(MemoryError::TimedOut)));
                    grant = result.ok();
                }
            }
        }
        loop {
            let partition = self.number as i32 % partitions;
            let value = format!("{} {}", self.number, "x".repeat(1_000));
            match world.try_append("orders", partition, &value, &mut grant) {
                Ok(delivery) => self.sent.push((partition, value, delivery)),
                Err(bytes) => {
                    let deadline = world.at(500 * MS);
                    self.wait = Some(world.reserve("orders", partition, bytes, deadline));
                    return;
                }
            }
            self.number += 1;
        }
    }
}

#[test]
fn a_buffer_full_of_retries_goes_on_in_order_when_the_cluster_is_well_again() {
    let mut world = small(8);
    let refusal = Rule::new().api(ApiKey::PRODUCE).refuse(ErrorCode::NOT_LEADER_OR_FOLLOWER);
    let rule = world.cluster.add_rule(refusal);
    let mut caller = Caller::new();
    for _ in 0..500 {
        caller.send(&mut world, 8);
        world.run(10 * MS);
        assert!(world.accumulator.used_memory() <= MEMORY);
    }
    let accepted = caller.sent.len();
    assert!(accepted > 50 && accepted < 100, "{accepted}");
    world.cluster.remove_rule(rule);
    for _ in 0..150 {
        caller.send(&mut world, 8);
        world.run(10 * MS);
    }
    assert!(caller.sent.len() > 2 * accepted, "no progress");
    drop(caller.wait.take());
    world.flush(1);
    world.run(2 * SECOND);
    for partition in 0..8 {
        let of_it = || caller.sent.iter().filter(|(of, ..)| *of == partition);
        assert!(of_it().enumerate().all(|(at, (.., delivery))| offset(delivery).0 == at as i64));
        let values: Vec<_> = of_it().map(|(_, value, _)| value.clone()).collect();
        assert_eq!(world.log("orders", partition), values);
    }
    assert_eq!(world.accumulator.used_memory(), 0);
}

#[test]
fn an_outage_holds_no_more_than_the_buffer_and_what_was_given_up_never_arrives() {
    let mut world = small(1);
    let first = world.send("orders", 0, "first");
    assert_eq!(offset(&first).0, 0);
    world.cluster.stop_broker(world.now(), NodeId(1));
    world.settle();
    let mut caller = Caller::new();
    for _ in 0..300 {
        caller.send(&mut world, 1);
        world.run(100 * MS);
        assert!(world.accumulator.used_memory() <= MEMORY);
    }
    // Within max.block.ms callers are told, again and again.
    assert!(caller.timed_out >= 30, "{}", caller.timed_out);
    drop(caller.wait.take());
    world.run(11 * SECOND);
    assert_eq!(world.accumulator.used_memory(), 0);
    for (.., delivery) in &caller.sent {
        let failure = failed(delivery);
        assert_eq!((failure.cause(), failure.outcome()), (FailureCause::Timeout, Written::NotWritten));
    }
    world.cluster.start_broker(world.now(), NodeId(1));
    world.run(20 * SECOND);
    let last = world.send("orders", 0, "last");
    world.run(2 * SECOND);
    assert_eq!(offset(&last).0, 1);
    assert_eq!(world.log("orders", 0), ["first", "last"]);
}

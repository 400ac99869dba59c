//! Sequences against a broker that checks them as Kafka's does and remembers five batches, over a network that loses requests,
//! answers and connections, and lets copies arrive late.
//!
//! Whatever happens: what is acknowledged is in the log once and in order, nothing is there twice, what surely was not written
//! is not there, and when the world is well again everything gets its outcome.

#![allow(clippy::unwrap_used, reason = "test code")]

mod model;

use kafka_types::ErrorCode;
use model::{Model, Outcome};
use proptest::collection::vec;
use proptest::prelude::*;

const PARTITIONS: usize = 2;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A new batch with so many records.
    Append(u32),
    /// Whatever may be sent goes out.
    Send,
    /// The broker takes up the oldest request and answers it; with an error, instead of or in spite of appending it.
    Answer(Option<ErrorCode>),
    /// The connection breaks: of its requests so many were taken up, the others get lost or arrive late.
    Break { taken_up: usize, late: bool },
    /// A copy of a request that was given up arrives.
    Late,
    /// The newest request had not begun to go out.
    Recall,
    /// The oldest batch has run out of time.
    Expire,
    /// The broker's memory of the producer expires.
    Forget,
}

fn answer() -> impl Strategy<Value = Option<ErrorCode>> {
    prop_oneof![
        6 => Just(None),
        1 => Just(Some(ErrorCode::NOT_LEADER_OR_FOLLOWER)),
        1 => Just(Some(ErrorCode::NOT_ENOUGH_REPLICAS)),
        1 => Just(Some(ErrorCode::REQUEST_TIMED_OUT)),
        1 => Just(Some(ErrorCode::NOT_ENOUGH_REPLICAS_AFTER_APPEND)),
        1 => Just(Some(ErrorCode::MESSAGE_TOO_LARGE)),
        1 => Just(Some(ErrorCode::INVALID_RECORD)),
        1 => Just(Some(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)),
        1 => Just(Some(ErrorCode::UNKNOWN_PRODUCER_ID)),
        1 => Just(Some(ErrorCode::INVALID_PRODUCER_EPOCH)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        // Large counts make sequences start over at zero, though not within the batches that the broker remembers.
        8 => prop_oneof![4 => 1..6_u32, 1 => Just(300_000_000)].prop_map(Step::Append),
        8 => Just(Step::Send),
        8 => answer().prop_map(Step::Answer),
        2 => (0..6_usize, any::<bool>()).prop_map(|(taken_up, late)| Step::Break { taken_up, late }),
        2 => Just(Step::Late),
        1 => Just(Step::Recall),
        1 => Just(Step::Expire),
        1 => Just(Step::Forget),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_log_has_what_was_acknowledged_once_and_in_order_whatever_gets_lost(
        last_epochs in any::<bool>(),
        steps in vec((0..PARTITIONS, step()), 1..120),
    ) {
        let mut model = Model::new(PARTITIONS, if last_epochs { i16::MAX - 1 } else { 0 });
        for (partition, step) in steps {
            match step {
                Step::Append(records) => model.append(partition, records),
                Step::Send => model.send(partition),
                Step::Answer(error) => model.answer(partition, error),
                Step::Break { taken_up, late } => model.disconnect(partition, taken_up, late),
                Step::Late => model.deliver_late(partition),
                Step::Recall => model.recall(partition),
                Step::Expire => model.expire(partition),
                Step::Forget => model.forget(partition),
            }
        }
        for _ in 0..1000 {
            for partition in 0..PARTITIONS {
                model.send(partition);
                model.answer(partition, None);
            }
        }
        for partition in 0..PARTITIONS {
            while model.has_late(partition) {
                model.deliver_late(partition);
            }
            let mut last = None;
            for (batch, outcome) in model.outcomes(partition) {
                let places: Vec<usize> = model
                    .log(partition)
                    .iter()
                    .enumerate()
                    .filter_map(|(at, logged)| (*logged == batch).then_some(at))
                    .collect();
                prop_assert!(places.len() <= 1, "{batch:?} is there {} times", places.len());
                match outcome {
                    None => prop_assert!(false, "{batch:?} has no outcome"),
                    Some(Outcome::Acknowledged) => {
                        prop_assert!(places.len() == 1, "{batch:?} is lost");
                        prop_assert!(Some(places[0]) > last, "{batch:?} is out of order");
                        last = Some(places[0]);
                    }
                    Some(Outcome::NotWritten) => prop_assert!(places.is_empty(), "{batch:?} is there"),
                    Some(Outcome::Unknown) => {}
                }
            }
        }
    }
}

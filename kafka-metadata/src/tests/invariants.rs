use super::*;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Index, leader, epoch.
type Listed = (i32, i32, i32);

#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Touch(u8),
    Request,
    Poll,
    Answer(Vec<(u8, i16, Vec<Listed>)>),
    Fail,
    Hint(u8, i32, i32, i32),
}

fn step() -> impl Strategy<Value = Step> {
    let partition = (-1..6_i32, -1..5_i32, -1..8_i32);
    let code = prop_oneof![4 => Just(0_i16), 1 => -1..130_i16];
    prop_oneof![
        3 => (0..2000_u64).prop_map(Step::Pass),
        2 => (0..4_u8).prop_map(Step::Touch),
        1 => Just(Step::Request),
        4 => Just(Step::Poll),
        4 => vec((0..4_u8, code, vec(partition, 0..6)), 0..4).prop_map(Step::Answer),
        1 => Just(Step::Fail),
        1 => (0..4_u8, -1..6_i32, -1..5_i32, -1..9_i32).prop_map(|(t, p, l, e)| Step::Hint(t, p, l, e)),
    ]
}

fn epochs(manager: &MetadataManager) -> BTreeMap<(Arc<str>, usize), i32> {
    let topics = manager.snapshot().topics();
    let partitions =
        topics.flat_map(|topic| topic.partitions.iter().enumerate().map(|p| (topic.name.clone(), p)));
    partitions.map(|(topic, (index, partition))| ((topic, index), partition.leader_epoch.0)).collect()
}

proptest! {
    #[test]
    fn epochs_never_go_back_requests_never_overlap_and_pauses_are_bounded(steps in vec(step(), 1..80)) {
        let (metadata, mut manager) = pair();
        let (mut now, mut in_progress) = (0, false);
        let mut seen = BTreeMap::new();
        for step in steps {
            match step {
                Step::Pass(millis) => now += millis,
                Step::Touch(name) => { metadata.touch(&format!("t{name}"), at(now)); }
                Step::Request => metadata.request_update(),
                Step::Poll => {
                    let request = manager.poll_request(at(now));
                    prop_assert!(!(in_progress && request.is_some()));
                    in_progress |= request.is_some();
                }
                Step::Answer(topics) => {
                    let topics = topics.into_iter().map(|(name, code, partitions)| MetadataResponseTopic {
                        error_code: ErrorCode(code),
                        ..topic(&format!("t{name}"), partitions.into_iter().map(|(i, l, e)| partition(i, l, e)))
                    });
                    respond(&mut manager, at(now), response(topics));
                    in_progress = false;
                }
                Step::Fail => {
                    prop_assert!(manager.handle_failure(at(now), None).is_empty());
                    in_progress = false;
                }
                Step::Hint(name, index, leader, epoch) => {
                    let hint = crate::LeaderHint {
                        topic: format!("t{name}").into(),
                        partition: index.into(),
                        leader: leader.into(),
                        leader_epoch: epoch.into(),
                    };
                    prop_assert!(manager.handle_leader_hints(&[hint], &[]).is_empty());
                }
            }
            let current = epochs(&manager);
            for (partition, epoch) in &current {
                // A topic that was forgotten in between, or that was forbidden, may come back with anything.
                let before: i32 = seen.get(partition).copied().unwrap_or(-1);
                prop_assert!(*epoch >= before, "{partition:?} went from {before} to {epoch}");
            }
            seen = current;
            for topic in manager.snapshot().topics() {
                for index in &topic.available {
                    let leader = topic.partitions[*index as usize].leader.unwrap();
                    prop_assert!(manager.snapshot().brokers.contains_key(&leader));
                }
            }
            metadata.request_update();
            if !in_progress {
                prop_assert!(manager.is_update_due(at(now + 1200)), "a wanted refresh waits for longer than the maximum");
            }
        }
    }
}

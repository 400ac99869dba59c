//! The metadata machine by scenario, and its invariants by random histories.

mod invariants;
mod merging;
mod refreshing;
mod waiting;

use crate::{Metadata, MetadataConfig, MetadataManager};
use kafka_protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{MetadataRequest, MetadataResponse};
use kafka_types::{ErrorCode, Monotonic, TopicId};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};
use std::time::Duration;

const LATEST: i16 = 13;
const ID: TopicId = TopicId([1; 16]);
const OTHER_ID: TopicId = TopicId([2; 16]);

fn at(millis: u64) -> Monotonic {
    Monotonic::from_millis(1_000_000 + millis)
}

/// Both sides, with two bootstrap addresses and nothing known.
fn pair() -> (Metadata, MetadataManager) {
    pair_with(MetadataConfig::default())
}

fn pair_with(config: MetadataConfig) -> (Metadata, MetadataManager) {
    let bootstrap = ["boot-1:9092", "boot-2:9092"].map(|address| address.parse().unwrap());
    Metadata::new(config, bootstrap.to_vec(), 42)
}

/// Both sides, with one answer at 0 ms that names `orders` with these leaders, all at epoch 5.
fn knowing(leaders: &[i32]) -> (Metadata, MetadataManager) {
    let (metadata, mut manager) = pair();
    metadata.touch("orders", at(0));
    manager.poll_request(at(0)).unwrap();
    let listed: Vec<_> = (0..).zip(leaders).map(|(index, leader)| partition(index, *leader, 5)).collect();
    respond(&mut manager, at(0), response([topic("orders", listed)]));
    (metadata, manager)
}

/// Asks and answers once more, at this time.
fn refresh(manager: &mut MetadataManager, now: Monotonic, answer: MetadataResponse) {
    manager.request_update();
    manager.poll_request(now).expect("a refresh is due");
    respond(manager, now, answer);
}

fn respond(manager: &mut MetadataManager, now: Monotonic, answer: MetadataResponse) {
    manager.handle_response(now, LATEST, &answer).into_iter().for_each(Waker::wake);
}

fn asked(request: &MetadataRequest) -> Vec<&str> {
    request.topics.iter().flatten().map(|topic| topic.name.as_deref().unwrap()).collect()
}

fn response(topics: impl IntoIterator<Item = MetadataResponseTopic>) -> MetadataResponse {
    MetadataResponse {
        brokers: (1..=3).map(|id| broker(id, "host", 9092)).collect(),
        cluster_id: Some("cluster".into()),
        controller_id: 1,
        topics: topics.into_iter().collect(),
        ..MetadataResponse::default()
    }
}

fn broker(node_id: i32, host: &str, port: i32) -> MetadataResponseBroker {
    MetadataResponseBroker { node_id, host: host.into(), port, ..MetadataResponseBroker::default() }
}

fn topic(
    name: &str,
    partitions: impl IntoIterator<Item = MetadataResponsePartition>,
) -> MetadataResponseTopic {
    MetadataResponseTopic {
        name: Some(name.into()),
        topic_id: ID,
        partitions: partitions.into_iter().collect(),
        ..MetadataResponseTopic::default()
    }
}

fn failed(name: &str, error_code: ErrorCode) -> MetadataResponseTopic {
    MetadataResponseTopic { name: Some(name.into()), error_code, ..MetadataResponseTopic::default() }
}

fn partition(partition_index: i32, leader_id: i32, leader_epoch: i32) -> MetadataResponsePartition {
    MetadataResponsePartition {
        partition_index,
        leader_id,
        leader_epoch,
        ..MetadataResponsePartition::default()
    }
}

fn leaders(manager: &MetadataManager) -> Vec<Option<i32>> {
    let topic = manager.snapshot().topic("orders").expect("the topic is known");
    topic.partitions.iter().map(|partition| partition.leader.map(|leader| leader.0)).collect()
}

/// Between the lower and the upper end of a delay with its spread.
fn about(delay: Duration, millis: u64) -> bool {
    let range = Duration::from_millis(millis * 8 / 10)..=Duration::from_millis(millis * 12 / 10);
    range.contains(&delay)
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Woken {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

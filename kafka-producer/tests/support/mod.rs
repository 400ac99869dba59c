//! A simulated cluster on loopback sockets, and the producers of its tests.

#![allow(dead_code, clippy::unwrap_used, reason = "test code, of which each program uses its own part")]

use kafka_producer::{Producer, ProducerBuilder};
use kafka_testkit::{Cluster, ClusterConfig, LoggedRecord, LoopbackCluster};
use std::future::Future;
use std::net::TcpListener;
use std::ops::Deref;
use std::time::Duration;

/// Longer than any test takes; what reaches it has failed.
pub(crate) const LONG: Duration = Duration::from_secs(60);
/// For what is expected to time out.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

pub(crate) struct Loopback(LoopbackCluster);

impl Loopback {
    pub(crate) fn start(config: ClusterConfig) -> Loopback {
        Loopback(LoopbackCluster::start(config).unwrap())
    }

    /// A builder that knows the way here.
    pub(crate) fn producer(&self) -> ProducerBuilder {
        Producer::builder().bootstrap_servers(self.bootstrap_servers())
    }

    /// All brokers stop answering.
    pub(crate) fn freeze_all(&self) {
        self.with(|cluster, _| each_node(cluster).into_iter().for_each(|node| cluster.freeze(node)));
    }

    pub(crate) fn thaw_all(&self) {
        self.with(|cluster, now| each_node(cluster).into_iter().for_each(|node| cluster.thaw(now, node)));
    }

    /// Returns once something holds that other threads are about to bring about; fails after [`LONG`].
    pub(crate) fn until(&self, mut holds: impl FnMut(&Loopback) -> bool) {
        #[allow(clippy::disallowed_methods, reason = "a bound for the test itself, not for what it tests")]
        let start = std::time::Instant::now();
        while !holds(self) {
            assert!(start.elapsed() < LONG, "it never came true");
            std::thread::yield_now();
        }
    }
}

impl Deref for Loopback {
    type Target = LoopbackCluster;

    fn deref(&self) -> &LoopbackCluster {
        &self.0
    }
}

fn each_node(cluster: &Cluster) -> Vec<kafka_producer::NodeId> {
    cluster.nodes().collect()
}

/// The values in a partition's log, as text.
pub(crate) fn values(cluster: &Loopback, topic: &str, partition: i32) -> Vec<String> {
    let text = |record: LoggedRecord| String::from_utf8(record.value.unwrap_or_default().to_vec()).unwrap();
    cluster.records(topic, partition).into_iter().map(text).collect()
}

/// A port that was free a moment ago: nobody listens there.
pub(crate) fn unreachable_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Polls a future on this thread, without any runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    smol::future::block_on(future)
}

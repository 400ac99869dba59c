//! The simulated cluster, served by a child process.

use crate::link;
use anyhow::Result;
use clap::Args;
use kafka_testkit::{ClusterConfig, LoopbackCluster};
use std::io::{BufRead, stdin};
use std::time::Duration;

/// Serves a cluster until standard input ends. Prints the bootstrap servers, then obeys lines: `stop 2`, `start 2`,
/// `freeze 2`, each answered by a line.
#[derive(Args, Clone, Debug)]
pub(crate) struct Serve {
    #[arg(long, default_value_t = 1)]
    pub(crate) brokers: u32,
    #[arg(long, default_value_t = 6)]
    pub(crate) partitions: u32,
    /// How long an answer is under way on the link.
    #[arg(long, default_value_t = 0)]
    pub(crate) delay_ms: u64,
}

impl Serve {
    pub(crate) fn run(&self) -> Result<()> {
        let mut config = ClusterConfig::new(self.brokers).default_partitions(self.partitions);
        // Nobody takes over from a broker that dies.
        config.default_replication_factor = 1;
        let cluster = LoopbackCluster::start(config)?;
        if self.delay_ms > 0 {
            self.put_links_before(&cluster)?;
        }
        println!("{}", self.bootstrap_servers(&cluster));
        for line in stdin().lock().lines() {
            let line = line?;
            let (verb, node) = line.split_once(' ').unwrap_or((line.as_str(), ""));
            let node: i32 = node.parse()?;
            match verb {
                "stop" => drop(cluster.stop_broker(node)),
                "start" => drop(cluster.start_broker(node)),
                "freeze" => cluster.freeze(node),
                _ => anyhow::bail!("{line:?} is none of stop, start, freeze"),
            }
            println!("done");
        }
        Ok(())
    }

    fn put_links_before(&self, cluster: &LoopbackCluster) -> Result<()> {
        for node in 1..=self.brokers as i32 {
            let Some(broker) = cluster.address(node) else { continue };
            let port = link::open(broker, Duration::from_millis(self.delay_ms))?;
            cluster.with(move |cluster, _| cluster.set_address(node.into(), "127.0.0.1".to_owned(), port));
        }
        Ok(())
    }

    /// One broker will do: the first metadata names them all by the addresses that the links have.
    fn bootstrap_servers(&self, cluster: &LoopbackCluster) -> String {
        cluster.address(1).unwrap_or_default().to_owned()
    }
}

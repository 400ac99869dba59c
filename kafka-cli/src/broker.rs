//! `kafka-cli broker`: the embedded cluster on loopback sockets.

use anyhow::{Context, Result};
use clap::Args;
use kafka_testkit::{ClusterConfig, LoopbackCluster};
use std::io::Write;
use std::process::ExitCode;

/// Serves an embedded Kafka cluster on loopback, for trying things out.
///
/// It checks what a broker checks, and keeps everything in memory until it ends. Topics are made by being used. The first
/// line on standard output ends with the bootstrap servers.
#[derive(Args, Debug)]
pub(crate) struct BrokerArguments {
    /// The first broker's port; the next brokers take the next ports. 0 lets the system choose.
    #[arg(long, default_value_t = 9092)]
    port: u16,

    /// How many brokers.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    brokers: u32,

    /// Partitions of a topic that is made by being used.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    partitions: u32,
}

impl BrokerArguments {
    /// Serves until the process is asked to end.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let config = ClusterConfig::new(self.brokers).default_partitions(self.partitions);
        let cluster = LoopbackCluster::builder(config)
            .port(self.port)
            .start()
            .with_context(|| format!("listening on port {}", self.port))?;
        // Nobody may be reading; that is no reason not to serve.
        let _ = writeln!(
            std::io::stdout(),
            "embedded Kafka; stop it with Ctrl-C; bootstrap server: {}",
            cluster.bootstrap_servers()
        );
        let (ended, wait) = std::sync::mpsc::channel();
        crate::shutdown::on_signal(move || drop(ended))?;
        // Ends when the sender is gone.
        let _: Result<(), _> = wait.recv();
        Ok(ExitCode::SUCCESS)
    }
}

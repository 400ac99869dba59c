//! `scale`: how the producer's cost grows with callers, partitions, brokers, and with what goes wrong.
//!
//! Every scenario prints lines of figures that begin with its name. Without `--bootstrap` it starts the simulated cluster
//! in a process of its own, so that what is measured is the producer alone.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock, and waits")]

mod cluster;
mod dead_broker;
mod deliveries;
mod hot_partition;
mod link;
mod load;
mod matrix;
mod quiet;
mod serve;
mod trickle;

use anyhow::Result;
use clap::{Parser, Subcommand};
use cluster::Whereabouts;

/// Measures the Kafka producer where there is much of something.
#[derive(Parser, Debug)]
#[command(max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    whereabouts: Whereabouts,

    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Subcommand, Debug)]
enum Scenario {
    /// As many records as it takes, in a shape of your own.
    Load(load::Load),
    /// Callers on 1, 2, 4 and 8 threads, to one topic and to a topic each.
    Callers(matrix::Callers),
    /// A topic of 1, 12, 1,000 and 10,000 partitions, without keys and with all partitions in turn.
    Partitions(matrix::Partitions),
    /// 1 to 100 brokers.
    Brokers(matrix::Brokers),
    /// One partition behind a link of 10 ms, beside one batch per round trip.
    HotPartition(hot_partition::HotPartition),
    /// Many open partitions, and no record.
    Idle(quiet::Idle),
    /// Many partitions with a record each now and then.
    Trickle(trickle::Trickle),
    /// One of three brokers dies, and the memory is full.
    DeadBroker(dead_broker::DeadBroker),
    /// Many deliveries held at once.
    Deliveries(deliveries::Deliveries),
    #[command(hide = true)]
    Serve(serve::Serve),
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let at = &cli.whereabouts;
    match cli.scenario {
        Scenario::Load(scenario) => load::run(at, &scenario).map(|figures| println!("load {figures}")),
        Scenario::Callers(scenario) => scenario.run(at),
        Scenario::Partitions(scenario) => scenario.run(at),
        Scenario::Brokers(scenario) => scenario.run(at),
        Scenario::HotPartition(scenario) => scenario.run(at),
        Scenario::Idle(scenario) => scenario.run(at),
        Scenario::Trickle(scenario) => scenario.run(at),
        Scenario::DeadBroker(scenario) => scenario.run(at),
        Scenario::Deliveries(scenario) => scenario.run(at),
        Scenario::Serve(serve) => serve.run(),
    }
}

//! The same load in several shapes.

use crate::cluster::Whereabouts;
use crate::load::{self, Load, Spread, Topics};
use anyhow::Result;
use clap::Args;

/// Callers on several threads.
#[derive(Args, Debug)]
pub(crate) struct Callers {
    #[command(flatten)]
    load: Load,
}

/// Topics of several sizes.
#[derive(Args, Debug)]
pub(crate) struct Partitions {
    #[command(flatten)]
    load: Load,
}

/// Clusters of several sizes.
#[derive(Args, Debug)]
pub(crate) struct Brokers {
    #[command(flatten)]
    load: Load,
}

impl Callers {
    pub(crate) fn run(&self, at: &Whereabouts) -> Result<()> {
        for topics in [Topics::One, Topics::Each] {
            for threads in [1, 2, 4, 8] {
                print("callers", at, &Load { threads, topics, ..self.load.clone() })?;
            }
        }
        Ok(())
    }
}

impl Partitions {
    pub(crate) fn run(&self, at: &Whereabouts) -> Result<()> {
        for spread in [Spread::Partitioner, Spread::InTurn] {
            for partitions in [1, 12, 1_000, 10_000] {
                print("partitions", at, &Load { partitions, spread, ..self.load.clone() })?;
            }
        }
        Ok(())
    }
}

impl Brokers {
    pub(crate) fn run(&self, at: &Whereabouts) -> Result<()> {
        for brokers in [1, 3, 10, 30, 100] {
            let load = Load { brokers, partitions: 3 * brokers, ..self.load.clone() };
            println!("brokers brokers={brokers} {}", load::run(at, &load)?);
        }
        Ok(())
    }
}

fn print(name: &str, at: &Whereabouts, load: &Load) -> Result<()> {
    println!("{name} {}", load::run(at, load)?);
    Ok(())
}

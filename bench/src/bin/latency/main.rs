//! `latency`: how long after a record was due it is acknowledged, at a given rate, for this producer and for others.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock, and waits")]

mod compare;
mod figures;
mod ours;
mod peers;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Measures latency under an open load: records are sent when they are due, whatever became of earlier ones.
#[derive(Parser, Debug)]
#[command(max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Ours(ours::Ours),
    Compare(compare::Compare),
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::Ours(ours) => ours.run(),
        Command::Compare(compare) => compare.run(),
    }
}

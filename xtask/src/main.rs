//! Tasks around the workspace: code generation, checks, vectors, simulation runs, and the one command that tests all.
#![allow(clippy::disallowed_methods, reason = "a program reads the clock")]

mod batch_vectors;
mod bench_guard;
mod codegen;
mod fuzz;
mod fuzz_seeds;
mod layering;
mod schema_check;
mod test;
mod vectors;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use std::fs::File;
use std::path::PathBuf;
use std::process::Command;

/// Tasks around the workspace.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that must hold: format, lints, layering, tests, simulation, real Kafka.
    Test,
    /// Checks that dependencies between the crates point to lower layers only, and that I/O stays where it belongs.
    Layering,
    /// Writes Rust from kafka-protocol/schema.
    Codegen {
        /// Only says whether the generated code is stale.
        #[arg(long)]
        check: bool,
    },
    /// Compares kafka-protocol/schema with Kafka's own definitions, and prints what differs.
    SchemaCheck {
        /// JSON lines, one definition each.
        file: PathBuf,
    },
    /// Reads and writes the messages of a file, made by another implementation: tab-separated lines of API key, version,
    /// request or response, name, and the body in hex; plain or .gz.
    Vectors {
        /// The file.
        file: PathBuf,
    },
    /// Reads and writes the record batches of a file: gzip around JSON lines, made by another implementation.
    BatchVectors {
        /// The file.
        file: PathBuf,
    },
    /// Counts what each piece of a record's way takes, in instructions (by valgrind) and allocations, and fails if that is over 3 %
    /// more than bench/figures.tsv says.
    BenchGuard {
        /// Writes bench/figures.tsv.
        #[arg(long)]
        update: bool,
    },
    /// Writes corpora for the fuzz targets from the vectors of kafka-protocol's tests.
    FuzzSeeds,
    /// Runs the fuzz targets, or those that are named, each in its turn; writes the seeds first. Needs a C++ compiler, but neither nightly
    /// nor cargo-fuzz.
    Fuzz {
        /// How many inputs each target gets.
        #[arg(long, default_value_t = 200_000)]
        runs: u64,
        /// Names of targets; all of them if there are none.
        targets: Vec<String>,
    },
    /// Runs the simulated world: `--seeds A..B`, or `--seed N --trace`.
    Sim {
        /// Handed on to kafka-sim.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Test => test::run(),
        Task::Layering => layering::run(),
        Task::Codegen { check } => codegen::run(check),
        Task::SchemaCheck { file } => schema_check::run(&file),
        Task::Vectors { file } => vectors::run(&file),
        Task::BatchVectors { file } => {
            let open = File::open(&file).with_context(|| format!("opening {}", file.display()))?;
            for ((magic, compression), count) in batch_vectors::check(open)? {
                println!("format {magic} {compression}: {count} batches hold");
            }
            Ok(())
        }
        Task::BenchGuard { update } => bench_guard::run(update),
        Task::FuzzSeeds => fuzz_seeds::run(),
        Task::Fuzz { runs, targets } => fuzz::run(runs, &targets),
        Task::Sim { arguments } => sim(&arguments),
    }
}

/// The simulation has a profile of its own: fast, with debug assertions.
fn sim(arguments: &[String]) -> Result<()> {
    let status = Command::new("cargo")
        .args(["run", "--quiet", "--profile", "sim", "-p", "kafka-sim", "--"])
        .args(arguments)
        .status()
        .context("starting cargo")?;
    ensure!(status.success(), "the simulation ended with {status}");
    Ok(())
}

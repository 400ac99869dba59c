//! Code generation, layering check, vectors, simulation runs, tests.

mod batch_vectors;

use anyhow::Context;
use clap::{Parser, Subcommand};
use std::fs::File;
use std::path::PathBuf;

/// Tasks around the workspace.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Reads and writes the record batches of a file: gzip around JSON lines, made by another implementation.
    BatchVectors {
        /// The file.
        file: PathBuf,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::BatchVectors { file } => {
            let open = File::open(&file).with_context(|| format!("opening {}", file.display()))?;
            for ((magic, compression), count) in batch_vectors::check(open)? {
                println!("format {magic} {compression}: {count} batches hold");
            }
        }
    }
    Ok(())
}

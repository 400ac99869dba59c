//! `kafka-cli`: Kafka's own producing tools, without a JVM, and a broker for trying things out.
#![allow(clippy::disallowed_methods, reason = "a program reads the clock")]

mod arguments;
mod broker;
mod events;
mod json_reader;
mod ledger;
mod line_reader;
mod manual;
mod metadata;
mod perf_test;
mod produce;
mod shutdown;
mod throttle;
mod transactional_lines;
mod verifiable_producer;
mod verifiable_transactions;

use clap::{Parser, Subcommand};
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Sends records to Apache Kafka.
///
/// `kafka-cli COMMAND --help` tells all of a command's options. RUST_LOG=debug tells what happens inside.
#[derive(Parser, Debug)]
#[command(name = "kafka-cli", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Produce(Box<produce::ProduceArguments>),
    Metadata(Box<metadata::MetadataArguments>),
    PerfTest(Box<perf_test::PerfTestArguments>),
    VerifiableProducer(Box<verifiable_producer::VerifiableProducerArguments>),
    Broker(broker::BrokerArguments),
    Completion(manual::CompletionArguments),
    Manual(manual::ManualArguments),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // RUST_LOG chooses what is told; standard output belongs to the records.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    let result = match cli.command {
        Command::Produce(arguments) => arguments.run(),
        Command::Metadata(arguments) => arguments.run(),
        Command::PerfTest(arguments) => arguments.run(),
        Command::VerifiableProducer(arguments) => arguments.run(),
        Command::Broker(arguments) => arguments.run(),
        Command::Completion(arguments) => arguments.run::<Cli>(),
        Command::Manual(arguments) => arguments.run::<Cli>(),
    };
    result.unwrap_or_else(|error| {
        tell(format_args!("error: {error:#}"));
        ExitCode::FAILURE
    })
}

/// A line on standard error; that nobody reads it is no reason to fail.
fn tell(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

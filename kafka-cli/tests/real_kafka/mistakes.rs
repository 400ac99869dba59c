//! What goes wrong is said clearly, in its bound, and costs no accepted record.

use crate::cluster::RealCluster;
use crate::log::read_topic;
use crate::program;
use anyhow::{Context, Result, ensure};
use std::time::{Duration, Instant};

/// Beyond the bound that was set: starting a process on a busy machine.
const SLACK: Duration = Duration::from_secs(8);

pub(crate) fn are_explained_in_their_bound_and_accepted_records_arrive() -> Result<()> {
    let cluster = RealCluster::start(1)?;
    let bootstrap = cluster.bootstrap_servers();
    cluster.create_topic("mistakes", 1, &["max.message.bytes=2000"])?;

    let long = "x".repeat(3_000);
    let input = format!("first\n{long}\nlast\n");
    let broker_refuses = ["produce", "--bootstrap-server", &bootstrap, "--topic", "mistakes"];
    refused(&broker_refuses, &input, &["MESSAGE_TOO_LARGE", "max.message.bytes"])?;

    let larger_than_a_request =
        [&broker_refuses[..], &["--command-property", "max.request.size=2500"]].concat();
    refused(&larger_than_a_request, &input, &["max.request.size", "2500"])?;
    let values: Vec<_> = read_topic(&bootstrap, "mistakes")?.into_iter().filter_map(|r| r.value).collect();
    ensure!(values == ["first", "last", "first", "last"], "the records around the large one: {values:?}");

    let mut unknown_topic = vec!["produce", "--bootstrap-server", &bootstrap, "--topic", "no/such topic"];
    refused(&unknown_topic, "a\n", &["no/such topic"])?;
    unknown_topic = vec!["produce", "--bootstrap-server", "127.0.0.1:1", "--topic", "t"];
    unknown_topic.extend(["--command-property", "max.block.ms=1500"]);
    refused(&unknown_topic, "a\n", &["127.0.0.1:1", "max.block.ms"])?;

    let no_such_property = [&broker_refuses[..], &["--command-property", "linger.msec=5"]].concat();
    refused(&no_such_property, "a\n", &["linger.msec", "linger.ms"])?;
    let no_such_value = [&broker_refuses[..], &["--command-property", "acks=2"]].concat();
    refused(&no_such_value, "a\n", &["acks", "2"])
}

/// The run fails in time, and what it says on standard error names each of `named`.
fn refused(arguments: &[&str], input: &str, named: &[&str]) -> Result<()> {
    let started = Instant::now();
    let output = program::run(arguments, input.as_bytes())?;
    let took = started.elapsed();
    let said = String::from_utf8(output.stderr).context("standard error is not UTF-8")?;
    ensure!(!output.status.success(), "kafka-cli {arguments:?} succeeded:\n{said}");
    ensure!(took < SLACK, "kafka-cli {arguments:?} took {took:?}:\n{said}");
    for name in named {
        ensure!(said.contains(name), "kafka-cli {arguments:?} does not name {name}:\n{said}");
    }
    Ok(())
}

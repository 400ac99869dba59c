//! Java's and librdkafka's programs against the embedded broker.

use crate::java::{self, run_with_input};
use crate::log::read_topic;
use crate::program::{self, Running};
use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader};
use std::process::Command;

const LINES: usize = 2_000;

/// Starts `kafka-cli broker` on a port of the system's choice.
fn start_broker() -> Result<(Running, String)> {
    let mut broker = Running::start(&["broker", "--port", "0"])?;
    let mut stdout = BufReader::new(broker.0.stdout.take().context("no stdout")?);
    let mut line = String::new();
    stdout.read_line(&mut line)?;
    // The first line ends with the address to use.
    let bootstrap = line.split_whitespace().last().context("the broker printed nothing")?.to_owned();
    // The pipe stays open, so that the broker can go on printing.
    std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
    Ok((broker, bootstrap))
}

fn lines(of: &str) -> String {
    (0..LINES).map(|i| format!("{of} {i}\n")).collect()
}

fn check(bootstrap: &str, topic: &str, input: &str) -> Result<()> {
    let mut values: Vec<String> =
        read_topic(bootstrap, topic)?.into_iter().filter_map(|record| record.value).collect();
    let mut expected: Vec<String> = input.lines().map(str::to_owned).collect();
    values.sort();
    expected.sort();
    ensure!(values == expected, "{} of {} records were read from {topic}", values.len(), expected.len());
    Ok(())
}

pub(crate) fn javas_console_producer_and_consumer_work_against_the_embedded_broker() -> Result<()> {
    let (_broker, bootstrap) = start_broker()?;
    let input = lines("java");
    for codec in ["none", "zstd"] {
        let topic = format!("java-{codec}");
        let arguments = ["--bootstrap-server", &bootstrap, "--topic", &topic, "--compression-codec", codec];
        java::tool_output("org.apache.kafka.tools.ConsoleProducer", &arguments, input.as_bytes())?;
        check(&bootstrap, &topic, &input)?;
    }
    let ours = lines("ours");
    program::output(&["produce", "--bootstrap-server", &bootstrap, "--topic", "ours"], ours.as_bytes())?;
    check(&bootstrap, "ours", &ours)
}

pub(crate) fn librdkafkas_producer_and_consumer_work_against_the_embedded_broker() -> Result<()> {
    let (_broker, bootstrap) = start_broker()?;
    let input = lines("librdkafka");
    let mut produce = Command::new("kcat");
    produce.args(["-P", "-b", &bootstrap, "-t", "kcat", "-X", "enable.idempotence=true", "-z", "lz4"]);
    let output = run_with_input(produce, input.as_bytes())?;
    ensure!(output.status.success(), "kcat -P: {}", String::from_utf8_lossy(&output.stderr));
    check(&bootstrap, "kcat", &input)?;

    let mut consume = Command::new("kcat");
    consume.args(["-C", "-b", &bootstrap, "-t", "kcat", "-o", "beginning", "-e", "-q"]);
    let output = run_with_input(consume, b"")?;
    ensure!(output.status.success(), "kcat -C: {}", String::from_utf8_lossy(&output.stderr));
    ensure!(output.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count() == LINES);

    // As a member of a group, with balanced consumption.
    let mut group = Command::new("kcat");
    group.args([
        "-b",
        &bootstrap,
        "-G",
        "kcat-group",
        "-e",
        "-q",
        "-X",
        "auto.offset.reset=earliest",
        "kcat",
    ]);
    let output = run_with_input(group, b"")?;
    ensure!(output.status.success(), "kcat -G: {}", String::from_utf8_lossy(&output.stderr));
    ensure!(output.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).count() == LINES);
    Ok(())
}

/// Why librdkafka's programs can't run here, or `None`.
pub(crate) fn kcat_missing() -> Option<&'static str> {
    let runs = Command::new("kcat").arg("-V").output().is_ok();
    (!runs).then_some("kcat is missing (Debian's package kcat)")
}

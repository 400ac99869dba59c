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
    start_broker_with(&[])
}

fn start_broker_with(more: &[&str]) -> Result<(Running, String)> {
    let mut broker = Running::start(&[&["broker", "--port", "0"], more].concat())?;
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

pub(crate) fn java_and_librdkafka_authenticate_over_tls_to_the_embedded_broker() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let authority = folder.path().join("ca.pem");
    let authority = authority.to_str().context("a path that is not UTF-8")?;
    let (_broker, bootstrap) = start_broker_with(&["--tls", authority, "--user", "alice:alice-secret"])?;
    // Not SCRAM: releases before 2.7 repeat a nonce that is not the server's, which brokers don't take any more
    // (CVE-2024-56128).
    let librdkafka = |password: &str| {
        let mut produce = Command::new("kcat");
        produce.args(["-P", "-b", &bootstrap, "-t", "kcat", "-X", "security.protocol=SASL_SSL"]);
        produce.args(["-X", &format!("ssl.ca.location={authority}"), "-X", "sasl.mechanism=PLAIN"]);
        produce.args(["-X", "sasl.username=alice", "-X", &format!("sasl.password={password}")]);
        run_with_input(produce, b"one\n")
    };
    let output = librdkafka("alice-secret")?;
    ensure!(output.status.success(), "kcat: {}", String::from_utf8_lossy(&output.stderr));
    let refused = String::from_utf8(librdkafka("wrong")?.stderr)?;
    ensure!(refused.contains("Invalid username or password"), "kcat: {refused}");

    let truststore = format!("ssl.truststore.location={authority}");
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let line = "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"alice\" \
                    password=\"alice-secret\";";
        let mechanism = format!("sasl.mechanism={mechanism}");
        let mut arguments = vec!["--bootstrap-server", &bootstrap, "--topic", "java"];
        for property in
            ["security.protocol=SASL_SSL", "ssl.truststore.type=PEM", &truststore, &mechanism, line]
        {
            arguments.extend(["--command-property", property]);
        }
        java::tool_output("org.apache.kafka.tools.ConsoleProducer", &arguments, b"one\n")?;
    }
    let mut consume = Command::new("kcat");
    consume.args(["-C", "-b", &bootstrap, "-t", "java", "-e", "-q", "-X", "security.protocol=SASL_SSL"]);
    consume.args(["-X", &format!("ssl.ca.location={authority}"), "-X", "sasl.mechanism=PLAIN"]);
    consume.args(["-X", "sasl.username=alice", "-X", "sasl.password=alice-secret"]);
    let read = String::from_utf8(run_with_input(consume, b"")?.stdout)?;
    ensure!(read == "one\none\n", "of Java's records {read:?} were read");
    Ok(())
}

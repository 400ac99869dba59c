//! The program under test, and a cluster for it.
#![allow(dead_code, clippy::unwrap_used, reason = "test code, of which each program uses its own part")]

use kafka_testkit::{ClusterConfig, LoopbackCluster, TopicConfig};
use std::io::Write;
use std::process::{Child, Command, Output, Stdio};

pub(crate) fn cluster() -> LoopbackCluster {
    LoopbackCluster::start(ClusterConfig::new(1).topic(TopicConfig::new("t", 3))).unwrap()
}

pub(crate) fn spawn(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_kafka-cli"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

pub(crate) fn run(arguments: &[&str], input: impl AsRef<[u8]>) -> Output {
    let mut child = spawn(arguments);
    // A program that refuses its arguments does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_ref());
    child.wait_with_output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Sends a signal, as a terminal or an administrator does.
pub(crate) fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
}

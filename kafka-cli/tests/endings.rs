//! How the programs end: interrupted, or with nobody to read what they say.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use kafka_testkit::{ApiKey, LoopbackCluster, Rule, RuleId};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Child;
use std::time::Duration;
use support::{cluster, signal, spawn};

/// A program whose one line is on its way to a cluster with this rule.
fn sending(cluster: &LoopbackCluster, rule: RuleId) -> Child {
    let bootstrap = cluster.bootstrap_servers();
    let mut child = spawn(&["produce", "--bootstrap-server", &bootstrap, "--topic", "t", "--print-metadata"]);
    // Standard input stays open: the program waits for more lines.
    child.stdin.as_mut().unwrap().write_all(b"a line\n").unwrap();
    while cluster.rule_hits(rule) == 0 {
        std::thread::yield_now();
    }
    child
}

#[test]
fn an_interrupted_program_waits_for_what_it_sent_and_says_130() {
    let cluster = cluster();
    let rule = cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).delay(Duration::from_millis(300)));
    let mut child = sending(&cluster, rule);
    signal(&child, "-INT");
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{err}");
    assert!(out.starts_with("t-") && out.ends_with("@0\n"), "{out}");
    assert!(err.starts_with("interrupted: "), "{err}");
    assert_eq!(err.lines().nth(1), Some("records acknowledged: 1, not acknowledged: 0"), "{err}");
    assert_eq!(err.lines().count(), 2, "{err}");
}

#[test]
fn a_program_that_is_interrupted_twice_ends_at_once() {
    let cluster = cluster();
    let rule = cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).drop_response());
    let mut child = sending(&cluster, rule);
    signal(&child, "-TERM");
    let mut err = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    err.read_line(&mut told).unwrap();
    assert!(told.starts_with("interrupted: "), "{told}");
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    // In good order it would have told what became of the line.
    told.clear();
    err.read_to_string(&mut told).unwrap();
    assert_eq!(told, "");
}

#[test]
fn the_verifiable_producer_ends_when_nobody_reads_it_any_more() {
    let cluster = cluster();
    let bootstrap = cluster.bootstrap_servers();
    // Without a number of messages it would go on for ever.
    let mut child = spawn(&["verifiable-producer", "--bootstrap-server", &bootstrap, "--topic", "t"]);
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("startup_complete"), "{first}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_broker_that_is_not_there_is_told_while_one_waits_and_without_colours_in_a_file() {
    // A port that was free a moment ago.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut child = spawn(&["produce", "--bootstrap-server", &address, "--topic", "t"]);
    child.stdin.as_mut().unwrap().write_all(b"a line\n").unwrap();
    let mut told = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut told).unwrap();
    assert!(told.contains("WARN") && told.contains(&address), "{told}");
    assert!(!told.contains('\x1b'), "{told}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn failures_that_nobody_can_read_are_in_the_exit_code() {
    let cluster = cluster();
    let bootstrap = cluster.bootstrap_servers();
    let arguments = ["produce", "--bootstrap-server", &bootstrap, "--topic", "t"];
    for wrong in [["--topic-is-not", "x"], ["--timeout", "soon"], ["--reader-property", "parse.key=true"]] {
        let mut child = spawn(&[&arguments[..], &wrong].concat());
        drop(child.stderr.take());
        // A program that refuses its arguments does not read.
        let _ = child.stdin.take().unwrap().write_all(b"a line\n");
        let expected = if wrong[0] == "--topic-is-not" { 2 } else { 1 };
        assert_eq!(child.wait().unwrap().code(), Some(expected), "{wrong:?}");
    }
}

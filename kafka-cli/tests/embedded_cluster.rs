//! The programs as a user runs them, against the embedded cluster.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use kafka_testkit::{ApiKey, ErrorCode, LoopbackCluster, Rule};
use std::io::{BufRead, BufReader, Write};
use support::{cluster, run, signal, spawn, stderr, stdout};

/// Key, value and headers of all records of topic `t`, partition by partition.
fn records(cluster: &LoopbackCluster) -> Vec<(Option<String>, Option<String>, Vec<String>)> {
    let text = |bytes: bytes::Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    (0..3)
        .flat_map(|partition| cluster.records("t", partition))
        .map(|record| {
            let headers = record.headers.iter().map(|header| header.key.clone()).collect();
            (record.key.map(text), record.value.map(text), headers)
        })
        .collect()
}

#[test]
fn lines_become_records_with_key_headers_and_null() {
    let cluster = cluster();
    let bootstrap = cluster.bootstrap_servers();
    let mut arguments = vec!["produce", "--bootstrap-server", &bootstrap, "--topic", "t"];
    for property in ["parse.key=true", "parse.headers=true", "key.separator=|", "null.marker=NULL"] {
        arguments.extend(["--reader-property", property]);
    }
    let output = run(&arguments, "a:1\tk|v\r\nNULL\tk|NULL\n");
    assert!(output.status.success(), "{}", stderr(&output));
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(records(&cluster), [(some("k"), some("v"), vec!["a".to_owned()]), (some("k"), None, vec![])]);
}

#[test]
fn a_typed_line_is_sent_at_once() {
    let cluster = cluster();
    let bootstrap = cluster.bootstrap_servers();
    let mut child = spawn(&["produce", "--bootstrap-server", &bootstrap, "--topic", "t", "--print-metadata"]);
    let mut stdin = child.stdin.take().unwrap();
    let mut told = BufReader::new(child.stdout.take().unwrap());
    for number in 0..3 {
        stdin.write_all(format!("line {number}\n").as_bytes()).unwrap();
        let mut line = String::new();
        told.read_line(&mut line).unwrap();
        assert!(line.starts_with("t-"), "{line:?}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn one_line_that_is_refused_makes_the_exit_code_and_the_others_arrive() {
    let cluster = cluster();
    let bootstrap = cluster.bootstrap_servers();
    let mut arguments = vec!["produce", "--bootstrap-server", &bootstrap, "--topic", "t"];
    arguments.extend(["--command-property", "max.request.size=1000"]);
    let output = run(&arguments, format!("first\n{}\nlast\n", "x".repeat(2_000)));
    assert!(!output.status.success());
    let said = stderr(&output);
    assert!(said.contains("line 2") && said.contains("max.request.size"), "{said}");
    let mut values: Vec<_> = records(&cluster).into_iter().filter_map(|(_, value, _)| value).collect();
    values.sort();
    assert_eq!(values, ["first", "last"]);
}

#[test]
fn a_record_that_the_broker_refuses_makes_the_exit_code() {
    let cluster = cluster();
    cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).refuse(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
    let bootstrap = cluster.bootstrap_servers();
    let output = run(&["produce", "--bootstrap-server", &bootstrap, "--topic", "t"], "a\n");
    assert!(!output.status.success());
    assert!(stderr(&output).contains("TOPIC_AUTHORIZATION_FAILED"), "{}", stderr(&output));
}

#[test]
fn one_record_that_the_broker_refuses_among_others_is_told_with_its_line() {
    let cluster = cluster();
    cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).nth(3).refuse(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
    let bootstrap = cluster.bootstrap_servers();
    let output =
        run(&["produce", "--bootstrap-server", &bootstrap, "--topic", "t", "--sync"], "1\n2\n3\n4\n5\n");
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("line 3: ") && said.contains("1 record was not acknowledged"), "{said}");
}

#[test]
fn a_broker_that_cannot_be_reached_is_named_within_the_time_given() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap().to_string();
    drop(nobody);
    let produce = ["produce", "--bootstrap-server", &address, "--topic", "t", "--max-block-ms", "300"];
    let output = run(&produce, "1\n2\n3\n");
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    // The first line has waited for all of them.
    assert!(said.contains(&address) && said.contains("1 record was not acknowledged"), "{said}");
}

#[test]
fn fewer_acknowledgements_can_be_asked_for_without_switching_idempotence_off_by_name() {
    for acks in ["0", "1", "all"] {
        let cluster = cluster();
        let bootstrap = cluster.bootstrap_servers();
        let arguments = ["produce", "--bootstrap-server", &bootstrap, "--topic", "t"];
        let output = run(&[&arguments[..], &["--request-required-acks", acks]].concat(), "line\n");
        assert!(output.status.success(), "acks={acks}: {}", stderr(&output));
    }
}

#[test]
fn a_reader_of_the_output_that_goes_away_does_not_stop_the_sending() {
    let cluster = cluster();
    let bootstrap = cluster.bootstrap_servers();
    let mut child = spawn(&["produce", "--bootstrap-server", &bootstrap, "--topic", "t", "--print-metadata"]);
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all("line\n".repeat(100).as_bytes()).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    assert_eq!(records(&cluster).len(), 100);
}

#[test]
fn a_signal_sends_what_was_read_before_it_ends_the_program() {
    let cluster = cluster();
    let bootstrap = cluster.bootstrap_servers();
    let mut child = spawn(&["produce", "--bootstrap-server", &bootstrap, "--topic", "t", "--print-metadata"]);
    let mut stdin = child.stdin.take().unwrap();
    let mut told = BufReader::new(child.stdout.take().unwrap());
    stdin.write_all(b"line\n").unwrap();
    // The program is up, and has set its signals up, once the first line is acknowledged.
    told.read_line(&mut String::new()).unwrap();
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(records(&cluster).len(), 1);
}

#[test]
fn null_is_written_only_where_a_marker_says_so() {
    let cluster = cluster();
    let bootstrap = cluster.bootstrap_servers();
    let arguments = ["produce", "--bootstrap-server", &bootstrap, "--topic", "t"];
    let keyed = ["--reader-property", "parse.key=true", "--reader-property", "key.separator=:"];
    let output = run(&[&arguments[..], &keyed].concat(), "k:NULL\nk:\nk:null\n");
    assert!(output.status.success(), "{}", stderr(&output));
    let marked = ["--reader-property", "null.marker=NULL"];
    let output = run(&[&arguments[..], &keyed, &marked].concat(), "k:NULL\nk:\n");
    assert!(output.status.success(), "{}", stderr(&output));
    let values: Vec<_> = records(&cluster).into_iter().map(|(_, value, _)| value).collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(values, [text("NULL"), text(""), text("null"), None, text("")]);
}

#[test]
fn wrong_input_is_named() {
    let cluster = cluster();
    let bootstrap = cluster.bootstrap_servers();
    let produce = ["produce", "--bootstrap-server", &bootstrap, "--topic", "t"];
    let cases: [(&[&str], &[&str]); 6] = [
        (&["--command-property", "linger.ms=soon"], &["linger.ms", "soon"]),
        (&["--command-property", "no-equals-sign"], &["no-equals-sign", "key=value"]),
        (&["--reader-property", "parse.keys=true"], &["parse.keys"]),
        (&["--reader-property", "parse.key=true"], &["line 1", "key separator"]),
        (&["--command-config", "/nowhere/at-all"], &["/nowhere/at-all"]),
        (&["--compression-codec", "brotli"], &["brotli", "zstd"]),
    ];
    for (more, named) in cases {
        let output = run(&[&produce[..], more].concat(), "a line\n");
        assert!(!output.status.success(), "{more:?}");
        for name in named {
            assert!(stderr(&output).contains(name), "{more:?} does not name {name}: {}", stderr(&output));
        }
    }
    assert!(records(&cluster).is_empty());
}

#[test]
fn the_verifiable_producer_tells_each_outcome_and_the_sums() {
    let cluster = cluster();
    let bootstrap = cluster.bootstrap_servers();
    let mut arguments = vec!["verifiable-producer", "--bootstrap-server", &bootstrap, "--topic", "t"];
    arguments.extend(["--max-messages", "50", "--value-prefix", "7", "--repeating-keys", "5"]);
    let output = run(&arguments, "");
    assert!(output.status.success(), "{}", stderr(&output));
    let events: Vec<serde_json::Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["name"], "startup_complete");
    let sent: Vec<_> = events.iter().filter(|event| event["name"] == "producer_send_success").collect();
    assert_eq!(sent.len(), 50);
    assert!(sent.iter().any(|event| event["value"] == "7.49" && event["key"] == "4"));
    let sums = events.last().unwrap();
    assert_eq!((&sums["name"], &sums["sent"], &sums["acked"]), (&"tool_data".into(), &50.into(), &50.into()));
    assert_eq!(records(&cluster).len(), 50);
}

#[test]
fn the_verifiable_producer_tells_failures_and_exits_with_one() {
    let cluster = cluster();
    cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).refuse(ErrorCode::INVALID_RECORD));
    let bootstrap = cluster.bootstrap_servers();
    let output = run(
        &["verifiable-producer", "--bootstrap-server", &bootstrap, "--topic", "t", "--max-messages", "1"],
        "",
    );
    assert!(!output.status.success());
    assert!(stdout(&output).contains("producer_send_error"), "{}", stdout(&output));
}

#[test]
fn the_broker_names_its_address_serves_and_ends_when_asked() {
    let mut broker = spawn(&["broker", "--port", "0"]);
    let mut line = String::new();
    BufReader::new(broker.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let bootstrap = line.split_whitespace().last().unwrap().to_owned();
    let arguments = ["produce", "--bootstrap-server", &bootstrap, "--topic", "t", "--print-metadata"];
    let output = run(&arguments, "hello\n");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).starts_with("t-"));
    signal(&broker, "-TERM");
    assert!(broker.wait().unwrap().success());
}

/// The values that a reader of committed records gets.
fn committed(cluster: &LoopbackCluster) -> Vec<String> {
    let read = |partition| {
        let of = kafka_producer::TopicPartition::new("t", partition);
        cluster.with(move |cluster, _| cluster.committed_records(&of))
    };
    let text = |value: bytes::Bytes| String::from_utf8(value.to_vec()).unwrap();
    let mut values: Vec<String> = (0..3).flat_map(read).filter_map(|record| record.value.map(text)).collect();
    values.sort();
    values
}

#[test]
fn lines_are_committed_in_transactions_and_the_rest_at_the_end() {
    let cluster = cluster();
    let bootstrap = cluster.bootstrap_servers();
    let mut arguments = vec!["produce", "--bootstrap-server", &bootstrap, "--topic", "t", "--print-metadata"];
    arguments.extend(["--transactional-id", "lines", "--transaction-size", "2"]);
    let output = run(&arguments, "1\n2\n3\n4\n5\n");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 5);
    assert_eq!(committed(&cluster), ["1", "2", "3", "4", "5"]);
    assert_eq!(cluster.with(|cluster, _| cluster.requests().count(ApiKey::END_TXN)), 3);
}

#[test]
fn a_line_that_fails_takes_its_transaction_with_it_and_no_other() {
    let cluster = cluster();
    cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).nth(4).refuse(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
    let bootstrap = cluster.bootstrap_servers();
    let mut arguments = vec!["produce", "--bootstrap-server", &bootstrap, "--topic", "t", "--sync"];
    arguments.extend(["--transactional-id", "lines", "--transaction-size", "2"]);
    let output = run(&arguments, "1\n2\n3\n4\n5\n6\n");
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("line 3: ") && said.contains("line 4: ") && !said.contains("line 2: "), "{said}");
    assert_eq!(committed(&cluster), ["1", "2"]);
}

#[test]
fn verifiable_transactions_are_told_one_by_one_and_every_kth_is_aborted() {
    let cluster = cluster();
    let bootstrap = cluster.bootstrap_servers();
    let mut arguments = vec!["verifiable-producer", "--bootstrap-server", &bootstrap, "--topic", "t"];
    arguments.extend(["--transactional-id", "v", "--transaction-size", "3", "--abort-every", "3"]);
    arguments.extend(["--max-messages", "14"]);
    let output = run(&arguments, "");
    assert!(output.status.success(), "{}", stderr(&output));
    let told = stdout(&output);
    let count =
        |name: &str| told.lines().filter(|line| line.contains(&format!("\"name\":\"{name}\""))).count();
    let counts =
        ["producer_send_success", "transaction_committed", "transaction_aborted", "transaction_unknown"];
    assert_eq!(counts.map(count), [11, 4, 1, 0], "{told}");
    let last = told.lines().last().unwrap();
    assert!(last.contains("\"sent\":14,\"acked\":11"), "{last}");
    let mut expected: Vec<String> = (0..14).filter(|n| !(6..9).contains(n)).map(|n| n.to_string()).collect();
    expected.sort();
    assert_eq!(committed(&cluster), expected);
}

#[test]
fn a_verifiable_producer_that_is_fenced_says_so_and_ends() {
    let cluster = cluster();
    let bootstrap = cluster.bootstrap_servers();
    let fenced = Rule::new().api(ApiKey::END_TXN).nth(2).refuse(ErrorCode::PRODUCER_FENCED);
    cluster.add_rule(fenced);
    let mut arguments = vec!["verifiable-producer", "--bootstrap-server", &bootstrap, "--topic", "t"];
    arguments.extend(["--transactional-id", "v", "--transaction-size", "3"]);
    let output = run(&arguments, "");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("taken this one's place"), "{}", stderr(&output));
    assert!(stdout(&output).contains("\"transaction_aborted\""), "{}", stdout(&output));
}

#[test]
fn json_lines_and_any_delimiter_and_files_become_records() {
    let cluster = cluster();
    let bootstrap = cluster.bootstrap_servers();
    let produce = ["produce", "--bootstrap-server", &bootstrap, "--topic", "t", "--summary"];
    let json = r#"{"key":"k","value":"v","headers":{"h":"x"},"partition":1}"#;
    let output =
        run(&[&produce[..], &["--format", "json", "--print-metadata"]].concat(), format!("{json}\n\n{json}"));
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output), "t-1@0\nt-1@1\n");
    assert!(stderr(&output).contains("0 not acknowledged"), "{}", stderr(&output));

    let folder = tempfile::tempdir().unwrap();
    let files = ["one", "two"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    for file in &files {
        std::fs::write(file, b"a\nb\0\0NONE\0\0c").unwrap();
    }
    let options = ["--delimiter", "\\0\\x00", "--null-marker", "NONE", &files[0], &files[1]];
    let output = run(&[&produce[..], &options].concat(), "not read");
    assert!(output.status.success(), "{}", stderr(&output));
    let mut values: Vec<_> = records(&cluster).into_iter().map(|(_, value, _)| value).collect();
    values.sort();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(values, [None, None, some("a\nb"), some("a\nb"), some("c"), some("c"), some("v"), some("v")]);
}

#[test]
fn a_performance_test_ends_with_the_lines_of_kafkas_own() {
    let cluster = cluster();
    let bootstrap = cluster.bootstrap_servers();
    let mut arguments =
        vec!["perf-test", "--bootstrap-server", &bootstrap, "--topic", "t", "--throughput", "-1"];
    arguments.extend(["--num-records", "500", "--payload-monotonic", "--warmup-records", "100"]);
    arguments.extend(["--key-distribution", "range", "--record-key-range", "7"]);
    arguments.extend(["--producer-props", "linger.ms=0", "acks=all"]);
    let output = run(&arguments, "");
    assert!(output.status.success(), "{}", stderr(&output));
    let told = stdout(&output);
    let summaries: Vec<_> = told.lines().filter(|line| line.ends_with("ms 99.9th.")).collect();
    assert!(summaries[0].starts_with("500 records sent, "), "{told}");
    assert!(summaries[1].starts_with("400 steady state records sent, "), "{told}");
    let mut values: Vec<u64> =
        records(&cluster).into_iter().filter_map(|(_, value, _)| value?.parse().ok()).collect();
    values.sort_unstable();
    assert_eq!(values, (0..500).collect::<Vec<_>>());

    let transactions = [&arguments[..], &["--transaction-duration-ms", "5"]].concat();
    assert!(run(&transactions, "").status.success());
    cluster.add_rule(Rule::new().api(ApiKey::PRODUCE).refuse(ErrorCode::TOPIC_AUTHORIZATION_FAILED));
    let output = run(&arguments, "");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("500 of 500 records were not acknowledged"), "{}", stderr(&output));
}

#[test]
fn metadata_show_brokers_leaders_and_replicas_and_what_is_missing() {
    let config = kafka_testkit::ClusterConfig::new(3)
        .topic(kafka_testkit::TopicConfig::new("t", 2).replication_factor(3));
    let cluster = LoopbackCluster::start(config).unwrap();
    let bootstrap = cluster.bootstrap_servers();
    let show = ["metadata", "--bootstrap-server", &bootstrap];
    let output = run(&show, "");
    assert!(output.status.success(), "{}", stderr(&output));
    let table = stdout(&output);
    assert!(table.contains("BROKER") && table.contains("IN SYNC") && !table.contains('!'), "{table}");

    let json = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_slice(&run(&[&show[..], &["--json"], arguments].concat(), "").stdout).unwrap()
    };
    let before = json(&["--topic", "t"]);
    assert_eq!(before["brokers"].as_array().unwrap().len(), 3);
    let leader = before["topics"][0]["partitions"][0]["leader"].as_i64().unwrap();
    // Its leadership goes elsewhere, and so says the next look.
    cluster.stop_broker(i32::try_from(leader).unwrap());
    let mut after = json(&[]);
    for _ in 0..1000 {
        if after["topics"][0]["partitions"][0]["leader"].as_i64() != Some(leader) {
            break;
        }
        after = json(&[]);
    }
    assert_ne!(after["topics"][0]["partitions"][0]["leader"].as_i64(), Some(leader), "{after}");

    let output = run(&[&show[..], &["--topic", "elsewhere"]].concat(), "");
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("UNKNOWN_TOPIC_OR_PARTITION"), "{}", stdout(&output));
}

//! The options are those of Kafka's own tools, and mean what they mean there.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use kafka_testkit::LoopbackCluster;
use support::{cluster, run, stderr, stdout};

/// Of `kafka-console-producer` in Apache Kafka 4.4.
const CONSOLE_PRODUCER: &[&str] = &[
    "--batch-size",
    "--bootstrap-server",
    "--command-config",
    "--command-property",
    "--compression-codec",
    "--help",
    "--line-reader",
    "--max-block-ms",
    "--max-memory-bytes",
    "--max-partition-memory-bytes",
    "--message-send-max-retries",
    "--metadata-expiry-ms",
    "--producer-property",
    "--producer.config",
    "--property",
    "--reader-config",
    "--reader-property",
    "--request-required-acks",
    "--request-timeout-ms",
    "--retry-backoff-ms",
    "--socket-buffer-size",
    "--sync",
    "--timeout",
    "--topic",
];

/// Of `kafka-verifiable-producer` in Apache Kafka 4.4.
const VERIFIABLE_PRODUCER: &[&str] = &[
    "--acks",
    "--bootstrap-server",
    "--command-config",
    "--max-messages",
    "--message-create-time",
    "--producer.config",
    "--repeating-keys",
    "--throughput",
    "--topic",
    "--value-prefix",
];

#[test]
fn every_option_of_kafkas_tools_is_there() {
    for (command, options) in [("produce", CONSOLE_PRODUCER), ("verifiable-producer", VERIFIABLE_PRODUCER)] {
        let help = stdout(&run(&[command, "--help"], ""));
        let words: Vec<&str> = help.split([' ', '\n', ',', ']', '[']).collect();
        for option in options {
            assert!(words.contains(option), "{command} {option}");
        }
    }
}

#[test]
fn help_fits_a_terminal() {
    for command in ["produce", "verifiable-producer", "broker"] {
        let help = stdout(&run(&[command, "--help"], ""));
        assert!(help.lines().all(|line| line.chars().count() <= 110), "{help}");
    }
}

/// What `produce` says of one line with these options.
fn produce(cluster: &LoopbackCluster, options: &[&str], input: impl AsRef<[u8]>) -> (Option<i32>, String) {
    let bootstrap = cluster.bootstrap_servers();
    let output =
        run(&[&["produce", "--bootstrap-server", &bootstrap, "--topic", "t"], options].concat(), input);
    (output.status.code(), stderr(&output))
}

#[test]
fn negative_numbers_are_values() {
    let cluster = cluster();
    assert_eq!(produce(&cluster, &["--request-required-acks", "-1"], "a\n"), (Some(0), String::new()));
    let (code, said) = produce(&cluster, &["--timeout", "-5"], "a\n");
    assert_eq!(code, Some(1));
    assert!(said.contains("linger.ms") && said.contains("\"-5\""), "{said}");
}

#[test]
fn options_win_over_properties_and_these_over_the_file() {
    let cluster = cluster();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("producer.properties");
    std::fs::write(&file, "# demo\nmax.request.size : 10\nacks=1\nbootstrap.servers=nowhere:1\n").unwrap();
    let file = file.to_str().unwrap();
    let (code, said) = produce(&cluster, &["--command-config", file], "a\n");
    assert_eq!(code, Some(1));
    assert!(said.contains("max.request.size (10)"), "{said}");
    let larger = ["--command-config", file, "--command-property", "max.request.size=1000"];
    assert_eq!(produce(&cluster, &larger, "a\n"), (Some(0), String::new()));
    // Idempotence that is asked for needs all replicas: the file's acks alone contradict it.
    let idempotent = [&larger[..], &["--command-property", "enable.idempotence=true"]].concat();
    let (code, said) = produce(&cluster, &idempotent, "a\n");
    assert_eq!(code, Some(1));
    assert!(said.contains("acks=1 was set"), "{said}");
    let acks =
        [&idempotent[..], &["--command-property", "acks=0", "--request-required-acks", "all"]].concat();
    assert_eq!(produce(&cluster, &acks, "a\n"), (Some(0), String::new()));
}

#[test]
fn the_verifiable_producer_takes_acks_from_the_properties_unless_it_is_told() {
    let cluster = cluster();
    let bootstrap = cluster.bootstrap_servers();
    let mut arguments = vec!["verifiable-producer", "--bootstrap-server", &bootstrap, "--topic", "t"];
    arguments.extend(["--max-messages", "1", "--command-property", "acks=0"]);
    // Without acknowledgement no offset is known.
    assert!(stdout(&run(&arguments, "")).contains("\"offset\":-1"));
    arguments.extend(["--acks", "-1"]);
    assert!(!stdout(&run(&arguments, "")).contains("\"offset\":-1"));
}

#[test]
fn any_bytes_make_a_line_and_an_empty_line_an_empty_value() {
    let cluster = cluster();
    let large = vec![b'x'; 200_000];
    let input = [b"\n\xff\xfe\n\r\n", &large[..]].concat();
    assert_eq!(produce(&cluster, &[], input), (Some(0), String::new()));
    let mut values: Vec<Vec<u8>> = (0..3)
        .flat_map(|partition| cluster.records("t", partition))
        .map(|record| record.value.unwrap().to_vec())
        .collect();
    values.sort();
    assert_eq!(values, [vec![], vec![], large, vec![0xff, 0xfe]]);
}

#[test]
fn kafkas_line_reader_may_be_named_and_no_other() {
    let cluster = cluster();
    let reader = ["--line-reader", "org.apache.kafka.tools.LineMessageReader"];
    assert_eq!(produce(&cluster, &reader, "a\n"), (Some(0), String::new()));
    let (code, said) = produce(&cluster, &["--line-reader", "com.example.Reader"], "a\n");
    assert_eq!(code, Some(2));
    assert!(said.contains("com.example.Reader") && said.contains("LineMessageReader"), "{said}");
}

#[test]
fn shells_and_the_manual_know_every_command() {
    let commands = ["produce", "verifiable-producer", "perf-test", "metadata", "broker"];
    for shell in ["bash", "zsh", "fish"] {
        let script = stdout(&run(&["completion", shell], ""));
        assert!(commands.iter().all(|command| script.contains(command)), "{shell}");
        assert!(script.contains("transactional-id"), "{shell}");
    }
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["manual", folder.path().to_str().unwrap()], "");
    assert!(output.status.success(), "{}", stderr(&output));
    for command in commands {
        let page = std::fs::read_to_string(folder.path().join(format!("kafka-cli-{command}.1"))).unwrap();
        assert!(page.contains(".TH"), "{command}");
    }
    assert_eq!(run(&["manual", "/no/such/folder"], "").status.code(), Some(1));
}

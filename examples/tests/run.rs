//! Every example runs, without arguments and without a cluster.
#![allow(clippy::unwrap_used, reason = "test code")]

use std::path::PathBuf;
use std::process::Command;

/// What each example says when all went well.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("callbacks", &["100 clicks acknowledged", "not now: ", "views-"]),
    ("errors", &["did you mean linger.ms?", "0 to 2", "max.request.size (1048576)", "make a new producer"]),
    (
        "exactly_once",
        &["run 2 began at 5", "run 3 began at 10", "15 shouts: THE QUICK BROWN", "INTO THE WOODS"],
    ),
    ("interceptor", &["Some(TooLarge)", "Some(\"origin\")", "1 acknowledged, 1 failed", "has closed"]),
    ("partitioner", &["urgent-1 → calls-0@0", "urgent-2 → calls-0@1", "told to → calls-2@"]),
    ("properties", &["example lingers 5ms and compresses with Zstd(ZstdLevel(6))", "orders-0@0"]),
    ("quickstart", &["Read back:", "bob → order 4 of bob", "eve → null"]),
    ("runtimes", &["tokio: greetings-", "smol: greetings-", "a thread: greetings-"]),
    ("serializer", &["orders-0@0", "refused: ", "an order of no pears", "3 apples"]),
    ("threads", &["worker 3 sent 1000 records"]),
    ("transactions", &["is done again: ", "order 4 is placed", "12 lines are committed"]),
];

/// Where cargo puts the examples that it builds with the tests: beside the folder of this one.
fn folder() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("examples")
}

#[test]
fn every_example_runs_and_says_what_it_shows() {
    for (name, shown) in EXAMPLES {
        let program = folder().join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        let output = Command::new(&program).output().unwrap_or_else(|error| {
            panic!("{}: {error}; `cargo test -p examples` builds it", program.display())
        });
        let out = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{name}: {out}{}", String::from_utf8_lossy(&output.stderr));
        for part in *shown {
            assert!(out.contains(part), "{name} does not say {part:?}: {out}");
        }
    }
}

#[test]
fn every_example_of_the_manifest_is_run() {
    let manifest = include_str!("../Cargo.toml");
    let section = manifest.split("[[example]]").skip(1);
    let mut names: Vec<_> = section.map(|text| text.split('"').nth(1).unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, EXAMPLES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

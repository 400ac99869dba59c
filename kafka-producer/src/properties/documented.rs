//! `docs/configuration.md` says what the code does.

use super::{apply, names, refusals, table};
use crate::ProducerConfig;
use crate::config::Settings;
use std::collections::BTreeMap;

const PAGE: &str = include_str!("../../../docs/configuration.md");
const BUILDER: [&str; 3] = [
    include_str!("../builder/mod.rs"),
    include_str!("../builder/options.rs"),
    include_str!("../builder/security.rs"),
];

/// The columns of every property's row, by its name.
fn rows() -> BTreeMap<&'static str, Vec<&'static str>> {
    let rows = PAGE.lines().filter(|line| line.starts_with("| `")).map(|line| {
        let columns: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        (plain(columns[0]), columns[1..].to_vec())
    });
    let all: Vec<_> = rows.collect();
    let by_name: BTreeMap<_, _> = all.iter().cloned().collect();
    assert_eq!(by_name.len(), all.len(), "a property stands on the page twice");
    by_name
}

/// A value without its backquotes; "nothing" is the empty one.
fn plain(cell: &str) -> &str {
    if cell == "nothing" { "" } else { cell.trim_matches('`') }
}

fn served() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    rows().into_iter().filter(|(name, _)| table::TABLE.iter().any(|property| property.name == *name))
}

/// What a producer runs with that was told this, and where to connect to and its own name.
fn resolve(pairs: &[(&str, &str)]) -> ProducerConfig {
    let mut settings = Settings::default();
    for (name, value) in [("bootstrap.servers", "a:1"), ("client.id", "c")].iter().chain(pairs) {
        apply(&mut settings, &mut Vec::new(), name, value).unwrap();
    }
    settings.resolve(&mut Vec::new()).unwrap()
}

#[test]
fn every_property_has_a_row_and_every_row_a_property() {
    assert_eq!(rows().into_keys().collect::<Vec<_>>(), names().collect::<Vec<_>>());
}

#[test]
fn to_set_every_default_changes_nothing() {
    let defaults: Vec<(&str, &str)> = served()
        .filter(|(name, _)| !matches!(*name, "bootstrap.servers" | "client.id" | "transactional.id"))
        .map(|(name, columns)| (name, plain(columns[1])))
        .collect();
    // The levels show only where their codec is chosen.
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let chosen = ("compression.type", codec);
        let told = resolve(&[&defaults[..], &[chosen]].concat());
        assert_eq!(format!("{told:#?}"), format!("{:#?}", resolve(&[chosen])));
    }
    assert_eq!(format!("{:#?}", resolve(&defaults)), format!("{:#?}", resolve(&[])));
}

#[test]
fn ranges_are_what_a_wrong_value_is_answered_with() {
    for (name, columns) in served() {
        let expected = match apply(&mut Settings::default(), &mut Vec::new(), name, "\u{1}") {
            Ok(()) => "any text".to_owned(),
            Err(problem) => problem.to_string().split_once("expected ").unwrap().1.to_owned(),
        };
        assert_eq!(columns[2], expected, "{name}");
    }
}

#[test]
fn methods_are_the_builders() {
    for (name, columns) in served() {
        let method = format!("pub fn {}(", plain(columns[0]));
        assert!(BUILDER.iter().any(|source| source.contains(&method)), "{name}: {method}");
    }
}

#[test]
fn what_is_not_served_is_on_the_page_with_what_is_taken_and_why() {
    let rows = rows();
    let values = |cell: &'static str| -> Vec<&str> {
        if cell == "—" { Vec::new() } else { cell.split(" or ").map(plain).collect() }
    };
    for refusal in refusals::TABLE {
        let [taken, ignored, reason] = rows[refusal.name][..] else {
            panic!("{} has not four columns", refusal.name)
        };
        assert_eq!(values(taken), refusal.accepted, "{}", refusal.name);
        assert_eq!(values(ignored), refusal.ignored, "{}", refusal.name);
        assert_eq!(reason, refusal.reason, "{}", refusal.name);
    }
}

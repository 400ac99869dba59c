//! Each rule broken once, in a workspace made up around our table; and our own workspace, which breaks none.

use super::metadata::Metadata;
use super::rules::{Rule, Violation, check};
use super::table::{Io, Layer, PLACES};
use super::{read, workspace};
use serde_json::{Value, json};

/// All crates of the table, without dependencies, with their features.
fn crates() -> Value {
    let package = |name: &str, feature: Option<&str>| {
        let features = match feature {
            Some(feature) => json!({ "default": [feature], feature: [] }),
            None => json!({}),
        };
        json!({ "name": name, "dependencies": [], "features": features })
    };
    let packages = PLACES.iter().map(|place| match place.io {
        Io::Behind(feature) => package(place.name, Some(feature)),
        Io::Never | Io::Always => package(place.name, None),
    });
    json!({ "packages": packages.collect::<Vec<_>>() })
}

fn of<'a>(workspace: &'a mut Value, name: &str) -> &'a mut Value {
    let packages = workspace["packages"].as_array_mut().expect("made above");
    packages.iter_mut().find(|package| package["name"] == name).expect("in the table")
}

fn dependency(name: &str, changes: Value) -> Value {
    let mut dependency = json!({
        "name": name, "rename": null, "kind": null, "optional": false,
        "uses_default_features": false, "features": [],
    });
    for (key, value) in changes.as_object().expect("an object") {
        dependency[key] = value.clone();
    }
    dependency
}

fn add(workspace: &mut Value, krate: &str, dependency: Value) {
    of(workspace, krate)["dependencies"].as_array_mut().expect("made above").push(dependency);
}

fn violations(workspace: Value) -> Vec<Violation> {
    check(&serde_json::from_value::<Metadata>(workspace).expect("made above"))
}

/// What breaks if only this dependency is added.
fn with(krate: &str, name: &str, changes: Value) -> Vec<Violation> {
    let mut workspace = crates();
    add(&mut workspace, krate, dependency(name, changes));
    violations(workspace)
}

fn one(krate: &str, dependency: &str, rule: Rule) -> Vec<Violation> {
    vec![Violation { krate: krate.to_owned(), dependency: Some(dependency.to_owned()), rule }]
}

fn upward(from: u8, to: u8) -> Rule {
    Rule::NotBelow { from: Layer::Number(from), to: Layer::Number(to) }
}

#[test]
fn this_workspace_holds() {
    let metadata = read(&workspace()).expect("cargo metadata runs");
    assert_eq!(check(&metadata), []);
    assert_eq!(metadata.packages.len(), PLACES.len());
}

#[test]
fn crates_without_dependencies_hold() {
    assert_eq!(violations(crates()), []);
}

#[test]
fn a_crate_without_a_place_is_named() {
    let mut workspace = crates();
    of(&mut workspace, "kafka-sim")["name"] = json!("kafka-new");
    let broken = violations(workspace);
    let named: Vec<_> = broken.iter().map(|broken| (broken.krate.as_str(), &broken.rule)).collect();
    assert_eq!(named, [("kafka-new", &Rule::NoPlace), ("kafka-sim", &Rule::NotInWorkspace)]);
}

#[test]
fn arrows_point_down() {
    assert_eq!(with("kafka-sender", "kafka-types", json!({})), []);
    assert_eq!(with("kafka-sender", "kafka-accumulator", json!({})), []);
    assert_eq!(with("bench", "kafka-types", json!({})), []);
    assert_eq!(
        with("kafka-accumulator", "kafka-sender", json!({})),
        one("kafka-accumulator", "kafka-sender", upward(2, 3))
    );
    assert_eq!(
        with("kafka-types", "kafka-producer", json!({})),
        one("kafka-types", "kafka-producer", upward(0, 4))
    );
}

#[test]
fn crates_of_one_layer_do_not_know_each_other() {
    assert_eq!(
        with("kafka-metadata", "kafka-accumulator", json!({})),
        one("kafka-metadata", "kafka-accumulator", upward(2, 2))
    );
    assert_eq!(with("bench", "examples", json!({})), one("bench", "examples", upward(5, 5)));
}

#[test]
fn another_name_or_an_option_hides_no_arrow() {
    for changes in [
        json!({ "rename": "engine" }),
        json!({ "optional": true }),
        json!({ "kind": "build" }),
        json!({ "target": "cfg(windows)" }),
    ] {
        assert_eq!(
            with("kafka-network", "kafka-sender", changes),
            one("kafka-network", "kafka-sender", upward(2, 3))
        );
    }
}

#[test]
fn tests_may_use_anything() {
    let dev = json!({ "kind": "dev" });
    for (krate, name) in
        [("kafka-sender", "kafka-testkit"), ("kafka-partitioner", "kafka-types"), ("kafka-types", "tokio")]
    {
        assert_eq!(with(krate, name, dev.clone()), []);
    }
}

#[test]
fn xtask_uses_everything_and_nobody_uses_xtask() {
    assert_eq!(with("xtask", "kafka-sim", json!({})), []);
    assert_eq!(with("xtask", "tokio", json!({})), []);
    let rule = Rule::NotBelow { from: Layer::Number(5), to: Layer::Beside };
    assert_eq!(with("bench", "xtask", json!({})), one("bench", "xtask", rule));
}

#[test]
fn the_partitioner_depends_on_nothing() {
    for changes in [json!({}), json!({ "optional": true }), json!({ "kind": "build" })] {
        assert_eq!(
            with("kafka-partitioner", "thiserror", changes),
            one("kafka-partitioner", "thiserror", Rule::DependsOnNothing)
        );
    }
    assert_eq!(with("kafka-types", "thiserror", json!({})), []);
}

#[test]
fn crates_without_io_have_no_runtime_and_no_sockets() {
    for runtime in ["tokio", "tokio-util", "async-std", "smol", "mio", "socket2"] {
        for krate in ["kafka-types", "kafka-interceptor", "kafka-accumulator", "kafka-sender", "kafka-sim"] {
            for optional in [false, true] {
                assert_eq!(
                    with(krate, runtime, json!({ "optional": optional })),
                    one(krate, runtime, Rule::NoIo)
                );
            }
        }
        assert_eq!(with("bench", runtime, json!({})), []);
    }
    assert_eq!(with("kafka-types", "miow-like", json!({})), [], "only whole names count");
}

const BEHIND: [(&str, &str); 4] = [
    ("kafka-protocol", "tokio-codec"),
    ("kafka-network", "transport"),
    ("kafka-testkit", "loopback"),
    ("kafka-producer", "driver"),
];

/// tokio as this crate may have it, with these features of the crate.
fn with_tokio(krate: &str, changes: Value, features: Value) -> Vec<Violation> {
    let mut workspace = crates();
    add(&mut workspace, krate, dependency("tokio", changes));
    of(&mut workspace, krate)["features"] = features;
    violations(workspace)
}

#[test]
fn io_behind_its_feature_holds() {
    for (krate, feature) in BEHIND {
        let optional = json!({ "optional": true });
        for switch in ["dep:tokio", "tokio", "tokio/net"] {
            let features = json!({ "default": [feature], feature: [switch], "more": [feature, "tokio?/fs"] });
            assert_eq!(with_tokio(krate, optional.clone(), features), [], "{switch}");
        }
        let renamed = json!({ "optional": true, "rename": "runtime" });
        assert_eq!(with_tokio(krate, renamed, json!({ feature: ["dep:runtime"] })), []);
    }
}

#[test]
fn io_that_another_feature_or_none_switches_on_is_named() {
    for (krate, feature) in BEHIND {
        let broken = || one(krate, "tokio", Rule::IoOnlyBehind(feature));
        let optional = json!({ "optional": true });
        assert_eq!(with_tokio(krate, json!({}), json!({ feature: [] })), broken(), "always on");
        let part = json!({ feature: ["tokio/net"] });
        assert_eq!(with_tokio(krate, json!({}), part), broken(), "always on, and more with the feature");
        // Without `dep:`, Cargo gives an optional dependency a feature of its own name.
        let own = json!({ feature: [], "tokio": ["dep:tokio"] });
        assert_eq!(with_tokio(krate, optional.clone(), own), broken());
        let both = json!({ feature: ["dep:tokio"], "metrics": ["dep:tokio"] });
        assert_eq!(with_tokio(krate, optional.clone(), both), broken());
        let by_part = json!({ feature: ["dep:tokio"], "metrics": ["tokio/rt"] });
        assert_eq!(with_tokio(krate, optional, by_part), broken());
    }
}

#[test]
fn io_of_a_lower_crate_is_not_switched_on_above_its_feature() {
    let transport = json!({ "features": ["transport"] });
    assert_eq!(with("kafka-sender", "kafka-network", json!({})), []);
    for changes in [transport.clone(), json!({ "uses_default_features": true })] {
        assert_eq!(
            with("kafka-sender", "kafka-network", changes.clone()),
            one("kafka-sender", "kafka-network", Rule::NoIo)
        );
        assert_eq!(with("kafka-cli", "kafka-network", changes), []);
    }
    assert_eq!(
        with("kafka-producer", "kafka-network", transport),
        one("kafka-producer", "kafka-network", Rule::IoOnlyBehind("driver"))
    );
}

#[test]
fn a_feature_passes_io_on_only_if_it_is_the_one_for_io() {
    let passing = |krate: &str, features: Value| {
        let mut workspace = crates();
        add(&mut workspace, krate, dependency("kafka-network", json!({})));
        of(&mut workspace, krate)["features"] = features;
        violations(workspace)
    };
    let driver = json!({ "driver": ["kafka-network/transport"] });
    assert_eq!(passing("kafka-producer", driver), []);
    for through in ["kafka-network/transport", "kafka-network?/transport", "kafka-network/default"] {
        assert_eq!(
            passing("kafka-producer", json!({ "driver": [], "extra": [through] })),
            one("kafka-producer", "kafka-network", Rule::IoOnlyBehind("driver"))
        );
        assert_eq!(
            passing("kafka-sender", json!({ "extra": [through] })),
            one("kafka-sender", "kafka-network", Rule::NoIo)
        );
    }
}

#[test]
fn a_violation_names_crate_dependency_and_rule() {
    let told = with("kafka-metadata", "kafka-sender", json!({}))[0].to_string();
    assert_eq!(
        told,
        "kafka-metadata -> kafka-sender: dependencies point to lower layers only, and this one goes from layer 2 to layer 3"
    );
    let told = with("kafka-network", "tokio", json!({}))[0].to_string();
    assert_eq!(
        told,
        "kafka-network -> tokio: I/O is optional here, and only feature `transport` switches it on"
    );
}

//! The rules of the layers.

use super::metadata::{Dependency, Metadata, Package};
use super::table::{DEPENDS_ON_NOTHING, Io, Layer, PLACES, Place, is_runtime, place_of};
use std::fmt;

/// A crate, or one of its dependencies, that breaks a rule.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Violation {
    pub(super) krate: String,
    pub(super) dependency: Option<String>,
    pub(super) rule: Rule,
}

#[derive(PartialEq, Eq, Debug)]
pub(super) enum Rule {
    NoPlace,
    NotInWorkspace,
    NotBelow { from: Layer, to: Layer },
    DependsOnNothing,
    NoIo,
    IoOnlyBehind(&'static str),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.dependency {
            Some(dependency) => write!(f, "{} -> {dependency}: {}", self.krate, self.rule),
            None => write!(f, "{}: {}", self.krate, self.rule),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::NoPlace => {
                f.write_str("every crate has a place in a layer; add it to the table of `layering`")
            }
            Rule::NotInWorkspace => f.write_str("the table of `layering` names a crate that does not exist"),
            Rule::NotBelow { from, to } => {
                write!(f, "dependencies point to lower layers only, and this one goes from {from} to {to}")
            }
            Rule::DependsOnNothing => f.write_str("this crate depends on nothing"),
            Rule::NoIo => f.write_str(
                "this crate has no I/O: no async runtime, no sockets, no feature that brings them",
            ),
            Rule::IoOnlyBehind(feature) => {
                write!(f, "I/O is optional here, and only feature `{feature}` switches it on")
            }
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Layer::Number(number) => write!(f, "layer {number}"),
            Layer::Beside => f.write_str("beside the layers"),
        }
    }
}

/// All that breaks a rule, crate by crate.
pub(super) fn check(workspace: &Metadata) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &workspace.packages {
        match place_of(&package.name) {
            None => violations.push(Violation {
                krate: package.name.clone(),
                dependency: None,
                rule: Rule::NoPlace,
            }),
            Some(place) => {
                for dependency in package.dependencies() {
                    let broken = broken_rules(workspace, package, place, dependency).into_iter();
                    violations.extend(broken.map(|rule| Violation {
                        krate: package.name.clone(),
                        dependency: Some(dependency.name.clone()),
                        rule,
                    }));
                }
                violations.extend(io_through_features(workspace, package, place));
            }
        }
    }
    let exists = |place: &&Place| workspace.packages.iter().any(|package| package.name == place.name);
    violations.extend(PLACES.iter().filter(|place| !exists(place)).map(|place| Violation {
        krate: place.name.to_owned(),
        dependency: None,
        rule: Rule::NotInWorkspace,
    }));
    violations
}

fn broken_rules(workspace: &Metadata, package: &Package, place: Place, dependency: &Dependency) -> Vec<Rule> {
    let mut broken = Vec::new();
    if DEPENDS_ON_NOTHING.contains(&place.name) {
        broken.push(Rule::DependsOnNothing);
    }
    if let Some(to) = place_of(&dependency.name)
        && !is_below(to.layer, place.layer)
    {
        broken.push(Rule::NotBelow { from: place.layer, to: to.layer });
    }
    if brings_io(workspace, dependency) {
        broken.extend(match place.io {
            Io::Always => None,
            Io::Never => Some(Rule::NoIo),
            Io::Behind(feature) => {
                // A feature that has the one for I/O among its own may bring more of it.
                let behind = |enabling: &&str| package.closure([(*enabling).to_owned()]).contains(feature);
                let enabling = package.features_enabling(dependency);
                let only_there = dependency.optional && !enabling.is_empty() && enabling.iter().all(behind);
                (!only_there).then_some(Rule::IoOnlyBehind(feature))
            }
        });
    }
    broken
}

fn is_below(lower: Layer, upper: Layer) -> bool {
    match (lower, upper) {
        (Layer::Number(lower), Layer::Number(upper)) => lower < upper,
        (Layer::Number(_), Layer::Beside) => true,
        (Layer::Beside, _) => false,
    }
}

/// True if the dependency is I/O as it stands, or a crate of ours whose I/O is switched on where it is named.
fn brings_io(workspace: &Metadata, dependency: &Dependency) -> bool {
    if is_runtime(&dependency.name) {
        return true;
    }
    let default = dependency.uses_default_features.then(|| "default".to_owned());
    let features = dependency.features.iter().cloned().chain(default);
    switches_io_on(workspace, &dependency.name, features)
}

fn switches_io_on(workspace: &Metadata, name: &str, features: impl Iterator<Item = String>) -> bool {
    match place_of(name).map(|place| place.io) {
        Some(Io::Always) => true,
        Some(Io::Behind(io)) => {
            let package = workspace.packages.iter().find(|package| package.name == name);
            package.is_some_and(|package| package.closure(features).contains(io))
        }
        Some(Io::Never) | None => false,
    }
}

/// Features that switch I/O on in a crate of ours further down: `kafka-network/transport`, with or without `?`.
fn io_through_features(workspace: &Metadata, package: &Package, place: Place) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (feature, items) in &package.features {
        let rule = match place.io {
            Io::Always => continue,
            Io::Behind(allowed) if package.closure([feature.clone()]).contains(allowed) => continue,
            Io::Behind(allowed) => Rule::IoOnlyBehind(allowed),
            Io::Never => Rule::NoIo,
        };
        let through = items.iter().filter_map(|item| item.split_once('/')).find_map(|(alias, switched)| {
            let alias = alias.trim_end_matches('?');
            let dependency = package.dependencies().find(|dependency| dependency.alias() == alias)?;
            let features = [switched.to_owned()].into_iter();
            switches_io_on(workspace, &dependency.name, features).then_some(dependency)
        });
        if let Some(dependency) = through {
            let krate = package.name.clone();
            violations.push(Violation { krate, dependency: Some(dependency.name.clone()), rule });
        }
    }
    violations
}

//! What `cargo metadata --no-deps` says of a workspace, as far as its layers go.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Deserialize)]
pub(super) struct Metadata {
    /// The workspace's own.
    pub(super) packages: Vec<Package>,
}

#[derive(Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) dependencies: Vec<Dependency>,
    pub(super) features: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct Dependency {
    /// The package's real name, also where the crate calls it otherwise.
    pub(super) name: String,
    /// What the crate calls it, if otherwise.
    pub(super) rename: Option<String>,
    /// `None` for a normal one, else "dev" or "build".
    pub(super) kind: Option<String>,
    pub(super) optional: bool,
    pub(super) uses_default_features: bool,
    pub(super) features: Vec<String>,
}

impl Package {
    /// All that a user of the crate gets with it. What a build script needs runs on the user's machine, too.
    pub(super) fn dependencies(&self) -> impl Iterator<Item = &Dependency> {
        self.dependencies.iter().filter(|dependency| dependency.kind.as_deref() != Some("dev"))
    }

    /// The features that switch this optional dependency on by themselves. Not those that only add to it where
    /// something else has switched it on (`dependency?/feature`).
    pub(super) fn features_enabling(&self, dependency: &Dependency) -> Vec<&str> {
        let alias = dependency.alias();
        let enables = |item: &String| {
            item.strip_prefix("dep:") == Some(alias)
                || item == alias
                || item.split_once('/').is_some_and(|(crate_name, _)| crate_name == alias)
        };
        let by_name = self.features.iter().filter(|(_, items)| items.iter().any(enables));
        by_name.map(|(name, _)| name.as_str()).collect()
    }

    /// The features of the crate itself that hold as soon as these do.
    pub(super) fn closure(&self, features: impl IntoIterator<Item = String>) -> BTreeSet<String> {
        let mut closed = BTreeSet::new();
        let mut open: Vec<String> = features.into_iter().collect();
        while let Some(feature) = open.pop() {
            let Some(items) = self.features.get(&feature) else { continue };
            if closed.insert(feature) {
                open.extend(items.iter().cloned());
            }
        }
        closed
    }
}

impl Dependency {
    /// The name that the crate's feature table uses.
    pub(super) fn alias(&self) -> &str {
        self.rename.as_deref().unwrap_or(&self.name)
    }
}

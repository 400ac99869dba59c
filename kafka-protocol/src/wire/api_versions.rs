//! Which versions a broker speaks.

use super::ApiKey;
use crate::messages::ApiVersionsResponse;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

/// The versions of one API, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VersionRange {
    /// The oldest.
    pub min: i16,
    /// The newest.
    pub max: i16,
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.min, self.max)
    }
}

/// The APIs that a broker serves, with their versions, as its ApiVersions response said.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ApiVersionRanges(BTreeMap<ApiKey, VersionRange>);

impl ApiVersionRanges {
    /// Nothing is served.
    pub fn new() -> ApiVersionRanges {
        ApiVersionRanges::default()
    }

    /// Adds an API, or replaces its versions.
    pub fn insert(&mut self, api: ApiKey, min: i16, max: i16) {
        self.0.insert(api, VersionRange { min, max });
    }

    /// The versions of an API; `None` if it is not served.
    pub fn range(&self, api: ApiKey) -> Option<VersionRange> {
        self.0.get(&api).copied()
    }

    /// The newest version that both sides speak; `None` if there is none.
    pub fn highest_common(&self, api: ApiKey, ours: RangeInclusive<i16>) -> Option<i16> {
        let theirs = self.range(api)?;
        let version = theirs.max.min(*ours.end());
        (version >= theirs.min && version >= *ours.start()).then_some(version)
    }

    /// All of them, by key.
    pub fn iter(&self) -> impl Iterator<Item = (ApiKey, VersionRange)> {
        self.0.iter().map(|(api, range)| (*api, *range))
    }
}

impl From<&ApiVersionsResponse> for ApiVersionRanges {
    fn from(response: &ApiVersionsResponse) -> Self {
        let range = |min, max| VersionRange { min, max };
        let apis = response.api_keys.iter();
        apis.map(|api| (ApiKey(api.api_key), range(api.min_version, api.max_version))).collect()
    }
}

impl FromIterator<(ApiKey, VersionRange)> for ApiVersionRanges {
    fn from_iter<I: IntoIterator<Item = (ApiKey, VersionRange)>>(ranges: I) -> Self {
        ApiVersionRanges(ranges.into_iter().collect())
    }
}

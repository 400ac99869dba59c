//! Which requests a broker serves.

use crate::handlers;
use kafka_protocol::wire::{ApiKey, ApiVersionRanges, VersionRange};

/// The requests that a broker serves, by API and version: what its ApiVersions answer says, and what it accepts.
///
/// The default is all that this crate can. Narrowing it makes a broker look older than it is; a range never gets wider
/// than what is really there. ApiVersions itself is always served, from version 0.
///
/// ```
/// use kafka_testkit::{ApiKey, ServedVersions};
///
/// let versions = ServedVersions::default().limit(ApiKey::PRODUCE, 3, 9).without(ApiKey::INIT_PRODUCER_ID);
/// assert_eq!(versions.range(ApiKey::PRODUCE), Some((3, 9)));
/// assert_eq!(versions.range(ApiKey::INIT_PRODUCER_ID), None);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServedVersions(ApiVersionRanges);

impl ServedVersions {
    /// The newest versions of Kafka 2.1 (November 2018), the oldest that clients of Kafka 4 talk to.
    pub fn kafka_2_1() -> Self {
        let newest = [
            (ApiKey::PRODUCE, 7),
            (ApiKey::FETCH, 10),
            (ApiKey::LIST_OFFSETS, 4),
            (ApiKey::METADATA, 7),
            (ApiKey::OFFSET_COMMIT, 6),
            (ApiKey::OFFSET_FETCH, 5),
            (ApiKey::FIND_COORDINATOR, 2),
            (ApiKey::JOIN_GROUP, 3),
            (ApiKey::HEARTBEAT, 2),
            (ApiKey::LEAVE_GROUP, 2),
            (ApiKey::SYNC_GROUP, 2),
            (ApiKey::API_VERSIONS, 2),
            (ApiKey::CREATE_TOPICS, 3),
            (ApiKey::DELETE_TOPICS, 3),
            (ApiKey::INIT_PRODUCER_ID, 1),
            (ApiKey::ADD_PARTITIONS_TO_TXN, 1),
            (ApiKey::ADD_OFFSETS_TO_TXN, 1),
            (ApiKey::END_TXN, 1),
            (ApiKey::TXN_OFFSET_COMMIT, 2),
            (ApiKey::OFFSET_FOR_LEADER_EPOCH, 2),
            (ApiKey::DESCRIBE_CONFIGS, 2),
            (ApiKey::CREATE_PARTITIONS, 1),
        ];
        let all = ServedVersions::default();
        let ranges =
            newest.into_iter().filter_map(|(api, max)| Some((api, intersect(all.0.range(api)?, 0, max)?)));
        ServedVersions(ranges.collect())
    }

    /// Serves an API in no version outside `min` to `max`.
    #[must_use]
    pub fn limit(self, api: ApiKey, min: i16, max: i16) -> Self {
        let ranges = self.0.iter().filter_map(|(key, range)| match key == api {
            true => Some((key, intersect(range, min, max)?)),
            false => Some((key, range)),
        });
        ServedVersions(ranges.collect())
    }

    /// Does not serve an API at all.
    #[must_use]
    pub fn without(self, api: ApiKey) -> Self {
        ServedVersions(self.0.iter().filter(|(key, _)| *key != api).collect())
    }

    /// The oldest and the newest version of an API; `None` if it is not served.
    pub fn range(&self, api: ApiKey) -> Option<(i16, i16)> {
        self.0.range(api).map(|range| (range.min, range.max))
    }

    pub(crate) fn serves(&self, api: ApiKey, version: i16) -> bool {
        self.range(api).is_some_and(|(min, max)| (min..=max).contains(&version))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ApiKey, VersionRange)> {
        self.0.iter()
    }
}

impl Default for ServedVersions {
    fn default() -> Self {
        ServedVersions(handlers::implemented().collect())
    }
}

fn intersect(range: VersionRange, min: i16, max: i16) -> Option<VersionRange> {
    let (min, max) = (range.min.max(min), range.max.min(max));
    (min <= max).then_some(VersionRange { min, max })
}

//! Finding out what a broker serves (KIP-35, KIP-511).

use super::config::software_text;
use super::{ConnectionConfig, ConnectionError};
use bytes::Bytes;
use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use kafka_protocol::wire::{ApiKey, ApiVersionRanges, Decoder, Message, StrBytes, encode_to_bytes};
use kafka_types::ErrorCode;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Version 5 adds the expectation of a certain cluster, which this client does not state; asking for it would cost a
/// round trip with every broker that does not know it.
const FIRST_VERSION: i16 = 4;

/// Where the negotiation is: the version in which the broker was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Negotiation {
    version: i16,
}

pub(super) enum Answer {
    Served { versions: ApiVersionRanges, features: FinalizedFeatures },
    Again(Negotiation),
}

/// Cluster-wide features (KIP-584), such as `transaction.version`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FinalizedFeatures {
    /// Grows with every change; `None` if the broker does not know the features.
    pub epoch: Option<i64>,
    /// The features by name.
    pub features: BTreeMap<Arc<str>, FinalizedFeature>,
}

impl FinalizedFeatures {
    /// The level of a feature that is in effect; 0 if it is not finalized.
    pub fn level(&self, name: &str) -> i16 {
        self.features.get(name).map_or(0, |feature| feature.max_level)
    }
}

/// The levels of a feature that are finalized.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FinalizedFeature {
    /// The lowest.
    pub min_level: i16,
    /// The highest: the one in effect.
    pub max_level: i16,
}

impl Negotiation {
    pub(super) fn first() -> Negotiation {
        Negotiation { version: FIRST_VERSION }
    }

    pub(super) fn version(self) -> i16 {
        self.version
    }

    pub(super) fn request(self, config: &ConnectionConfig) -> Result<Bytes, ConnectionError> {
        let mut request = ApiVersionsRequest::default();
        if self.version >= 3 {
            request.client_software_name = software_text(&config.client_software_name).into();
            request.client_software_version = software_text(&config.client_software_version).into();
        }
        encode_to_bytes(&request, self.version)
            .map_err(|source| ConnectionError::Encode { api: ApiKey::API_VERSIONS, source })
    }

    pub(super) fn handle_answer(self, body: Bytes) -> Result<Answer, ConnectionError> {
        // A broker that does not know the version asked for answers in version 0; the error comes first in both.
        let unsupported = ErrorCode::UNSUPPORTED_VERSION.0.to_be_bytes();
        let version = if body.starts_with(&unsupported) { 0 } else { self.version };
        let mut decoder = Decoder::new(body);
        // What follows the message is let pass: brokers that refuse a version are not strict about what they add.
        let response = ApiVersionsResponse::decode(&mut decoder, version)
            .map_err(|source| ConnectionError::Decode { api: ApiKey::API_VERSIONS, source })?;
        match response.error_code {
            ErrorCode::NONE => Ok(served(&response)),
            ErrorCode::UNSUPPORTED_VERSION if self.version > 0 => Ok(Answer::Again(self.next(&response))),
            code => Err(ConnectionError::VersionsRefused { code }),
        }
    }

    /// The broker may name what it serves of this very API; else version 0 is what all serve. Always lower than this
    /// one, so that it ends.
    fn next(self, response: &ApiVersionsResponse) -> Negotiation {
        let named = response.api_keys.iter().find(|api| api.api_key == ApiKey::API_VERSIONS.0);
        let version = named.map_or(0, |api| api.max_version);
        Negotiation { version: if (0..self.version).contains(&version) { version } else { 0 } }
    }
}

fn served(response: &ApiVersionsResponse) -> Answer {
    let mut versions = ApiVersionRanges::new();
    for api in &response.api_keys {
        versions.insert(ApiKey(api.api_key), api.min_version, api.max_version);
    }
    let feature = |name: &StrBytes, min_level, max_level| {
        (Arc::from(name.as_str()), FinalizedFeature { min_level, max_level })
    };
    let features = response.finalized_features.iter();
    let features = FinalizedFeatures {
        epoch: Some(response.finalized_features_epoch).filter(|epoch| *epoch >= 0),
        features: features.map(|f| feature(&f.name, f.min_version_level, f.max_version_level)).collect(),
    };
    Answer::Served { versions, features }
}

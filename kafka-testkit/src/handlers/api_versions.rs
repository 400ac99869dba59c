//! ApiVersions: which requests this broker serves.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use kafka_protocol::messages::api_versions::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey};
use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse, ProduceRequest};
use kafka_protocol::wire::{ApiKey, Message, VersionRange};
use kafka_types::{ErrorCode, NodeId, Now};

/// The feature that says which protocol transactions have (KIP-890).
const TRANSACTION_VERSION: &str = "transaction.version";
const NEWEST_TRANSACTION_VERSION: i16 = 2;

impl Handle for ApiVersionsRequest {
    fn handle(
        self,
        _now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<ApiVersionsResponse> {
        let refusal = context.refusal().or_else(|| context.failure());
        Handled::Answer(ApiVersionsResponse {
            error_code: refusal.map_or(ErrorCode::NONE, |refusal| refusal.error),
            api_keys: cluster.served(context.node),
            throttle_time_ms: context.throttle_ms(),
            supported_features: vec![SupportedFeatureKey {
                name: TRANSACTION_VERSION.into(),
                max_version: NEWEST_TRANSACTION_VERSION,
                ..SupportedFeatureKey::default()
            }],
            finalized_features_epoch: cluster.features_epoch,
            finalized_features: cluster.finalized_features(),
            ..ApiVersionsResponse::default()
        })
    }
}

impl Cluster {
    /// The answer to a version that the broker doesn't know, in version 0: it names the versions that it does (KIP-511).
    pub(crate) fn unsupported_api_versions(&self, node: NodeId) -> ApiVersionsResponse {
        let own = |api: &ApiVersion| api.api_key == ApiKey::API_VERSIONS.0;
        let api_keys = self.served(node).into_iter().filter(own).collect();
        ApiVersionsResponse { error_code: ErrorCode::UNSUPPORTED_VERSION, api_keys, ..Default::default() }
    }

    /// A feature at level 0 is not named.
    fn finalized_features(&self) -> Vec<FinalizedFeatureKey> {
        let level = self.config.transaction_version;
        let feature = FinalizedFeatureKey {
            name: TRANSACTION_VERSION.into(),
            min_version_level: level,
            max_version_level: level,
            ..FinalizedFeatureKey::default()
        };
        if level > 0 { vec![feature] } else { Vec::new() }
    }

    fn served(&self, node: NodeId) -> Vec<ApiVersion> {
        let Some(broker) = self.brokers.get(&node) else { return Vec::new() };
        let entry = |(api, range): (ApiKey, VersionRange)| ApiVersion {
            api_key: api.0,
            // As brokers do: librdkafka takes a missing Produce 0 for a broker without compression (KAFKA-18659).
            min_version: match api {
                ApiKey::PRODUCE if range.min == ProduceRequest::MIN_VERSION => 0,
                _ => range.min,
            },
            max_version: range.max,
            ..ApiVersion::default()
        };
        broker.config.versions.iter().map(entry).collect()
    }
}

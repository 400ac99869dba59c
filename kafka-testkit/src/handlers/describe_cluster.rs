//! DescribeCluster: the brokers.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use kafka_protocol::messages::describe_cluster::DescribeClusterBroker;
use kafka_protocol::messages::{DescribeClusterRequest, DescribeClusterResponse};
use kafka_types::{ErrorCode, Now};

impl Handle for DescribeClusterRequest {
    fn handle(
        self,
        _now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<DescribeClusterResponse> {
        let mut response = DescribeClusterResponse {
            throttle_time_ms: context.throttle_ms(),
            cluster_id: cluster.config.cluster_id.as_str().into(),
            ..DescribeClusterResponse::default()
        };
        if let Some(refusal) = context.refusal().or_else(|| context.failure()) {
            response.error_code = refusal.error;
            return Handled::Answer(response);
        }
        if self.endpoint_type != 1 {
            // Only brokers' endpoints are here, not controllers' (KIP-919).
            response.error_code = ErrorCode::MISMATCHED_ENDPOINT_TYPE;
            return Handled::Answer(response);
        }
        response.controller_id = cluster.controller().map_or(-1, |node| node.0);
        let listed: Vec<_> = cluster.listed_brokers().collect();
        let brokers = listed.iter().filter_map(|node| cluster.brokers.get(node));
        response.brokers = brokers
            .map(|broker| DescribeClusterBroker {
                broker_id: broker.config.node.0,
                host: broker.config.host.as_str().into(),
                port: i32::from(broker.config.port),
                rack: broker.config.rack.as_deref().map(Into::into),
                ..DescribeClusterBroker::default()
            })
            .collect();
        Handled::Answer(response)
    }
}

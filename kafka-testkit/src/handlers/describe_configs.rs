//! DescribeConfigs: the settings that mean something here.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use crate::topic_properties;
use kafka_protocol::messages::describe_configs::{
    DescribeConfigsResource, DescribeConfigsResourceResult, DescribeConfigsResult,
};
use kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use kafka_types::{ErrorCode, Now};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
/// `DYNAMIC_TOPIC_CONFIG`, `STATIC_BROKER_CONFIG` and `DEFAULT_CONFIG`.
const TOPIC_SOURCE: i8 = 1;
const BROKER_SOURCE: i8 = 4;
const DEFAULT_SOURCE: i8 = 5;

/// Name, value, and where it comes from.
type Setting = (&'static str, String, i8);
/// `STRING`: the one type that every value has a form in.
const STRING: i8 = 2;

impl Handle for DescribeConfigsRequest {
    fn targets(&self, _cluster: &Cluster) -> Vec<(String, Option<i32>)> {
        let topics = self.resources.iter().filter(|resource| resource.resource_type == TOPIC);
        topics.map(|topic| (topic.resource_name.to_string(), None)).collect()
    }

    fn handle(
        self,
        _now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<DescribeConfigsResponse> {
        Handled::Answer(DescribeConfigsResponse {
            throttle_time_ms: context.throttle_ms(),
            results: self
                .resources
                .iter()
                .map(|resource| cluster.describe_configs(context, resource))
                .collect(),
            ..DescribeConfigsResponse::default()
        })
    }
}

impl Cluster {
    fn describe_configs(
        &self,
        context: &RequestContext,
        resource: &DescribeConfigsResource,
    ) -> DescribeConfigsResult {
        let name = resource.resource_name.as_str();
        let found = match resource.resource_type {
            TOPIC => match context.refusal_of_topic(name).or_else(|| context.failure_of_topic(name)) {
                Some(refusal) => Err(refusal.error),
                None => self.topic_settings(name),
            },
            BROKER => self.broker_settings(name),
            _ => Err(ErrorCode::INVALID_REQUEST),
        };
        let wanted = |name: &str| match &resource.configuration_keys {
            Some(keys) => keys.iter().any(|key| key.as_str() == name),
            None => true,
        };
        let error_code = found.as_ref().err().copied().unwrap_or(ErrorCode::NONE);
        let settings = found.unwrap_or_default().into_iter().filter(|(name, ..)| wanted(name));
        DescribeConfigsResult {
            error_code,
            resource_type: resource.resource_type,
            resource_name: resource.resource_name.clone(),
            configs: settings
                .map(|(name, value, source)| DescribeConfigsResourceResult {
                    name: name.into(),
                    value: Some(value.into()),
                    read_only: source == BROKER_SOURCE,
                    config_source: source,
                    config_type: STRING,
                    ..DescribeConfigsResourceResult::default()
                })
                .collect(),
            ..DescribeConfigsResult::default()
        }
    }

    fn topic_settings(&self, name: &str) -> Result<Vec<Setting>, ErrorCode> {
        let topic = self.topics.get(name).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
        let settings = topic_properties::describe_with_origin(&topic.config, self.config.max_message_bytes);
        let source = |set: bool| if set { TOPIC_SOURCE } else { DEFAULT_SOURCE };
        Ok(settings.into_iter().map(|(name, value, set)| (name, value, source(set))).collect())
    }

    fn broker_settings(&self, name: &str) -> Result<Vec<Setting>, ErrorCode> {
        let node: i32 = name.parse().map_err(|_| ErrorCode::INVALID_REQUEST)?;
        let broker = self.brokers.get(&node.into()).ok_or(ErrorCode::INVALID_REQUEST)?;
        let config = &self.config;
        let settings = vec![
            ("auto.create.topics.enable", config.auto_create_topics.to_string()),
            ("broker.rack", broker.config.rack.clone().unwrap_or_default()),
            ("default.replication.factor", config.default_replication_factor.to_string()),
            ("message.max.bytes", config.max_message_bytes.to_string()),
            ("node.id", node.to_string()),
            ("num.partitions", config.default_partitions.to_string()),
            ("socket.request.max.bytes", config.max_request_size.to_string()),
        ];
        Ok(settings.into_iter().map(|(name, value)| (name, value, BROKER_SOURCE)).collect())
    }
}

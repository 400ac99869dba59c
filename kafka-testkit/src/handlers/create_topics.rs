//! CreateTopics.

use super::metadata::is_valid_topic_name;
use super::{Handle, Handled};
use crate::append::Refusal;
use crate::cluster::Cluster;
use crate::config::TopicConfig;
use crate::request_context::RequestContext;
use crate::topic_properties;
use kafka_protocol::messages::create_topics::{CreatableTopic, CreatableTopicResult};
use kafka_protocol::messages::{CreateTopicsRequest, CreateTopicsResponse};
use kafka_types::{ErrorCode, Now};

/// What a controller makes at once at most.
pub(super) const MAX_PARTITIONS: i64 = 10_000;

impl Handle for CreateTopicsRequest {
    fn targets(&self, _cluster: &Cluster) -> Vec<(String, Option<i32>)> {
        self.topics.iter().map(|topic| (topic.name.to_string(), None)).collect()
    }

    fn handle(
        self,
        _now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<CreateTopicsResponse> {
        let mut response = CreateTopicsResponse {
            throttle_time_ms: context.throttle_ms(),
            ..CreateTopicsResponse::default()
        };
        for topic in &self.topics {
            let twice = self.topics.iter().filter(|other| other.name == topic.name).count() > 1;
            let outcome = match context.refusal_of_topic(&topic.name) {
                Some(refusal) => Err(refusal),
                None if twice => Err(Refusal::new(ErrorCode::INVALID_REQUEST, "the topic is named twice")),
                None => cluster.new_topic(topic),
            };
            let outcome = outcome.and_then(|config| {
                if !self.validate_only {
                    cluster.create_topic(config.clone());
                }
                context.failure_of_topic(&topic.name).map_or(Ok(config), Err)
            });
            response.topics.push(cluster.creation_result(topic, outcome));
        }
        Handled::Answer(response)
    }
}

impl Cluster {
    /// What the topic would be, if it may be made.
    fn new_topic(&self, topic: &CreatableTopic) -> Result<TopicConfig, Refusal> {
        if !is_valid_topic_name(&topic.name) {
            let message = format!("{:?} is no name for a topic", topic.name.as_str());
            return Err(Refusal::new(ErrorCode::INVALID_TOPIC_EXCEPTION, message));
        }
        if self.topics.contains_key(topic.name.as_str()) {
            let message = format!("Topic '{}' already exists.", topic.name);
            return Err(Refusal::new(ErrorCode::TOPIC_ALREADY_EXISTS, message));
        }
        let assigned = topic.assignments.len() as i64;
        let partitions = match topic.num_partitions {
            _ if assigned > 0 => assigned,
            -1 => i64::from(self.config.default_partitions),
            count => i64::from(count),
        };
        check_partition_count(partitions)?;
        let mut config = TopicConfig::new(topic.name.as_str(), partitions as u32);
        let factor = topic.assignments.first().map(|first| first.broker_ids.len() as i64);
        let factor = factor.unwrap_or(i64::from(topic.replication_factor));
        if factor != -1 {
            let brokers = self.brokers.len();
            if factor < 1 || factor > brokers as i64 {
                let message = format!("replication factor {factor}, and there are {brokers} brokers");
                return Err(Refusal::new(ErrorCode::INVALID_REPLICATION_FACTOR, message));
            }
            config.replication_factor = Some(factor as u16);
        }
        for property in &topic.configs {
            topic_properties::set(&mut config, &property.name, property.value.as_deref())
                .map_err(|message| Refusal::new(ErrorCode::INVALID_CONFIG, message))?;
        }
        Ok(config)
    }

    fn creation_result(
        &self,
        topic: &CreatableTopic,
        outcome: Result<TopicConfig, Refusal>,
    ) -> CreatableTopicResult {
        let mut result = CreatableTopicResult { name: topic.name.clone(), ..CreatableTopicResult::default() };
        match outcome {
            Ok(config) => {
                result.topic_id = self.topic_id(&topic.name).unwrap_or_default();
                result.num_partitions = config.partitions as i32;
                let factor = config.replication_factor.unwrap_or(self.config.default_replication_factor);
                result.replication_factor = factor.min(self.brokers.len() as u16) as i16;
                result.configs = Some(Vec::new());
            }
            Err(refusal) => {
                result.error_code = refusal.error;
                result.error_message = refusal.message.map(Into::into);
            }
        }
        result
    }
}

pub(super) fn check_partition_count(count: i64) -> Result<(), Refusal> {
    if count < 1 {
        return Err(Refusal::new(ErrorCode::INVALID_PARTITIONS, "a topic has at least one partition"));
    }
    if count > MAX_PARTITIONS {
        let message = format!("{count} partitions are more than the {MAX_PARTITIONS} that are made at once");
        return Err(Refusal::new(ErrorCode::POLICY_VIOLATION, message));
    }
    Ok(())
}

//! CreatePartitions.

use super::create_topics::check_partition_count;
use super::{Handle, Handled};
use crate::append::Refusal;
use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use kafka_protocol::messages::create_partitions::{CreatePartitionsTopic, CreatePartitionsTopicResult};
use kafka_protocol::messages::{CreatePartitionsRequest, CreatePartitionsResponse};
use kafka_types::{ErrorCode, Now};

impl Handle for CreatePartitionsRequest {
    fn targets(&self, _cluster: &Cluster) -> Vec<(String, Option<i32>)> {
        self.topics.iter().map(|topic| (topic.name.to_string(), None)).collect()
    }

    fn handle(
        self,
        _now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<CreatePartitionsResponse> {
        let mut response = CreatePartitionsResponse {
            throttle_time_ms: context.throttle_ms(),
            ..CreatePartitionsResponse::default()
        };
        for topic in &self.topics {
            let outcome = match context.refusal_of_topic(&topic.name) {
                Some(refusal) => Err(refusal),
                None => cluster.check_growth(topic),
            };
            let outcome = outcome.and_then(|count| {
                if !self.validate_only {
                    cluster.add_partitions(&topic.name, count);
                }
                context.failure_of_topic(&topic.name).map_or(Ok(()), Err)
            });
            let mut result = CreatePartitionsTopicResult {
                name: topic.name.clone(),
                ..CreatePartitionsTopicResult::default()
            };
            if let Err(refusal) = outcome {
                result.error_code = refusal.error;
                result.error_message = refusal.message.map(Into::into);
            }
            response.results.push(result);
        }
        Handled::Answer(response)
    }
}

impl Cluster {
    fn check_growth(&self, topic: &CreatePartitionsTopic) -> Result<u32, Refusal> {
        let Some(present) = self.partition_count(&topic.name) else {
            return Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION.into());
        };
        let wanted = i64::from(topic.count);
        if wanted <= present as i64 {
            let message = format!("the topic has {present} partitions already, and {wanted} are asked for");
            return Err(Refusal::new(ErrorCode::INVALID_PARTITIONS, message));
        }
        check_partition_count(wanted)?;
        Ok(wanted as u32)
    }
}

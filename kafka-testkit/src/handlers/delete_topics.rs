//! DeleteTopics.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use kafka_protocol::messages::delete_topics::{DeletableTopicResult, DeleteTopicState};
use kafka_protocol::messages::{DeleteTopicsRequest, DeleteTopicsResponse};
use kafka_types::{ErrorCode, Now};

impl Handle for DeleteTopicsRequest {
    fn targets(&self, cluster: &Cluster) -> Vec<(String, Option<i32>)> {
        let named = self.topics.iter().filter_map(|topic| cluster.deleted_name(topic));
        named.chain(self.topic_names.iter().map(|name| name.to_string())).map(|name| (name, None)).collect()
    }

    fn handle(
        self,
        now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<DeleteTopicsResponse> {
        let mut response = DeleteTopicsResponse {
            throttle_time_ms: context.throttle_ms(),
            ..DeleteTopicsResponse::default()
        };
        let by_name = |name| DeleteTopicState { name: Some(name), ..DeleteTopicState::default() };
        let wanted: Vec<DeleteTopicState> =
            self.topics.into_iter().chain(self.topic_names.into_iter().map(by_name)).collect();
        for topic in wanted {
            let name = cluster.deleted_name(&topic);
            let mut result = DeletableTopicResult {
                name: name.as_deref().map(Into::into),
                topic_id: topic.topic_id,
                ..DeletableTopicResult::default()
            };
            result.error_code = match &name {
                None => ErrorCode::UNKNOWN_TOPIC_ID,
                Some(name) => {
                    if let Some(id) = cluster.topic_id(name) {
                        result.topic_id = id;
                    }
                    match (context.refusal_of_topic(name), context.failure_of_topic(name)) {
                        (Some(refusal), _) => refusal.error,
                        (None, failure) => match (cluster.delete_topic(now, name), failure) {
                            (false, _) => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
                            (true, Some(failure)) => failure.error,
                            (true, None) => ErrorCode::NONE,
                        },
                    }
                }
            };
            response.responses.push(result);
        }
        Handled::Answer(response)
    }
}

impl Cluster {
    fn deleted_name(&self, topic: &DeleteTopicState) -> Option<String> {
        match &topic.name {
            Some(name) => Some(name.to_string()),
            None => self.topic_by_id(topic.topic_id).map(|(name, _)| name.to_owned()),
        }
    }
}

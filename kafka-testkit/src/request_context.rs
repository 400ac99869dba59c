//! A request that a broker took up, without its body.

use crate::append::Refusal;
use crate::cluster::ConnectionId;
use crate::rules::{Applying, Target};
use kafka_protocol::wire::ApiKey;
use kafka_types::{NodeId, PartitionId};

#[derive(Debug)]
pub(crate) struct RequestContext {
    pub(crate) connection: ConnectionId,
    pub(crate) node: NodeId,
    pub(crate) api: ApiKey,
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
    pub(crate) client_id: String,
    pub(crate) response_header_version: i16,
    pub(crate) applying: Applying,
}

impl RequestContext {
    /// `throttle_time_ms` of the answer.
    pub(crate) fn throttle_ms(&self) -> i32 {
        let throttle = self.applying.effects.throttle.unwrap_or_default();
        i32::try_from(throttle.as_millis()).unwrap_or(i32::MAX)
    }

    /// The error that rules refuse the request with.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.applying.refusal(Target::WHOLE)
    }

    /// The error that rules answer with after the request was carried out.
    pub(crate) fn failure(&self) -> Option<Refusal> {
        self.applying.failure(Target::WHOLE)
    }

    pub(crate) fn refusal_of_topic(&self, topic: &str) -> Option<Refusal> {
        self.applying.refusal(Target { topic: Some(topic), partition: None })
    }

    pub(crate) fn failure_of_topic(&self, topic: &str) -> Option<Refusal> {
        self.applying.failure(Target { topic: Some(topic), partition: None })
    }

    pub(crate) fn refusal_of(&self, topic: &str, partition: i32) -> Option<Refusal> {
        self.applying.refusal(Target { topic: Some(topic), partition: Some(PartitionId(partition)) })
    }

    pub(crate) fn failure_of(&self, topic: &str, partition: i32) -> Option<Refusal> {
        self.applying.failure(Target { topic: Some(topic), partition: Some(PartitionId(partition)) })
    }
}

//! Metadata: the brokers, and topics with their leaders.

use super::{Handle, Handled};
use crate::broker::Broker;
use crate::cluster::Cluster;
use crate::config::TopicConfig;
use crate::request_context::RequestContext;
use crate::topic::{Partition, Topic};
use kafka_protocol::messages::metadata::{
    MetadataRequestTopic, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{MetadataRequest, MetadataResponse};
use kafka_types::{ErrorCode, Monotonic, NodeId, Now};

impl Handle for MetadataRequest {
    fn targets(&self, cluster: &Cluster) -> Vec<(String, Option<i32>)> {
        let named = self.topics.iter().flatten();
        named.filter_map(|topic| Some((cluster.metadata_name(topic)?, None))).collect()
    }

    fn handle(self, now: Now, cluster: &mut Cluster, context: &RequestContext) -> Handled<MetadataResponse> {
        // Version 0 has no null: an empty list means all.
        let all = self.topics.as_ref().is_none_or(|topics| context.version == 0 && topics.is_empty());
        let wanted = self.topics.unwrap_or_default();
        let may_create =
            cluster.config.auto_create_topics && (context.version < 4 || self.allow_auto_topic_creation);
        let topics = if all {
            let names: Vec<String> = cluster.topics.keys().cloned().collect();
            names.iter().map(|name| cluster.describe_by_name(now, name, false)).collect()
        } else {
            wanted.iter().map(|topic| cluster.describe_topic(now, topic, may_create)).collect()
        };
        let mut response = MetadataResponse {
            throttle_time_ms: context.throttle_ms(),
            brokers: cluster.listed_brokers().map(|node| cluster.describe_broker(node)).collect(),
            cluster_id: Some(cluster.config.cluster_id.as_str().into()),
            controller_id: cluster.controller().map_or(-1, |node| node.0),
            topics,
            ..MetadataResponse::default()
        };
        match context.refusal().or_else(|| context.failure()) {
            // The one error that concerns the whole answer (KIP-1102); others are each topic's.
            Some(refusal) if refusal.error == ErrorCode::REBOOTSTRAP_REQUIRED => {
                response.error_code = refusal.error;
                response.topics.clear();
            }
            _ => response.topics.iter_mut().for_each(|topic| apply_rules(context, topic)),
        }
        Handled::Answer(response)
    }
}

fn apply_rules(context: &RequestContext, topic: &mut MetadataResponseTopic) {
    let name = topic.name.as_deref().unwrap_or_default();
    if let Some(refusal) = context.refusal_of_topic(name).or_else(|| context.failure_of_topic(name)) {
        topic.error_code = refusal.error;
        topic.partitions.clear();
    }
}

impl Cluster {
    /// The brokers that metadata lists: those up, and those whose death nobody has noticed yet.
    pub(crate) fn listed_brokers(&self) -> impl Iterator<Item = NodeId> {
        let listed = |(node, broker): (&NodeId, &Broker)| {
            (self.up.contains(node) || broker.election_at.is_some()).then_some(*node)
        };
        self.brokers.iter().filter_map(listed)
    }

    /// The broker that creates and deletes topics: the first that is up.
    pub(crate) fn controller(&self) -> Option<NodeId> {
        self.up.first().copied()
    }

    fn describe_broker(&self, node: NodeId) -> MetadataResponseBroker {
        let config = self.brokers.get(&node).map(|broker| &broker.config);
        MetadataResponseBroker {
            node_id: node.0,
            host: config.map(|config| config.host.as_str()).unwrap_or_default().into(),
            port: config.map_or(-1, |config| i32::from(config.port)),
            rack: config.and_then(|config| config.rack.as_deref()).map(Into::into),
            ..MetadataResponseBroker::default()
        }
    }

    fn metadata_name(&self, wanted: &MetadataRequestTopic) -> Option<String> {
        match &wanted.name {
            Some(name) => Some(name.to_string()),
            None => self.topic_by_id(wanted.topic_id).map(|(name, _)| name.to_owned()),
        }
    }

    fn describe_topic(
        &mut self,
        now: Now,
        wanted: &MetadataRequestTopic,
        may_create: bool,
    ) -> MetadataResponseTopic {
        match self.metadata_name(wanted) {
            Some(name) => self.describe_by_name(now, &name, may_create),
            None => MetadataResponseTopic {
                error_code: ErrorCode::UNKNOWN_TOPIC_ID,
                topic_id: wanted.topic_id,
                ..MetadataResponseTopic::default()
            },
        }
    }

    fn describe_by_name(&mut self, now: Now, name: &str, may_create: bool) -> MetadataResponseTopic {
        if let Some(topic) = self.topics.get(name) {
            return self.describe_existing(now.mono, name, topic);
        }
        let error_code = if !is_valid_topic_name(name) {
            ErrorCode::INVALID_TOPIC_EXCEPTION
        } else {
            if may_create {
                self.create_topic(TopicConfig::new(name, self.config.default_partitions));
            }
            // Also for the topic that was just created: brokers answer before the controller is done with it.
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        };
        MetadataResponseTopic { error_code, name: Some(name.into()), ..MetadataResponseTopic::default() }
    }

    fn describe_existing(&self, now: Monotonic, name: &str, topic: &Topic) -> MetadataResponseTopic {
        let listed: Vec<NodeId> = self.listed_brokers().collect();
        let partitions = topic.partitions.iter().enumerate();
        MetadataResponseTopic {
            error_code: ErrorCode::NONE,
            name: Some(name.into()),
            topic_id: topic.id,
            partitions: partitions
                .map(|(index, partition)| describe_partition(now, &listed, index, partition))
                .collect(),
            ..MetadataResponseTopic::default()
        }
    }
}

fn describe_partition(
    now: Monotonic,
    listed: &[NodeId],
    index: usize,
    partition: &Partition,
) -> MetadataResponsePartition {
    let leadership = partition.announced(now);
    let replicas = partition.replicas.iter();
    MetadataResponsePartition {
        error_code: match leadership.leader {
            Some(_) => ErrorCode::NONE,
            None => ErrorCode::LEADER_NOT_AVAILABLE,
        },
        partition_index: index as i32,
        leader_id: leadership.leader.map_or(-1, |node| node.0),
        leader_epoch: leadership.epoch.0,
        replica_nodes: replicas.clone().map(|node| node.0).collect(),
        isr_nodes: replicas.clone().filter(|node| listed.contains(node)).map(|node| node.0).collect(),
        offline_replicas: replicas.filter(|node| !listed.contains(node)).map(|node| node.0).collect(),
        ..MetadataResponsePartition::default()
    }
}

/// Kafka's rule for names: 1 to 249 of letters, digits, dot, underscore and dash, and neither `.` nor `..`.
pub(crate) fn is_valid_topic_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !matches!(name, "" | "." | "..") && name.len() <= 249 && name.chars().all(legal)
}

//! What happens to the cluster from outside: brokers stop and start, leaders move, topics come and go.

use super::Cluster;
use crate::config::TopicConfig;
use crate::log::Log;
use crate::rules::{Rule, RuleId};
use crate::topic::{Partition, Topic};
use kafka_types::{NodeId, Now, TopicId, TopicPartition};

/// Changes to the world.
impl Cluster {
    /// Creates a topic, its partitions spread over the brokers. `None` if there is one of this name, or without brokers.
    pub fn create_topic(&mut self, config: TopicConfig) -> Option<TopicId> {
        if self.topics.contains_key(&config.name) || self.brokers.is_empty() {
            return None;
        }
        let id = TopicId(self.random.uuid());
        let name = config.name.clone();
        let wanted = config.partitions;
        let topic = Topic { id, config, partitions: Vec::new() };
        self.topics.insert(name.clone(), topic);
        self.add_partitions(&name, wanted);
        Some(id)
    }

    /// Gives a user of [`ClusterConfig::sasl`](crate::ClusterConfig::sasl) another password, or makes them one. Connections that
    /// are open stay so.
    pub fn set_password(&mut self, user: &str, password: &str) {
        if let Some(sasl) = &mut self.config.sasl {
            sasl.set_password(user, password);
        }
    }

    /// Deletes a topic with its records. False if there is none.
    pub fn delete_topic(&mut self, now: Now, name: &str) -> bool {
        let deleted = self.topics.remove(name).is_some();
        self.advance(now);
        deleted
    }

    /// Gives a topic more partitions, so that it has `total`. False if there is no such topic, or it has as many.
    pub fn add_partitions(&mut self, name: &str, total: u32) -> bool {
        let nodes: Vec<NodeId> = self.brokers.keys().copied().collect();
        let replicas = self.replication_factor(name);
        let Some(topic) = self.topics.get_mut(name) else { return false };
        let before = topic.partitions.len();
        // Topics start at different brokers, or all first partitions would have the same leader.
        let shift = usize::from(topic.id.0[15]);
        for index in before..total as usize {
            let place = |replica: usize| nodes[(shift + index + replica) % nodes.len()];
            let replicas: Vec<NodeId> = (0..replicas).map(place).collect();
            let leader = replicas.iter().copied().find(|node| self.up.contains(node));
            topic.partitions.push(Partition::new(replicas, leader));
        }
        topic.partitions.len() > before
    }

    /// Makes a broker the leader of a partition, in peace: nothing is lost. A broker that kept no replica gets one. False
    /// if there is no such partition, or the broker is down.
    pub fn move_leader(&mut self, now: Now, partition: &TopicPartition, node: NodeId) -> bool {
        self.catch_up(now);
        let announced_at = now.mono + self.config.metadata_delay;
        let up = self.up.contains(&node);
        let Some(found) = self.partition_mut(partition).filter(|_| up) else { return false };
        if !found.replicas.contains(&node) {
            found.replicas.push(node);
        }
        found.log.settle(now.mono);
        found.elect(Some(node), now.mono, announced_at);
        self.advance(now);
        true
    }

    /// A broker dies: its connections close, and after [`failover_delay`](crate::ClusterConfig::failover_delay) its
    /// partitions get other leaders. Of what followers did not have yet, any number of the youngest batches is lost.
    /// False if it is down already.
    pub fn stop_broker(&mut self, now: Now, node: NodeId) -> bool {
        self.catch_up(now);
        if !self.up.remove(&node) {
            return false;
        }
        for connection in self.connections_to(node) {
            self.close(connection);
        }
        let election_at = now.mono + self.config.failover_delay;
        if let Some(broker) = self.brokers.get_mut(&node) {
            broker.frozen = false;
            broker.election_at = Some(election_at);
        }
        for topic in self.topics.values_mut() {
            for partition in &mut topic.partitions {
                if partition.leadership.leader == Some(node) {
                    let lost = self.random.up_to(partition.log.unreplicated(now.mono));
                    partition.log.truncate(lost);
                    partition.log.settle(now.mono);
                }
            }
        }
        self.advance(now);
        true
    }

    /// A broker comes back, as a follower unless nobody else could lead. False if it is up, or there is no such broker.
    pub fn start_broker(&mut self, now: Now, node: NodeId) -> bool {
        self.catch_up(now);
        let Some(broker) = self.brokers.get_mut(&node) else { return false };
        if !self.up.insert(node) {
            return false;
        }
        broker.election_at = None;
        let announced_at = now.mono + self.config.metadata_delay;
        for topic in self.topics.values_mut() {
            for partition in &mut topic.partitions {
                if partition.leadership.leader.is_none() && partition.replicas.contains(&node) {
                    partition.elect(Some(node), now.mono, announced_at);
                }
            }
        }
        self.advance(now);
        true
    }

    /// A broker stops doing anything, and takes bytes all the same, as a process that was sent SIGSTOP. It still leads.
    pub fn freeze(&mut self, node: NodeId) {
        if let Some(broker) = self.brokers.get_mut(&node).filter(|_| self.up.contains(&node)) {
            broker.frozen = true;
        }
    }

    /// A frozen broker goes on, with all that came in meanwhile.
    pub fn thaw(&mut self, now: Now, node: NodeId) {
        if let Some(broker) = self.brokers.get_mut(&node) {
            broker.frozen = false;
        }
        for connection in self.connections_to(node) {
            self.serve(now, connection);
        }
        self.advance(now);
    }

    /// Closes all connections to a broker, which stays up.
    pub fn disconnect_clients(&mut self, now: Now, node: NodeId) {
        for connection in self.connections_to(node) {
            self.close(connection);
        }
        self.advance(now);
    }

    /// A partition forgets its producers, as it does when their ids expired; those with an open transaction stay known.
    /// False if there is no such partition.
    pub fn forget_producers(&mut self, partition: &TopicPartition) -> bool {
        let Some(found) = self.partition_mut(partition) else { return false };
        let Log { producers, transactions, .. } = &mut found.log;
        producers.retain(|id| transactions.is_open(id));
        true
    }

    /// Deletes the batches that lie wholly before an offset, which becomes the log's start. False if there is no such
    /// partition.
    pub fn delete_records(&mut self, partition: &TopicPartition, before: i64) -> bool {
        let Some(found) = self.partition_mut(partition) else { return false };
        found.log.delete_before(before);
        true
    }

    /// Where a broker is reached from now on, as metadata names it. False if there is no such broker.
    pub fn set_address(&mut self, node: NodeId, host: impl Into<String>, port: u16) -> bool {
        let Some(broker) = self.brokers.get_mut(&node) else { return false };
        broker.config.host = host.into();
        broker.config.port = port;
        true
    }

    /// Finalizes the feature `transaction.version` at another level, as an upgrade or downgrade does. Clients hear of it
    /// with their next ApiVersions.
    pub fn set_transaction_version(&mut self, level: i16) {
        self.config.transaction_version = level;
        self.features_epoch += 1;
    }

    /// Adds a rule. It counts requests from now on.
    pub fn add_rule(&mut self, rule: Rule) -> RuleId {
        self.rules.add(rule)
    }

    /// Removes a rule; answers it delayed stay delayed. False if it is gone already.
    pub fn remove_rule(&mut self, id: RuleId) -> bool {
        self.rules.remove(id)
    }

    /// Removes all rules.
    pub fn clear_rules(&mut self) {
        self.rules.clear();
    }

    /// How many requests a rule applied to; 0 once it is removed.
    pub fn rule_hits(&self, id: RuleId) -> u64 {
        self.rules.hits(id)
    }

    /// Partitions whose leader is down get the first replica that is up, when it is time.
    pub(super) fn hold_elections(&mut self, now: Now) {
        let announced_at = now.mono + self.config.metadata_delay;
        let due: Vec<NodeId> = self
            .brokers
            .iter()
            .filter(|(_, broker)| broker.election_at.is_some_and(|at| at <= now.mono))
            .map(|(node, _)| *node)
            .collect();
        for dead in due {
            if let Some(broker) = self.brokers.get_mut(&dead) {
                broker.election_at = None;
            }
            for topic in self.topics.values_mut() {
                for partition in &mut topic.partitions {
                    if partition.leadership.leader == Some(dead) {
                        let next = partition.in_sync(&self.up).next();
                        partition.elect(next, now.mono, announced_at);
                    }
                }
            }
        }
    }

    pub(crate) fn topic_by_id(&self, id: TopicId) -> Option<(&str, &Topic)> {
        self.topics.iter().find(|(_, topic)| topic.id == id).map(|(name, topic)| (name.as_str(), topic))
    }

    pub(crate) fn partition(&self, of: &TopicPartition) -> Option<&Partition> {
        let index = usize::try_from(of.partition.0).ok()?;
        self.topics.get(of.topic.as_ref())?.partitions.get(index)
    }

    pub(crate) fn partition_mut(&mut self, of: &TopicPartition) -> Option<&mut Partition> {
        let index = usize::try_from(of.partition.0).ok()?;
        self.topics.get_mut(of.topic.as_ref())?.partitions.get_mut(index)
    }

    fn replication_factor(&self, topic: &str) -> usize {
        let own = self.topics.get(topic).and_then(|topic| topic.config.replication_factor);
        let factor = own.unwrap_or(self.config.default_replication_factor);
        usize::from(factor).clamp(1, self.brokers.len().max(1))
    }
}

//! One group's state machine: empty, preparing a rebalance, completing it, stable.

use super::member::Member;
use super::transactional::PendingOffsets;
use super::{CommittedOffset, GroupReply, JoinReply, ReplyContent, SyncReply};
use crate::cluster::ConnectionId;
use bytes::Bytes;
use kafka_types::{ErrorCode, Monotonic, TopicPartition};
use std::collections::BTreeMap;
use std::time::Duration;

/// `group.min.session.timeout.ms` and `group.max.session.timeout.ms`.
const SESSION_TIMEOUT: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(6)..=Duration::from_secs(30 * 60);

#[derive(Debug)]
pub(crate) struct Group {
    initial_delay: Duration,
    phase: Phase,
    generation: i32,
    protocol_type: Option<String>,
    protocol: Option<String>,
    leader: Option<String>,
    members: BTreeMap<String, Member>,
    /// Ids that were given out and must be used before the time (KIP-394).
    promised: BTreeMap<String, Monotonic>,
    arrivals: u64,
    pub(super) offsets: BTreeMap<TopicPartition, CommittedOffset>,
    pub(super) pending: PendingOffsets,
    replies: Vec<GroupReply>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Empty,
    /// Members are to join again, until all have or the time is over.
    Preparing {
        until: Monotonic,
        whole_delay: bool,
    },
    /// All have joined; the leader's assignment is missing.
    Completing {
        until: Monotonic,
    },
    Stable,
}

/// JoinGroup, whichever version.
#[derive(Clone, Debug)]
pub(crate) struct JoinRequest {
    pub(crate) member_id: String,
    /// What a new member's id is to be.
    pub(crate) new_member_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) session_timeout: Duration,
    pub(crate) rebalance_timeout: Duration,
    pub(crate) protocol_type: String,
    pub(crate) protocols: Vec<(String, Bytes)>,
    /// New members are told their id first (version 4 and later).
    pub(crate) id_required: bool,
}

/// SyncGroup, whichever version.
#[derive(Clone, Debug)]
pub(crate) struct SyncRequest {
    pub(crate) member_id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) generation: i32,
    /// From the leader alone.
    pub(crate) assignments: Vec<(String, Bytes)>,
}

impl Group {
    pub(super) fn new(initial_delay: Duration) -> Self {
        Group {
            initial_delay,
            phase: Phase::Empty,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            promised: BTreeMap::new(),
            arrivals: 0,
            offsets: BTreeMap::new(),
            pending: PendingOffsets::default(),
            replies: Vec::new(),
        }
    }

    /// A member joins. The answer comes from [`Group::advance`], now or when everybody is there.
    pub(crate) fn join(&mut self, now: Monotonic, connection: ConnectionId, request: JoinRequest) {
        if let Err(error) = self.check_join(&request) {
            let member_id = request.member_id;
            return self.reply_join(
                connection,
                JoinReply { error, generation: -1, member_id, ..JoinReply::default() },
            );
        }
        let known = self.members.contains_key(&request.member_id);
        if !known {
            return self.join_new(now, connection, request);
        }
        let is_leader = self.leader.as_ref() == Some(&request.member_id);
        let Some(member) = self.members.get_mut(&request.member_id) else { return };
        let changed = member.protocols != request.protocols;
        member.heard_of(now);
        match self.phase {
            Phase::Completing { .. } if !changed => return self.repeat_join(connection, &request.member_id),
            Phase::Stable if !changed && !is_leader => {
                return self.repeat_join(connection, &request.member_id);
            }
            _ => {}
        }
        member.protocols = request.protocols;
        member.session_timeout = request.session_timeout;
        member.rebalance_timeout = request.rebalance_timeout;
        member.joining = Some(connection);
        self.prepare_rebalance(now);
    }

    fn check_join(&self, request: &JoinRequest) -> Result<(), ErrorCode> {
        if !SESSION_TIMEOUT.contains(&request.session_timeout) {
            return Err(ErrorCode::INVALID_SESSION_TIMEOUT);
        }
        if request.protocol_type.is_empty() || request.protocols.is_empty() {
            return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
        }
        if !self.members.is_empty() {
            let others = |member: &&String| **member != request.member_id;
            let common = request.protocols.iter().any(|(name, _)| {
                self.members.keys().filter(others).all(|id| self.members[id].supports(name))
            });
            if self.protocol_type.as_ref() != Some(&request.protocol_type) || !common {
                return Err(ErrorCode::INCONSISTENT_GROUP_PROTOCOL);
            }
        }
        let id = &request.member_id;
        match &request.instance_id {
            Some(instance) if !id.is_empty() => self.check_member(id, Some(instance)),
            _ if id.is_empty() || self.promised.contains_key(id) => Ok(()),
            _ => self.check_member(id, None),
        }
    }

    fn join_new(&mut self, now: Monotonic, connection: ConnectionId, request: JoinRequest) {
        let unnamed = request.member_id.is_empty();
        let id = if unnamed { request.new_member_id } else { request.member_id };
        if unnamed && request.id_required && request.instance_id.is_none() {
            self.promised.insert(id.clone(), now + request.session_timeout);
            let error = ErrorCode::MEMBER_ID_REQUIRED;
            return self.reply_join(
                connection,
                JoinReply { error, generation: -1, member_id: id, ..JoinReply::default() },
            );
        }
        // A static member that comes again takes its own place, under a new id.
        let previous = request.instance_id.as_deref().and_then(|instance| self.instance(instance));
        if let Some(previous) = previous.map(str::to_owned) {
            self.fence(&previous);
        }
        self.promised.remove(&id);
        self.protocol_type = Some(request.protocol_type);
        self.arrivals += 1;
        let member = Member {
            arrival: self.arrivals,
            instance_id: request.instance_id,
            session_timeout: request.session_timeout,
            rebalance_timeout: request.rebalance_timeout,
            protocols: request.protocols,
            assignment: Bytes::new(),
            joining: Some(connection),
            syncing: None,
            expires_at: now + request.session_timeout,
        };
        self.members.insert(id, member);
        self.prepare_rebalance(now);
    }

    /// A member asks for its assignment, or the leader hands in everybody's.
    pub(crate) fn sync(&mut self, now: Monotonic, connection: ConnectionId, request: SyncRequest) {
        let checked =
            self.check_generation(&request.member_id, request.instance_id.as_deref(), request.generation);
        let error = match (checked, self.phase) {
            (Err(error), _) => error,
            (Ok(()), Phase::Preparing { .. }) => ErrorCode::REBALANCE_IN_PROGRESS,
            (Ok(()), Phase::Empty) => ErrorCode::UNKNOWN_MEMBER_ID,
            (Ok(()), _) => ErrorCode::NONE,
        };
        if !error.is_none() {
            return self.reply_sync(connection, SyncReply { error, ..SyncReply::default() });
        }
        if let Some(member) = self.members.get_mut(&request.member_id) {
            member.heard_of(now);
            member.syncing = Some(connection);
        }
        let from_leader = self.leader.as_ref() == Some(&request.member_id);
        if from_leader && matches!(self.phase, Phase::Completing { .. }) {
            for member in self.members.values_mut() {
                member.assignment = Bytes::new();
            }
            for (id, assignment) in request.assignments {
                if let Some(member) = self.members.get_mut(&id) {
                    member.assignment = assignment;
                }
            }
            self.phase = Phase::Stable;
        }
        if self.phase == Phase::Stable {
            self.hand_out_assignments(now);
        }
    }

    /// A member says that it lives.
    pub(crate) fn heartbeat(
        &mut self,
        now: Monotonic,
        id: &str,
        instance: Option<&str>,
        generation: i32,
    ) -> ErrorCode {
        if let Err(error) = self.check_generation(id, instance, generation) {
            return error;
        }
        if let Some(member) = self.members.get_mut(id) {
            member.heard_of(now);
        }
        match self.phase {
            Phase::Preparing { .. } => ErrorCode::REBALANCE_IN_PROGRESS,
            _ => ErrorCode::NONE,
        }
    }

    /// A member leaves, by its id or by its instance id alone.
    pub(crate) fn leave(&mut self, now: Monotonic, id: &str, instance: Option<&str>) -> ErrorCode {
        if self.promised.remove(id).is_some() {
            return ErrorCode::NONE;
        }
        let id = match instance {
            Some(instance) if id.is_empty() => match self.instance(instance) {
                Some(id) => id.to_owned(),
                None => return ErrorCode::UNKNOWN_MEMBER_ID,
            },
            _ => id.to_owned(),
        };
        if let Err(error) = self.check_member(&id, instance) {
            return error;
        }
        self.remove(now, &id);
        ErrorCode::NONE
    }

    /// Whether somebody may commit offsets: a member of the present generation, or, while there are no members, anybody.
    pub(crate) fn check_commit(
        &mut self,
        now: Monotonic,
        id: &str,
        instance: Option<&str>,
        generation: i32,
    ) -> ErrorCode {
        if generation < 0 && id.is_empty() {
            return if self.members.is_empty() { ErrorCode::NONE } else { ErrorCode::UNKNOWN_MEMBER_ID };
        }
        if let Err(error) = self.check_generation(id, instance, generation) {
            return error;
        }
        if let Some(member) = self.members.get_mut(id) {
            member.heard_of(now);
        }
        match self.phase {
            Phase::Completing { .. } => ErrorCode::REBALANCE_IN_PROGRESS,
            _ => ErrorCode::NONE,
        }
    }

    pub(crate) fn commit(&mut self, partition: TopicPartition, offset: CommittedOffset) {
        self.offsets.insert(partition, offset);
    }

    pub(crate) fn offsets(&self) -> &BTreeMap<TopicPartition, CommittedOffset> {
        &self.offsets
    }

    pub(super) fn next_deadline(&self) -> Monotonic {
        let phase = match self.phase {
            Phase::Preparing { until, .. } | Phase::Completing { until } => until,
            Phase::Empty | Phase::Stable => Monotonic::NEVER,
        };
        let alive =
            self.members.values().filter(|member| !member.is_waiting()).map(|member| member.expires_at);
        alive.chain(self.promised.values().copied()).chain([phase]).min().unwrap_or(Monotonic::NEVER)
    }

    /// Does what is due, and gives the answers that are ready.
    pub(super) fn advance(&mut self, now: Monotonic) -> Vec<GroupReply> {
        self.promised.retain(|_, until| *until > now);
        let dead: Vec<String> = self
            .members
            .iter()
            .filter(|(_, member)| !member.is_waiting() && member.expires_at <= now)
            .map(|(id, _)| id.clone())
            .collect();
        for id in dead {
            self.remove(now, &id);
        }
        match self.phase {
            Phase::Preparing { until, whole_delay } => {
                let all_here =
                    self.promised.is_empty() && self.members.values().all(|member| member.joining.is_some());
                if until <= now || all_here && !whole_delay {
                    self.complete_join(now);
                }
            }
            Phase::Completing { until } if until <= now => {
                // The leader, or somebody else, never came for its assignment.
                self.members.retain(|_, member| member.syncing.is_some());
                self.prepare_rebalance(now);
            }
            _ => {}
        }
        std::mem::take(&mut self.replies)
    }

    fn remove(&mut self, now: Monotonic, id: &str) {
        let Some(member) = self.members.remove(id) else { return };
        self.refuse(&member, ErrorCode::UNKNOWN_MEMBER_ID);
        if self.leader.as_deref() == Some(id) {
            self.leader = None;
        }
        self.prepare_rebalance(now);
    }

    fn fence(&mut self, id: &str) {
        if let Some(member) = self.members.remove(id) {
            self.refuse(&member, ErrorCode::FENCED_INSTANCE_ID);
        }
        if self.leader.as_deref() == Some(id) {
            self.leader = None;
        }
    }

    fn refuse(&mut self, member: &Member, error: ErrorCode) {
        if let Some(connection) = member.joining {
            self.reply_join(connection, JoinReply { error, generation: -1, ..JoinReply::default() });
        }
        if let Some(connection) = member.syncing {
            self.reply_sync(connection, SyncReply { error, ..SyncReply::default() });
        }
    }

    fn prepare_rebalance(&mut self, now: Monotonic) {
        for member in self.members.values_mut() {
            if let Some(connection) = member.syncing.take() {
                let error = ErrorCode::REBALANCE_IN_PROGRESS;
                let content = ReplyContent::Sync(SyncReply { error, ..SyncReply::default() });
                self.replies.push(GroupReply { connection, content });
                member.heard_of(now);
            }
        }
        let longest = self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or_default();
        self.phase = match self.phase {
            Phase::Empty if self.initial_delay > Duration::ZERO => {
                Phase::Preparing { until: now + self.initial_delay, whole_delay: true }
            }
            preparing @ Phase::Preparing { .. } => preparing,
            _ => Phase::Preparing { until: now + longest, whole_delay: false },
        };
    }

    fn complete_join(&mut self, now: Monotonic) {
        self.members.retain(|_, member| member.joining.is_some());
        self.generation += 1;
        if self.members.is_empty() {
            self.phase = Phase::Empty;
            self.protocol = None;
            self.leader = None;
            return;
        }
        let stays = self.leader.take().filter(|id| self.members.contains_key(id));
        let first = || self.members.iter().min_by_key(|(_, member)| member.arrival).map(|(id, _)| id.clone());
        self.leader = stays.or_else(first);
        self.protocol = self.elect_protocol();
        let longest = self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or_default();
        self.phase = Phase::Completing { until: now + longest };
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in ids {
            let Some(member) = self.members.get_mut(&id) else { continue };
            member.heard_of(now);
            if let Some(connection) = member.joining.take() {
                self.repeat_join(connection, &id);
            }
        }
    }

    /// Each member votes for the first protocol of its own that all support; of equals, the first by name.
    fn elect_protocol(&self) -> Option<String> {
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for member in self.members.values() {
            let common = |name: &&str| self.members.values().all(|other| other.supports(name));
            if let Some(vote) = member.protocols.iter().map(|(name, _)| name.as_str()).find(common) {
                *votes.entry(vote).or_default() += 1;
            }
        }
        let most = votes.values().copied().max()?;
        votes.into_iter().find(|(_, count)| *count == most).map(|(name, _)| name.to_owned())
    }

    /// Tells a member about the present generation.
    fn repeat_join(&mut self, connection: ConnectionId, id: &str) {
        let protocol = self.protocol.clone().unwrap_or_default();
        let leads = self.leader.as_deref() == Some(id);
        let describe = |(id, member): (&String, &Member)| {
            (id.clone(), member.instance_id.clone(), member.subscription(&protocol))
        };
        let members = if leads { self.members.iter().map(describe).collect() } else { Vec::new() };
        let reply = JoinReply {
            error: ErrorCode::NONE,
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            member_id: id.to_owned(),
            members,
        };
        self.reply_join(connection, reply);
    }

    fn hand_out_assignments(&mut self, now: Monotonic) {
        for member in self.members.values_mut() {
            let Some(connection) = member.syncing.take() else { continue };
            member.heard_of(now);
            let reply = SyncReply {
                error: ErrorCode::NONE,
                protocol_type: self.protocol_type.clone(),
                protocol: self.protocol.clone(),
                assignment: member.assignment.clone(),
            };
            self.replies.push(GroupReply { connection, content: ReplyContent::Sync(reply) });
        }
    }

    fn check_generation(&self, id: &str, instance: Option<&str>, generation: i32) -> Result<(), ErrorCode> {
        self.check_member(id, instance)?;
        if generation == self.generation { Ok(()) } else { Err(ErrorCode::ILLEGAL_GENERATION) }
    }

    fn check_member(&self, id: &str, instance: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance) = instance {
            return match self.instance(instance) {
                Some(owner) if owner == id => Ok(()),
                Some(_) => Err(ErrorCode::FENCED_INSTANCE_ID),
                None => Err(ErrorCode::UNKNOWN_MEMBER_ID),
            };
        }
        if self.members.contains_key(id) { Ok(()) } else { Err(ErrorCode::UNKNOWN_MEMBER_ID) }
    }

    /// The member with this instance id.
    fn instance(&self, instance: &str) -> Option<&str> {
        let owner = self.members.iter().find(|(_, member)| member.instance_id.as_deref() == Some(instance));
        owner.map(|(id, _)| id.as_str())
    }

    fn reply_join(&mut self, connection: ConnectionId, reply: JoinReply) {
        self.replies.push(GroupReply { connection, content: ReplyContent::Join(reply) });
    }

    fn reply_sync(&mut self, connection: ConnectionId, reply: SyncReply) {
        self.replies.push(GroupReply { connection, content: ReplyContent::Sync(reply) });
    }
}

//! Faults by rule.

use crate::append::Refusal;
use bytes::Bytes;
use kafka_protocol::wire::ApiKey;
use kafka_types::{ErrorCode, NodeId, PartitionId};
use std::time::Duration;

/// What goes wrong, and when.
///
/// A rule without conditions matches every request. Conditions narrow it: which API, broker, topic, partition; then which
/// of the matching requests, in order of arrival. A request counts once per rule, however many partitions it names.
/// Several rules may match one request: all of them apply, and of two errors the rule that was added first gives it.
///
/// ```
/// use kafka_testkit::{ApiKey, ErrorCode, Rule};
///
/// // The second and third Produce to orders-0 are refused; what they carry is not appended.
/// let rule = Rule::new()
///     .api(ApiKey::PRODUCE)
///     .topic("orders")
///     .partition(0)
///     .after(1)
///     .times(2)
///     .refuse(ErrorCode::NOT_LEADER_OR_FOLLOWER);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a rule does nothing until it is added to a cluster"]
pub struct Rule {
    api: Option<ApiKey>,
    node: Option<NodeId>,
    topic: Option<String>,
    partition: Option<PartitionId>,
    after: u64,
    times: Option<u64>,
    effects: Effects,
}

/// The name of a rule in its cluster.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RuleId(pub u32);

/// What rules do to a request as a whole, and to parts of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Effects {
    pub(crate) refuse: Option<Refusal>,
    pub(crate) fail_after: Option<Refusal>,
    pub(crate) disconnect_before: bool,
    pub(crate) disconnect_after: bool,
    pub(crate) drop_response: bool,
    pub(crate) delay: Option<Duration>,
    pub(crate) cut_response: Option<usize>,
    pub(crate) garbage: Option<Bytes>,
    pub(crate) throttle: Option<Duration>,
}

impl Rule {
    /// A rule for every request, that does nothing yet.
    pub fn new() -> Self {
        Rule {
            api: None,
            node: None,
            topic: None,
            partition: None,
            after: 0,
            times: None,
            effects: Effects::default(),
        }
    }

    /// Only requests of this kind.
    pub fn api(mut self, api: ApiKey) -> Self {
        self.api = Some(api);
        self
    }

    /// Only requests to this broker.
    pub fn node(mut self, node: impl Into<NodeId>) -> Self {
        self.node = Some(node.into());
        self
    }

    /// Only requests that name this topic; an error is the topic's alone.
    pub fn topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = Some(topic.into());
        self
    }

    /// Only requests that name a partition with this index; an error is the partition's alone.
    pub fn partition(mut self, partition: impl Into<PartitionId>) -> Self {
        self.partition = Some(partition.into());
        self
    }

    /// Only the `nth` matching request, counted from 1.
    pub fn nth(self, nth: u64) -> Self {
        self.after(nth.saturating_sub(1)).times(1)
    }

    /// Not the first `count` matching requests.
    pub fn after(mut self, count: u64) -> Self {
        self.after = count;
        self
    }

    /// At most this many requests. Without it there is no end.
    pub fn times(mut self, count: u64) -> Self {
        self.times = Some(count);
        self
    }

    /// The request is answered with this error and not carried out.
    pub fn refuse(mut self, error: ErrorCode) -> Self {
        self.effects.refuse = Some(Refusal::from(error));
        self
    }

    /// The request is carried out, and answered with this error all the same.
    pub fn fail_after(mut self, error: ErrorCode) -> Self {
        self.effects.fail_after = Some(Refusal::from(error));
        self
    }

    /// The error's message, where the answer has room for one. Call it after [`Rule::refuse`] or [`Rule::fail_after`].
    pub fn message(mut self, message: impl Into<String>) -> Self {
        if let Some(refusal) = self.refusal() {
            refusal.message = Some(message.into());
        }
        self
    }

    /// Blames a record of the batch, by its index (KIP-467). Call it after [`Rule::refuse`] or [`Rule::fail_after`].
    pub fn record_error(mut self, index: i32, message: impl Into<String>) -> Self {
        if let Some(refusal) = self.refusal() {
            refusal.records.push((index, message.into()));
        }
        self
    }

    /// The connection is closed and the request not carried out.
    pub fn disconnect_before(mut self) -> Self {
        self.effects.disconnect_before = true;
        self
    }

    /// The request is carried out, and the connection closed instead of an answer.
    pub fn disconnect_after(mut self) -> Self {
        self.effects.disconnect_after = true;
        self
    }

    /// The request is carried out and never answered; nothing more happens on its connection, which stays open.
    pub fn drop_response(mut self) -> Self {
        self.effects.drop_response = true;
        self
    }

    /// The request is carried out, and answered so much later. Requests behind it on the same connection wait.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.effects.delay = Some(delay);
        self
    }

    /// The request is carried out; of the answer only so many bytes are sent, then the connection is closed.
    pub fn cut_response(mut self, bytes: usize) -> Self {
        self.effects.cut_response = Some(bytes);
        self
    }

    /// The request is carried out, and these bytes are sent instead of the answer, without a length before them.
    pub fn garbage(mut self, bytes: impl Into<Bytes>) -> Self {
        self.effects.garbage = Some(bytes.into());
        self
    }

    /// The answer says that the client is to wait so long (`throttle_time_ms`). It is sent at once (KIP-219).
    pub fn throttle(mut self, throttle: Duration) -> Self {
        self.effects.throttle = Some(throttle);
        self
    }

    fn refusal(&mut self) -> Option<&mut Refusal> {
        self.effects.refuse.as_mut().or(self.effects.fail_after.as_mut())
    }

    fn covers(&self, target: &Target<'_>) -> bool {
        let topic = self.topic.as_deref().is_none_or(|topic| target.topic == Some(topic));
        topic && self.partition.is_none_or(|partition| target.partition == Some(partition))
    }
}

impl Default for Rule {
    fn default() -> Self {
        Rule::new()
    }
}

/// A part of a request: one topic, one partition, or for requests without such parts the whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) topic: Option<&'a str>,
    pub(crate) partition: Option<PartitionId>,
}

impl Target<'_> {
    pub(crate) const WHOLE: Target<'static> = Target { topic: None, partition: None };
}

/// The rules of a cluster, in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    next: u32,
    rules: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    id: RuleId,
    rule: Rule,
    matched: u64,
    hits: u64,
}

/// The rules that apply to one request.
#[derive(Debug, Default)]
pub(crate) struct Applying {
    rules: Vec<Rule>,
    /// Of all of them together; errors are looked up by target.
    pub(crate) effects: Effects,
}

impl Rules {
    pub(crate) fn add(&mut self, rule: Rule) -> RuleId {
        let id = RuleId(self.next);
        self.next += 1;
        self.rules.push(Entry { id, rule, matched: 0, hits: 0 });
        id
    }

    pub(crate) fn remove(&mut self, id: RuleId) -> bool {
        let before = self.rules.len();
        self.rules.retain(|entry| entry.id != id);
        self.rules.len() < before
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn hits(&self, id: RuleId) -> u64 {
        self.rules.iter().find(|entry| entry.id == id).map_or(0, |entry| entry.hits)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Counts the request and collects what applies to it.
    pub(crate) fn apply(&mut self, api: ApiKey, node: NodeId, targets: &[Target<'_>]) -> Applying {
        let mut applying = Applying::default();
        for entry in &mut self.rules {
            let rule = &entry.rule;
            let general =
                rule.api.is_none_or(|wanted| wanted == api) && rule.node.is_none_or(|wanted| wanted == node);
            let covered = targets.iter().any(|target| rule.covers(target)) || rule.covers(&Target::WHOLE);
            if !general || !covered {
                continue;
            }
            entry.matched += 1;
            if entry.matched <= rule.after || rule.times.is_some_and(|times| entry.hits >= times) {
                continue;
            }
            entry.hits += 1;
            applying.effects.merge(&rule.effects);
            applying.rules.push(rule.clone());
        }
        applying
    }
}

impl Applying {
    /// The error that a part of the request is refused with.
    pub(crate) fn refusal(&self, target: Target<'_>) -> Option<Refusal> {
        self.rules.iter().filter(|rule| rule.covers(&target)).find_map(|rule| rule.effects.refuse.clone())
    }

    /// The error that a part of the request is answered with after it was carried out.
    pub(crate) fn failure(&self, target: Target<'_>) -> Option<Refusal> {
        self.rules.iter().filter(|rule| rule.covers(&target)).find_map(|rule| rule.effects.fail_after.clone())
    }
}

impl Effects {
    fn merge(&mut self, other: &Effects) {
        self.disconnect_before |= other.disconnect_before;
        self.disconnect_after |= other.disconnect_after;
        self.drop_response |= other.drop_response;
        self.delay = self.delay.max(other.delay);
        self.throttle = self.throttle.max(other.throttle);
        self.cut_response = self.cut_response.or(other.cut_response);
        self.garbage = self.garbage.take().or_else(|| other.garbage.clone());
    }
}

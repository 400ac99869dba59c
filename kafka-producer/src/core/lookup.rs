//! The partitions of a topic, asked for if they are not known.

use super::CoreProducer;
use super::scratch::{CachedTopic, Scratch};
use crate::Error;
use crate::error::{Cause, MetadataWaited, WaitsFor};
use kafka_metadata::{ClusterSnapshot, MetadataError, MetadataWait, TopicMetadata};
use kafka_types::{ErrorCode, Monotonic, Now, PartitionId};
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

/// How often the metadata hears that a topic is in use; idle topics are forgotten after 5 s at the least.
pub(super) const TOUCH_INTERVAL: Duration = Duration::from_secs(1);

/// Whether somebody may wait at all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    Wait,
    Never,
}

/// What is kept between looks at one topic.
#[derive(Default)]
pub(super) struct Asking {
    /// Metadata were asked for on this account.
    asked: bool,
    started: Option<Monotonic>,
    /// The engine has to be polled.
    pub(super) wake: bool,
}

impl Asking {
    /// When it began, which is now if it had not.
    pub(super) fn start(&mut self, now: Now) -> Monotonic {
        *self.started.get_or_insert(now.mono)
    }

    pub(super) fn elapsed(&self, now: Now) -> Duration {
        self.started.map_or(Duration::ZERO, |started| now.mono.since(started))
    }
}

/// A lookup of a topic's partitions, for its own sake.
#[must_use = "a lookup does nothing until it is polled"]
pub struct PartitionLookup<'t> {
    topic: &'t str,
    asking: Asking,
    wait: Option<MetadataWait>,
}

impl PartitionLookup<'_> {
    /// Ready once the partitions are known.
    ///
    /// # Errors
    /// As sending to that topic.
    pub fn poll(
        &mut self,
        core: &CoreProducer,
        now: Now,
        waker: &Waker,
    ) -> Poll<Result<Arc<TopicMetadata>, Error>> {
        loop {
            if let Some(wait) = &mut self.wait {
                let Poll::Ready(result) = wait.poll(waker) else { return Poll::Pending };
                self.wait = None;
                core.handle_asked(self.topic, None, &self.asking, result, now)?;
            }
            match core.try_look_up(self.topic, &mut self.asking, now)? {
                Ok(metadata) => return Poll::Ready(Ok(metadata)),
                Err(_) if kafka_accumulator::in_callback() => {
                    return Poll::Ready(Err(Cause::InCallback("partitions_for").into()));
                }
                Err(wait) => self.wait = Some(wait),
            }
        }
    }

    /// True if the engine has to be polled. Asking resets it.
    pub fn take_wake(&mut self) -> bool {
        std::mem::take(&mut self.asking.wake)
    }
}

impl CoreProducer {
    /// Starts a lookup of a topic's partitions, which takes `max.block.ms` at most.
    pub fn look_up<'t>(&self, topic: &'t str) -> PartitionLookup<'t> {
        PartitionLookup { topic, asking: Asking::default(), wait: None }
    }

    fn try_look_up(
        &self,
        topic: &str,
        asking: &mut Asking,
        now: Now,
    ) -> Result<Result<Arc<TopicMetadata>, MetadataWait>, Error> {
        self.check_open()?;
        asking.start(now);
        Scratch::with(|scratch| {
            let cached = scratch.topics.topic(self.shared.id, topic, || self.slot(topic))?;
            match self.know_partitions(cached, None, asking, now, Patience::Wait)? {
                Some(wait) => Ok(Err(wait)),
                None => cached.metadata.clone().map(Ok).ok_or_else(|| self.gone()),
            }
        })
    }

    /// Step 2 of a record's way: brings the topic's partitions, `wanted` among them, into `topic.metadata`; or says what
    /// to wait for until they are known.
    #[inline]
    pub(super) fn know_partitions(
        &self,
        topic: &mut CachedTopic,
        wanted: Option<PartitionId>,
        asking: &mut Asking,
        now: Now,
        patience: Patience,
    ) -> Result<Option<MetadataWait>, Error> {
        let metadata = &self.shared.metadata;
        if topic.touched.is_none_or(|touched| now.mono.since(touched) >= TOUCH_INTERVAL) {
            asking.wake |= metadata.touch(&topic.slot.name, now.mono);
            topic.touched = Some(now.mono);
        }
        // Read before the snapshot: what comes in between is then news to this thread's next look, and to a wait.
        let generation = metadata.generation();
        if topic.generation != Some(generation) {
            self.follow(topic, generation);
        }
        let count = topic.metadata.as_ref().map_or(0, |known| known.partitions.len());
        let known = match wanted {
            None => count > 0,
            Some(partition) => usize::try_from(partition.0).is_ok_and(|index| index < count),
        };
        if known { Ok(None) } else { self.ask_partitions(topic, wanted, asking, now, patience).map(Some) }
    }

    /// Takes what the latest snapshot says of the topic.
    #[cold]
    fn follow(&self, topic: &mut CachedTopic, generation: u64) {
        let snapshot = self.shared.metadata.snapshot();
        topic.metadata = snapshot.topic(&topic.slot.name).cloned();
        topic.generation = Some(generation);
        topic.local.clear();
        if let Some(known) = topic.metadata.as_ref().filter(|_| self.shared.config.partitioner_rack_aware) {
            topic.local.extend(self.led_in_rack(&snapshot, known));
        }
    }

    /// Has the topic's partitions asked for, and says what to wait for.
    #[cold]
    fn ask_partitions(
        &self,
        topic: &CachedTopic,
        wanted: Option<PartitionId>,
        asking: &mut Asking,
        now: Now,
        patience: Patience,
    ) -> Result<MetadataWait, Error> {
        let metadata = &self.shared.metadata;
        let count = topic.metadata.as_ref().map_or(0, |known| known.partitions.len());
        let name = &topic.slot.name;
        if let Some(code) = metadata.snapshot().topic_error(name).filter(|code| !code.is_retriable()) {
            // Permissions change, names do not: what an earlier send was told is asked again.
            if asking.asked || code == ErrorCode::INVALID_TOPIC_EXCEPTION {
                return Err(Cause::Topic { topic: name.to_string(), code }.into());
            }
        }
        let elapsed = asking.elapsed(now);
        if asking.asked && elapsed >= self.shared.config.max_block {
            return Err(self.metadata_timeout(name, wanted, elapsed));
        }
        asking.asked = true;
        asking.wake = true;
        metadata.request_topic(name);
        match patience {
            Patience::Wait => {
                let deadline = asking.start(now) + self.shared.config.max_block;
                // Of the generation that did not know them.
                Ok(metadata.wait(topic.generation.unwrap_or_default(), deadline))
            }
            Patience::Never if count > 0 => Err(self.metadata_timeout(name, wanted, Duration::ZERO)),
            Patience::Never => Err(Cause::WouldWait(WaitsFor::Metadata).into()),
        }
    }

    /// The partitions whose leader is in this client's rack, ascending.
    fn led_in_rack<'m>(
        &'m self,
        snapshot: &'m ClusterSnapshot,
        topic: &'m TopicMetadata,
    ) -> impl Iterator<Item = i32> + 'm {
        let rack = Some(&*self.shared.config.client_rack).filter(|rack| !rack.is_empty());
        topic.partitions.iter().zip(0..).filter_map(move |(partition, index)| {
            let broker = snapshot.brokers.get(&partition.leader?)?;
            (rack.is_some() && broker.rack.as_deref() == rack).then_some(index)
        })
    }

    /// A wait for metadata is over.
    pub(super) fn handle_asked(
        &self,
        topic: &str,
        wanted: Option<PartitionId>,
        asking: &Asking,
        result: Result<(), MetadataError>,
        now: Now,
    ) -> Result<(), Error> {
        match result {
            Ok(()) => Ok(()),
            Err(MetadataError::TimedOut) => Err(self.metadata_timeout(topic, wanted, asking.elapsed(now))),
            Err(MetadataError::Closed) => Err(self.gone()),
            Err(fatal) => Err(Cause::Fatal(fatal).into()),
        }
    }

    fn metadata_timeout(&self, topic: &str, wanted: Option<PartitionId>, waited: Duration) -> Error {
        let snapshot = self.shared.metadata.snapshot();
        let count = snapshot.topic(topic).map_or(0, |known| known.partitions.len());
        let servers = &self.shared.config.bootstrap_servers;
        Cause::Metadata(MetadataWaited {
            topic: topic.to_owned(),
            waited,
            code: snapshot.topic_error(topic),
            partition: wanted.map(|partition| (partition, count)),
            connection_error: self.shared.connection_error.lock().clone(),
            unreachable: snapshot.is_bootstrap(),
            bootstrap: servers.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        })
        .into()
    }
}

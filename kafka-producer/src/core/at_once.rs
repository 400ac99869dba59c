//! The short way: a record for which nothing has to be waited for, looked up or told.

use super::CoreProducer;
use super::lookup::Patience;
use super::pending::{AtOnce, Progress, Stage, Waiting};
use super::scratch::{CachedTopic, Scratch};
use super::send::serialization;
use crate::Error;
use kafka_accumulator::{AppendRecord, Delivery};
use kafka_types::{Now, PartitionId, Payload, ProducerRecord, RecordPart, SerializeContext};

/// Where a record left the short way; [`send_on`](CoreProducer::send_on) goes on from there.
#[derive(Default)]
pub struct Left(pub(super) LeftAt);

pub(super) enum LeftAt {
    /// The long way has to be taken from here.
    Stage(Stage),
    Refused(Error),
}

impl Default for LeftAt {
    fn default() -> LeftAt {
        LeftAt::Stage(Stage::New)
    }
}

impl CoreProducer {
    /// Puts a record into a batch, as most records can be without waiting: nobody intercepts, this thread knows the topic, and the
    /// partition's batch is open and has room. Records go this way but for one or two of each batch, so it looks at nothing
    /// twice and moves nothing. `None` if it did not suffice: then [`send_on`](CoreProducer::send_on) goes on with what is in
    /// `left`, which was [`Left::default`] before.
    #[inline(always)]
    pub fn send_at_once<K, V, KS, VS>(
        &self,
        record: &mut ProducerRecord<'_, K, V>,
        key_serializer: &KS,
        value_serializer: &VS,
        now: Now,
        left: &mut Left,
    ) -> Option<Delivery>
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        let shared = &*self.shared;
        let ProducerRecord { topic: name, partition: chosen, timestamp, key, value, headers } = record;
        if !self.is_open() || self.has_interceptors() || timestamp.is_some_and(|timestamp| timestamp.0 < 0) {
            return None;
        }
        Scratch::with(|Scratch { key: key_buffer, value: value_buffer, topics }| {
            let topic = topics.first(shared.id, name)?;
            if !topic.is_fresh(shared.metadata.generation(), now.mono) {
                return None;
            }
            if !self.is_free(topic, *chosen) {
                return None;
            }
            let mut context = SerializeContext { topic: name, headers, part: RecordPart::Key };
            let key = match key.serialize_with(key_serializer, &mut context, key_buffer) {
                Ok(key) => key,
                Err(source) => {
                    *left = Left(LeftAt::Refused(serialization(name, RecordPart::Key, source)));
                    return None;
                }
            };
            context.part = RecordPart::Value;
            let value = match value.serialize_with(value_serializer, &mut context, value_buffer) {
                Ok(value) => value,
                Err(source) => {
                    *left = Left(LeftAt::Refused(serialization(name, RecordPart::Value, source)));
                    return None;
                }
            };
            if self.is_surely_small(key, value, headers) {
                let partition = match *chosen {
                    Some(partition) => Ok(partition),
                    None => self.partition(topic, key),
                };
                let timestamp = timestamp.unwrap_or(now.wall);
                let bytes = AppendRecord { timestamp, key, value, headers };
                if let Ok(partition) = partition
                    && let Some((delivery, _)) = topic.slot.queues.append_at_once(partition, &bytes, false)
                {
                    return Some(delivery);
                }
            }
            // Serializers run once per record: what they made is kept.
            let (key, value) = (key.map(<[u8]>::to_vec), value.map(<[u8]>::to_vec));
            *left = Left(LeftAt::Stage(Stage::Serialized { key, value }));
            None
        })
    }

    /// Whether the topic's partitions are known, and the choice of this one is nobody's to hear of.
    #[inline(always)]
    fn is_free(&self, topic: &CachedTopic, chosen: Option<PartitionId>) -> bool {
        let count = topic.metadata.as_ref().map_or(0, |known| known.partitions.len());
        match chosen {
            None => count > 0 && !self.shared.partitioner_learns,
            Some(partition) => usize::try_from(partition.0).is_ok_and(|index| index < count),
        }
    }

    /// Goes on with a record that left the short way.
    #[cold]
    #[inline(never)]
    pub fn send_on<K, V, KS, VS>(
        &self,
        record: &mut ProducerRecord<'_, K, V>,
        left: Left,
        key_serializer: &KS,
        value_serializer: &VS,
        now: Now,
    ) -> AtOnce
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        let stage = match left.0 {
            LeftAt::Stage(stage) => stage,
            LeftAt::Refused(error) => {
                return AtOnce::Refused(self.refuse(record, &mut Progress::new(None), error));
            }
        };
        let mut progress = Progress { stage, ..Progress::new(None) };
        match self.advance(record, &mut progress, key_serializer, value_serializer, now, Patience::Wait) {
            Ok(Some(delivery)) => AtOnce::Appended { delivery, wake: progress.asking.wake },
            Ok(None) => match self.check_may_wait() {
                Ok(()) => AtOnce::Waits(Waiting(Box::new(progress))),
                Err(error) => AtOnce::Refused(self.refuse(record, &mut progress, error)),
            },
            Err(error) => AtOnce::Refused(self.refuse(record, &mut progress, error)),
        }
    }
}

//! The short way: a record for which nothing has to be waited for, looked up or told.

use super::CoreProducer;
use super::lookup::Patience;
use super::pending::{AtOnce, Progress, Stage, Waiting};
use super::scratch::{CachedTopic, Scratch};
use super::send::serialization;
use crate::Error;
use kafka_accumulator::{AppendRecord, Delivery};
use kafka_types::{Now, PartitionId, Payload, ProducerRecord, RecordPart, SerializeContext};

/// How far the short way went.
pub(super) enum Short {
    Appended(Delivery),
    /// The long way has to be taken from here.
    Leaves(Stage),
    Refused(Error),
}

impl CoreProducer {
    /// Puts a record into a batch, as most records can be without waiting.
    #[inline(always)]
    pub fn send_at_once<K, V, KS, VS>(
        &self,
        record: &mut ProducerRecord<'_, K, V>,
        key_serializer: &KS,
        value_serializer: &VS,
        now: Now,
    ) -> AtOnce
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        match self.take_short_way(record, key_serializer, value_serializer, now) {
            Short::Appended(delivery) => AtOnce::Appended { delivery, wake: false },
            Short::Leaves(stage) => self.take_long_way(record, stage, key_serializer, value_serializer, now),
            Short::Refused(error) => AtOnce::Refused(self.refuse(record, &mut Progress::new(None), error)),
        }
    }

    /// What [`advance`](CoreProducer::advance) does, where each of its steps is a trivial one: nobody intercepts, this thread
    /// knows the topic, and the partition's batch is open and has room. Records go this way but for one or two of each
    /// batch, so it looks at nothing twice and moves nothing.
    #[inline(always)]
    pub(super) fn take_short_way<K, V, KS, VS>(
        &self,
        record: &mut ProducerRecord<'_, K, V>,
        key_serializer: &KS,
        value_serializer: &VS,
        now: Now,
    ) -> Short
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        let shared = &*self.shared;
        let ProducerRecord { topic: name, partition: chosen, timestamp, key, value, headers } = record;
        if !self.is_open() || self.has_interceptors() || timestamp.is_some_and(|timestamp| timestamp.0 < 0) {
            return Short::Leaves(Stage::New);
        }
        Scratch::with(|Scratch { key: key_buffer, value: value_buffer, topics }| {
            let Some(topic) = topics.first(shared.id, name) else { return Short::Leaves(Stage::New) };
            if !topic.is_fresh(shared.metadata.generation(), now.mono) {
                return Short::Leaves(Stage::New);
            }
            if !self.is_free(topic, *chosen) {
                return Short::Leaves(Stage::New);
            }
            let mut context = SerializeContext { topic: name, headers, part: RecordPart::Key };
            let key = match key.serialize_with(key_serializer, &mut context, key_buffer) {
                Ok(key) => key,
                Err(source) => return Short::Refused(serialization(name, RecordPart::Key, source)),
            };
            context.part = RecordPart::Value;
            let value = match value.serialize_with(value_serializer, &mut context, value_buffer) {
                Ok(value) => value,
                Err(source) => return Short::Refused(serialization(name, RecordPart::Value, source)),
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
                    return Short::Appended(delivery);
                }
            }
            // Serializers run once per record: what they made is kept.
            let (key, value) = (key.map(<[u8]>::to_vec), value.map(<[u8]>::to_vec));
            Short::Leaves(Stage::Serialized { key, value })
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

    /// All the rest, for a record that left the short way.
    #[cold]
    fn take_long_way<K, V, KS, VS>(
        &self,
        record: &mut ProducerRecord<'_, K, V>,
        stage: Stage,
        key_serializer: &KS,
        value_serializer: &VS,
        now: Now,
    ) -> AtOnce
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
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

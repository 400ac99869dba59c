//! A record's way from the caller into a batch.

use super::at_once::{Left, LeftAt};
use super::lookup::Patience;
use super::pending::{PendingSend, Progress, Stage};
use super::scratch::{CachedTopic, Scratch};
use super::wait::{Wait, Waited};
use super::{CoreProducer, topic_name};
use crate::error::{Cause, WaitsFor};
use crate::{Error, OnFull};
use kafka_accumulator::{Append, AppendOptions, AppendRecord, Delivery, MemoryError};
use kafka_metadata::TopicMetadata;
use kafka_partitioner::{Appended, Partitioner, TopicView};
use kafka_protocol::records::size_upper_bound;
use kafka_types::{
    Header, Now, PartitionId, Payload, ProducerRecord, RecordPart, SerializationError, SerializeContext,
};
use std::task::{Poll, Waker};

/// More than a batch of one record has beside the record's key and value, if it has no headers.
const MAX_OVERHEAD: usize = 256;

impl CoreProducer {
    /// Moves a record on; ready once it is in a batch, or refused. A failure has been told to the interceptors and the
    /// callback already.
    ///
    /// # Errors
    /// Why the record was not accepted; nothing of it will be written.
    pub fn poll_send<K, V, KS, VS>(
        &self,
        send: &mut PendingSend<'_, K, V>,
        key_serializer: &KS,
        value_serializer: &VS,
        now: Now,
        waker: &Waker,
    ) -> Poll<Result<Delivery, Error>>
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        let PendingSend { record, progress } = send;
        if matches!(progress.stage, Stage::New) && progress.wait.is_none() && progress.callback.is_none() {
            let mut left = Left::default();
            if let Some(delivery) =
                self.send_at_once(record, key_serializer, value_serializer, now, &mut left)
            {
                return Poll::Ready(Ok(delivery));
            }
            match left.0 {
                LeftAt::Stage(stage) => progress.stage = stage,
                LeftAt::Refused(error) => return Poll::Ready(Err(self.refuse(record, progress, error))),
            }
        }
        loop {
            if let Some(wait) = &mut progress.wait {
                let Poll::Ready(waited) = wait.poll(waker) else { return Poll::Pending };
                progress.wait = None;
                if let Err(error) = self.handle_waited(record, progress, waited, now) {
                    return Poll::Ready(Err(self.refuse(record, progress, error)));
                }
            }
            match self.advance(record, progress, key_serializer, value_serializer, now, Patience::Wait) {
                Ok(Some(delivery)) => return Poll::Ready(Ok(delivery)),
                Ok(None) => {
                    if let Err(error) = self.check_may_wait() {
                        return Poll::Ready(Err(self.refuse(record, progress, error)));
                    }
                }
                Err(error) => return Poll::Ready(Err(self.refuse(record, progress, error))),
            }
        }
    }

    /// Puts a record into a batch if that needs no waiting.
    ///
    /// # Errors
    /// Why not; [`WouldWait`](crate::ErrorKind::WouldWait) if only for that reason.
    pub fn try_send<K, V, KS, VS>(
        &self,
        send: &mut PendingSend<'_, K, V>,
        key_serializer: &KS,
        value_serializer: &VS,
        now: Now,
    ) -> Result<Delivery, Error>
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        let PendingSend { record, progress } = send;
        match self.advance(record, progress, key_serializer, value_serializer, now, Patience::Never) {
            Ok(Some(delivery)) => Ok(delivery),
            Ok(None) => {
                let waits_for = match progress.wait.take() {
                    Some(Wait::Memory { .. }) => WaitsFor::Memory,
                    Some(Wait::Metadata(_)) | None => WaitsFor::Metadata,
                };
                Err(self.refuse(record, progress, Cause::WouldWait(waits_for).into()))
            }
            Err(error) => Err(self.refuse(record, progress, error)),
        }
    }
}

impl CoreProducer {
    /// Steps 1 to 7 of a record's way, as far as they go without waiting: `None` if `progress` has now what to wait for.
    pub(super) fn advance<K, V, KS, VS>(
        &self,
        record: &mut ProducerRecord<'_, K, V>,
        progress: &mut Progress,
        key_serializer: &KS,
        value_serializer: &VS,
        now: Now,
        patience: Patience,
    ) -> Result<Option<Delivery>, Error>
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        self.check_takes_records()?;
        progress.asking.start(now);
        Scratch::with(|Scratch { key: key_buffer, value: value_buffer, topics }| {
            // 1. The interceptors; what they leave has to be legal.
            if matches!(progress.stage, Stage::New) {
                progress.stage = Stage::Intercepted;
                self.intercept(record);
                check(record)?;
            }

            // 2. The topic's partitions.
            let topic = topics.topic(self.shared.id, &record.topic, || self.slot(&record.topic))?;
            if let Some(wait) =
                self.know_partitions(topic, record.partition, &mut progress.asking, now, patience)?
            {
                progress.wait = Some(Wait::Metadata(wait));
                return Ok(None);
            }

            // 3. Key and value as bytes, and whether they are few enough.
            let Progress { callback, audience, stage, grant, asking, wait } = progress;
            let ProducerRecord { topic: name, partition, timestamp, key, value, headers } = record;
            let (key, value) = match stage {
                Stage::Serialized { key, value } => (key.as_deref(), value.as_deref()),
                _ => {
                    let mut context = SerializeContext { topic: name, headers, part: RecordPart::Key };
                    let key = key.serialize_with(key_serializer, &mut context, key_buffer);
                    let key = key.map_err(|source| serialization(name, RecordPart::Key, source))?;
                    context.part = RecordPart::Value;
                    let value = value.serialize_with(value_serializer, &mut context, value_buffer);
                    (key, value.map_err(|source| serialization(name, RecordPart::Value, source))?)
                }
            };
            self.check_size(name, size_upper_bound(key, value, headers))?;
            let timestamp = timestamp.unwrap_or(now.wall);

            // 4. The partition.
            let chosen = *partition;
            let has_key = key.is_some();
            let mut partition = match chosen {
                Some(partition) => partition,
                None => self.partition(topic, key)?,
            };

            // 5. Into the partition's open batch.
            if audience.is_none() && (callback.is_some() || self.has_interceptors()) {
                *audience = self.audience(name, chosen, headers, callback.take());
            }
            let told = audience.as_ref().is_some_and(|audience| audience.told);
            let mut nobody = None;
            let packed = audience.as_mut().map_or(&mut nobody, |audience| &mut audience.packed);
            let bytes = AppendRecord { timestamp, key, value, headers };
            let (mut may_open_batch, mut opened_at) = (false, now);
            let appended = loop {
                let options = AppendOptions { may_open_batch, grant, callback: packed, told };
                match topic.slot.queues.append(partition, &bytes, options, opened_at) {
                    Ok(Append::Appended(appended)) => break appended,
                    Ok(Append::WouldOpenBatch { batched, wake }) => {
                        asking.wake |= wake;
                        // A partitioner is asked once more, and may choose a partition whose batch is open.
                        if chosen.is_none() {
                            self.learn(
                                topic,
                                &Appended::would_open_batch(partition.0, batched, has_key),
                                now,
                            );
                            partition = self.partition(topic, key)?;
                        }
                        may_open_batch = true;
                        opened_at = self.precisely(now);
                    }
                    Ok(Append::NeedsMemory { bytes, wake }) => {
                        asking.wake |= wake;
                        if patience == Patience::Never || self.shared.config.on_full == OnFull::Refuse {
                            return Err(Cause::WouldWait(WaitsFor::Memory).into());
                        }
                        let (key, value) = (key.map(<[u8]>::to_vec), value.map(<[u8]>::to_vec));
                        *stage = Stage::Serialized { key, value };
                        // The engine has the timer, and sends what lingers when memory is short.
                        asking.wake = true;
                        let deadline = asking.start(now) + self.shared.config.max_block;
                        let reserved = topic.slot.queues.reserve(partition, bytes, deadline);
                        *wait = Some(Wait::Memory { wait: reserved, bytes });
                        return Ok(None);
                    }
                    Err(error) => return Err(self.append_error(name, error)),
                }
            };

            // 6. A sticky choice may move on.
            if chosen.is_none() && (appended.batch_complete || self.shared.partitioner_learns) {
                self.learn(
                    topic,
                    &Appended {
                        partition: partition.0,
                        bytes: appended.bytes,
                        batch_complete: appended.batch_complete,
                        batched: appended.batched,
                        has_key,
                    },
                    now,
                );
            }

            // 7. The engine hears of it only if it would sleep too long.
            asking.wake |= appended.wake;
            Ok(Some(appended.delivery))
        })
    }
}

impl CoreProducer {
    /// Inside a callback nothing may wait: it would wait for what only its own end brings on.
    pub(super) fn check_may_wait(&self) -> Result<(), Error> {
        if kafka_accumulator::in_callback() { Err(Cause::InCallback("send").into()) } else { Ok(()) }
    }

    fn handle_waited<K, V>(
        &self,
        record: &ProducerRecord<'_, K, V>,
        progress: &mut Progress,
        waited: Waited,
        now: Now,
    ) -> Result<(), Error> {
        match waited {
            Waited::Metadata(result) => {
                self.handle_asked(&record.topic, record.partition, &progress.asking, result, now)
            }
            Waited::Memory { result: Ok(grant), .. } => {
                progress.grant = Some(grant);
                Ok(())
            }
            Waited::Memory { result: Err(MemoryError::TimedOut), bytes } => Err(Cause::Memory {
                topic: record.topic.to_string(),
                bytes,
                waited: progress.asking.elapsed(now),
                buffer_memory: self.shared.config.buffer_memory,
            }
            .into()),
            Waited::Memory { result: Err(_), .. } => Err(self.gone()),
        }
    }

    /// Step 4 for a record that names no partition itself.
    #[inline(always)]
    pub(super) fn partition(&self, topic: &CachedTopic, key: Option<&[u8]>) -> Result<PartitionId, Error> {
        let Some(metadata) = &topic.metadata else { return Err(self.gone()) };
        let count = metadata.partitions.len();
        let view = view(topic, metadata);
        let chosen = match &self.shared.built_in {
            Some(partitioner) => partitioner.partition(&view, key),
            None => self.shared.partitioner.partition(&view, key),
        };
        match usize::try_from(chosen) {
            Ok(index) if index < count => Ok(PartitionId(chosen)),
            _ => Err(Cause::PartitionerChoice { topic: topic.slot.name.clone(), chosen, count }.into()),
        }
    }

    /// Step 6: tells the partitioner, with fresh queue lengths if it may choose anew.
    #[inline]
    fn learn(&self, topic: &mut CachedTopic, appended: &Appended, now: Now) {
        let config = &self.shared.config;
        // What is hashed by its key goes where it goes, however long the queue there is.
        let hashed = appended.has_key && self.shared.built_in.is_some() && !config.partitioner_ignore_keys;
        if appended.batch_complete && config.partitioner_adaptive && !hashed {
            topic.weigh(now.mono, &self.shared.accumulator.slow_leaders());
        }
        if let Some(metadata) = &topic.metadata {
            self.shared.partitioner.on_appended(&view(topic, metadata), appended);
        }
    }

    /// Whether the record is certainly within the limits: with the most that can come on top of key and value.
    #[inline(always)]
    pub(super) fn is_surely_small(
        &self,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header<'_>],
    ) -> bool {
        let size = key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len);
        headers.is_empty() && size + MAX_OVERHEAD <= self.shared.small_record
    }

    fn check_size(&self, topic: &str, size: usize) -> Result<(), Error> {
        let config = &self.shared.config;
        let (limit, property) = if size > config.max_request_size {
            (config.max_request_size, "max.request.size")
        } else if size > config.buffer_memory {
            (config.buffer_memory, "buffer.memory")
        } else {
            return Ok(());
        };
        Err(Cause::TooLarge { topic: topic.to_owned(), size, limit, property }.into())
    }
}

#[inline(always)]
fn view<'a>(topic: &'a CachedTopic, metadata: &'a TopicMetadata) -> TopicView<'a> {
    TopicView {
        name: &topic.slot.name,
        partition_count: partition_count(metadata),
        available: &metadata.available,
        local: &topic.local,
        loads: topic.loads.as_ref(),
        state: &topic.slot.sticky,
    }
}

#[inline]
pub(super) fn partition_count(metadata: &TopicMetadata) -> i32 {
    i32::try_from(metadata.partitions.len()).unwrap_or(i32::MAX)
}

/// What can be wrong with a record by itself. Its topic's name is checked where the topic is looked up.
#[inline]
fn check<K, V>(record: &ProducerRecord<'_, K, V>) -> Result<(), Error> {
    if let Some(timestamp) = record.timestamp.filter(|timestamp| timestamp.0 < 0) {
        return Err(Cause::NegativeTimestamp(timestamp).into());
    }
    if let Some(partition) = record.partition.filter(|partition| partition.0 < 0) {
        return Err(Cause::NegativePartition(partition).into());
    }
    Ok(())
}

pub(super) fn check_topic(topic: &str) -> Result<(), Error> {
    let illegal = |reason| Cause::TopicName { topic: topic.to_owned(), reason }.into();
    topic_name::check(topic).map_err(illegal)
}

pub(super) fn serialization(topic: &str, part: RecordPart, source: SerializationError) -> Error {
    Cause::Serialization { topic: topic.to_owned(), part, source }.into()
}

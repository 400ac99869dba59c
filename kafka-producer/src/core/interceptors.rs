//! Interceptors and callbacks around a record.

use super::CoreProducer;
use super::pending::{Progress, SendCallback};
use crate::Error;
use kafka_accumulator::Callback;
use kafka_interceptor::{Acknowledgement, InterceptorChain, SendContext};
use kafka_types::{Header, PartitionId, ProducerRecord, RecordMetadata};
use parking_lot::Mutex;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Whoever wants to hear of a record: packed for the accumulator, and still in reach if the record does not get there.
pub(super) struct Audience {
    /// Goes with the record into its batch.
    pub(super) packed: Option<Callback>,
    /// The program itself is among them, not only its interceptors.
    pub(super) told: bool,
    /// Taken by the one who tells: the batch, or a refusal.
    listeners: Arc<Mutex<Option<Listeners>>>,
}

struct Listeners {
    interceptors: Option<Intercepted>,
    callback: Option<SendCallback>,
}

/// What interceptors want to know of a record once it is done.
struct Intercepted {
    chain: Arc<InterceptorChain>,
    topic: String,
    partition: Option<PartitionId>,
    headers: Vec<Header<'static>>,
}

impl CoreProducer {
    #[inline]
    pub(super) fn has_interceptors(&self) -> bool {
        !self.shared.interceptors.is_empty()
    }

    /// Step 1: lets the interceptors change what they may.
    #[inline]
    pub(super) fn intercept<K, V>(&self, record: &mut ProducerRecord<'_, K, V>) {
        let chain = &self.shared.interceptors;
        if !chain.is_empty() {
            chain.on_send(&mut SendContext {
                topic: &mut record.topic,
                partition: &mut record.partition,
                timestamp: &mut record.timestamp,
                headers: &mut record.headers,
            });
        }
    }

    /// Packs whoever is to be told of this record, once; `None` if nobody is.
    pub(super) fn audience(
        &self,
        topic: &str,
        partition: Option<PartitionId>,
        headers: &[Header<'_>],
        callback: Option<SendCallback>,
    ) -> Option<Audience> {
        let interceptors = self.intercepted(topic, partition, headers);
        if interceptors.is_none() && callback.is_none() {
            return None;
        }
        let told = callback.is_some();
        let listeners = Arc::new(Mutex::new(Some(Listeners { interceptors, callback })));
        let packed_listeners = listeners.clone();
        let packed: Callback = Box::new(move |result| {
            let listeners = packed_listeners.lock().take();
            if let Some(listeners) = listeners {
                listeners.tell(result.map_err(Error::from));
            }
        });
        Some(Audience { packed: Some(packed), told, listeners })
    }

    fn intercepted(
        &self,
        topic: &str,
        partition: Option<PartitionId>,
        headers: &[Header<'_>],
    ) -> Option<Intercepted> {
        let chain = &self.shared.interceptors;
        (!chain.is_empty()).then(|| Intercepted {
            chain: chain.clone(),
            topic: topic.to_owned(),
            partition,
            headers: headers.iter().cloned().map(Header::into_owned).collect(),
        })
    }

    /// Tells a refused record's listeners, and gives the error back.
    #[cold]
    pub(super) fn refuse<K, V>(
        &self,
        record: &ProducerRecord<'_, K, V>,
        progress: &mut Progress,
        error: Error,
    ) -> Error {
        let listeners = match progress.audience.take() {
            Some(audience) => audience.listeners.lock().take(),
            None => {
                let ProducerRecord { topic, partition, headers, .. } = record;
                let interceptors = self.intercepted(topic, *partition, headers);
                Some(Listeners { interceptors, callback: progress.callback.take() })
            }
        };
        if let Some(listeners) = listeners {
            listeners.tell(Err(error.clone()));
        }
        error
    }
}

impl Listeners {
    /// Interceptors first, then the record's own callback; neither can break the other.
    fn tell(self, result: Result<RecordMetadata, Error>) {
        if let Some(Intercepted { chain, topic, partition, headers }) = &self.interceptors {
            // Where it was put, as far as it got; else what the record itself named.
            let placed = match &result {
                Ok(metadata) => Some(metadata.partition()),
                Err(error) => error.topic_partition().map(|placed| placed.partition),
            };
            chain.on_acknowledgement(&Acknowledgement {
                topic,
                partition: placed.or(*partition),
                headers,
                result: result.as_ref().map_err(|error| error as &(dyn std::error::Error + 'static)),
            });
        }
        if let Some(callback) = self.callback
            && catch_unwind(AssertUnwindSafe(|| callback(result))).is_err()
        {
            tracing::error!("a send's callback panicked");
        }
    }
}

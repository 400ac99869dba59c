//! Many records, with so many on their way at once.

use super::{Delivery, Producer};
use crate::Error;
use crate::driver::block_on;
use kafka_types::{Payload, ProducerRecord, RecordMetadata};
use std::collections::VecDeque;

impl<KS, VS> Producer<KS, VS> {
    /// Sends records in order, with up to `window` of them (at least 1) without an outcome at a time, and returns the outcome of each
    /// in the same order once the last is there.
    ///
    /// The window should hold some batches, or each waits for `linger.ms`. A record that fails holds up nobody: those after
    /// it are sent nevertheless. Dropped before it is ready, this takes back nothing that was accepted.
    pub async fn send_all<'r, K, V>(
        &self,
        records: impl IntoIterator<Item = ProducerRecord<'r, K, V>>,
        window: usize,
    ) -> Vec<Result<RecordMetadata, Error>>
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        let mut outcomes = Vec::new();
        let mut open: VecDeque<Result<Delivery, Error>> = VecDeque::new();
        for record in records {
            if open.len() >= window.max(1)
                && let Some(oldest) = open.pop_front()
            {
                outcomes.push(outcome(oldest).await);
            }
            open.push_back(self.send(record).await);
        }
        for delivery in open {
            outcomes.push(outcome(delivery).await);
        }
        outcomes
    }

    /// As [`send_all`](Producer::send_all), waiting on this thread.
    pub fn send_all_blocking<'r, K, V>(
        &self,
        records: impl IntoIterator<Item = ProducerRecord<'r, K, V>>,
        window: usize,
    ) -> Vec<Result<RecordMetadata, Error>>
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        block_on(self.send_all(records, window))
    }
}

async fn outcome(sent: Result<Delivery, Error>) -> Result<RecordMetadata, Error> {
    sent?.await
}

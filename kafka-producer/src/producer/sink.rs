//! A producer as a `futures::Sink`.

use super::sending::poll_pending;
use super::{Delivery, Producer};
use crate::Error;
use crate::core::PendingSend;
use futures_sink::Sink;
use kafka_types::{BytesSerializer, Payload, ProducerRecord};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Takes records as a [`Sink`], in order, with a bounded number of them without an outcome; [`Producer::sink`] makes one.
///
/// It is ready for a record when the one before is in a batch and the window has room. Flushing, and closing, wait for the outcome of all;
/// closing leaves the producer open. The first failure that is found ends the sink's call; what comes after it is sent
/// nevertheless if the program goes on.
#[must_use = "a sink sends what it is given"]
pub struct RecordSink<'r, K, V, KS = BytesSerializer, VS = BytesSerializer> {
    producer: Producer<KS, VS>,
    window: usize,
    pending: Option<Box<PendingSend<'r, K, V>>>,
    open: VecDeque<Delivery>,
    acknowledged: u64,
}

impl<KS, VS> Producer<KS, VS> {
    /// This producer as a [`Sink`] with up to `window` records (at least 1) without an outcome.
    pub fn sink<'r, K, V>(&self, window: usize) -> RecordSink<'r, K, V, KS, VS>
    where
        K: Payload<KS>,
        V: Payload<VS>,
    {
        RecordSink {
            producer: self.clone(),
            window: window.max(1),
            pending: None,
            open: VecDeque::new(),
            acknowledged: 0,
        }
    }
}

impl<K, V, KS, VS> RecordSink<'_, K, V, KS, VS> {
    /// How many records are known to be acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.acknowledged
    }
}

impl<K, V, KS, VS> RecordSink<'_, K, V, KS, VS>
where
    K: Payload<KS>,
    V: Payload<VS>,
{
    fn poll_accepted(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if let Some(pending) = &mut self.pending {
            let accepted = ready!(poll_pending(&self.producer, pending, context));
            self.pending = None;
            self.open.push_back(Delivery::new(accepted?));
        }
        Poll::Ready(Ok(()))
    }

    /// Takes outcomes, the oldest first, until fewer than `most` are missing.
    fn poll_outcomes(&mut self, most: usize, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while let Some(oldest) = self.open.front_mut() {
            match Pin::new(oldest).poll(context) {
                Poll::Ready(outcome) => {
                    self.open.pop_front();
                    outcome?;
                    self.acknowledged += 1;
                }
                Poll::Pending if self.open.len() < most => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// The record is moved, but never pinned.
impl<K, V, KS, VS> Unpin for RecordSink<'_, K, V, KS, VS> {}

impl<'r, K, V, KS, VS> Sink<ProducerRecord<'r, K, V>> for RecordSink<'r, K, V, KS, VS>
where
    K: Payload<KS>,
    V: Payload<VS>,
{
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_accepted(context))?;
        let window = self.window;
        self.poll_outcomes(window, context)
    }

    fn start_send(mut self: Pin<&mut Self>, record: ProducerRecord<'r, K, V>) -> Result<(), Error> {
        self.pending = Some(Box::new(PendingSend::new(record, None)));
        Ok(())
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_accepted(context))?;
        self.poll_outcomes(0, context)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_flush(context)
    }
}

impl<K, V, KS, VS> fmt::Debug for RecordSink<'_, K, V, KS, VS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordSink")
            .field("window", &self.window)
            .field("open", &self.open.len())
            .finish_non_exhaustive()
    }
}

//! A record on its way into a batch, as a future.

use super::{Delivery, Producer};
use crate::Error;
use crate::core::{AtOnce, Left, PendingSend};
use crate::driver::clock;
use kafka_types::{Payload, ProducerRecord};
use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A record that is being [sent](Producer::send): ready once it is in a batch, or refused.
///
/// Nothing happens before it is polled. Dropped before it is ready, it takes the record back.
#[must_use = "a record is not sent before this is awaited"]
pub struct Sending<'p, 'r, K, V, KS, VS> {
    producer: &'p Producer<KS, VS>,
    stage: Stage<'r, K, V>,
}

enum Stage<'r, K, V> {
    New(ProducerRecord<'r, K, V>),
    /// Seldom: apart, so that the future of all the others stays small.
    Waits(Box<PendingSend<'r, K, V>>),
    Done,
}

impl<'p, 'r, K, V, KS, VS> Sending<'p, 'r, K, V, KS, VS> {
    #[inline]
    pub(super) fn new(producer: &'p Producer<KS, VS>, record: ProducerRecord<'r, K, V>) -> Self {
        Sending { producer, stage: Stage::New(record) }
    }
}

/// The record is moved, but never pinned.
impl<K, V, KS, VS> Unpin for Sending<'_, '_, K, V, KS, VS> {}

impl<K, V, KS, VS> Future for Sending<'_, '_, K, V, KS, VS>
where
    K: Payload<KS>,
    V: Payload<VS>,
{
    type Output = Result<Delivery, Error>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Sending { producer, stage } = &mut *self;
        let mut left = Left::default();
        if let Stage::New(record) = stage {
            let shared = &*producer.shared;
            let (keys, values) = (&shared.key_serializer, &shared.value_serializer);
            if let Some(delivery) = shared.core.send_at_once(record, keys, values, clock::coarse(), &mut left)
            {
                *stage = Stage::Done;
                return Poll::Ready(Ok(Delivery::new(delivery)));
            }
        }
        poll_rest(producer, stage, left, context)
    }
}

/// For the few that can't be sent at once.
#[cold]
#[inline(never)]
fn poll_rest<K, V, KS, VS>(
    producer: &Producer<KS, VS>,
    stage: &mut Stage<'_, K, V>,
    left: Left,
    context: &mut Context<'_>,
) -> Poll<Result<Delivery, Error>>
where
    K: Payload<KS>,
    V: Payload<VS>,
{
    let shared = &*producer.shared;
    if let Stage::New(record) = stage {
        let (keys, values) = (&shared.key_serializer, &shared.value_serializer);
        match shared.core.send_on(record, left, keys, values, clock::coarse()) {
            AtOnce::Appended { delivery, wake } => {
                if wake {
                    shared.driver.wake();
                }
                *stage = Stage::Done;
                return Poll::Ready(Ok(Delivery::new(delivery)));
            }
            AtOnce::Refused(error) => {
                *stage = Stage::Done;
                return Poll::Ready(Err(error));
            }
            AtOnce::Waits(waiting) => {
                if let Stage::New(record) = mem::replace(stage, Stage::Done) {
                    *stage = Stage::Waits(Box::new(PendingSend::resume(record, waiting)));
                }
            }
        }
    }
    poll_waiting(producer, stage, context)
}

fn poll_waiting<K, V, KS, VS>(
    producer: &Producer<KS, VS>,
    stage: &mut Stage<'_, K, V>,
    context: &mut Context<'_>,
) -> Poll<Result<Delivery, Error>>
where
    K: Payload<KS>,
    V: Payload<VS>,
{
    let Stage::Waits(pending) = stage else { panic!("a send was polled after it was ready") };
    let result = poll_pending(producer, pending, context);
    if result.is_ready() {
        *stage = Stage::Done;
    }
    result.map_ok(Delivery::new)
}

/// Moves a record on that may have to wait.
pub(crate) fn poll_pending<K, V, KS, VS>(
    producer: &Producer<KS, VS>,
    pending: &mut PendingSend<'_, K, V>,
    context: &mut Context<'_>,
) -> Poll<Result<kafka_accumulator::Delivery, Error>>
where
    K: Payload<KS>,
    V: Payload<VS>,
{
    let shared = &*producer.shared;
    let (keys, values) = (&shared.key_serializer, &shared.value_serializer);
    let result = shared.core.poll_send(pending, keys, values, clock::coarse(), context.waker());
    if pending.take_wake() {
        shared.driver.wake();
    }
    result
}

impl<K, V, KS, VS> fmt::Debug for Sending<'_, '_, K, V, KS, VS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::New(_) => "new",
            Stage::Waits(_) => "waits",
            Stage::Done => "done",
        };
        f.debug_tuple("Sending").field(&stage).finish()
    }
}

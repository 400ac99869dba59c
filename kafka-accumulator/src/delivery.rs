//! A record's acknowledgement to come.

use crate::completion::{Completion, Outcome, RecordPlace, Share};
use crate::{DeliveryFailure, in_callback, park};
use kafka_types::{RecordMetadata, Timestamp, TopicPartition};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

/// A record that was accepted: await it for the broker's answer, or [`wait`](Delivery::wait) on a plain thread.
///
/// It is a pointer to what its whole batch shares, and an index. Dropping it changes nothing for the record.
#[must_use = "without looking at it, a failure of the record goes unseen"]
pub struct Delivery {
    /// Taken by whoever awaits the outcome: it goes with the record's metadata.
    completion: Option<Arc<Completion>>,
    /// The record's index in its batch; and [`SEEN`] once somebody has seen the outcome, or if somebody is told of it.
    index: AtomicU32,
    /// By how many milliseconds its timestamp differs from the batch's first; [`FAR`] if that is too much.
    timestamp_delta: i32,
    /// -1 for null.
    key_size: i32,
    /// -1 for null.
    value_size: i32,
}

/// Above every index: offsets within a batch have 31 bits.
const SEEN: u32 = 1 << 31;
/// The batch's completion keeps the timestamp.
const FAR: i32 = i32::MIN;

#[inline(always)]
fn timestamp_delta(completion: &Completion, place: RecordPlace) -> i32 {
    let delta = place.timestamp.0.wrapping_sub(completion.base_timestamp().0);
    i32::try_from(delta).unwrap_or(FAR)
}

impl Delivery {
    pub(crate) fn new(completion: Arc<Completion>, place: RecordPlace, told: bool) -> Delivery {
        let delta = timestamp_delta(&completion, place);
        if delta == FAR {
            completion.keep_timestamp(place.index, place.timestamp);
        }
        Delivery::with(completion, place, delta, told)
    }

    /// The same, but none if the timestamp is too far from the batch's first.
    #[inline(always)]
    pub(crate) fn near(completion: &Arc<Completion>, place: RecordPlace, told: bool) -> Option<Delivery> {
        let delta = timestamp_delta(completion, place);
        (delta != FAR).then(|| Delivery::with(Arc::clone(completion), place, delta, told))
    }

    #[inline(always)]
    fn with(completion: Arc<Completion>, place: RecordPlace, timestamp_delta: i32, told: bool) -> Delivery {
        let RecordPlace { index, key_size, value_size, .. } = place;
        let index = AtomicU32::new(if told { index | SEEN } else { index });
        Delivery { completion: Some(completion), index, timestamp_delta, key_size, value_size }
    }

    /// Where the record goes; `None` once the outcome was awaited.
    pub fn topic_partition(&self) -> Option<&TopicPartition> {
        self.completion.as_ref().map(|completion| completion.topic_partition())
    }

    /// True once the outcome is known.
    pub fn is_done(&self) -> bool {
        self.completion.as_ref().is_none_or(|completion| self.current(completion).0.outcome().is_some())
    }

    /// The outcome, if it is known; not after it was awaited.
    pub fn try_result(&self) -> Option<Result<RecordMetadata, DeliveryFailure>> {
        let completion = self.completion.as_ref()?;
        let share = self.see(completion)?;
        Some(share.into_result(self.place(completion), || Arc::clone(completion)))
    }

    /// Blocks this thread until the outcome is known.
    ///
    /// # Errors
    /// The delivery back, if it is called where it could only wait for itself: in a callback or an interceptor, before the
    /// outcome is known.
    pub fn wait(mut self) -> Result<Result<RecordMetadata, DeliveryFailure>, Delivery> {
        if in_callback() && !self.is_done() {
            return Err(self);
        }
        let waker = park::thread_waker();
        let mut context = Context::from_waker(&waker);
        loop {
            match Pin::new(&mut self).poll(&mut context) {
                Poll::Ready(result) => return Ok(result),
                Poll::Pending => std::thread::park(),
            }
        }
    }

    /// What there is to see by now, which is seen then.
    #[inline(always)]
    fn see(&self, completion: &Completion) -> Option<Share> {
        let share = self.look(completion)?;
        // The index never changes, so two who look at once store the same.
        self.index.store(self.index() | SEEN, Ordering::Relaxed);
        Some(share)
    }

    #[inline(always)]
    fn look(&self, completion: &Completion) -> Option<Share> {
        let (current, place) = self.current(completion);
        current.outcome()?.of(current.topic_partition(), place)
    }

    #[inline]
    fn index(&self) -> u32 {
        self.index.load(Ordering::Relaxed) & !SEEN
    }

    #[inline(always)]
    fn place(&self, completion: &Completion) -> RecordPlace {
        let index = self.index();
        let timestamp = match self.timestamp_delta {
            FAR => completion.kept_timestamp(index),
            delta => Timestamp(completion.base_timestamp().0.wrapping_add(i64::from(delta))),
        };
        RecordPlace { index, timestamp, key_size: self.key_size, value_size: self.value_size }
    }

    /// The batch that has the record now, through all splits, and the record's place there.
    #[inline(always)]
    fn current<'c>(&self, completion: &'c Completion) -> (&'c Completion, RecordPlace) {
        let (mut completion, mut place) = (completion, self.place(completion));
        while let Some(Outcome::Split(children)) = completion.outcome() {
            let after = children.partition_point(|(start, _)| *start <= place.index);
            let Some((start, child)) = after.checked_sub(1).and_then(|at| children.get(at)) else { break };
            place.index -= start;
            completion = child;
        }
        (completion, place)
    }
}

/// A failure that was there to be seen, and was not, is told to whoever watches. An outcome that comes later is the batch's to tell.
impl Drop for Delivery {
    #[inline]
    fn drop(&mut self) {
        if let Some(completion) = &self.completion
            && *self.index.get_mut() & SEEN == 0
            && let Some(Share::Failed(failure)) = self.look(completion)
        {
            completion.unseen().note(failure, 1);
        }
    }
}

/// # Panics
/// If it is polled again after it was ready.
impl Future for Delivery {
    type Output = Result<RecordMetadata, DeliveryFailure>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(completion) = self.completion.take() else {
            panic!("a delivery was polled after it was ready");
        };
        loop {
            if let Some(share) = self.see(&completion) {
                let place = self.place(&completion);
                return Poll::Ready(share.into_result(place, || completion));
            }
            let (current, place) = self.current(&completion);
            if current.register(place.index, context.waker()) {
                self.completion = Some(completion);
                return Poll::Pending;
            }
        }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("topic_partition", &self.topic_partition())
            .field("index", &self.index())
            .finish_non_exhaustive()
    }
}

//! A record on its way into a batch.

use super::interceptors::Audience;
use super::lookup::Asking;
use super::wait::Wait;
use crate::Error;
use kafka_accumulator::{Delivery, Grant};
use kafka_types::{ProducerRecord, RecordMetadata};

/// What is told of a record's outcome, once.
pub type SendCallback = Box<dyn FnOnce(Result<RecordMetadata, Error>) + Send>;

/// A record that is being sent: how far it has come, and what it waits for.
///
/// [`CoreProducer::poll_send`](super::CoreProducer::poll_send) moves it on. Dropped before that is done, the record is
/// taken back and what it held is passed on.
#[must_use = "a record does nothing until it is polled into a batch"]
pub struct PendingSend<'r, K, V> {
    pub(super) record: ProducerRecord<'r, K, V>,
    pub(super) progress: Progress,
}

/// How far a record has come, apart from the record itself.
pub(super) struct Progress {
    pub(super) callback: Option<SendCallback>,
    /// Made from `callback` and the interceptors when the record is first appended.
    pub(super) audience: Option<Audience>,
    pub(super) stage: Stage,
    pub(super) asking: Asking,
    pub(super) wait: Option<Wait>,
    pub(super) grant: Option<Grant>,
}

/// What came of [going on](super::CoreProducer::send_on) with a record that could not be sent at once.
#[must_use = "a record that has to wait does nothing until it is polled into a batch"]
pub enum AtOnce {
    /// It is in a batch.
    Appended {
        /// Its acknowledgement to come.
        delivery: Delivery,
        /// True if the engine has to be polled.
        wake: bool,
    },
    /// It has to wait: [`resume`](PendingSend::resume) it.
    Waits(Waiting),
    /// It was not accepted, and nothing of it will be written. Who has to know has been told already.
    Refused(Error),
}

/// What [`PendingSend::resume`] needs to know of a record that has to wait.
#[must_use = "the record is taken back unless it is resumed"]
pub struct Waiting(pub(super) Box<Progress>);

/// How far a record has come.
pub(super) enum Stage {
    /// Nobody has looked at it yet.
    New,
    /// The interceptors have seen it.
    Intercepted,
    /// It had to wait after it was serialized, and keeps its bytes: serializers run once per record.
    Serialized { key: Option<Vec<u8>>, value: Option<Vec<u8>> },
}

impl Progress {
    #[inline]
    pub(super) fn new(callback: Option<SendCallback>) -> Progress {
        Progress {
            callback,
            audience: None,
            stage: Stage::New,
            asking: Asking::default(),
            wait: None,
            grant: None,
        }
    }
}

impl<'r, K, V> PendingSend<'r, K, V> {
    /// Prepares a record; `callback` will be told its outcome, or that it was not accepted.
    pub fn new(record: ProducerRecord<'r, K, V>, callback: Option<SendCallback>) -> Self {
        PendingSend { record, progress: Progress::new(callback) }
    }

    /// Goes on with a record that has to wait.
    pub fn resume(record: ProducerRecord<'r, K, V>, waiting: Waiting) -> Self {
        PendingSend { record, progress: *waiting.0 }
    }

    /// True if the engine has to be polled, since something came up that it does not know of. Asking resets it.
    pub fn take_wake(&mut self) -> bool {
        std::mem::take(&mut self.progress.asking.wake)
    }

    /// The record, as the interceptors left it.
    pub fn into_record(self) -> ProducerRecord<'r, K, V> {
        self.record
    }
}

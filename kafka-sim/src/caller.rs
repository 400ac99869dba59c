//! A virtual caller: a program's thread that sends, waits, gives up, and looks at what became of it.

use crate::history::RecordNumber;
use crate::random::Random;
use crate::scenario::{INPUT, TOPICS};
use kafka_producer::core::PendingSend;
use kafka_types::{Monotonic, Present, ProducerRecord};
use std::sync::{Arc, Mutex};
use std::task::Wake;

/// A record with bytes of its own.
pub(crate) type OwnedRecord = ProducerRecord<'static, Present<Vec<u8>>, Present<Vec<u8>>>;

/// Such a record on its way.
pub(crate) type Pending = PendingSend<'static, Present<Vec<u8>>, Present<Vec<u8>>>;

pub(crate) struct Caller {
    /// Which client it sends with.
    pub(crate) client: usize,
    /// It sends small records to a topic that is always there.
    pub(crate) simple: bool,
    pub(crate) random: Random,
    /// Records it still wants to send.
    pub(crate) left: u64,
    /// What it waits with.
    pub(crate) sending: Option<(RecordNumber, Pending)>,
    /// Since when.
    pub(crate) since: Monotonic,
    /// The record's value has so many bytes.
    pub(crate) bytes: usize,
    /// It has a callback, and the program drops the delivery.
    pub(crate) forgets: bool,
}

/// Callers who were woken, by index.
pub(crate) type Woken = Arc<Mutex<Vec<usize>>>;

/// A caller's waker: it only notes who was woken, since wakers run in the driver.
pub(crate) struct CallerWaker {
    pub(crate) index: usize,
    pub(crate) woken: Woken,
}

impl Wake for CallerWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.lock().expect("nobody panics with it").push(self.index);
    }
}

/// A record that carries its number in its value, and the value's size.
pub(crate) fn record(random: &mut Random, number: RecordNumber) -> (OwnedRecord, usize) {
    let (topic, partitions) = *random.one_of(&TOPICS);
    let topic = if random.once_in(40) { "made-by-use" } else { topic };
    let mut value = number.0.to_be_bytes().to_vec();
    let padding = match random.within(0..20) {
        0 => random.within(300..4_000),
        1..=4 => random.within(50..300),
        _ => random.within(0..50),
    };
    value.extend((0..padding).map(|i| (number.0.wrapping_add(i / 7)) as u8));
    let key = random.once_in(2).then(|| vec![b'k', random.draw() as u8 % 16]);
    let bytes = value.len();
    let mut record = ProducerRecord::new(topic).key_or_null(key).value(value);
    if random.once_in(6) {
        // One beyond what exists, now and then: it may come to exist.
        let beyond = u64::from(random.once_in(30));
        record = record.partition(random.within(0..u64::from(partitions) + beyond) as i32);
    }
    if random.once_in(8) {
        record = record.header("trace", number.0.to_be_bytes().to_vec());
    }
    (record, bytes)
}

/// A record that nothing is wrong with.
pub(crate) fn simple_record(number: RecordNumber) -> (OwnedRecord, usize) {
    let value = number.0.to_be_bytes().to_vec();
    let bytes = value.len();
    (ProducerRecord::new(INPUT.0).key_or_null(None).value(value), bytes)
}

/// The number that a value carries.
pub(crate) fn number_of(value: &[u8]) -> Option<RecordNumber> {
    value.first_chunk().map(|bytes| RecordNumber(u64::from_be_bytes(*bytes)))
}

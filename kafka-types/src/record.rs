//! What a program hands to a producer.

use crate::{Header, IntoHeaderValue, PartitionId, Timestamp};
use std::borrow::Cow;

/// One record to be sent: a topic, and optionally a key, a value, headers, a partition and a timestamp.
///
/// Everything may be borrowed: sending copies the bytes into a batch before it returns. Without a value the record is
/// a tombstone (a null value); without a key the partitioner is free to choose.
///
/// ```
/// use kafka_types::ProducerRecord;
/// let record = ProducerRecord::new("orders").key("k").value("v").header("trace", "1");
/// assert_eq!(record.topic, "orders");
/// ```
///
/// With the default serializer, keys and values are text or bytes, owned or borrowed. What may be missing goes to
/// [`key_or_null`](ProducerRecord::key_or_null) and [`value_or_null`](ProducerRecord::value_or_null); what always is, is
/// left out, and needs no type:
///
/// ```
/// # use kafka_types::ProducerRecord;
/// let customer: Option<&str> = None;
/// let order = ProducerRecord::new("orders").key_or_null(customer).value(vec![1, 2, 3]);
/// let tombstone = ProducerRecord::new("orders").key(String::from("customer-7"));
/// ```
///
/// The types of key and value are part of the record's. Where they must be spelled out, they are
/// [`Present<T>`](Present) for what was set and [`Absent`] for what was not:
///
/// ```
/// # use kafka_types::{Present, ProducerRecord};
/// fn order(customer: &str, text: String) -> ProducerRecord<'static, Present<&str>, Present<String>> {
///     ProducerRecord::new("orders").key(customer).value(text)
/// }
/// # let _ = order("a", "b".into());
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use = "a record does nothing until it is sent"]
pub struct ProducerRecord<'a, K = Absent, V = Absent> {
    /// Where it goes. An empty name is refused when it is sent.
    pub topic: Cow<'a, str>,
    /// The partition, if the program chooses it; else the partitioner does.
    pub partition: Option<PartitionId>,
    /// Milliseconds since the Unix epoch, not negative; `None` is the time of the send.
    pub timestamp: Option<Timestamp>,
    /// The key, before serialization.
    pub key: K,
    /// The value, before serialization.
    pub value: V,
    /// Headers, in order; names may repeat.
    pub headers: Vec<Header<'a>>,
}

/// No key, or no value: null on the wire, whatever the serializer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Absent;

/// A key or value; `None` is null on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Present<T>(pub Option<T>);

impl<'a> ProducerRecord<'a> {
    /// A record for this topic, with neither key nor value yet.
    pub fn new(topic: impl Into<Cow<'a, str>>) -> Self {
        ProducerRecord {
            topic: topic.into(),
            partition: None,
            timestamp: None,
            key: Absent,
            value: Absent,
            headers: Vec::new(),
        }
    }
}

impl<'a, K, V> ProducerRecord<'a, K, V> {
    /// Sets the key. Records with equal keys go to one partition.
    pub fn key<T>(self, key: T) -> ProducerRecord<'a, Present<T>, V> {
        self.key_or_null(Some(key))
    }

    /// Sets the key, where `None` is a null key. A key that is always null is left out instead.
    pub fn key_or_null<T>(self, key: Option<T>) -> ProducerRecord<'a, Present<T>, V> {
        let ProducerRecord { topic, partition, timestamp, value, headers, .. } = self;
        ProducerRecord { topic, partition, timestamp, key: Present(key), value, headers }
    }

    /// Sets the value.
    pub fn value<T>(self, value: T) -> ProducerRecord<'a, K, Present<T>> {
        self.value_or_null(Some(value))
    }

    /// Sets the value, where `None` is a tombstone. A value that is always null is left out instead.
    pub fn value_or_null<T>(self, value: Option<T>) -> ProducerRecord<'a, K, Present<T>> {
        let ProducerRecord { topic, partition, timestamp, key, headers, .. } = self;
        ProducerRecord { topic, partition, timestamp, key, value: Present(value), headers }
    }

    /// Adds a header after those already there: text or bytes, or an `Option` of them where `None` is null.
    pub fn header(mut self, key: impl Into<Cow<'a, str>>, value: impl IntoHeaderValue<'a>) -> Self {
        self.headers.push(Header::new(key, value));
        self
    }

    /// Chooses the partition; it must exist when the record is sent.
    pub fn partition(mut self, partition: impl Into<PartitionId>) -> Self {
        self.partition = Some(partition.into());
        self
    }

    /// Sets the timestamp, in milliseconds since the Unix epoch; a negative one is refused when the record is sent.
    pub fn timestamp(mut self, timestamp: impl Into<Timestamp>) -> Self {
        self.timestamp = Some(timestamp.into());
        self
    }
}

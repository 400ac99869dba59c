//! The words mean what Kafka means by them, and print as Kafka prints them.

use kafka_types::{
    Acks, BytesSerializer, Header, Offset, PartitionId, Payload, Present, ProducerEpoch, ProducerId,
    ProducerIdentity, ProducerRecord, RecordMetadata, RecordPart, SerializationError, SerializeContext,
    Serializer, Timestamp, TopicPartition,
};
use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

#[test]
fn acks_read_as_kafka_reads_them() {
    for (text, acks, value) in
        [("0", Acks::None, 0), ("1", Acks::Leader, 1), ("all", Acks::All, -1), ("-1", Acks::All, -1)]
    {
        assert_eq!(text.parse(), Ok(acks));
        assert_eq!(acks.value(), value);
        assert_eq!(acks.to_string().parse(), Ok(acks));
    }
    assert_eq!(Acks::default(), Acks::All);
    for wrong in ["ALL", "2", "", " 1", "-0"] {
        let error = wrong.parse::<Acks>().unwrap_err().to_string();
        assert_eq!(error, format!("unknown acks {wrong:?}: expected all, -1, 0 or 1"));
    }
}

#[test]
fn header_values_are_text_bytes_or_null() {
    let value = |header: Header<'_>| header.value.map(|value| value.into_owned());
    let bytes = Some(b"v".to_vec());
    assert_eq!(value(Header::new("h", "v")), bytes);
    assert_eq!(value(Header::new("h", b"v")), bytes);
    assert_eq!(value(Header::new("h", &b"v"[..])), bytes);
    assert_eq!(value(Header::new("h", String::from("v"))), bytes);
    assert_eq!(value(Header::new("h", vec![b'v'])), bytes);
    let shared = bytes::Bytes::from_static(b"v");
    assert_eq!(value(Header::new("h", &shared)), bytes);
    assert_eq!(value(Header::new("h", shared)), bytes);
    assert_eq!(value(Header::new("h", [b'v'])), bytes);
    assert_eq!(value(Header::new("h", Cow::Borrowed("v"))), bytes);
    assert_eq!(value(Header::new("h", Cow::<str>::Owned("v".into()))), bytes);
    assert_eq!(value(Header::new("h", Some("v"))), bytes);
    assert_eq!(value(Header::new("h", "")), Some(Vec::new()));
    assert_eq!(value(Header::new("h", None::<&str>)), None);
}

#[test]
fn an_owned_header_outlives_what_it_borrowed() {
    let owned: Header<'static> = {
        let (key, value) = (String::from("trace"), String::from("1"));
        Header::new(key.as_str(), &value).into_owned()
    };
    assert_eq!(owned, Header::new("trace", "1"));
}

#[test]
fn a_record_keeps_what_was_set_in_any_order() {
    let record = ProducerRecord::new("t")
        .header("h", "1")
        .value("v")
        .partition(3)
        .header("h", "2")
        .key("k")
        .timestamp(5);
    assert_eq!(record.topic, "t");
    assert_eq!((record.key, record.value), (Present(Some("k")), Present(Some("v"))));
    assert_eq!((record.partition, record.timestamp), (Some(PartitionId(3)), Some(Timestamp(5))));
    assert_eq!(record.headers, [Header::new("h", "1"), Header::new("h", "2")]);
}

#[test]
fn metadata_prints_topic_partition_and_offset() {
    let orders = Arc::new(TopicPartition::new("orders", 3));
    let metadata = |offset| RecordMetadata::new(orders.clone(), Offset(offset), Timestamp(0));
    assert_eq!(metadata(1042).to_string(), "orders-3@1042");
    assert_eq!(metadata(0).to_string(), "orders-3@0");
    assert_eq!(metadata(-1).to_string(), "orders-3@?");
}

#[test]
fn wall_clock_times_become_milliseconds_on_either_side_of_1970() {
    let after = SystemTime::UNIX_EPOCH + Duration::from_micros(1_999);
    assert_eq!(Timestamp::from(after), Timestamp(1));
    let before = SystemTime::UNIX_EPOCH - Duration::from_millis(3);
    assert_eq!(Timestamp::from(before), Timestamp(-3));
}

#[test]
fn only_a_producer_id_that_was_given_out_is_an_identity() {
    let identity = |id| ProducerIdentity { id: ProducerId(id), epoch: ProducerEpoch(0) };
    assert!(identity(0).is_some());
    assert!(!ProducerIdentity::NONE.is_some());
    assert_eq!(identity(7).to_string(), "producer id 7 epoch 0");
}

/// Numbers as text, with a header that says so; zero is null.
struct Decimal;

impl Serializer<i64> for Decimal {
    fn serialize<'a>(
        &self,
        context: &mut SerializeContext<'_, '_>,
        data: &'a i64,
        buffer: &'a mut Vec<u8>,
    ) -> Result<Option<&'a [u8]>, SerializationError> {
        if *data < 0 {
            return Err(SerializationError::new(format!("{} for {}", data, context.part)));
        }
        context.headers.push(Header::new("type", "decimal"));
        buffer.extend_from_slice(data.to_string().as_bytes());
        Ok((*data != 0).then_some(buffer.as_slice()))
    }
}

#[test]
fn a_serializer_writes_bytes_adds_headers_says_null_and_refuses() {
    let serialize = |number: i64| {
        let (mut headers, mut buffer) = (Vec::new(), Vec::new());
        let mut context = SerializeContext { topic: "t", headers: &mut headers, part: RecordPart::Value };
        let payload = Present(Some(number));
        let bytes = payload.serialize_with(&Decimal, &mut context, &mut buffer)?.map(<[u8]>::to_vec);
        Ok::<_, SerializationError>((bytes, headers))
    };
    assert_eq!(serialize(42).unwrap(), (Some(b"42".to_vec()), vec![Header::new("type", "decimal")]));
    assert_eq!(serialize(0).unwrap().0, None);
    let error = serialize(-1).unwrap_err();
    assert_eq!(error.to_string(), "-1 for value");
    assert!(error.source().is_some());
}

#[test]
fn bytes_are_borrowed_not_copied() {
    let data = String::from("payload");
    let mut buffer = Vec::new();
    let mut context = SerializeContext { topic: "t", headers: &mut Vec::new(), part: RecordPart::Key };
    let bytes = BytesSerializer.serialize(&mut context, &data, &mut buffer).unwrap().unwrap();
    assert_eq!(bytes.as_ptr(), data.as_ptr());
    assert_eq!(bytes, b"payload");
    assert!(buffer.is_empty());
}

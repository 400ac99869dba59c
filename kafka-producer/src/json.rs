//! Keys and values as JSON.

use kafka_types::{SerializationError, SerializeContext, Serializer};
use serde::Serialize;

/// Serializes whatever serde does as JSON, without blanks.
///
/// An `Option` goes to `value_or_null` for Kafka's null; one that is handed to `value` is JSON's `null`.
///
/// ```
/// # #[cfg(feature = "driver")] {
/// use kafka_producer::{JsonSerializer, Producer, ProducerRecord};
///
/// #[derive(serde::Serialize)]
/// struct Order { number: u32, item: String }
///
/// let producer = Producer::builder()
///     .bootstrap_servers("localhost:9092")
///     .value_serializer(JsonSerializer)
///     .build()?;
/// let order = Order { number: 7, item: "apples".into() };
/// let sending = producer.send(ProducerRecord::new("orders").key("7").value(order));
/// # drop(sending);
/// # }
/// # Ok::<(), kafka_producer::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonSerializer;

impl<T: Serialize + ?Sized> Serializer<T> for JsonSerializer {
    fn serialize<'a>(
        &self,
        _context: &mut SerializeContext<'_, '_>,
        data: &'a T,
        buffer: &'a mut Vec<u8>,
    ) -> Result<Option<&'a [u8]>, SerializationError> {
        serde_json::to_writer(&mut *buffer, data).map_err(SerializationError::new)?;
        Ok(Some(buffer))
    }
}

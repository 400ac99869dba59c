//! From a program's types to bytes.

use crate::{Absent, Header, Present};
use std::error::Error;
use std::fmt;

/// Turns keys or values of type `T` into bytes.
///
/// A serializer is shared by all threads that send. It writes into a buffer that is reused from record to record, or
/// hands back bytes that `data` already has, so that nothing is copied twice.
///
/// `T` is exactly what the program hands to `key` or `value`: a serializer for `Order` does not take `&Order`. One that
/// is to take both is generic over what they have in common:
///
/// ```
/// use kafka_types::{SerializationError, SerializeContext, Serializer};
/// use std::borrow::Borrow;
/// use std::io::Write;
///
/// struct Order { number: u32, item: String }
/// struct OrderSerializer;
///
/// impl<T: Borrow<Order>> Serializer<T> for OrderSerializer {
///     fn serialize<'a>(
///         &self,
///         _context: &mut SerializeContext<'_, '_>,
///         data: &'a T,
///         buffer: &'a mut Vec<u8>,
///     ) -> Result<Option<&'a [u8]>, SerializationError> {
///         let Order { number, item } = data.borrow();
///         write!(buffer, "{number},{item}").map_err(SerializationError::new)?;
///         Ok(Some(buffer))
///     }
/// }
///
/// fn takes<T>(_: T) where OrderSerializer: Serializer<T> {}
/// let order = Order { number: 7, item: "apples".into() };
/// takes(&order);
/// takes(order);
/// ```
///
/// For types of serde's, the bound is `T: serde::Serialize`, and the body `serde_json::to_writer(&mut *buffer, data)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot serialize `{T}`",
    label = "no serializer for a key or value of type `{T}`",
    note = "`BytesSerializer`, the default, takes what is bytes or text: `&str`, `String`, `&[u8]`, `Vec<u8>`, `Bytes` and \
            references to them (a `Cow<str>` as `&*text`); others need `.to_string()`, `.to_be_bytes()` or the like, or a serializer of their own \
            (`ProducerBuilder::key_serializer`, `value_serializer`)",
    note = "an `Option` goes to `key_or_null` or `value_or_null`",
    note = "a serializer for `T` does not take `&T` unless it is implemented for it, too"
)]
pub trait Serializer<T: ?Sized>: Send + Sync {
    /// The bytes of `data`: borrowed from `data`, or written to `buffer` (empty when called) and borrowed from there.
    /// `None` is Kafka's null.
    ///
    /// # Errors
    /// Whatever keeps `data` from being bytes; the record is then refused and nothing of it is sent.
    fn serialize<'a>(
        &self,
        context: &mut SerializeContext<'_, '_>,
        data: &'a T,
        buffer: &'a mut Vec<u8>,
    ) -> Result<Option<&'a [u8]>, SerializationError>;
}

/// What a serializer may know of the record, and the headers that it may add to.
#[derive(Debug)]
pub struct SerializeContext<'c, 'h> {
    /// The topic the record goes to.
    pub topic: &'c str,
    /// The record's headers.
    pub headers: &'c mut Vec<Header<'h>>,
    /// Key or value.
    pub part: RecordPart,
}

/// Which part of a record is being serialized.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordPart {
    /// The key.
    Key,
    /// The value.
    Value,
}

impl fmt::Display for RecordPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RecordPart::Key => "key",
            RecordPart::Value => "value",
        })
    }
}

/// The default serializer: anything that already is bytes or text (`AsRef<[u8]>`), copied by nobody but the batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct BytesSerializer;

// Who sends a number should read what can be done about it, not that numbers are no slices.
#[diagnostic::do_not_recommend]
impl<T: AsRef<[u8]> + ?Sized> Serializer<T> for BytesSerializer {
    fn serialize<'a>(
        &self,
        _context: &mut SerializeContext<'_, '_>,
        data: &'a T,
        _buffer: &'a mut Vec<u8>,
    ) -> Result<Option<&'a [u8]>, SerializationError> {
        Ok(Some(data.as_ref()))
    }
}

/// A key or a value as it stands in a [`ProducerRecord`](crate::ProducerRecord): [`Absent`] needs no serializer, and
/// so no type; [`Present`] needs one for its type.
///
/// It is the bound of a function that is generic over what it sends: `K: Payload<BytesSerializer>`.
pub trait Payload<S: ?Sized> {
    /// The bytes, or `None` for null.
    ///
    /// # Errors
    /// Those of the serializer.
    fn serialize_with<'a>(
        &'a self,
        serializer: &S,
        context: &mut SerializeContext<'_, '_>,
        buffer: &'a mut Vec<u8>,
    ) -> Result<Option<&'a [u8]>, SerializationError>;
}

impl<S: ?Sized> Payload<S> for Absent {
    fn serialize_with<'a>(
        &'a self,
        _serializer: &S,
        _context: &mut SerializeContext<'_, '_>,
        _buffer: &'a mut Vec<u8>,
    ) -> Result<Option<&'a [u8]>, SerializationError> {
        Ok(None)
    }
}

impl<T, S: Serializer<T> + ?Sized> Payload<S> for Present<T> {
    fn serialize_with<'a>(
        &'a self,
        serializer: &S,
        context: &mut SerializeContext<'_, '_>,
        buffer: &'a mut Vec<u8>,
    ) -> Result<Option<&'a [u8]>, SerializationError> {
        match &self.0 {
            Some(data) => serializer.serialize(context, data, buffer),
            None => Ok(None),
        }
    }
}

/// Why a key or value could not become bytes.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SerializationError(#[source] Box<dyn Error + Send + Sync>);

impl SerializationError {
    /// Wraps a serializer's own error, or a message.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        SerializationError(cause.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ProducerRecord;

    fn bytes_of<'a, K: Payload<BytesSerializer>>(key: &'a K, buffer: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        let mut context = SerializeContext { topic: "t", headers: &mut Vec::new(), part: RecordPart::Key };
        key.serialize_with(&BytesSerializer, &mut context, buffer).unwrap()
    }

    #[test]
    fn a_record_without_a_key_needs_no_annotation() {
        let record = ProducerRecord::new("t").value("v");
        assert_eq!(bytes_of(&record.key, &mut Vec::new()), None);
        assert_eq!(bytes_of(&record.value, &mut Vec::new()), Some(&b"v"[..]));
    }

    #[test]
    fn an_empty_key_is_a_key_and_none_is_null() {
        let record = ProducerRecord::new("t").key("").value_or_null(None::<&[u8]>);
        assert_eq!(bytes_of(&record.key, &mut Vec::new()), Some(&b""[..]));
        assert_eq!(bytes_of(&record.value, &mut Vec::new()), None);
    }
}

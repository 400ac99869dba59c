//! Record headers (KIP-82).

use std::borrow::Cow;

/// A name and an optional value that travel with a record, outside its payload. Names may repeat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header<'a> {
    /// The name; UTF-8, never null.
    pub key: Cow<'a, str>,
    /// The value; `None` is Kafka's null.
    pub value: Option<Cow<'a, [u8]>>,
}

impl<'a> Header<'a> {
    /// A header with a value.
    pub fn new(key: impl Into<Cow<'a, str>>, value: impl IntoHeaderValue<'a>) -> Self {
        Header { key: key.into(), value: value.into_header_value() }
    }

    /// The same header, owning its bytes.
    pub fn into_owned(self) -> Header<'static> {
        Header {
            key: Cow::Owned(self.key.into_owned()),
            value: self.value.map(|value| Cow::Owned(value.into_owned())),
        }
    }
}

/// What can stand as a header's value: text, bytes, or an `Option` of either where `None` is null.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand as a header's value",
    label = "neither text nor bytes",
    note = "a header's value is text, bytes, or an `Option` of either: use `.to_string()`, `.to_be_bytes()` or the like"
)]
pub trait IntoHeaderValue<'a> {
    /// The value's bytes.
    fn into_header_value(self) -> Option<Cow<'a, [u8]>>;
}

macro_rules! header_value {
    ($($type:ty, $self:ident => $bytes:expr;)*) => {
        $(impl<'a> IntoHeaderValue<'a> for $type {
            fn into_header_value($self) -> Option<Cow<'a, [u8]>> {
                Some($bytes)
            }
        })*
    };
}

header_value! {
    &'a [u8], self => Cow::Borrowed(self);
    &'a str, self => Cow::Borrowed(self.as_bytes());
    &'a String, self => Cow::Borrowed(self.as_bytes());
    &'a Vec<u8>, self => Cow::Borrowed(self.as_slice());
    Vec<u8>, self => Cow::Owned(self);
    String, self => Cow::Owned(self.into_bytes());
    Cow<'a, [u8]>, self => self;
    Cow<'a, str>, self => match self {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    };
    bytes::Bytes, self => Cow::Owned(self.to_vec());
    &'a bytes::Bytes, self => Cow::Borrowed(self.as_ref());
}

impl<'a, const N: usize> IntoHeaderValue<'a> for [u8; N] {
    fn into_header_value(self) -> Option<Cow<'a, [u8]>> {
        Some(Cow::Owned(self.to_vec()))
    }
}

impl<'a, const N: usize> IntoHeaderValue<'a> for &'a [u8; N] {
    fn into_header_value(self) -> Option<Cow<'a, [u8]>> {
        Some(Cow::Borrowed(self.as_slice()))
    }
}

impl<'a, T: IntoHeaderValue<'a>> IntoHeaderValue<'a> for Option<T> {
    fn into_header_value(self) -> Option<Cow<'a, [u8]>> {
        self.and_then(IntoHeaderValue::into_header_value)
    }
}

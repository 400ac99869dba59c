//! Neighbouring fields of fixed sizes: one check for all of them.

use kafka_types::{ErrorCode, TopicId};

/// What `N` bytes hold, by the offset of each field.
#[derive(Clone, Copy)]
pub(crate) struct FixedFields<'a, const N: usize>(pub(super) &'a [u8; N]);

/// Room for `N` bytes of fields.
pub(crate) struct FixedRoom<'a, const N: usize>(pub(super) &'a mut [u8; N]);

macro_rules! numbers {
    ($($method:ident $number:ty),*) => {
        impl<const N: usize> FixedFields<'_, N> {
            $(#[inline]
            #[allow(dead_code, reason = "features say which messages there are")]
            pub(crate) fn $method(self, at: usize) -> $number {
                <$number>::from_be_bytes(self.bytes(at))
            })*
        }

        impl<const N: usize> FixedRoom<'_, N> {
            $(#[inline]
            #[allow(dead_code, reason = "features say which messages there are")]
            pub(crate) fn $method(&mut self, at: usize, value: $number) {
                self.put(at, value.to_be_bytes());
            })*
        }
    };
}

numbers!(int8 i8, int16 i16, uint16 u16, int32 i32, int64 i64, float64 f64);

// Offsets are constants of generated code: inlined, neither loop nor check remains.
impl<const N: usize> FixedFields<'_, N> {
    #[inline]
    fn bytes<const M: usize>(self, at: usize) -> [u8; M] {
        let mut bytes = [0; M];
        bytes.copy_from_slice(&self.0[at..at + M]);
        bytes
    }

    #[inline]
    pub(crate) fn bool(self, at: usize) -> bool {
        self.int8(at) != 0
    }

    #[inline]
    pub(crate) fn error_code(self, at: usize) -> ErrorCode {
        ErrorCode(self.int16(at))
    }

    #[inline]
    pub(crate) fn uuid(self, at: usize) -> [u8; 16] {
        self.bytes(at)
    }

    #[inline]
    pub(crate) fn topic_id(self, at: usize) -> TopicId {
        TopicId(self.bytes(at))
    }
}

impl<const N: usize> FixedRoom<'_, N> {
    #[inline]
    fn put<const M: usize>(&mut self, at: usize, bytes: [u8; M]) {
        self.0[at..at + M].copy_from_slice(&bytes);
    }

    #[inline]
    pub(crate) fn bool(&mut self, at: usize, value: bool) {
        self.put(at, [u8::from(value)]);
    }

    #[inline]
    pub(crate) fn error_code(&mut self, at: usize, value: ErrorCode) {
        self.int16(at, value.0);
    }

    #[inline]
    pub(crate) fn uuid(&mut self, at: usize, value: [u8; 16]) {
        self.put(at, value);
    }

    #[inline]
    pub(crate) fn topic_id(&mut self, at: usize, value: TopicId) {
        self.put(at, value.0);
    }
}

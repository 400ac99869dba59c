//! Writing fields, for generated code. What can't be written is remembered: see [`Encoder`]'s `failure`.

use super::super::int32_array::INLINE;
use super::super::structure::Field;
use super::super::{EncodeError, FixedRoom, Int32Array, Records, Structure, UnknownTaggedFields};
use super::Encoder;
use bytes::Bytes;

impl Encoder {
    /// Something can't be written; the first such thing is what the caller hears of.
    #[cold]
    pub(crate) fn fail(&mut self, error: EncodeError) {
        self.failure.get_or_insert(error);
    }

    /// Room for neighbouring fields of fixed sizes, `N` bytes in all, which the caller writes.
    #[inline]
    pub(crate) fn fixed_fields<const N: usize>(&mut self) -> FixedRoom<'_, N> {
        FixedRoom(self.room())
    }

    pub(crate) fn write_string(&mut self, value: Option<&str>, flexible: bool) {
        let length = value.map(str::len);
        if let Some(length) = length.filter(|&length| length > i16::MAX as usize) {
            return self.fail(EncodeError::TooLong { what: "string", length });
        }
        if flexible {
            self.write_length(length, true, "string");
        } else {
            self.int16(length.map_or(-1, |length| length as i16));
        }
        self.raw(value.unwrap_or("").as_bytes());
    }

    pub(crate) fn write_bytes(&mut self, value: Option<&Bytes>, flexible: bool) {
        self.write_length(value.map(Bytes::len), flexible, "byte string");
        match value {
            // Below this, a copy costs less than another piece.
            Some(bytes) if bytes.len() > 512 => self.shared(bytes),
            Some(bytes) => self.raw(bytes),
            None => {}
        }
    }

    pub(crate) fn write_records(&mut self, value: Option<&Records>, flexible: bool) {
        self.write_length(value.map(Records::len), flexible, "record set");
        for segment in value.map_or(&[][..], Records::segments) {
            // A batch's header is small enough to be copied beside the field's length.
            if segment.len() > 128 { self.shared(segment) } else { self.raw(segment) }
        }
    }

    #[inline]
    pub(crate) fn write_int32_array(&mut self, array: Option<&Int32Array>, flexible: bool) {
        if flexible && let Some((elements, length)) = array.and_then(Int32Array::inline) {
            // All of them are written, with one check, and those that don't count taken back.
            let start = self.buffer.len();
            let [count, rest @ ..] = self.room::<{ 1 + 4 * INLINE }>();
            *count = length as u8 + 1;
            let (places, _) = rest.as_chunks_mut::<4>();
            for (place, element) in places.iter_mut().zip(elements) {
                *place = element.to_be_bytes();
            }
            self.buffer.truncate(start + 1 + 4 * length);
        } else {
            self.write_long_int32_array(array, flexible);
        }
    }

    #[inline(never)]
    fn write_long_int32_array(&mut self, array: Option<&Int32Array>, flexible: bool) {
        self.write_length(array.map(|array| array.len()), flexible, "array");
        for number in array.into_iter().flatten() {
            self.int32(*number);
        }
    }

    pub(crate) fn write_array<T>(
        &mut self,
        array: Option<&[T]>,
        flexible: bool,
        write: impl Fn(&mut Encoder, &T),
    ) {
        self.write_length(array.map(<[T]>::len), flexible, "array");
        for element in array.unwrap_or_default() {
            write(self, element);
        }
    }

    pub(crate) fn write_structures<T: Structure>(
        &mut self,
        structures: Option<&[T]>,
        flexible: bool,
        version: i16,
    ) {
        self.write_length(structures.map(<[T]>::len), flexible, "array");
        for structure in structures.unwrap_or_default() {
            structure.write(self, version);
        }
    }

    #[allow(dead_code, reason = "features say which messages there are")]
    pub(crate) fn write_nullable_structure<T: Structure>(&mut self, structure: Option<&T>, version: i16) {
        match structure {
            Some(structure) => {
                self.int8(1);
                structure.write(self, version);
            }
            None => self.int8(-1),
        }
    }

    /// A tagged field: its tag, the length of what `write` writes, and that.
    pub(crate) fn write_tagged_field(&mut self, tag: u32, write: impl FnOnce(&mut Encoder)) {
        let mut content = Encoder::new();
        write(&mut content);
        self.join_tagged_field(tag, content);
    }

    #[cold]
    fn join_tagged_field(&mut self, tag: u32, mut content: Encoder) {
        if let Err(error) = content.outcome() {
            self.fail(error);
        }
        let Ok(length) = u32::try_from(content.len()) else {
            return self.fail(EncodeError::TooLong { what: "tagged field", length: content.len() });
        };
        self.unsigned_varint(tag);
        self.unsigned_varint(length);
        for segment in content.finish() {
            if segment.len() > 512 { self.shared(&segment) } else { self.raw(&segment) }
        }
    }

    /// The end of a structure that has no known tagged fields in this version.
    #[inline]
    pub(crate) fn write_unknown_tagged_fields(
        &mut self,
        flexible: bool,
        version: i16,
        structure: &'static str,
        unknown: &UnknownTaggedFields,
    ) {
        if !unknown.is_empty() {
            self.write_kept_tagged_fields(flexible, version, structure, unknown);
        } else if flexible {
            self.int8(0);
        }
    }

    #[cold]
    fn write_kept_tagged_fields(
        &mut self,
        flexible: bool,
        version: i16,
        structure: &'static str,
        unknown: &UnknownTaggedFields,
    ) {
        if !flexible {
            return self.fail(Field::of(structure, "unknown_tagged_fields").not_in(version));
        }
        self.unsigned_varint(unknown.len() as u32);
        unknown.write(self, None);
    }

    #[inline]
    pub(super) fn write_length(&mut self, length: Option<usize>, flexible: bool, what: &'static str) {
        match (length, flexible) {
            // Compact lengths count from 1, and 0 is null (KIP-482).
            (None, true) => self.int8(0),
            (None, false) => self.int32(-1),
            (Some(length), _) if length > i32::MAX as usize => {
                self.fail(EncodeError::TooLong { what, length })
            }
            (Some(length), true) => self.unsigned_varint(length as u32 + 1),
            (Some(length), false) => self.int32(length as i32),
        }
    }
}

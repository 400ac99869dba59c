//! Reading fields in place, for generated code.

use super::super::structure::{Failure, Field, Slot};
use super::super::{FixedFields, Int32Array, Structure};
use super::{DecodeError, Decoder, FIRST_CAPACITY, Records, StrBytes, UnknownTaggedFields};
use bytes::Bytes;

impl Decoder {
    /// Neighbouring fields of fixed sizes, `N` bytes in all.
    #[inline]
    pub(crate) fn fixed_fields<const N: usize>(
        &mut self,
        structure: &'static str,
    ) -> Result<FixedFields<'_, N>, Failure> {
        let start = self.position;
        match self.bytes.get(start..).and_then(|rest| rest.first_chunk::<N>()) {
            Some(bytes) => {
                self.position = start + N;
                Ok(FixedFields(bytes))
            }
            None => Err(truncated(structure, N, self.bytes.len() - start).into()),
        }
    }

    pub(crate) fn read_string<S: Slot<StrBytes>>(
        &mut self,
        slot: &mut S,
        flexible: bool,
        version: i16,
        field: Field,
    ) -> Result<(), Failure> {
        match self.string_length(flexible)? {
            Some(length) => {
                let bytes = self.take(length, "string")?;
                slot.put(StrBytes::try_from(bytes).map_err(|_| DecodeError::NotUtf8)?);
                Ok(())
            }
            None => null(slot, version, field),
        }
    }

    pub(crate) fn read_bytes<S: Slot<Bytes>>(
        &mut self,
        slot: &mut S,
        flexible: bool,
        version: i16,
        field: Field,
    ) -> Result<(), Failure> {
        match self.length(flexible, "byte string")? {
            Some(length) => {
                slot.put(self.take(length, "byte string")?);
                Ok(())
            }
            None => null(slot, version, field),
        }
    }

    #[inline]
    pub(crate) fn read_records<S: Slot<Records>>(
        &mut self,
        slot: &mut S,
        flexible: bool,
        version: i16,
        field: Field,
    ) -> Result<(), Failure> {
        match self.length(flexible, "record set")? {
            Some(length) => {
                slot.put(Records::from(self.take(length, "record set")?));
                Ok(())
            }
            None => null(slot, version, field),
        }
    }

    #[inline]
    pub(crate) fn read_int32_array<S: Slot<Int32Array>>(
        &mut self,
        slot: &mut S,
        flexible: bool,
        version: i16,
        field: Field,
    ) -> Result<(), Failure> {
        match self.array_length(flexible)? {
            Some(length) => self.fill_int32_array(slot.place(), length),
            None => null(slot, version, field),
        }
    }

    #[inline]
    pub(super) fn fill_int32_array(&mut self, array: &mut Int32Array, length: usize) -> Result<(), Failure> {
        let size = length.saturating_mul(4);
        self.need(size, "array")?;
        array.set_big_endian(&self.bytes[self.position..], length);
        self.position += size;
        Ok(())
    }

    pub(crate) fn read_array<T, S: Slot<Vec<T>>>(
        &mut self,
        slot: &mut S,
        flexible: bool,
        version: i16,
        field: Field,
        mut read: impl FnMut(&mut Decoder) -> Result<T, Failure>,
    ) -> Result<(), Failure> {
        let Some(length) = self.array_length(flexible)? else { return null(slot, version, field) };
        let mut array = self.vector(length);
        for _ in 0..length {
            array.push(read(self)?);
        }
        slot.put(array);
        Ok(())
    }

    #[inline]
    pub(crate) fn read_structures<T: Structure, S: Slot<Vec<T>>>(
        &mut self,
        slot: &mut S,
        flexible: bool,
        version: i16,
        field: Field,
    ) -> Result<(), Failure> {
        match self.array_length(flexible)? {
            Some(length) => self.fill_structures(slot.place(), length, version),
            None => null(slot, version, field),
        }
    }

    fn fill_structures<T: Structure>(
        &mut self,
        structures: &mut Vec<T>,
        length: usize,
        version: i16,
    ) -> Result<(), Failure> {
        *structures = self.vector(length);
        // Made where they stand, and then read there: they are large.
        while structures.len() < length {
            let done = structures.len();
            let room = (structures.capacity() - done).max(FIRST_CAPACITY);
            structures.resize_with(length.min(done + room), T::default);
            for structure in &mut structures[done..] {
                structure.read(self, version)?;
            }
        }
        Ok(())
    }

    #[allow(dead_code, reason = "features say which messages there are")]
    pub(crate) fn read_nullable_structure<T: Structure>(
        &mut self,
        slot: &mut Option<T>,
        version: i16,
    ) -> Result<(), Failure> {
        if self.int8()? < 0 {
            *slot = None;
            return Ok(());
        }
        slot.insert(T::default()).read(self, version)
    }

    /// The tagged fields of a structure that knows none.
    #[inline]
    pub(crate) fn read_unknown_tagged_fields(
        &mut self,
        unknown: &mut UnknownTaggedFields,
    ) -> Result<(), Failure> {
        if self.no_tagged_fields() {
            return Ok(());
        }
        self.tagged_fields(unknown, &mut |_, _| Ok(false))
    }

    /// The tagged fields of a structure: `known` reads those it knows, by tag, and says whether it did; the others are kept.
    #[inline]
    pub(crate) fn read_tagged_fields(
        &mut self,
        unknown: &mut UnknownTaggedFields,
        mut known: impl FnMut(u32, &mut Decoder) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        if self.no_tagged_fields() {
            return Ok(());
        }
        self.tagged_fields(unknown, &mut known)
    }

    /// The usual case: takes the count of zero.
    #[inline]
    fn no_tagged_fields(&mut self) -> bool {
        let none = self.bytes.get(self.position) == Some(&0);
        self.position += usize::from(none);
        none
    }

    /// One function for all structures, as it is seldom called.
    #[cold]
    fn tagged_fields(
        &mut self,
        unknown: &mut UnknownTaggedFields,
        known: &mut dyn FnMut(u32, &mut Decoder) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let count = self.unsigned_varint()?;
        let mut previous = None;
        for _ in 0..count {
            let tag = self.unsigned_varint()?;
            if let Some(previous) = previous.filter(|&previous| previous >= tag) {
                return Err(DecodeError::TagOrder { tag, previous }.into());
            }
            previous = Some(tag);
            let length = self.unsigned_varint()? as usize;
            let content = self.take(length, "tagged field")?;
            let mut field = Decoder::new(content.clone());
            if known(tag, &mut field)? {
                field.expect_end("a tagged field")?;
            } else {
                unknown.push(tag, content);
            }
        }
        Ok(())
    }
}

#[cold]
fn null<T, S: Slot<T>>(slot: &mut S, version: i16, field: Field) -> Result<(), Failure> {
    if slot.set_null() { Ok(()) } else { Err(field.null(version)) }
}

#[cold]
pub(super) fn truncated(what: &'static str, needed: usize, remaining: usize) -> DecodeError {
    DecodeError::Truncated { what, needed, remaining }
}

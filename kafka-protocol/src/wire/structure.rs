//! What generated code is made of.

use super::{DecodeError, Decoder, EncodeError, Encoder};

/// A structure of a message, or the message itself. Versions are those of the message, which knows that they exist.
pub trait Structure: Default {
    /// Writes the fields that the version has. What it can't carry, the encoder remembers.
    fn write(&self, encoder: &mut Encoder, version: i16);

    /// Reads the fields that the version has; the others stay as they are. In place, as structures are large and many of them stand in arrays.
    ///
    /// # Errors
    /// [`Failure`]; the structure is then partly read.
    fn read(&mut self, decoder: &mut Decoder, version: i16) -> Result<(), Failure>;
}

/// Why nothing more is read. A pointer, so that success is one in a register rather than a value in memory.
#[derive(Debug)]
pub struct Failure(Box<DecodeError>);

impl From<DecodeError> for Failure {
    #[cold]
    fn from(error: DecodeError) -> Self {
        Failure(Box::new(error))
    }
}

impl From<Failure> for DecodeError {
    #[cold]
    fn from(failure: Failure) -> Self {
        *failure.0
    }
}

/// Where a field's value goes, whether it may be null or not.
pub(crate) trait Slot<T> {
    /// Takes the value.
    fn put(&mut self, value: T);
    /// Where the value is written piece by piece.
    fn place(&mut self) -> &mut T;
    /// It is null; false if it may not be.
    fn set_null(&mut self) -> bool;
}

impl<T> Slot<T> for T {
    #[inline]
    fn put(&mut self, value: T) {
        *self = value;
    }

    #[inline]
    fn place(&mut self) -> &mut T {
        self
    }

    #[inline]
    fn set_null(&mut self) -> bool {
        false
    }
}

impl<T: Default> Slot<T> for Option<T> {
    #[inline]
    fn put(&mut self, value: T) {
        *self = Some(value);
    }

    #[inline]
    fn place(&mut self) -> &mut T {
        self.get_or_insert_default()
    }

    #[inline]
    fn set_null(&mut self) -> bool {
        *self = None;
        true
    }
}

/// Which field is read, for errors.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    structure: &'static str,
    name: &'static str,
}

impl Field {
    pub(crate) const fn of(structure: &'static str, name: &'static str) -> Field {
        Field { structure, name }
    }

    /// It is null, in a version that has no null for it.
    #[cold]
    pub(crate) fn null(self, version: i16) -> Failure {
        DecodeError::UnexpectedNull { message: self.structure, field: self.name, version }.into()
    }

    /// It is set, and the version has no room for it.
    #[cold]
    pub(crate) fn not_in(self, version: i16) -> EncodeError {
        EncodeError::FieldNotInVersion { message: self.structure, field: self.name, version }
    }

    /// It is null, and the version has no way to say so.
    #[cold]
    pub(crate) fn null_not_in(self, version: i16) -> EncodeError {
        EncodeError::NullNotInVersion { message: self.structure, field: self.name, version }
    }
}

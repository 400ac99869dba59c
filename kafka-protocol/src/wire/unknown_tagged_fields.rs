//! What a newer peer added.

use super::{EncodeError, Encoder};
use bytes::Bytes;
use std::fmt;

/// Tagged fields (KIP-482) that a newer peer sent and this crate does not know; written back as they came.
///
/// A pointer in size, as nearly every structure has none.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct UnknownTaggedFields(Option<Box<Fields>>);

impl Drop for UnknownTaggedFields {
    /// Nearly always one comparison, which the compiler would not see if it were left to it.
    #[inline]
    fn drop(&mut self) {
        #[cold]
        fn free(fields: Box<Fields>) {
            drop(fields);
        }
        if let Some(fields) = self.0.take() {
            free(fields);
        }
    }
}

/// By ascending tag; not empty.
#[derive(Clone, PartialEq, Eq, Default)]
struct Fields(Vec<(u32, Bytes)>);

impl UnknownTaggedFields {
    /// Adds a field; tags must ascend.
    pub fn push(&mut self, tag: u32, content: Bytes) {
        self.0.get_or_insert_default().0.push((tag, content));
    }

    /// The fields, by ascending tag.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Bytes)> {
        self.0.iter().flat_map(|fields| &fields.0).map(|(tag, content)| (*tag, content))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |fields| fields.0.len())
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Writes them after the known ones, of which `highest_known` has the highest tag; all were counted already. No peer could read
    /// fields out of order.
    pub(crate) fn write(&self, encoder: &mut Encoder, highest_known: Option<u32>) {
        let mut previous = highest_known;
        for (tag, content) in self.iter() {
            if let Some(previous) = previous.filter(|&previous| previous >= tag) {
                return encoder.fail(EncodeError::TagOrder { tag, previous });
            }
            previous = Some(tag);
            encoder.write_tagged_field(tag, |encoder| encoder.raw(content));
        }
    }
}

impl fmt::Debug for UnknownTaggedFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

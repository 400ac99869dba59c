//! Numbers of partitions and of brokers.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// How many elements need no memory of their own: the replicas of a partition are seldom more.
pub(super) const INLINE: usize = 5;

/// An array of `int32`, such as a partition's replicas. As large as a `Vec`, but up to five elements stand in it rather than in
/// memory of their own: a response about ten thousand partitions allocates nothing for their replicas.
///
/// It is made of a `Vec`, an array or an iterator, and reads as a slice.
///
/// ```
/// use kafka_protocol::wire::Int32Array;
///
/// let replicas: Int32Array = [1, 2, 3].into();
/// assert_eq!(replicas.len(), 3);
/// assert!(replicas.contains(&2));
/// assert_eq!(replicas, vec![1, 2, 3]);
/// ```
#[derive(Clone)]
pub struct Int32Array(Repr);

#[derive(Clone)]
enum Repr {
    /// The elements beyond the count mean nothing.
    Inline(Count, [i32; INLINE]),
    Heap(Box<Many>),
}

/// More of them; behind a pointer, as a vector leaves no room for a tag beside it.
#[derive(Clone)]
struct Many(Vec<i32>);

/// How many of the inline elements count; a type with values to spare, so that the other form needs no tag.
#[derive(Clone, Copy)]
enum Count {
    Zero,
    One,
    Two,
    Three,
    Four,
    Five,
}

impl Int32Array {
    /// No elements.
    pub const fn new() -> Int32Array {
        Int32Array(Repr::Inline(Count::Zero, [0; INLINE]))
    }

    /// The elements.
    #[inline]
    pub fn as_slice(&self) -> &[i32] {
        match &self.0 {
            Repr::Inline(count, elements) => elements.get(..*count as usize).unwrap_or(elements),
            Repr::Heap(many) => &many.0,
        }
    }

    /// The elements, to be changed.
    #[inline]
    pub fn as_mut_slice(&mut self) -> &mut [i32] {
        match &mut self.0 {
            Repr::Inline(count, elements) => &mut elements[..*count as usize],
            Repr::Heap(many) => &mut many.0,
        }
    }

    /// Adds an element at the end.
    pub fn push(&mut self, element: i32) {
        match &mut self.0 {
            Repr::Heap(many) => many.0.push(element),
            Repr::Inline(count, elements) => {
                let length = *count as usize;
                match (elements.get_mut(length), Count::of(length + 1)) {
                    (Some(place), Some(more)) => {
                        *place = element;
                        *count = more;
                    }
                    _ => {
                        let mut many = Vec::with_capacity(2 * INLINE);
                        many.extend_from_slice(elements);
                        many.push(element);
                        self.0 = Repr::Heap(Box::new(Many(many)));
                    }
                }
            }
        }
    }

    /// Becomes the first `length` elements of `bytes`, which has as many: four bytes each.
    #[inline]
    pub(super) fn set_big_endian(&mut self, bytes: &[u8], length: usize) {
        // Five elements are read in one go, whether they count or not: no loop, no branch for each.
        match (Count::of(length), bytes.first_chunk::<{ 4 * INLINE }>()) {
            (Some(count), Some(chunk)) => {
                let (chunks, _) = chunk.as_chunks::<4>();
                let mut elements = [0; INLINE];
                for (element, bytes) in elements.iter_mut().zip(chunks) {
                    *element = i32::from_be_bytes(*bytes);
                }
                match &mut self.0 {
                    // In place: a whole value that is made elsewhere would be moved before it has reached memory.
                    Repr::Inline(own_count, own_elements) => {
                        *own_count = count;
                        *own_elements = elements;
                    }
                    Repr::Heap(_) => self.0 = Repr::Inline(count, elements),
                }
            }
            _ => *self = Int32Array::many_from_big_endian(bytes, length),
        }
    }

    #[inline(never)]
    fn many_from_big_endian(bytes: &[u8], length: usize) -> Int32Array {
        let (chunks, _) = bytes.as_chunks::<4>();
        let elements = chunks.iter().take(length).map(|bytes| i32::from_be_bytes(*bytes));
        if length <= INLINE {
            elements.collect()
        } else {
            Int32Array(Repr::Heap(Box::new(Many(elements.collect()))))
        }
    }

    /// The elements that stand in it, and how many of them count; `None` if they don't.
    #[inline]
    pub(super) fn inline(&self) -> Option<(&[i32; INLINE], usize)> {
        match &self.0 {
            Repr::Inline(count, elements) => Some((elements, *count as usize)),
            Repr::Heap(_) => None,
        }
    }
}

impl Count {
    #[inline]
    fn of(length: usize) -> Option<Count> {
        Some(match length {
            0 => Count::Zero,
            1 => Count::One,
            2 => Count::Two,
            3 => Count::Three,
            4 => Count::Four,
            5 => Count::Five,
            _ => return None,
        })
    }
}

impl Default for Int32Array {
    fn default() -> Self {
        Int32Array::new()
    }
}

impl Deref for Int32Array {
    type Target = [i32];

    #[inline]
    fn deref(&self) -> &[i32] {
        self.as_slice()
    }
}

impl DerefMut for Int32Array {
    #[inline]
    fn deref_mut(&mut self) -> &mut [i32] {
        self.as_mut_slice()
    }
}

impl AsRef<[i32]> for Int32Array {
    fn as_ref(&self) -> &[i32] {
        self
    }
}

impl From<&[i32]> for Int32Array {
    fn from(elements: &[i32]) -> Self {
        match Count::of(elements.len()) {
            Some(count) => {
                let mut inline = [0; INLINE];
                inline[..elements.len()].copy_from_slice(elements);
                Int32Array(Repr::Inline(count, inline))
            }
            None => Int32Array(Repr::Heap(Box::new(Many(elements.to_vec())))),
        }
    }
}

impl From<Vec<i32>> for Int32Array {
    fn from(elements: Vec<i32>) -> Self {
        if elements.len() <= INLINE {
            elements.as_slice().into()
        } else {
            Int32Array(Repr::Heap(Box::new(Many(elements))))
        }
    }
}

impl<const N: usize> From<[i32; N]> for Int32Array {
    fn from(elements: [i32; N]) -> Self {
        elements.as_slice().into()
    }
}

impl From<Int32Array> for Vec<i32> {
    fn from(array: Int32Array) -> Self {
        match array.0 {
            Repr::Inline(..) => array.to_vec(),
            Repr::Heap(many) => many.0,
        }
    }
}

impl Extend<i32> for Int32Array {
    fn extend<I: IntoIterator<Item = i32>>(&mut self, elements: I) {
        elements.into_iter().for_each(|element| self.push(element));
    }
}

impl FromIterator<i32> for Int32Array {
    fn from_iter<I: IntoIterator<Item = i32>>(elements: I) -> Self {
        let mut array = Int32Array::new();
        array.extend(elements);
        array
    }
}

impl IntoIterator for Int32Array {
    type Item = i32;
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        IntoIter { array: self, next: 0 }
    }
}

impl<'a> IntoIterator for &'a Int32Array {
    type Item = &'a i32;
    type IntoIter = std::slice::Iter<'a, i32>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The elements of an [`Int32Array`], one after the other.
#[derive(Clone, Debug)]
pub struct IntoIter {
    array: Int32Array,
    next: usize,
}

impl Iterator for IntoIter {
    type Item = i32;

    fn next(&mut self) -> Option<i32> {
        let element = self.array.get(self.next).copied()?;
        self.next += 1;
        Some(element)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.array.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for IntoIter {}

impl PartialEq for Int32Array {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Int32Array {}

impl PartialEq<[i32]> for Int32Array {
    fn eq(&self, other: &[i32]) -> bool {
        self.as_slice() == other
    }
}

impl PartialEq<Vec<i32>> for Int32Array {
    fn eq(&self, other: &Vec<i32>) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<const N: usize> PartialEq<[i32; N]> for Int32Array {
    fn eq(&self, other: &[i32; N]) -> bool {
        self.as_slice() == other
    }
}

impl fmt::Debug for Int32Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_slice(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_is_no_larger_than_a_vector() {
        assert_eq!(size_of::<Int32Array>(), size_of::<Vec<i32>>());
        assert_eq!(size_of::<Option<Int32Array>>(), size_of::<Vec<i32>>());
    }

    proptest! {
        #[test]
        fn it_holds_what_it_was_made_of(mut elements in prop::collection::vec(any::<i32>(), 0..12)) {
            let mut array = Int32Array::from(elements.clone());
            prop_assert_eq!(&array, &elements);
            prop_assert_eq!(&Int32Array::from_iter(elements.clone()), &elements);
            prop_assert_eq!(&Int32Array::from(elements.as_slice()), &array);
            let mut bytes: Vec<u8> = elements.iter().flat_map(|element| element.to_be_bytes()).collect();
            let mut read = Int32Array::from([7; 9]);
            read.set_big_endian(&bytes, elements.len());
            prop_assert_eq!(&read, &array);
            bytes.extend([0xff; 40]);
            read.set_big_endian(&bytes, elements.len());
            prop_assert_eq!(&read, &array);
            prop_assert_eq!(array.clone().into_iter().len(), elements.len());
            prop_assert_eq!(array.clone().into_iter().collect::<Vec<_>>(), elements.clone());
            prop_assert_eq!(Vec::from(array.clone()), elements.clone());
            array.reverse();
            elements.reverse();
            prop_assert_eq!(&array, &elements);
        }
    }
}

//! Randomness from a seed, and from nothing else.

use kafka_types::SplitMix64;
use std::ops::Range;
use std::time::Duration;

/// A small generator: the same seed gives the same world on every machine.
#[derive(Clone, Debug)]
pub struct Random(SplitMix64);

impl Random {
    /// A generator for this seed.
    pub fn new(seed: u64) -> Random {
        Random(SplitMix64::new(seed ^ 0x6A09_E667_F3BC_C909))
    }

    /// A generator of its own for one part of the world, so that a change in one part leaves the others' choices alone.
    pub fn fork(&mut self) -> Random {
        Random(SplitMix64::new(self.draw()))
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0.draw()
    }

    /// A number of the range, which must not be empty.
    pub fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.draw() % (range.end - range.start)
    }

    /// An index below `count`, which must not be zero.
    pub fn index(&mut self, count: usize) -> usize {
        (self.draw() % count as u64) as usize
    }

    /// True once in `one_in` times.
    pub fn once_in(&mut self, one_in: u64) -> bool {
        self.draw().is_multiple_of(one_in)
    }

    /// A duration of the range, in microseconds.
    pub fn micros(&mut self, range: Range<u64>) -> Duration {
        Duration::from_micros(self.within(range))
    }

    /// One of them.
    pub fn one_of<'t, T>(&mut self, choices: &'t [T]) -> &'t T {
        &choices[self.index(choices.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_another_seed_others() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (0..4).map(|_| random.draw()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }
}

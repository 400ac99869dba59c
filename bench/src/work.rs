//! The pieces that are measured.

pub mod append;
pub mod batch;
pub mod compression;
pub mod partitioner;
pub mod produce;
pub mod seal;
pub mod send;

use crate::gauge::Gauge;
use std::fmt;

/// A piece of a record's way, with inputs that are the same each time.
pub struct Work {
    /// What it is called in the figures; letters, digits and dashes.
    pub name: &'static str,
    /// What one unit is: a record, a batch, a partition.
    pub unit: &'static str,
    /// Sets it up. What it gives runs one round of it, as often as it is called.
    pub start: fn() -> Round,
}

/// Runs the work once, for a fixed number of units or about that, and says what was done.
pub type Round = Box<dyn FnMut(&mut dyn Gauge) -> Done>;

/// What one round did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Done {
    /// So many units.
    pub units: u64,
    /// In so many batches; 0 if the work knows none.
    pub batches: u64,
}

impl std::ops::AddAssign for Done {
    fn add_assign(&mut self, other: Done) {
        self.units += other.units;
        self.batches += other.batches;
    }
}

/// All works, in the order of the figures.
pub fn works() -> impl Iterator<Item = &'static Work> {
    [
        send::WORKS,
        append::WORKS,
        seal::WORKS,
        batch::WORKS,
        compression::WORKS,
        produce::WORKS,
        partitioner::WORKS,
    ]
    .into_iter()
    .flatten()
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("name", &self.name).field("unit", &self.unit).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gauge::Unmeasured;

    /// Which parts were measured does not matter, only that there were some.
    #[derive(Default)]
    struct Counted(u64);

    impl Gauge for Counted {
        fn measure(&mut self, part: &mut dyn FnMut()) {
            self.0 += 1;
            part();
        }
    }

    #[test]
    fn each_work_has_a_name_of_its_own() {
        let mut names: Vec<&str> = works().map(|work| work.name).collect();
        let plain =
            |name: &&str| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        assert!(names.iter().all(plain), "{names:?}");
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn each_work_measures_something_and_does_the_same_each_time() {
        for work in works() {
            let run = || {
                let mut round = (work.start)();
                let (mut counted, mut done) = (Counted::default(), Done::default());
                for _ in 0..3 {
                    round(&mut Unmeasured);
                    done += round(&mut counted);
                }
                (done, counted.0)
            };
            let (done, parts) = run();
            assert!(done.units > 0 && parts > 0, "{}: {done:?} in {parts} parts", work.name);
            assert_eq!(run(), (done, parts), "{}", work.name);
        }
    }
}

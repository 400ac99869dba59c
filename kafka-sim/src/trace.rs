//! A run, told line by line.

use kafka_types::Monotonic;

/// Where the lines go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trace {
    /// Nowhere.
    Silent,
    /// To standard output.
    Told,
}

impl Trace {
    /// Tells a line, if anybody listens.
    pub(crate) fn line(self, now: Monotonic, line: impl FnOnce() -> String) {
        if self == Trace::Told {
            println!("{now:>14?}  {}", line());
        }
    }
}

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
            // Faults name all that they could do and don't.
            let line = line().replace(": false", ": None");
            let said: Vec<&str> = line.split(", ").filter(|part| !part.ends_with(": None")).collect();
            println!("{:>14.6}  {}", now.since(Monotonic::ZERO).as_secs_f64(), said.join(", "));
        }
    }
}

//! Records that were not acknowledged.

use kafka_producer::Error;

/// Counts them; the first few are told on standard error.
#[derive(Clone, Copy, Debug, Default)]
pub struct Failures {
    /// How many there were.
    pub count: u64,
}

impl Failures {
    /// Looks at one record's outcome.
    #[inline]
    pub fn check<T>(&mut self, outcome: Result<T, Error>) {
        if let Err(error) = outcome {
            self.count(&error);
        }
    }

    #[cold]
    fn count(&mut self, error: &Error) {
        self.count += 1;
        if self.count <= 5 {
            eprintln!("not acknowledged: {error}");
        }
    }
}

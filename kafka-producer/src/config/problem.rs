//! What is wrong with a configuration.

use std::fmt;

/// One thing that is wrong with a configuration: the property, and what to do about it.
///
/// The values of properties that hold secrets never appear in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    property: String,
    message: String,
}

impl Problem {
    pub(crate) fn new(property: impl Into<String>, message: impl Into<String>) -> Self {
        Problem { property: property.into(), message: message.into() }
    }

    /// The value given is not one that the property takes.
    pub(crate) fn value(property: &str, value: &str, expected: &str) -> Self {
        Problem::new(property, format!("invalid value {value:?}: expected {expected}"))
    }

    /// The property's name, as Kafka spells it.
    pub fn property(&self) -> &str {
        &self.property
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.property, self.message)
    }
}

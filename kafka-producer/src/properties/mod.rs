//! Kafka's own property names, and what this producer makes of each.
//!
//! Every property of the Java producer is known here: it is served, or it is refused by name with the reason. A name
//! that is neither is refused too, with the nearest known one, or with Kafka's where it is librdkafka's. Where a property is not served, the Java producer's
//! default is taken nevertheless, with a notice, so that a configuration may spell its defaults out:
//! `buffer.memory.allocation.strategy=full` for instance, although memory is always taken as records arrive
//! (`incremental`), never by the whole batch. Values are read as Kafka reads them: surrounding
//! blanks don't count, booleans are case-insensitive, durations are whole milliseconds, lists are comma-separated.

#[cfg(test)]
mod documented;
mod file;
mod librdkafka;
mod references;
mod refusals;
mod suggest;
mod table;
mod value;

#[cfg(test)]
mod tests;

use crate::config::{Notice, Problem, Settings};

pub use file::{FileError, parse_file_text};
pub use references::{ReferenceError, resolve_references};

/// Every property name this crate knows, served or refused, in alphabetical order.
///
/// ```
/// assert!(kafka_producer::properties::names().any(|name| name == "linger.ms"));
/// ```
pub fn names() -> impl Iterator<Item = &'static str> {
    let mut names: Vec<_> = table::TABLE.iter().map(|property| property.name).collect();
    names.extend(refusals::TABLE.iter().map(|refusal| refusal.name));
    names.sort_unstable();
    names.into_iter()
}

/// Sets one property, whose value is good.
#[cfg(test)]
pub(crate) fn apply_for_tests(settings: &mut Settings, name: &str, value: &str) {
    apply(settings, &mut Vec::new(), name, value).expect("a good value");
}

/// Sets one property.
///
/// # Errors
/// The value is not one the property takes, the property is not served, or there is none of that name.
pub(crate) fn apply(
    settings: &mut Settings,
    notices: &mut Vec<Notice>,
    name: &str,
    value: &str,
) -> Result<(), Problem> {
    let value = value.trim();
    if let Some(property) = table::TABLE.iter().find(|property| property.name == name) {
        return match (property.set)(settings, value) {
            Ok(()) => Ok(()),
            Err(expected) => Err(Problem::value(name, value, &expected)),
        };
    }
    if let Some(refusal) = refusals::TABLE.iter().find(|refusal| refusal.name == name) {
        return refusal.judge(value, notices);
    }
    if let Some(hint) = librdkafka::hint(name) {
        return Err(Problem::new(name, hint));
    }
    let hint = match suggest::nearest(name, names()) {
        Some(nearest) => format!("unknown property; did you mean {nearest}?"),
        None => "unknown property".to_owned(),
    };
    Err(Problem::new(name, hint))
}

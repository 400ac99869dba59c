//! Values as Kafka parses them. An error is what was expected, for a message that names property and value.

use kafka_network::Secret;
use std::ops::RangeInclusive;
use std::time::Duration;

/// What a parser expected.
pub(super) type Expected = String;

/// `BOOLEAN`: true or false in any case.
pub(super) fn boolean(value: &str) -> Result<bool, Expected> {
    if value.eq_ignore_ascii_case("true") {
        Ok(true)
    } else if value.eq_ignore_ascii_case("false") {
        Ok(false)
    } else {
        Err("true or false".to_owned())
    }
}

/// `INT`, within a range.
pub(super) fn int(value: &str, range: RangeInclusive<i32>) -> Result<i32, Expected> {
    let wide = i64::from(*range.start())..=i64::from(*range.end());
    // The range lies within i32, so the narrowing cannot lose anything.
    long(value, wide).map(|number| number as i32)
}

/// `LONG`, within a range.
pub(super) fn long(value: &str, range: RangeInclusive<i64>) -> Result<i64, Expected> {
    match value.parse::<i64>() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!("a whole number from {} to {}", range.start(), range.end())),
    }
}

/// An `INT` that counts bytes or things, from `least`.
pub(super) fn count(value: &str, least: i32) -> Result<usize, Expected> {
    // Not negative: every caller's `least` is at least 0.
    int(value, least..=i32::MAX).map(|number| number as usize)
}

/// An `INT` of milliseconds, from 0.
pub(super) fn int_millis(value: &str) -> Result<Duration, Expected> {
    int(value, 0..=i32::MAX).map(|millis| Duration::from_millis(millis as u64)).map_err(in_milliseconds)
}

/// A `LONG` of milliseconds, from `least`, which is not negative.
pub(super) fn long_millis(value: &str, least: i64) -> Result<Duration, Expected> {
    long(value, least..=i64::MAX).map(|millis| Duration::from_millis(millis as u64)).map_err(in_milliseconds)
}

/// A `LONG` of milliseconds where every negative number stands for "never".
pub(super) fn long_millis_or_never(value: &str) -> Result<Duration, Expected> {
    let millis = long(value, i64::MIN..=i64::MAX)
        .map_err(|_| "a whole number of milliseconds, or a negative one for never".to_owned())?;
    Ok(u64::try_from(millis).map_or(Duration::MAX, Duration::from_millis))
}

/// An `INT` of bytes where -1 leaves the choice to the system.
pub(super) fn socket_buffer(value: &str) -> Result<Option<usize>, Expected> {
    let bytes = int(value, -1..=i32::MAX).map_err(|_| {
        format!("a whole number of bytes from 0 to {}, or -1 for the system's default", i32::MAX)
    })?;
    Ok(usize::try_from(bytes).ok())
}

/// `LIST`: entries between commas, without the blanks around them.
pub(super) fn list(value: &str) -> Vec<String> {
    value.split(',').map(|entry| entry.trim().to_owned()).collect()
}

/// `STRING` of whatever text.
pub(super) fn text(value: &str) -> Result<String, Expected> {
    Ok(value.to_owned())
}

/// `PASSWORD`: never refused here, for a refusal quotes the value.
pub(super) fn secret(value: &str) -> Result<Secret, Expected> {
    Ok(Secret::from(value))
}

/// Nothing, or a value.
pub(super) fn optional<T>(
    value: &str,
    parse: fn(&str) -> Result<T, Expected>,
) -> Result<Option<T>, Expected> {
    if value.is_empty() {
        return Ok(None);
    }
    parse(value).map(Some).map_err(|expected| format!("nothing, or {expected}"))
}

/// One of some words, in any case.
pub(super) fn one_of(value: &str, words: &[&str], expected: &str) -> Result<String, Expected> {
    let found = words.iter().find(|word| word.eq_ignore_ascii_case(value));
    found.map(|word| (*word).to_owned()).ok_or_else(|| expected.to_owned())
}

/// Whole seconds, within a range.
pub(super) fn seconds(value: &str, range: RangeInclusive<i32>) -> Result<Duration, Expected> {
    let seconds =
        int(value, range).map_err(|expected| expected.replacen("number", "number of seconds", 1))?;
    Ok(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

/// `DOUBLE`, within a range.
pub(super) fn double(value: &str, range: RangeInclusive<f64>) -> Result<f64, Expected> {
    match value.parse::<f64>() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!("a number from {} to {}", range.start(), range.end())),
    }
}

fn in_milliseconds(expected: Expected) -> Expected {
    expected.replacen("a whole number", "a whole number of milliseconds", 1)
}

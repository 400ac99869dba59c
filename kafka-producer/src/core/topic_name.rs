//! What a topic may be called (Kafka's `Topic.validate`).

/// The longest legal name: with the partition's number it must still be a file name.
const MAX_LENGTH: usize = 249;

/// Checks a name.
///
/// # Errors
/// What is wrong with it, for a message that quotes it.
pub(crate) fn check(name: &str) -> Result<(), &'static str> {
    match name {
        "" => return Err("it is empty"),
        "." | ".." => return Err("it may not be `.` or `..`"),
        _ => {}
    }
    if name.len() > MAX_LENGTH {
        return Err("it is longer than 249 characters");
    }
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if !name.bytes().all(legal) {
        return Err("only ASCII letters, digits, `.`, `_` and `-` may be in it");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn legal_names_pass_and_others_say_why() {
        for name in ["a", "orders.v1_eu-west", "...", &"x".repeat(249)] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in ["", ".", "..", &"x".repeat(250), "a b", "ä", "a/b", "a\0"] {
            assert!(check(name).is_err(), "{name}");
        }
    }
}

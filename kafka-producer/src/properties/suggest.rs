//! The nearest known name to a mistyped one.

/// The name with the fewest edits, if they are few enough that it was probably meant.
pub(super) fn nearest(name: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    // Long strings are no typing errors, and the distance costs the product of the lengths.
    if name.len() > 100 {
        return None;
    }
    // `linger_ms` and `LINGER.MS` are one step away, not many.
    let plain = name.to_ascii_lowercase().replace(['_', '-'], ".");
    let (distance, nearest) = known.map(|candidate| (distance(&plain, candidate), candidate)).min()?;
    (distance <= 2 + plain.len() / 8).then_some(nearest)
}

/// Edits (insert, delete, replace) between two names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        let known = || ["linger.ms", "batch.size", "bootstrap.servers", "retries"].into_iter();
        assert_eq!(nearest("linger_ms", known()), Some("linger.ms"));
        assert_eq!(nearest("bootstrap.server", known()), Some("bootstrap.servers"));
        assert_eq!(nearest("retires", known()), Some("retries"));
        assert_eq!(nearest("group.instance.id", known()), None);
    }
}

//! Keys and values of a performance test.

use anyhow::{Context, Result, ensure};
use kafka_types::SplitMix64;
use std::path::Path;

/// How many different values of one size there are: making each anew would measure that.
const VALUES: usize = 1024;

/// Where values come from.
pub(crate) enum Payload {
    /// Chosen at random among these.
    OneOf(Vec<Vec<u8>>),
    /// The record's number.
    Monotonic,
}

impl Payload {
    /// Random capital letters, of this size.
    pub(crate) fn random(size: usize, random: &mut SplitMix64) -> Payload {
        let mut value = || (0..size).map(|_| b'A' + random.below(26) as u8).collect();
        Payload::OneOf((0..VALUES).map(|_| value()).collect())
    }

    /// The pieces of a file between delimiters; empty ones at its end don't count.
    pub(crate) fn of_file(file: &Path, delimiter: &str) -> Result<Payload> {
        let text = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        let text = String::from_utf8(text).with_context(|| format!("{} is not UTF-8", file.display()))?;
        ensure!(!delimiter.is_empty(), "--payload-delimiter is empty");
        let text = text.strip_suffix(delimiter).unwrap_or(&text);
        let values: Vec<Vec<u8>> = text.split(delimiter).map(|piece| piece.as_bytes().to_vec()).collect();
        ensure!(
            !text.is_empty(),
            "{} is empty: expected payloads, with {delimiter:?} between them",
            file.display()
        );
        Ok(Payload::OneOf(values))
    }

    /// The value of a record; `buffer` may hold it.
    pub(crate) fn value<'b>(
        &'b self,
        number: u64,
        random: &mut SplitMix64,
        buffer: &'b mut String,
    ) -> &'b [u8] {
        match self {
            Payload::OneOf(values) => &values[random.below(values.len())],
            Payload::Monotonic => written(number, buffer),
        }
    }
}

/// Which keys records have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum KeyDistribution {
    /// Null keys.
    None,
    /// One after the other, again and again.
    Range,
    /// At random.
    Random,
}

impl KeyDistribution {
    /// The key of a record, below `range`.
    pub(crate) fn key<'b>(
        self,
        number: u64,
        range: u64,
        random: &mut SplitMix64,
        buffer: &'b mut String,
    ) -> Option<&'b [u8]> {
        let key = match self {
            KeyDistribution::None => return None,
            KeyDistribution::Range => number % range,
            KeyDistribution::Random => random.draw() % range,
        };
        Some(written(key, buffer))
    }
}

fn written(number: u64, buffer: &mut String) -> &[u8] {
    use std::fmt::Write;
    buffer.clear();
    let _ = write!(buffer, "{number}");
    buffer.as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_of_a_file_are_what_stands_between_delimiters() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("payloads");
        std::fs::write(&file, "one;;two;;").unwrap();
        let Payload::OneOf(values) = Payload::of_file(&file, ";;").unwrap() else { panic!("of the file") };
        assert_eq!(values, [b"one", b"two"]);
        std::fs::write(&file, "").unwrap();
        assert!(Payload::of_file(&file, "\n").is_err_and(|error| error.to_string().contains("empty")));
    }

    #[test]
    fn the_same_seed_gives_the_same_load() {
        let (mut first, mut second) = (SplitMix64::new(7), SplitMix64::new(7));
        let (a, b) = (Payload::random(9, &mut first), Payload::random(9, &mut second));
        let (mut left, mut right) = (String::new(), String::new());
        for number in 0..9 {
            let value = a.value(number, &mut first, &mut left);
            assert_eq!(value, b.value(number, &mut second, &mut right));
            assert!(value.len() == 9 && value.iter().all(u8::is_ascii_uppercase));
        }
        let keys = |distribution: KeyDistribution| {
            let (mut random, mut buffer) = (SplitMix64::new(0), String::new());
            (0..5)
                .map(|number| distribution.key(number, 3, &mut random, &mut buffer).map(<[u8]>::to_vec))
                .collect::<Vec<_>>()
        };
        assert_eq!(keys(KeyDistribution::Range), ["0", "1", "2", "0", "1"].map(|key| Some(key.into())));
        assert_eq!(keys(KeyDistribution::None), vec![None; 5]);
        assert_eq!(keys(KeyDistribution::Random), keys(KeyDistribution::Random));
    }
}

//! `cargo xtask vectors FILE`: messages that another implementation wrote are read and written again, byte for byte.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use flate2::read::GzDecoder;
use kafka_protocol::messages::{Direction, transcode};
use kafka_protocol::wire::ApiKey;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Checks a file.
///
/// # Errors
/// A line that can't be read; at the end, how many messages differ.
pub(crate) fn run(path: &Path) -> Result<()> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let gzip = path.extension().is_some_and(|extension| extension == "gz");
    let text: Box<dyn Read> = if gzip { Box::new(GzDecoder::new(file)) } else { Box::new(file) };
    let report = check(BufReader::new(text))?;
    for (api, count) in &report.equal {
        println!("{api}: {count} messages are byte for byte the same");
    }
    for difference in &report.differences {
        println!("DIFFERS {difference}");
    }
    ensure!(report.differences.is_empty(), "{} messages differ", report.differences.len());
    Ok(())
}

#[derive(Default, Debug)]
struct Report {
    equal: BTreeMap<ApiKey, usize>,
    differences: Vec<String>,
}

fn check(lines: impl BufRead) -> Result<Report> {
    let mut report = Report::default();
    for (index, line) in lines.lines().enumerate() {
        let line = line?;
        let vector = Vector::parse(&line).with_context(|| format!("line {}", index + 1))?;
        let told = format!("line {}: {} {} version {}", index + 1, vector.name, vector.api, vector.version);
        match transcode(vector.api, vector.direction, vector.version, vector.body.clone()) {
            None => report.differences.push(format!("{told}: no schema has it")),
            Some(Err(error)) => report.differences.push(format!("{told}: {error}")),
            Some(Ok((_, Err(error)))) => report.differences.push(format!("{told}: {error}")),
            Some(Ok((_, Ok(written)))) if written == vector.body => {
                *report.equal.entry(vector.api).or_default() += 1;
            }
            Some(Ok((message, Ok(written)))) => report.differences.push(format!(
                "{told}: {message}\n  read    {:02x?}\n  written {:02x?}",
                vector.body, written
            )),
        }
    }
    Ok(report)
}

/// A line of a file of vectors.
pub(crate) struct Vector<'l> {
    pub(crate) api: ApiKey,
    pub(crate) version: i16,
    pub(crate) direction: Direction,
    name: &'l str,
    pub(crate) body: Bytes,
}

impl<'l> Vector<'l> {
    pub(crate) fn parse(line: &'l str) -> Result<Vector<'l>> {
        let mut fields = line.split('\t');
        let mut field = |what: &str| fields.next().with_context(|| format!("no {what}"));
        Ok(Vector {
            api: ApiKey(field("API key")?.parse().context("API key")?),
            version: field("version")?.parse().context("version")?,
            direction: match field("direction")? {
                "request" => Direction::Request,
                "response" => Direction::Response,
                other => anyhow::bail!("{other:?} is neither request nor response"),
            },
            name: field("name")?,
            body: unhex(field("body")?).context("the body is not hex")?,
        })
    }
}

pub(crate) fn unhex(text: &str) -> Option<Bytes> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let bytes: Option<Vec<u8>> =
        text.as_bytes().chunks(2).map(|pair| Some((digit(pair[0])? << 4 | digit(pair[1])?) as u8)).collect();
    bytes.map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A few messages of each API and version, written by Kafka's own classes.
    const SAMPLE: &[u8] = include_bytes!("../../kafka-protocol/tests/data/messages.tsv.gz");

    #[test]
    fn messages_of_kafkas_own_classes_are_written_byte_for_byte() {
        let report = check(BufReader::new(GzDecoder::new(SAMPLE))).unwrap();
        assert!(report.differences.is_empty(), "{:#?}", report.differences);
        assert_eq!(report.equal.keys().copied().collect::<Vec<_>>(), ApiKey::all().collect::<Vec<_>>());
    }

    #[test]
    fn a_changed_byte_a_trailing_one_and_an_unknown_api_are_differences() {
        let good = "18\t0\trequest\tApiVersionsRequest\t";
        assert!(check(good.as_bytes()).unwrap().differences.is_empty());
        let trailing = format!("{good}00");
        assert_eq!(check(trailing.as_bytes()).unwrap().differences.len(), 1);
        let not_a_bool = "3\t4\trequest\tMetadataRequest\tffffffff02";
        assert_eq!(check(not_a_bool.as_bytes()).unwrap().differences.len(), 1);
        let unknown = "1000\t0\trequest\tPingRequest\t00";
        assert_eq!(check(unknown.as_bytes()).unwrap().differences.len(), 1);
        assert!(check("18\t0\trequest\tApiVersionsRequest\t0g".as_bytes()).is_err());
    }
}

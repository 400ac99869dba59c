//! Messages that Kafka's own classes wrote: byte for byte the same again; cut short, lengthened or damaged, they are
//! errors or other messages, never a panic.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use flate2::read::GzDecoder;
use kafka_protocol::messages::{Direction, request_header_version, supported_versions, transcode};
use kafka_protocol::wire::{ApiKey, DecodeError};
use proptest::prelude::*;
use std::io::Read;
use std::sync::LazyLock;

struct Vector {
    api: ApiKey,
    version: i16,
    direction: Direction,
    body: Vec<u8>,
}

impl Vector {
    fn parse(line: &str) -> Vector {
        let fields: Vec<&str> = line.split('\t').collect();
        let hex = fields[4].as_bytes().chunks(2);
        Vector {
            api: ApiKey(fields[0].parse().unwrap()),
            version: fields[1].parse().unwrap(),
            direction: if fields[2] == "request" { Direction::Request } else { Direction::Response },
            body: hex
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect(),
        }
    }

    /// Reads `body` as a message of this kind, and writes what was read.
    fn transcode(&self, body: impl Into<Bytes>) -> Result<Bytes, DecodeError> {
        let (_, written) = transcode(self.api, self.direction, self.version, body.into()).unwrap()?;
        Ok(written.unwrap())
    }

    fn told(&self) -> String {
        format!("{:?} {:?} version {}: {:02x?}", self.api, self.direction, self.version, self.body)
    }
}

static VECTORS: LazyLock<Vec<Vector>> = LazyLock::new(|| {
    let mut text = String::new();
    GzDecoder::new(&include_bytes!("data/messages.tsv.gz")[..]).read_to_string(&mut text).unwrap();
    let vectors: Vec<Vector> = text.lines().map(Vector::parse).collect();
    assert!(vectors.len() > 1800);
    vectors
});

#[test]
fn each_is_written_as_it_was() {
    for vector in VECTORS.iter() {
        assert_eq!(vector.transcode(vector.body.clone()).unwrap(), vector.body, "{}", vector.told());
    }
}

#[test]
fn every_api_has_each_of_its_versions_here_both_ways() {
    for api in ApiKey::all() {
        let range = supported_versions(api).unwrap();
        for version in range.min..=range.max {
            for direction in [Direction::Request, Direction::Response] {
                let is_it = |vector: &&Vector| {
                    (vector.api, vector.version, vector.direction) == (api, version, direction)
                };
                assert!(VECTORS.iter().any(|vector| is_it(&vector)), "{api} {version} {direction:?}");
            }
        }
    }
}

#[test]
fn versions_beside_an_apis_own_are_errors() {
    for api in ApiKey::all() {
        let range = supported_versions(api).unwrap();
        for version in [range.min - 1, range.max + 1] {
            for direction in [Direction::Request, Direction::Response] {
                let read = transcode(api, direction, version, Bytes::new()).unwrap();
                assert!(matches!(read, Err(DecodeError::UnknownVersion { .. })), "{api} {version}: {read:?}");
            }
        }
    }
}

#[test]
fn a_part_of_a_message_is_no_message_and_neither_is_more_than_one() {
    for vector in VECTORS.iter() {
        let whole = Bytes::from(vector.body.clone());
        // Every cut of the long ones would take long, and say the same as every seventh.
        let step = if whole.len() > 500 { 7 } else { 1 };
        for cut in (0..whole.len()).step_by(step) {
            assert!(vector.transcode(whole.slice(..cut)).is_err(), "cut at {cut}: {}", vector.told());
        }
        let mut longer = vector.body.clone();
        longer.push(0);
        let read = vector.transcode(longer);
        assert!(matches!(read, Err(DecodeError::TrailingBytes { remaining: 1, .. })), "{}", vector.told());
    }
}

const REQUESTS_WITH_TAGS: [ApiKey; 3] = [ApiKey::FETCH, ApiKey::FETCH_SNAPSHOT, ApiKey::BROKER_HEARTBEAT];
const RESPONSES_WITH_TAGS: [ApiKey; 8] = [
    ApiKey::PRODUCE,
    ApiKey::FETCH,
    ApiKey::API_VERSIONS,
    ApiKey::VOTE,
    ApiKey::BEGIN_QUORUM_EPOCH,
    ApiKey::END_QUORUM_EPOCH,
    ApiKey::FETCH_SNAPSHOT,
    ApiKey::UPDATE_RAFT_VOTER,
];

#[test]
fn a_tagged_field_of_a_newer_peer_survives_in_every_flexible_message() {
    let mut survived = 0;
    for vector in VECTORS.iter() {
        let flexible = request_header_version(vector.api, vector.version) == Some(2);
        // These may end within a known tagged field.
        let own_tags = match vector.direction {
            Direction::Request => REQUESTS_WITH_TAGS.contains(&vector.api),
            Direction::Response => RESPONSES_WITH_TAGS.contains(&vector.api),
        };
        if !flexible || own_tags || vector.body.last() != Some(&0) {
            continue;
        }
        // The last byte says that there are no tagged fields; now there is one, of tag 1000.
        let mut newer = vector.body.clone();
        newer.pop();
        newer.extend_from_slice(&[1, 0xe8, 0x07, 3, 1, 2, 3]);
        assert_eq!(vector.transcode(newer.clone()).unwrap(), newer, "{}", vector.told());
        survived += 1;
    }
    assert!(survived > 500, "{survived}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn damage_makes_an_error_or_another_message(
        vector in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), damaged_byte()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let vector = vector.get(&VECTORS);
        let mut body = vector.body.clone();
        for (place, byte) in damage {
            if !body.is_empty() {
                let place = place.index(body.len());
                body[place] = byte;
            }
        }
        if let Some(cut) = cut {
            body.truncate(cut.index(body.len() + 1));
        }
        if let Ok(written) = vector.transcode(body) {
            prop_assert_eq!(vector.transcode(written.clone()).unwrap(), written);
        }
    }
}

/// Bytes that lengths turn on are as likely as all others together.
fn damaged_byte() -> impl Strategy<Value = u8> {
    prop_oneof![prop::sample::select(vec![0_u8, 1, 2, 0x7f, 0x80, 0xfe, 0xff]), any::<u8>()]
}

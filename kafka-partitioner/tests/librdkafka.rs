//! Keys go where librdkafka puts them.

use kafka_partitioner::{
    Appended, DefaultPartitionerConfig, HashedBy, LibrdkafkaPartitioner, Partitioner, StickyState, TopicView,
    crc32, fnv1a, murmur2,
};
use std::collections::BTreeSet;

fn topic<'a>(partition_count: i32, available: &'a [i32], state: &'a StickyState) -> TopicView<'a> {
    TopicView { name: "t", partition_count, available, local: &[], loads: None, state }
}

fn partitioner(hashed_by: HashedBy) -> LibrdkafkaPartitioner {
    LibrdkafkaPartitioner::new(hashed_by, DefaultPartitionerConfig::default())
}

/// The hashes that Go's `hash/fnv` gives, without sign, as librdkafka's own tests have them.
#[test]
fn fnv1a_is_saramas() {
    for (key, hash) in [
        ("kafka", 0x0d33_c4e1),
        ("giberish123456789", 0x77a5_8295),
        ("1234", 0x023b_dd03),
        ("234", 0x2dea_3cd2),
        ("34", 0x740f_a83e),
        ("4", 0x310c_a263),
        ("PreAmbleWillBeRemoved,ThePrePartThatIs", 0x65cb_d69c),
        ("", 0x7ee3_623b),
    ] {
        assert_eq!(fnv1a(key.as_bytes()), hash, "{key}");
    }
}

/// As zlib's `crc32` has them.
#[test]
fn crc32_is_zlibs() {
    for (key, hash) in [
        ("", 0),
        ("a", 0xe8b7_be43),
        ("abc", 0x3524_41c2),
        ("message digest", 0x2015_9d7f),
        ("abcdefghijklmnopqrstuvwxyz", 0x4c27_50bd),
        ("123456789", 0xcbf4_3926),
        ("kafka", 0x5bbc_7517),
    ] {
        assert_eq!(crc32(key.as_bytes()), hash, "{key}");
    }
    assert_eq!(crc32(&[0xff; 32]), 0xff6c_ab0b);
}

#[test]
fn keys_are_placed_by_their_hash_whatever_has_a_leader() {
    let state = StickyState::new(1);
    for count in [1, 3, 7, 100] {
        let view = topic(count, &[0], &state);
        for key in ["a", "abc", "kafka", "giberish123456789"] {
            let key = key.as_bytes();
            let by = |hashed_by| partitioner(hashed_by).partition(&view, Some(key));
            let crc = (crc32(key) % count as u32) as i32;
            let murmur = (murmur2(key) & i32::MAX) % count;
            let fnv = (fnv1a(key) % count as u32) as i32;
            assert_eq!([by(HashedBy::Consistent), by(HashedBy::ConsistentRandom)], [crc; 2]);
            assert_eq!([by(HashedBy::Murmur2), by(HashedBy::Murmur2Random)], [murmur; 2]);
            assert_eq!([by(HashedBy::Fnv1a), by(HashedBy::Fnv1aRandom)], [fnv; 2]);
        }
    }
    // Above 2³¹: a signed remainder would be negative.
    assert_eq!(HashedBy::Consistent.partition(Some(b"a"), 10), Some(7));
}

#[test]
fn no_key_and_an_empty_one_go_where_librdkafka_puts_them() {
    let null_and_empty = |hashed_by: HashedBy| [None, Some(&b""[..])].map(|key| hashed_by.partition(key, 7));
    assert_eq!(null_and_empty(HashedBy::Random), [None, None]);
    assert_eq!(null_and_empty(HashedBy::Consistent), [Some(0), Some(0)]);
    assert_eq!(null_and_empty(HashedBy::ConsistentRandom), [None, None]);
    assert_eq!(null_and_empty(HashedBy::Murmur2), [Some(2), Some(2)]);
    assert_eq!(null_and_empty(HashedBy::Murmur2Random), [None, Some(2)]);
    let fnv = Some(0x7ee3_623b % 7);
    assert_eq!(null_and_empty(HashedBy::Fnv1a), [fnv, fnv]);
    assert_eq!(null_and_empty(HashedBy::Fnv1aRandom), [None, fnv]);
}

#[test]
fn what_may_go_anywhere_stays_for_a_batch_among_those_with_a_leader() {
    for hashed_by in
        [HashedBy::ConsistentRandom, HashedBy::Murmur2Random, HashedBy::Fnv1aRandom, HashedBy::Random]
    {
        let partitioner = partitioner(hashed_by);
        let state = StickyState::new(3);
        let view = topic(100, &[5, 50, 77], &state);
        let mut seen = BTreeSet::new();
        for _ in 0..60 {
            let partition = partitioner.partition(&view, None);
            assert_eq!(partitioner.partition(&view, None), partition, "{hashed_by}");
            seen.insert(partition);
            let full =
                Appended { partition, bytes: 90, batch_complete: true, batched: 16_384, has_key: false };
            partitioner.on_appended(&view, &full);
        }
        assert_eq!(seen, BTreeSet::from([5, 50, 77]), "{hashed_by}");
    }
}

#[test]
fn random_places_each_record_with_a_key_anew() {
    let state = StickyState::new(3);
    let view = topic(100, &[5, 50, 77], &state);
    let partitioner = partitioner(HashedBy::Random);
    let seen: BTreeSet<i32> = (0..60).map(|_| partitioner.partition(&view, Some(b"k"))).collect();
    assert_eq!(seen, BTreeSet::from([5, 50, 77]));
    let seen: BTreeSet<i32> =
        (0..60).map(|_| partitioner.partition(&topic(3, &[], &state), Some(b"k"))).collect();
    assert_eq!(seen, BTreeSet::from([0, 1, 2]));
}

#[test]
fn names_are_librdkafkas() {
    for known in HashedBy::ALL {
        assert_eq!(known.name().parse(), Ok(known));
    }
    let error = "fnv".parse::<HashedBy>().unwrap_err().to_string();
    assert!(error.contains("consistent_random, fnv1a, fnv1a_random, murmur2"), "{error}");
}

#[test]
fn a_topic_without_partitions_gives_an_index_that_is_refused() {
    let state = StickyState::new(5);
    for hashed_by in HashedBy::ALL {
        for key in [None, Some(&b""[..]), Some(&b"k"[..])] {
            assert_eq!(partitioner(hashed_by).partition(&topic(0, &[], &state), key), -1, "{hashed_by}");
        }
    }
}

//! Keys go where every other Kafka client puts them.

use kafka_partitioner::{
    DefaultPartitioner, DefaultPartitionerConfig, Partitioner, StickyState, TopicView, murmur2,
    partition_for_key,
};

const PARTITION_COUNTS: [i32; 4] = [3, 6, 12, 97];

fn bytes_of(hex: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("the data are in hex");
    (0..hex.len()).step_by(2).map(byte).collect()
}

fn topic<'a>(partition_count: i32, available: &'a [i32], state: &'a StickyState) -> TopicView<'a> {
    TopicView { name: "t", partition_count, available, local: &[], loads: None, state }
}

#[test]
fn hashes_and_partitions_are_those_of_apache_kafka() {
    let mut keys = 0;
    for line in include_str!("data/keys.tsv").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let key = bytes_of(fields[0]);
        assert_eq!(murmur2(&key), fields[1].parse::<i32>().unwrap(), "hash of {}", fields[0]);
        for (count, expected) in PARTITION_COUNTS.into_iter().zip(&fields[2..]) {
            assert_eq!(
                partition_for_key(&key, count),
                expected.parse::<i32>().unwrap(),
                "{} of {count}",
                fields[0]
            );
        }
        keys += 1;
    }
    assert_eq!(keys, 300);
}

/// Each of these goes elsewhere with one of the usual mistakes: no seed, `abs` for the mask, signed tail bytes.
#[test]
fn keys_land_where_java_puts_them() {
    let cases: [(&[u8], Option<i32>, i32, i32); 6] = [
        (b"foobar", Some(-790_332_482), 10, 6),
        (b"", Some(275_646_681), 7, 2),
        (b"wu", None, 10, 0),
        (b"100:48069", Some(1_009_543_857), 12, 9),
        (&[0xff, 0xfe, 0x80], Some(-160_726_397), 5, 1),
        (b"key-42", Some(-187_086_521), 6, 3),
    ];
    let state = StickyState::new(0);
    for (key, hash, partition_count, partition) in cases {
        if let Some(hash) = hash {
            assert_eq!(murmur2(key), hash, "{key:?}");
        }
        assert_eq!(partition_for_key(key, partition_count), partition, "{key:?}");
        let view = topic(partition_count, &[], &state);
        assert_eq!(DefaultPartitioner::default().partition(&view, Some(key)), partition, "{key:?}");
    }
}

#[test]
fn a_key_stays_put_while_its_partition_has_no_leader() {
    let state = StickyState::new(1);
    let partitioner = DefaultPartitioner::default();
    assert_eq!(partitioner.partition(&topic(10, &[0, 1, 2], &state), Some(b"foobar")), 6);
    assert_eq!(partitioner.partition(&topic(10, &[], &state), Some(b"foobar")), 6);
}

#[test]
fn an_empty_key_is_hashed_and_a_null_key_is_not() {
    let partitioner = DefaultPartitioner::default();
    let mut without_key = [0; 7];
    for seed in 0..200 {
        let state = StickyState::new(seed);
        let view = topic(7, &[0, 1, 2, 3, 4, 5, 6], &state);
        assert_eq!(partitioner.partition(&view, Some(b"")), 2);
        without_key[partitioner.partition(&view, None) as usize] += 1;
    }
    assert!(without_key.iter().all(|&count| count > 0), "{without_key:?}");
}

#[test]
fn ignored_keys_are_placed_like_no_key() {
    let config = DefaultPartitionerConfig { ignore_keys: true, ..DefaultPartitionerConfig::default() };
    let partitioner = DefaultPartitioner::new(config);
    let state = StickyState::new(5);
    let view = topic(1000, &[], &state);
    let sticky = partitioner.partition(&view, None);
    for key in ["a", "b", "c", ""] {
        assert_eq!(partitioner.partition(&view, Some(key.as_bytes())), sticky);
    }
}

#[test]
fn a_topic_without_partitions_gives_an_index_that_is_refused() {
    let state = StickyState::new(5);
    assert_eq!(partition_for_key(b"k", 0), -1);
    assert_eq!(partition_for_key(b"k", -3), -1);
    assert_eq!(DefaultPartitioner::default().partition(&topic(0, &[], &state), None), -1);
}

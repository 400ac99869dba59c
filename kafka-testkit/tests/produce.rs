//! What a leader accepts, and what it refuses.

mod common;

use common::{Batch, Client, EPOCH, at, ok, only, partition, produce_request};
use kafka_testkit::{Cluster, ClusterConfig, ErrorCode, TopicConfig};
use kafka_types::{Compression, LeaderEpoch, NodeId, Offset, Sequence, Timestamp};

fn orders(partitions: u32) -> Cluster {
    Cluster::new(ClusterConfig::new(1).topic(TopicConfig::new("orders", partitions)))
}

#[test]
fn records_get_consecutive_offsets_and_lie_in_the_log_as_sent() {
    let mut cluster = orders(2);
    let mut client = Client::connect(&mut cluster, at(0), 1);
    let of = partition("orders", 1);
    assert_eq!(ok(&client.produce(&mut cluster, at(0), &of, Batch::of(&["a", "b"]).build())), 0);
    let mut batch = Batch::of(&["c"]).by(7, 0, 5);
    batch.key = Some(b"key");
    batch.compression = Compression::ZSTD;
    assert_eq!(ok(&client.produce(&mut cluster, at(0), &of, batch.build())), 2);
    let records = cluster.records(&of);
    let offsets: Vec<_> = records.iter().map(|record| record.offset.0).collect();
    assert_eq!(offsets, [0, 1, 2]);
    assert_eq!(records[2].value.as_deref(), Some(b"c".as_slice()));
    assert_eq!(records[2].key.as_deref(), Some(b"key".as_slice()));
    assert_eq!((records[2].producer.id.0, records[2].sequence), (7, Sequence(5)));
    assert_eq!(records[1].sequence, Sequence::NONE);
    assert_eq!(cluster.end_offset(&of), Some(Offset(3)));
    assert_eq!(cluster.records(&partition("orders", 0)), []);
}

#[test]
fn every_codec_is_read() {
    let mut cluster = orders(1);
    let mut client = Client::connect(&mut cluster, at(0), 1);
    let of = partition("orders", 0);
    for compression in
        [Compression::None, Compression::GZIP, Compression::Snappy, Compression::LZ4, Compression::ZSTD]
    {
        let batch = Batch { compression, ..Batch::of(&["x", "y"]) };
        ok(&client.produce(&mut cluster, at(0), &of, batch.build()));
    }
    assert_eq!(cluster.records(&of).len(), 10);
}

#[test]
fn what_was_already_appended_is_acknowledged_with_its_offset_and_not_appended_again() {
    let mut cluster = orders(1);
    let mut client = Client::connect(&mut cluster, at(0), 1);
    let of = partition("orders", 0);
    let first = Batch::of(&["a", "b"]).by(1, 0, 0).build();
    ok(&client.produce(&mut cluster, at(0), &of, first.clone()));
    ok(&client.produce(&mut cluster, at(0), &of, Batch::of(&["c"]).by(1, 0, 2).build()));
    assert_eq!(ok(&client.produce(&mut cluster, at(0), &of, first)), 0);
    assert_eq!(cluster.records(&of).len(), 3);
    let gap = client.produce(&mut cluster, at(0), &of, Batch::of(&["d"]).by(1, 0, 4).build());
    assert_eq!(gap.error_code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    let old = client.produce(&mut cluster, at(0), &of, Batch::of(&["e"]).by(1, 1, 0).build());
    assert_eq!(ok(&old), 3);
    let old = client.produce(&mut cluster, at(0), &of, Batch::of(&["f"]).by(1, 0, 3).build());
    assert_eq!(old.error_code, ErrorCode::INVALID_PRODUCER_EPOCH);
    assert_eq!(cluster.records(&of).len(), 4);
}

#[test]
fn a_producer_that_was_forgotten_may_go_on_anywhere() {
    let mut cluster = orders(1);
    let mut client = Client::connect(&mut cluster, at(0), 1);
    let of = partition("orders", 0);
    ok(&client.produce(&mut cluster, at(0), &of, Batch::of(&["a"]).by(1, 0, 0).build()));
    let gap = || Batch::of(&["b"]).by(1, 0, 9).build();
    let refused = client.produce(&mut cluster, at(0), &of, gap());
    assert_eq!(refused.error_code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    assert!(cluster.forget_producers(&of));
    assert_eq!(ok(&client.produce(&mut cluster, at(0), &of, gap())), 1);
}

#[test]
fn malformed_batches_are_refused_with_a_brokers_own_codes() {
    let mut cluster = orders(1);
    let mut client = Client::connect(&mut cluster, at(0), 1);
    let of = partition("orders", 0);
    let batch = Batch::of(&["a", "b"]);
    let header = batch.header();
    let mut corrupt = batch.build().to_vec();
    *corrupt.last_mut().unwrap() ^= 1;
    let twice = [batch.build(), batch.build()].concat();
    let mut count = header;
    count.record_count = 3;
    let mut delta = header;
    delta.last_offset_delta = 4;
    let mut base = header;
    base.base_offset = Offset(1);
    let mut control = header;
    control.attributes = control.attributes.with_control(true);
    let mut sequence = Batch::of(&["a"]).by(1, 0, 0).header();
    sequence.base_sequence = Sequence::NONE;
    let mut log_append = header;
    log_append.attributes =
        log_append.attributes.with_timestamp_type(kafka_protocol::records::TimestampType::LogAppendTime);
    let mut transactional = Batch::of(&["a"]).by(1, 0, 0).header();
    transactional.attributes = transactional.attributes.with_transactional(true);
    let mut gzip = header;
    gzip.attributes = gzip.attributes.with_codec(kafka_types::Codec::GZIP);
    let cases = [
        ("a changed byte", corrupt, ErrorCode::CORRUPT_MESSAGE),
        ("two batches", twice, ErrorCode::INVALID_RECORD),
        ("no batch", Vec::new(), ErrorCode::INVALID_RECORD),
        ("a cut batch", batch.build()[..70].to_vec(), ErrorCode::CORRUPT_MESSAGE),
        ("a wrong count", batch.with_header(count).to_vec(), ErrorCode::INVALID_RECORD),
        ("a wrong last offset", batch.with_header(delta).to_vec(), ErrorCode::INVALID_RECORD),
        ("a base offset", batch.with_header(base).to_vec(), ErrorCode::INVALID_RECORD),
        ("a control batch", batch.with_header(control).to_vec(), ErrorCode::INVALID_RECORD),
        (
            "an id without sequence",
            Batch::of(&["a"]).with_header(sequence).to_vec(),
            ErrorCode::INVALID_RECORD,
        ),
        ("the broker's clock", batch.with_header(log_append).to_vec(), ErrorCode::INVALID_TIMESTAMP),
        (
            "a transaction's batch",
            Batch::of(&["a"]).with_header(transactional).to_vec(),
            ErrorCode::INVALID_TXN_STATE,
        ),
        ("no gzip at all", batch.with_header(gzip).to_vec(), ErrorCode::UNKNOWN_SERVER_ERROR),
    ];
    for (what, bytes, expected) in cases {
        let refused = client.produce(&mut cluster, at(0), &of, bytes.into());
        assert_eq!(refused.error_code, expected, "{what}: {:?}", refused.error_message);
        assert_eq!(refused.base_offset, -1, "{what}");
    }
    assert_eq!(cluster.records(&of), []);
}

#[test]
fn topics_limit_sizes_times_and_keys() {
    let mut keyed = TopicConfig::new("keyed", 1).compacted();
    keyed.timestamp_before_max = Some(common::secs(60));
    let config =
        ClusterConfig::new(1).topic(keyed).topic(TopicConfig::new("small", 1).max_message_bytes(100));
    let mut cluster = Cluster::new(config);
    let mut client = Client::connect(&mut cluster, at(0), 1);
    let keyed = partition("keyed", 0);
    let keyless = client.produce(&mut cluster, at(0), &keyed, Batch::of(&["a", "b"]).build());
    assert_eq!(keyless.error_code, ErrorCode::INVALID_RECORD);
    let blamed: Vec<_> = keyless.record_errors.iter().map(|record| record.batch_index).collect();
    assert_eq!(blamed, [0, 1]);
    let mut batch = Batch { key: Some(b"k"), ..Batch::of(&["a"]) };
    ok(&client.produce(&mut cluster, at(0), &keyed, batch.build()));
    batch.timestamp = Timestamp(EPOCH - 60_001);
    let old = client.produce(&mut cluster, at(0), &keyed, batch.build());
    assert_eq!(old.error_code, ErrorCode::INVALID_TIMESTAMP);
    batch.timestamp = Timestamp(EPOCH + 3_600_001);
    let ahead = client.produce(&mut cluster, at(0), &keyed, batch.build());
    assert_eq!(ahead.error_code, ErrorCode::INVALID_TIMESTAMP);
    let large = Batch::of(&["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]).build();
    assert!(large.len() > 100);
    let refused = client.produce(&mut cluster, at(0), &partition("small", 0), large);
    assert_eq!(refused.error_code, ErrorCode::MESSAGE_TOO_LARGE);
    ok(&client.produce(&mut cluster, at(0), &partition("small", 0), Batch::of(&["a"]).build()));
}

#[test]
fn log_append_time_replaces_the_producers_and_is_reported() {
    let config = ClusterConfig::new(1).topic(TopicConfig::new("timed", 1).log_append_time());
    let mut cluster = Cluster::new(config);
    let mut client = Client::connect(&mut cluster, at(0), 1);
    let of = partition("timed", 0);
    let mut batch = Batch::of(&["a", "b"]);
    batch.timestamp = Timestamp(1);
    let answer = client.produce(&mut cluster, at(1_234), &of, batch.build());
    assert_eq!((ok(&answer), answer.log_append_time_ms), (0, EPOCH + 1_234));
    assert!(cluster.records(&of).iter().all(|record| record.timestamp == Timestamp(EPOCH + 1_234)));
}

#[test]
fn only_the_leader_appends_and_others_say_who_it_is() {
    let config = ClusterConfig::new(2).topic(TopicConfig::new("orders", 1));
    let mut cluster = Cluster::new(config);
    let of = partition("orders", 0);
    let leader = cluster.leader(&of).unwrap();
    let other = cluster.nodes().find(|node| *node != leader).unwrap();
    let mut client = Client::connect(&mut cluster, at(0), other.0);
    let response = client.call(&mut cluster, at(0), &produce_request(&of, Batch::of(&["a"]).build(), -1), 10);
    assert_eq!(response.node_endpoints.len(), 1);
    assert_eq!(response.node_endpoints[0].node_id, leader.0);
    let refused = only(response);
    assert_eq!(refused.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    assert_eq!((refused.current_leader.leader_id, refused.current_leader.leader_epoch), (leader.0, 0));
    assert!(cluster.move_leader(at(1), &of, other));
    assert_eq!(cluster.leader_epoch(&of), Some(LeaderEpoch(1)));
    ok(&client.produce(&mut cluster, at(1), &of, Batch::of(&["a"]).build()));
    assert_eq!(cluster.records(&of)[0].leader_epoch, LeaderEpoch(1));
}

#[test]
fn unknown_partitions_and_impossible_acks_are_refused() {
    let mut cluster = orders(1);
    let mut client = Client::connect(&mut cluster, at(0), 1);
    let batch = || Batch::of(&["a"]).build();
    for of in [partition("orders", 1), partition("orders", -1), partition("others", 0)] {
        let refused = client.produce(&mut cluster, at(0), &of, batch());
        assert_eq!(refused.error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    }
    let request = produce_request(&partition("orders", 0), batch(), 2);
    let refused = only(client.call(&mut cluster, at(0), &request, 9));
    assert_eq!(refused.error_code, ErrorCode::INVALID_REQUIRED_ACKS);
}

#[test]
fn by_topic_id_a_recreated_topic_is_another() {
    let mut cluster = orders(1);
    let mut client = Client::connect(&mut cluster, at(0), 1);
    let of = partition("orders", 0);
    let mut request = produce_request(&of, Batch::of(&["a"]).build(), -1);
    request.topic_data[0].name = Default::default();
    request.topic_data[0].topic_id = cluster.topic_id("orders").unwrap();
    ok(&only(client.call(&mut cluster, at(0), &request, 13)));
    assert!(cluster.delete_topic(at(0), "orders"));
    cluster.create_topic(TopicConfig::new("orders", 1)).unwrap();
    let refused = only(client.call(&mut cluster, at(0), &request, 13));
    assert_eq!(refused.error_code, ErrorCode::UNKNOWN_TOPIC_ID);
    assert_eq!(cluster.records(&of), []);
}

#[test]
fn too_few_replicas_refuse_acks_all_alone() {
    let config = ClusterConfig::new(2).topic(TopicConfig::new("orders", 1).min_insync_replicas(2));
    let mut cluster = Cluster::new(config);
    let of = partition("orders", 0);
    let leader = cluster.leader(&of).unwrap();
    let follower = cluster.nodes().find(|node| *node != leader).unwrap();
    let mut client = Client::connect(&mut cluster, at(0), leader.0);
    cluster.stop_broker(at(0), follower);
    let refused = client.produce(&mut cluster, at(0), &of, Batch::of(&["a"]).build());
    assert_eq!(refused.error_code, ErrorCode::NOT_ENOUGH_REPLICAS);
    let request = produce_request(&of, Batch::of(&["a"]).build(), 1);
    ok(&only(client.call(&mut cluster, at(0), &request, 9)));
    cluster.start_broker(at(1), follower);
    ok(&client.produce(&mut cluster, at(1), &of, Batch::of(&["a"]).build()));
}

#[test]
fn acks_none_is_not_answered_and_an_error_closes_the_connection() {
    let mut cluster = orders(1);
    let mut client = Client::connect(&mut cluster, at(0), 1);
    let of = partition("orders", 0);
    client.send(&mut cluster, at(0), &produce_request(&of, Batch::of(&["a"]).build(), 0), 9);
    client.poll(&mut cluster, at(0));
    assert!(client.raw().is_empty() && !client.closed);
    assert_eq!(cluster.records(&of).len(), 1);
    client.send(
        &mut cluster,
        at(0),
        &produce_request(&partition("orders", 9), Batch::of(&["a"]).build(), 0),
        9,
    );
    client.poll(&mut cluster, at(0));
    assert!(client.raw().is_empty() && client.closed);
}

#[test]
fn zstd_needs_the_version_that_knows_it() {
    let mut cluster = orders(1);
    let mut client = Client::connect(&mut cluster, at(0), 1);
    let of = partition("orders", 0);
    let batch = Batch { compression: Compression::ZSTD, ..Batch::of(&["a"]) }.build();
    let refused = only(client.call(&mut cluster, at(0), &produce_request(&of, batch.clone(), -1), 6));
    assert_eq!(refused.error_code, ErrorCode::UNSUPPORTED_COMPRESSION_TYPE);
    ok(&only(client.call(&mut cluster, at(0), &produce_request(&of, batch, -1), 7)));
}

#[test]
fn every_version_is_answered() {
    let mut cluster = orders(1);
    let mut client = Client::connect(&mut cluster, at(0), 1);
    let of = partition("orders", 0);
    for version in 3..=12 {
        let request = produce_request(&of, Batch::of(&["a"]).build(), -1);
        ok(&only(client.call(&mut cluster, at(0), &request, version)));
        let request = produce_request(&partition("orders", 5), Batch::of(&["a"]).build(), -1);
        let refused = only(client.call(&mut cluster, at(0), &request, version));
        assert_eq!(refused.error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    }
    assert_eq!(cluster.records(&of).len(), 10);
    assert_eq!(cluster.connected_to(client.connection), Some(NodeId(1)));
}

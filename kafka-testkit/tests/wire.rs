//! Bytes as they come: in pieces, too many at once, or none of Kafka's.

mod common;

use bytes::Bytes;
use common::{Batch, Client, at, ok, only, partition, produce_request};
use kafka_protocol::messages::api_versions::ApiVersion;
use kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, MetadataRequest, MetadataResponse, ProduceResponse,
};
use kafka_protocol::wire::{Decoder, Message};
use kafka_testkit::{ApiKey, Cluster, ClusterConfig, ErrorCode, ServedVersions, TopicConfig};
use proptest::prelude::*;

fn one_broker() -> Cluster {
    Cluster::new(ClusterConfig::new(1).topic(TopicConfig::new("orders", 1)))
}

#[test]
fn requests_are_understood_wherever_they_are_cut() {
    let of = partition("orders", 0);
    let frames = |client: &mut Client| {
        let first = client.frame(&produce_request(&of, Batch::of(&["a"]).build(), -1), 9);
        let second = client.frame(&MetadataRequest::default(), 12);
        [first, second].concat()
    };
    let length = frames(&mut Client::connect(&mut one_broker(), at(0), 1)).len();
    for cut in 0..=length {
        let mut cluster = one_broker();
        let mut client = Client::connect(&mut cluster, at(0), 1);
        let bytes = frames(&mut client);
        cluster.handle_data(at(0), client.connection, &bytes[..cut]);
        cluster.handle_data(at(0), client.connection, &bytes[cut..]);
        client.poll(&mut cluster, at(0));
        ok(&only(client.answer::<ProduceResponse>().unwrap()));
        assert!(client.answer::<MetadataResponse>().is_some(), "cut at {cut}");
        assert_eq!(cluster.records(&of).len(), 1);
    }
}

#[test]
fn requests_are_understood_byte_by_byte() {
    let mut cluster = one_broker();
    let mut client = Client::connect(&mut cluster, at(0), 1);
    let frame = client.frame(&MetadataRequest::default(), 12);
    for byte in &frame {
        cluster.handle_data(at(0), client.connection, &[*byte]);
    }
    client.poll(&mut cluster, at(0));
    assert!(client.answer::<MetadataResponse>().is_some());
}

#[test]
fn answers_come_in_the_order_of_the_requests_and_in_flight_ones_are_counted() {
    let mut cluster = one_broker();
    let mut client = Client::connect(&mut cluster, at(0), 1);
    let of = partition("orders", 0);
    let requests: Vec<Bytes> = (0..5)
        .map(|sequence| {
            let batch = Batch::of(&["a"]).by(1, 0, sequence).build();
            client.frame(&produce_request(&of, batch, -1), 9)
        })
        .collect();
    cluster.handle_data(at(0), client.connection, &requests.concat());
    client.poll(&mut cluster, at(0));
    for offset in 0..5 {
        assert_eq!(ok(&only(client.answer().unwrap())), offset);
    }
    assert_eq!(cluster.requests().max_in_flight_of_all(), 5);
    assert_eq!(cluster.requests().count(ApiKey::PRODUCE), 5);
    let seen = cluster.requests().recent().next().unwrap();
    assert_eq!((seen.version, seen.client_id.as_deref(), seen.size), (9, Some("test"), requests[0].len()));
}

#[test]
fn an_unknown_version_of_api_versions_is_answered_in_the_oldest_with_what_there_is() {
    let mut cluster = one_broker();
    let mut client = Client::connect(&mut cluster, at(0), 1);
    // Version 99: API key, version, correlation id, client id, no tagged fields, and a body that nobody knows.
    let request = [0, 0, 0, 15, 0, 18, 0, 99, 0, 0, 0, 7, 0xff, 0xff, 0, 1, 2, 3, 4];
    cluster.handle_data(at(0), client.connection, &request);
    client.poll(&mut cluster, at(0));
    let answer = client.raw().split().freeze();
    assert_eq!(&answer[4..8], [0, 0, 0, 7]);
    let mut decoder = Decoder::new(answer.slice(8..));
    let response = ApiVersionsResponse::decode(&mut decoder, 0).unwrap();
    decoder.expect_end("ApiVersions").unwrap();
    assert_eq!(response.error_code, ErrorCode::UNSUPPORTED_VERSION);
    let own = &response.api_keys[0];
    assert_eq!((own.api_key, own.max_version), (18, ApiVersionsResponse::MAX_VERSION));
    assert!(!client.closed);
}

#[test]
fn what_is_listed_is_what_is_served() {
    let served = ServedVersions::default().limit(ApiKey::METADATA, 2, 9).without(ApiKey::FETCH);
    let mut cluster = Cluster::new(ClusterConfig::new(1).served_versions(served));
    let mut client = Client::connect(&mut cluster, at(0), 1);
    let response = client.call(&mut cluster, at(0), &ApiVersionsRequest::default(), 3);
    let find = |key: ApiKey| response.api_keys.iter().find(|api| api.api_key == key.0);
    let metadata = find(ApiKey::METADATA).unwrap();
    assert_eq!((metadata.min_version, metadata.max_version), (2, 9));
    assert_eq!(find(ApiKey::FETCH), None);
    let listed: Vec<ApiVersion> = response.api_keys;
    for key in ApiKey::all() {
        let mut client = Client::connect(&mut cluster, at(0), 1);
        let request = [key.0.to_be_bytes(), 0x7000_i16.to_be_bytes(), [0, 0], [0, 1], [0xff, 0xff]].concat();
        let frame = [(request.len() as u32).to_be_bytes().as_slice(), &request].concat();
        cluster.handle_data(at(0), client.connection, &frame);
        client.poll(&mut cluster, at(0));
        assert!(client.closed, "{key} has no such version");
    }
    assert!(listed.len() > 15);
}

#[test]
fn impossible_lengths_and_malformed_requests_close_the_connection() {
    let too_long = 101 * 1024 * 1024_u32;
    let cases: [&[u8]; 5] = [
        &[0xff, 0xff, 0xff, 0xff],
        &too_long.to_be_bytes(),
        b"GET / HTTP/1.1\r\n\r\n",
        // Nothing at all, and a Metadata request without a body.
        &[0, 0, 0, 0],
        &[0, 0, 0, 11, 0, 3, 0, 12, 0, 0, 0, 1, 0xff, 0xff, 0],
    ];
    for bytes in cases {
        let mut cluster = one_broker();
        let mut client = Client::connect(&mut cluster, at(0), 1);
        cluster.handle_data(at(0), client.connection, bytes);
        client.poll(&mut cluster, at(0));
        assert!(client.closed, "{bytes:?}");
        cluster.handle_data(at(0), client.connection, bytes);
        assert_eq!(cluster.poll_output(at(0)), None);
    }
}

/// A request that is nearly one: a served API and version with any bytes for a body.
fn nearly_a_request() -> impl Strategy<Value = Vec<u8>> {
    let api = prop::sample::select(ApiKey::all().filter(|api| api.0 < 70).collect::<Vec<_>>());
    (api, 0i16..19, prop::collection::vec(any::<u8>(), 0..200)).prop_map(|(api, version, body)| {
        let mut frame = [api.0.to_be_bytes(), version.to_be_bytes(), [0, 0], [0, 1], [0xff, 0xff]].concat();
        frame.extend(body);
        [(frame.len() as u32).to_be_bytes().as_slice(), &frame].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_bytes_make_the_cluster_panic(requests in prop::collection::vec(nearly_a_request(), 1..4)) {
        let mut cluster = one_broker();
        let mut client = Client::connect(&mut cluster, at(0), 1);
        cluster.handle_data(at(0), client.connection, &requests.concat());
        client.poll(&mut cluster, at(0));
        client.poll(&mut cluster, at(10_000_000));
        // Whatever happened to that connection, others are served.
        let mut other = Client::connect(&mut cluster, at(10_000_000), 1);
        other.call(&mut cluster, at(10_000_000), &MetadataRequest::default(), 12);
    }

    #[test]
    fn no_batch_makes_the_cluster_panic(
        at_byte in 0usize..80,
        flip in 1u8..,
        codec in 0usize..5,
    ) {
        use kafka_types::Compression;
        let codecs = [Compression::None, Compression::GZIP, Compression::Snappy, Compression::LZ4, Compression::ZSTD];
        let mut cluster = one_broker();
        let mut client = Client::connect(&mut cluster, at(0), 1);
        let batch = Batch { compression: codecs[codec], ..Batch::of(&["aaaaaaaaaaaaaaaaaaaaaaaaaa", "b"]) };
        let mut bytes = batch.build().to_vec();
        let place = at_byte % bytes.len();
        bytes[place] ^= flip;
        let answer = client.produce(&mut cluster, at(0), &partition("orders", 0), bytes.into());
        // The leader epoch alone is the broker's business, and outside the checksum.
        prop_assert_eq!(answer.error_code.is_none(), (12..16).contains(&place));
    }
}

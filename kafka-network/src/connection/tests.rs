use super::*;
use kafka_protocol::frame::response_frame;
use kafka_protocol::messages::api_versions::{ApiVersion, FinalizedFeatureKey};
use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use kafka_protocol::wire::{VersionRange, decode_exact, encode_to_bytes};
use kafka_types::ErrorCode;
use proptest::prelude::*;

const METADATA: ApiKey = ApiKey::METADATA;

fn connected() -> Connection {
    let mut connection = Connection::new(ConnectionConfig::new("me"));
    connection.handle_connected();
    connection
}

fn ready() -> Connection {
    let mut connection = connected();
    let (header, _) = transmitted(&mut connection);
    feed(&mut connection, &versions_answer(&header, header.api_version, &served())).unwrap();
    assert!(matches!(connection.poll_event(), Some(ConnectionEvent::Ready { .. })));
    connection
}

fn served() -> ApiVersionsResponse {
    let api = |api_key, min_version, max_version| ApiVersion {
        api_key,
        min_version,
        max_version,
        ..ApiVersion::default()
    };
    ApiVersionsResponse { api_keys: vec![api(3, 0, 12), api(18, 0, 4)], ..ApiVersionsResponse::default() }
}

fn transmitted(connection: &mut Connection) -> (RequestHeader, Bytes) {
    let frame = connection.poll_transmit().expect("a frame to write");
    let mut stream = BytesMut::from(&frame.segments.concat()[..]);
    let mut decoder = Decoder::new(split_frame(&mut stream, 1 << 20).unwrap().unwrap());
    assert!(stream.is_empty());
    let header =
        RequestHeader::decode(&mut decoder, |api, version| request_header_version(api, version).unwrap());
    (header.unwrap(), decoder.into_rest())
}

fn answer(header: &RequestHeader, body: &[u8]) -> Vec<u8> {
    let version = response_header_version(header.api_key, header.api_version).unwrap();
    let body = vec![Bytes::copy_from_slice(body)];
    response_frame(header.correlation_id, version, body).unwrap().concat()
}

fn versions_answer(header: &RequestHeader, version: i16, response: &ApiVersionsResponse) -> Vec<u8> {
    answer(header, &encode_to_bytes(response, version).unwrap())
}

fn feed(connection: &mut Connection, bytes: &[u8]) -> Result<(), ConnectionError> {
    connection.handle_data(&mut BytesMut::from(bytes))
}

fn request(token: u64) -> OutgoingRequest {
    OutgoingRequest {
        api_key: METADATA,
        version: 9,
        body: vec![Bytes::from_static(b"body")],
        token,
        expects_response: true,
    }
}

#[test]
fn nothing_is_written_before_the_socket_is_open_and_nothing_sent_before_versions_are_known() {
    let mut connection = Connection::new(ConnectionConfig::new("me"));
    assert_eq!(connection.poll_transmit(), None);
    connection.handle_connected();
    assert_eq!(connection.send(request(1)), Err(ConnectionError::NotReady));
    let (header, body) = transmitted(&mut connection);
    assert_eq!((header.api_key, header.api_version, header.correlation_id), (ApiKey::API_VERSIONS, 4, 0));
    assert_eq!(header.client_id.as_deref(), Some("me"));
    let body: ApiVersionsRequest = decode_exact(body, 4).unwrap();
    assert_eq!(body.client_software_name, "kafka-producer-rust");
}

#[test]
fn ready_tells_versions_and_finalized_features() {
    let mut connection = connected();
    let (header, _) = transmitted(&mut connection);
    let level = FinalizedFeatureKey {
        name: "transaction.version".into(),
        min_version_level: 1,
        max_version_level: 2,
        ..FinalizedFeatureKey::default()
    };
    let response =
        ApiVersionsResponse { finalized_features_epoch: 7, finalized_features: vec![level], ..served() };
    feed(&mut connection, &versions_answer(&header, 4, &response)).unwrap();
    let Some(ConnectionEvent::Ready { versions, features }) = connection.poll_event() else {
        panic!("not ready")
    };
    assert_eq!(versions.range(METADATA), Some(VersionRange { min: 0, max: 12 }));
    assert_eq!(features.epoch, Some(7));
    let level = features.features["transaction.version"];
    assert_eq!((level.min_level, level.max_level), (1, 2));
}

#[test]
fn a_broker_that_refuses_the_version_is_asked_in_the_one_it_names() {
    let mut connection = connected();
    let (header, _) = transmitted(&mut connection);
    let api = ApiVersion { api_key: 18, min_version: 0, max_version: 3, ..ApiVersion::default() };
    let refusal = ApiVersionsResponse {
        error_code: ErrorCode::UNSUPPORTED_VERSION,
        api_keys: vec![api],
        ..ApiVersionsResponse::default()
    };
    feed(&mut connection, &versions_answer(&header, 0, &refusal)).unwrap();
    assert_eq!(connection.poll_event(), None);
    let (header, _) = transmitted(&mut connection);
    assert_eq!((header.api_version, header.correlation_id), (3, 1));
    feed(&mut connection, &versions_answer(&header, 3, &served())).unwrap();
    assert!(connection.is_ready());
}

#[test]
fn a_broker_that_names_nothing_usable_is_asked_in_version_0_and_only_once() {
    for named in [None, Some(4), Some(99), Some(-1)] {
        let mut connection = connected();
        let (header, _) = transmitted(&mut connection);
        let api = |max_version| ApiVersion { api_key: 18, max_version, ..ApiVersion::default() };
        let refusal = ApiVersionsResponse {
            error_code: ErrorCode::UNSUPPORTED_VERSION,
            api_keys: named.map(api).into_iter().collect(),
            ..ApiVersionsResponse::default()
        };
        feed(&mut connection, &versions_answer(&header, 0, &refusal)).unwrap();
        let (header, body) = transmitted(&mut connection);
        assert_eq!((header.api_version, body.len()), (0, 0), "{named:?}");
        assert_eq!(
            feed(&mut connection, &versions_answer(&header, 0, &refusal)),
            Err(ConnectionError::VersionsRefused { code: ErrorCode::UNSUPPORTED_VERSION })
        );
        assert_eq!(connection.poll_transmit(), None);
    }
}

#[test]
fn software_name_and_version_have_only_what_brokers_accept() {
    for (text, expected) in [
        ("kafka-rs", "kafka-rs"),
        ("my client/1.0 (x)", "my-client-1.0--x"),
        ("--v1.2.", "v1.2"),
        ("", "unknown"),
        ("ü", "unknown"),
    ] {
        assert_eq!(config::software_text(text), expected);
    }
}

#[test]
fn answers_belong_to_requests_in_their_order() {
    let mut connection = ready();
    let headers: Vec<RequestHeader> = (10..13)
        .map(|token| {
            connection.send(request(token)).unwrap();
            transmitted(&mut connection).0
        })
        .collect();
    assert_eq!(connection.in_flight(), 3);
    let stream: Vec<u8> = headers.iter().flat_map(|header| answer(header, b"answer")).collect();
    feed(&mut connection, &stream).unwrap();
    for token in 10..13 {
        let body = Bytes::from_static(b"answer");
        assert_eq!(connection.poll_event(), Some(ConnectionEvent::Response { token, body }));
    }
    assert_eq!(connection.in_flight(), 0);
}

#[test]
fn an_answer_out_of_order_fails_the_connection_for_good() {
    let mut connection = ready();
    connection.send(request(1)).unwrap();
    connection.send(request(2)).unwrap();
    let (_first, second) = (transmitted(&mut connection), transmitted(&mut connection).0);
    let error = feed(&mut connection, &answer(&second, b"")).unwrap_err();
    let expected = ConnectionError::CorrelationMismatch { api: METADATA, expected: 1, received: 2 };
    assert_eq!(error, expected);
    assert_eq!(connection.poll_event(), None);
    assert_eq!(feed(&mut connection, b""), Err(expected.clone()));
    assert_eq!(connection.send(request(3)), Err(expected));
    assert_eq!(connection.poll_transmit(), None);
}

#[test]
fn a_request_without_an_answer_does_not_shift_the_next_ones() {
    let mut connection = ready();
    connection.send(OutgoingRequest { expects_response: false, ..request(1) }).unwrap();
    connection.send(request(2)).unwrap();
    let (_silent, asked) = (transmitted(&mut connection), transmitted(&mut connection).0);
    feed(&mut connection, &answer(&asked, b"")).unwrap();
    assert!(matches!(connection.poll_event(), Some(ConnectionEvent::Response { token: 2, .. })));
}

#[test]
fn an_answer_to_what_was_not_written_yet_is_an_error() {
    let mut connection = ready();
    connection.send(request(1)).unwrap();
    let stream = response_frame(1, 1, vec![]).unwrap().concat();
    assert_eq!(feed(&mut connection, &stream), Err(ConnectionError::Unexpected { length: 5 }));
}

#[test]
fn a_frame_beyond_the_limit_is_an_error_before_it_arrives() {
    let config = ConnectionConfig { max_frame_size: 100, ..ConnectionConfig::new("me") };
    let mut connection = Connection::new(config);
    connection.handle_connected();
    connection.poll_transmit();
    let error = feed(&mut connection, &101_i32.to_be_bytes()).unwrap_err();
    assert!(matches!(error, ConnectionError::Frame(_)), "{error}");
}

#[test]
fn correlation_ids_start_over_before_those_of_sasl() {
    let mut connection = ready();
    connection.next_correlation_id = RESERVED_CORRELATION_IDS - 1;
    for expected in [i32::MAX - 8, 0] {
        connection.send(request(1)).unwrap();
        let header = transmitted(&mut connection).0;
        assert_eq!(header.correlation_id, expected);
        feed(&mut connection, &answer(&header, b"")).unwrap();
    }
}

#[test]
fn an_api_without_a_schema_leaves_the_connection_as_it_was() {
    let mut connection = ready();
    let unknown = OutgoingRequest { api_key: ApiKey(999), ..request(1) };
    assert_eq!(connection.send(unknown), Err(ConnectionError::UnknownApi { api: ApiKey(999) }));
    connection.send(request(2)).unwrap();
    assert_eq!(transmitted(&mut connection).0.correlation_id, 1);
}

#[test]
fn the_stream_may_be_cut_anywhere() {
    let mut whole = connected();
    let (header, _) = transmitted(&mut whole);
    let stream = versions_answer(&header, 4, &served());
    for cut in 0..stream.len() {
        let mut connection = connected();
        transmitted(&mut connection);
        let mut data = BytesMut::from(&stream[..cut]);
        connection.handle_data(&mut data).unwrap();
        assert_eq!(connection.poll_event(), None, "cut at {cut}");
        data.extend_from_slice(&stream[cut..]);
        connection.handle_data(&mut data).unwrap();
        assert!(connection.is_ready() && data.is_empty(), "cut at {cut}");
    }
}

proptest! {
    #[test]
    fn garbage_is_an_error_or_waits_for_more_and_never_panics(
        garbage in proptest::collection::vec(any::<u8>(), 0..200),
        is_ready in any::<bool>(),
    ) {
        let mut connection = if is_ready { ready() } else { connected() };
        if is_ready {
            connection.send(request(1)).unwrap();
        }
        connection.poll_transmit();
        let mut data = BytesMut::from(&garbage[..]);
        if connection.handle_data(&mut data).is_err() {
            prop_assert!(connection.handle_data(&mut data).is_err());
        }
    }

    #[test]
    fn any_change_of_the_versions_answer_is_handled(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut connection = connected();
        let (header, _) = transmitted(&mut connection);
        let mut stream = versions_answer(&header, 4, &served());
        let at = at.index(stream.len());
        stream[at] = byte;
        let _ = feed(&mut connection, &stream);
        prop_assert!(connection.in_flight() <= 1);
    }
}

use super::*;

fn joined(pieces: &[Bytes]) -> Vec<u8> {
    pieces.concat()
}

#[test]
fn a_request_is_read_back_however_the_stream_is_cut() {
    let header = RequestHeader {
        api_key: ApiKey(3),
        api_version: 9,
        correlation_id: 77,
        client_id: Some("me".into()),
    };
    let body = vec![Bytes::from_static(b"small"), Bytes::from(vec![7; 5000])];
    let stream = joined(&request_frame(&header, 2, body.clone()).unwrap());
    for cut in 0..stream.len() {
        let mut buffer = BytesMut::from(&stream[..cut]);
        assert_eq!(split_frame(&mut buffer, 10_000), Ok(None), "cut at {cut}");
        buffer.extend_from_slice(&stream[cut..]);
        let frame = split_frame(&mut buffer, 10_000).unwrap().unwrap();
        assert!(buffer.is_empty());
        let mut decoder = Decoder::new(frame);
        assert_eq!(RequestHeader::decode(&mut decoder, |_, _| 2).unwrap(), header);
        assert_eq!(decoder.into_rest(), joined(&body));
    }
}

#[test]
fn lengths_that_cannot_be_are_errors_at_once() {
    for length in [-1_i32, i32::MIN, 101] {
        let mut buffer = BytesMut::from(&length.to_be_bytes()[..]);
        assert_eq!(split_frame(&mut buffer, 100), Err(FrameError::InvalidLength { length, limit: 100 }));
    }
}

#[test]
fn answers_of_other_protocols_are_named() {
    let answers: [(&[u8], FrameError); 4] = [
        // A fatal alert, and the handshake of a server that speaks first.
        (&[0x15, 3, 3, 0, 2, 2, 40], FrameError::Tls),
        (&[0x16, 3, 1, 0], FrameError::Tls),
        (b"HTTP/1.1 400 Bad Request\r\n", FrameError::Http),
        (&[0x15, 3, 9, 0], FrameError::InvalidLength { length: 0x1503_0900, limit: DEFAULT_MAX_FRAME_SIZE }),
    ];
    for (bytes, error) in answers {
        let mut buffer = BytesMut::from(bytes);
        let found = split_frame(&mut buffer, DEFAULT_MAX_FRAME_SIZE).unwrap_err();
        assert_eq!(found, error);
        let names_it = found.to_string().contains("security.protocol");
        assert_eq!(names_it, matches!(found, FrameError::Tls | FrameError::Http), "{found}");
    }
}

#[test]
fn a_response_carries_its_correlation_id() {
    for version in [0, 1] {
        let stream = joined(&response_frame(5, version, vec![Bytes::from_static(b"body")]).unwrap());
        let frame = split_frame(&mut BytesMut::from(&stream[..]), 100).unwrap().unwrap();
        let mut decoder = Decoder::new(frame);
        assert_eq!(decode_response_header(&mut decoder, version), Ok(5));
        assert_eq!(decoder.into_rest(), "body");
    }
}

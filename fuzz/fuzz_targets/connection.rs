//! A broker's bytes on a connection that authenticates, however they are cut.
#![no_main]

use bytes::BytesMut;
use kafka_network::{Connection, ConnectionConfig, PlainAuthenticator, ScramAuthenticator, ScramHash, Secret};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [choice, step, stream @ ..] = data else { return };
    let secret = Secret::from("s3cret-password");
    let config = ConnectionConfig { max_frame_size: 1 << 16, ..ConnectionConfig::new("fuzz") };
    let is_plain = choice & 1 == 0;
    let mut connection = if is_plain {
        Connection::with_authenticator(config, Box::new(PlainAuthenticator::new("user", secret).expect("good")))
    } else {
        let scram = ScramAuthenticator::new(ScramHash::Sha256, "user", secret, "nonce").expect("good");
        Connection::with_authenticator(config, Box::new(scram))
    };
    connection.handle_connected();
    let mut received = BytesMut::new();
    let mut frames = 0;
    for piece in stream.chunks(usize::from(*step) + 1) {
        while let Some(frame) = connection.poll_transmit() {
            frames += 1;
            let shows = frame.segments.concat().windows(15).any(|window| window == b"s3cret-password");
            assert!(is_plain || !shows, "SCRAM told the password");
        }
        received.extend_from_slice(piece);
        if let Err(error) = connection.handle_data(&mut received) {
            assert!(!format!("{error} {error:?} {connection:?}").contains("s3cret"));
            return;
        }
        while connection.poll_event().is_some() {}
    }
    assert!(frames <= 32, "an exchange has an end");
});

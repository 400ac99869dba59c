//! Brokers' messages in a SCRAM exchange.
#![no_main]

use kafka_network::{Authenticator, SaslStep, ScramAuthenticator, ScramHash, Secret};
use libfuzzer_sys::fuzz_target;

const NONCE: &str = "nonce";

fuzz_target!(|data: &[u8]| {
    let [choice, messages @ ..] = data else { return };
    let hash = if choice & 1 == 0 { ScramHash::Sha256 } else { ScramHash::Sha512 };
    let password = Secret::from("password");
    let mut client = ScramAuthenticator::new(hash, "user", password, NONCE).expect("a good nonce");
    client.first_message().expect("it begins");
    let mut replies = 0;
    for message in messages.split(|byte| *byte == 0) {
        match client.handle_message(message) {
            Ok(SaslStep::Reply(_)) => {
                assert!(String::from_utf8_lossy(message).starts_with("r=nonce"), "a proof for somebody else's nonce");
                replies += 1;
            }
            Ok(SaslStep::Complete) => panic!("nobody can guess the server's signature"),
            Err(_) => return,
        }
        assert_eq!(replies, 1, "one proof per exchange");
    }
});

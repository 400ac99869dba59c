use super::*;
use proptest::prelude::*;

const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
/// The exchange of RFC 7677, section 3.
const FIRST: &str = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

fn client(hash: ScramHash) -> ScramAuthenticator {
    ScramAuthenticator::new(hash, "user", Secret::from("pencil"), NONCE).unwrap()
}

fn started(hash: ScramHash) -> ScramAuthenticator {
    let mut client = client(hash);
    client.first_message().unwrap();
    client
}

fn reply(step: SaslStep) -> String {
    match step {
        SaslStep::Reply(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        SaslStep::Complete => panic!("complete"),
    }
}

#[test]
fn the_exchange_of_rfc_7677_is_spoken_byte_for_byte() {
    let mut client = client(ScramHash::Sha256);
    assert_eq!(client.first_message().unwrap(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    assert_eq!(
        reply(client.handle_message(FIRST.as_bytes()).unwrap()),
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
         p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    );
    let last = client.handle_message(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").unwrap();
    assert!(last == SaslStep::Complete);
}

#[test]
fn names_are_escaped_and_passwords_are_not() {
    let mut client = ScramAuthenticator::new(ScramHash::Sha512, "a,b=c", Secret::from("p,=ß"), "n").unwrap();
    assert_eq!(client.first_message().unwrap(), "n,,n=a=2Cb=3Dc,r=n");
    assert!(!format!("{client:?}").contains("p,="));
}

#[test]
fn a_delegation_token_is_named_as_one() {
    let mut client = client(ScramHash::Sha256).token_auth(true);
    assert_eq!(client.first_message().unwrap(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO,tokenauth=true");
}

#[test]
fn a_wrong_server_signature_ends_the_exchange() {
    for signature in ["6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=", "", "AAAA"] {
        let mut client = started(ScramHash::Sha256);
        client.handle_message(FIRST.as_bytes()).unwrap();
        let error = client.handle_message(format!("v={signature}").as_bytes()).err().unwrap();
        assert!(matches!(error, SaslError::ServerSignature | SaslError::Malformed { .. }), "{error}");
        assert!(client.handle_message(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").is_err());
    }
}

#[test]
fn the_brokers_own_error_is_told() {
    let mut client = started(ScramHash::Sha256);
    client.handle_message(FIRST.as_bytes()).unwrap();
    let error = client.handle_message(b"e=unknown-user").err().unwrap().to_string();
    assert!(error.contains("unknown-user"), "{error}");
}

#[test]
fn a_nonce_that_does_not_go_on_from_ours_is_refused() {
    for nonce in [NONCE, "other", "", "rOprNGfwEbeRWgbNEkqo1234"] {
        let first = format!("r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        let error = started(ScramHash::Sha256).handle_message(first.as_bytes()).err().unwrap();
        assert_eq!(error, SaslError::Nonce, "{nonce}");
    }
}

#[test]
fn iterations_are_bounded_both_ways_and_refused_before_any_is_computed() {
    for iterations in ["0", "1", "4095", "65537", "4294967296", "18446744073709551615"] {
        let first = format!("r={NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i={iterations}");
        let error = started(ScramHash::Sha512).handle_message(first.as_bytes()).err().unwrap();
        assert!(matches!(error, SaslError::Iterations { .. }), "{error}");
    }
    for iterations in ["4096", "16384"] {
        let first = format!("r={NONCE}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i={iterations}");
        assert!(started(ScramHash::Sha512).handle_message(first.as_bytes()).is_ok());
    }
}

#[test]
fn what_is_no_message_is_named_and_gets_no_proof() {
    for first in [
        "",
        "e=other-error",
        "m=ext,r=x,s=AAAA,i=4096",
        "r=x",
        "r=x,i=4096",
        "r=x,s=!,i=4096",
        "r=x,s=,i=4096",
        "r=x,s=AAAA,i=+4096",
        "r=x,s=AAAA,i=",
        "r=x,s=AAAA,i=99999999999999999999",
        "s=AAAA,r=x,i=4096",
    ] {
        let error = started(ScramHash::Sha256).handle_message(first.as_bytes()).err().unwrap();
        assert!(matches!(error, SaslError::Malformed { .. }), "{first}: {error}");
    }
    assert!(started(ScramHash::Sha256).handle_message(&[0xff]).is_err());
    assert!(client(ScramHash::Sha256).handle_message(FIRST.as_bytes()).is_err());
}

#[test]
fn a_nonce_with_a_comma_and_an_empty_name_are_refused() {
    let new = |name, nonce| ScramAuthenticator::new(ScramHash::Sha256, name, Secret::from("x"), nonce);
    assert!(new("", "n").is_err() && new("a", "").is_err() && new("a", "n,r=m").is_err());
}

proptest! {
    #[test]
    fn no_message_of_a_broker_panics(messages in proptest::collection::vec("[rsiemv]=[ -~]{0,40}(,[si]=[ -~]{0,20}){0,3}", 1..4)) {
        let mut client = started(ScramHash::Sha256);
        for message in messages {
            prop_assert!(!matches!(client.handle_message(message.as_bytes()), Ok(SaslStep::Complete)));
        }
    }
}

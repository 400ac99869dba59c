use super::*;
use kafka_types::{Monotonic, Timestamp};

const NOW: Now = Now { mono: Monotonic::ZERO, wall: Timestamp(1_700_000_000_000) };

fn server() -> SaslServer {
    SaslServer::new()
        .mechanism("PLAIN")
        .mechanism("SCRAM-SHA-256")
        .mechanism("OAUTHBEARER")
        .user("alice", "secret")
}

fn verdict(mechanism: &str, message: &[u8]) -> Verdict {
    server().begin(mechanism, 1).unwrap().handle(NOW, &server(), message)
}

#[test]
fn a_mechanism_that_is_not_enabled_is_not_begun() {
    assert!(server().begin("SCRAM-SHA-512", 1).is_none());
    assert!(server().mechanism("GSSAPI").begin("GSSAPI", 1).is_none());
}

#[test]
fn plain_takes_the_right_password_and_no_other() {
    assert!(matches!(verdict("PLAIN", b"\0alice\0secret"), Verdict::Authenticated { .. }));
    for wrong in [&b"\0alice\0Secret"[..], b"\0bob\0secret", b"alice\0secret", b"", &[0xff]] {
        assert!(matches!(verdict("PLAIN", wrong), Verdict::Refused(_)));
    }
}

#[test]
fn scram_refuses_unknown_users_and_what_is_no_message() {
    for wrong in ["n,,n=bob,r=x", "y,,n=alice,r=x", "n,,r=x", ""] {
        assert!(matches!(verdict("SCRAM-SHA-256", wrong.as_bytes()), Verdict::Refused(_)), "{wrong}");
    }
    assert!(matches!(verdict("SCRAM-SHA-256", b"n,,n=alice,r=x"), Verdict::Challenge(_)));
}

#[test]
fn a_refused_token_is_told_why_before_the_end() {
    let mut exchange = server().begin("OAUTHBEARER", 1).unwrap();
    let told = exchange.handle(NOW, &server(), b"n,,\x01auth=Bearer abc\x01\x01");
    assert!(matches!(told, Verdict::Challenge(_)));
    assert!(matches!(exchange.handle(NOW, &server(), b"\x01"), Verdict::Refused(_)));
    let known = server().token("abc");
    let mut exchange = known.begin("OAUTHBEARER", 1).unwrap();
    let taken = exchange.handle(NOW, &known, b"n,,\x01auth=Bearer abc\x01\x01");
    assert!(matches!(taken, Verdict::Authenticated { .. }));
}

//! Ways to brokers other than straight.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test code")]

use kafka_network::{
    BrokerAddress, ConnectError, Connector, FixedAddresses, HttpConnect, Secret, Socks5, Stream, TcpConfig,
    TcpConnector,
};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// Gives out one stream, and notes where to.
struct Noting {
    stream: Mutex<Option<DuplexStream>>,
    connected: Mutex<Vec<String>>,
}

fn pair() -> (Arc<Noting>, DuplexStream) {
    let (ours, theirs) = duplex(16);
    (Arc::new(Noting { stream: Mutex::new(Some(ours)), connected: Mutex::default() }), theirs)
}

#[async_trait::async_trait]
impl Connector for Noting {
    async fn connect(&self, address: &BrokerAddress) -> Result<Box<dyn Stream>, ConnectError> {
        self.connected.lock().unwrap().push(address.to_string());
        let stream = self.stream.lock().unwrap().take();
        Ok(Box::new(stream.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::ConnectionRefused))?))
    }
}

fn proxy() -> BrokerAddress {
    BrokerAddress::new("proxy", 3128)
}

fn kafka() -> BrokerAddress {
    BrokerAddress::new("kafka-1.internal", 9093)
}

async fn read_until(stream: &mut DuplexStream, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        text.push(char::from(stream.read_u8().await.unwrap()));
    }
    text
}

async fn passes_on(mut ours: Box<dyn Stream>, mut theirs: DuplexStream) {
    ours.write_all(b"ping").await.unwrap();
    let mut four = [0; 4];
    theirs.read_exact(&mut four).await.unwrap();
    assert_eq!(&four, b"ping");
    theirs.write_all(b"pong").await.unwrap();
    ours.read_exact(&mut four).await.unwrap();
    assert_eq!(&four, b"pong");
}

#[tokio::test]
async fn http_connect_asks_for_the_brokers_name_and_then_passes_on() {
    let (noting, mut theirs) = pair();
    let http = HttpConnect::new(noting.clone(), proxy()).credentials("me", Secret::from("s3cret"));
    assert!(!format!("{http:?}").contains("s3cret"));
    let answer = async {
        let request = read_until(&mut theirs, "\r\n\r\n").await;
        theirs.write_all(b"HTTP/1.1 200 Connection established\r\nVia: proxy\r\n\r\n").await.unwrap();
        request
    };
    let address = kafka();
    let (stream, request) = tokio::join!(http.connect(&address), answer);
    assert_eq!(
        request,
        "CONNECT kafka-1.internal:9093 HTTP/1.1\r\nHost: kafka-1.internal:9093\r\n\
         Proxy-Authorization: Basic bWU6czNjcmV0\r\n\r\n"
    );
    assert_eq!(*noting.connected.lock().unwrap(), ["proxy:3128"]);
    passes_on(stream.unwrap(), theirs).await;
}

#[tokio::test]
async fn a_proxy_that_does_not_open_the_way_is_named_with_its_words() {
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(20_000));
    for (answer, words) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "other credentials"),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "403 Forbidden"),
        ("SSH-2.0-OpenSSH_9\r\n", "HTTP"),
        ("", "closed"),
        (endless.as_str(), "does not end"),
    ] {
        let (noting, mut theirs) = pair();
        let http = HttpConnect::new(noting, proxy());
        let address = kafka();
        let serve = async {
            read_until(&mut theirs, "\r\n\r\n").await;
            let _ = theirs.write_all(answer.as_bytes()).await;
            drop(theirs);
        };
        let (stream, ()) = tokio::join!(http.connect(&address), serve);
        let error = stream.err().unwrap().to_string();
        let named = error.contains("proxy:3128") && error.contains("kafka-1.internal:9093");
        assert!(named && error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn socks_is_asked_for_the_brokers_name_with_credentials_and_then_passes_on() {
    let (noting, mut theirs) = pair();
    let socks = Socks5::new(noting, proxy()).credentials("me", Secret::from("s3cret"));
    assert!(!format!("{socks:?}").contains("s3cret"));
    let serve = async {
        let mut greeting = [0; 2];
        theirs.read_exact(&mut greeting).await.unwrap();
        let mut methods = vec![0; usize::from(greeting[1])];
        theirs.read_exact(&mut methods).await.unwrap();
        assert!(greeting[0] == 5 && methods.contains(&2));
        theirs.write_all(&[5, 2]).await.unwrap();
        let mut credentials = [0; 11];
        theirs.read_exact(&mut credentials).await.unwrap();
        assert_eq!(&credentials, b"\x01\x02me\x06s3cret");
        theirs.write_all(&[1, 0]).await.unwrap();
        let mut request = [0; 23];
        theirs.read_exact(&mut request).await.unwrap();
        // The name itself goes to the proxy: it is looked up there.
        assert_eq!(&request, b"\x05\x01\x00\x03\x10kafka-1.internal\x23\x85");
        theirs.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
    };
    let address = kafka();
    let (stream, ()) = tokio::join!(socks.connect(&address), serve);
    passes_on(stream.unwrap(), theirs).await;
}

#[tokio::test]
async fn fixed_addresses_stand_in_for_those_that_are_advertised() {
    let (noting, _theirs) = pair();
    let fixed = FixedAddresses::new(noting.clone()).address(kafka(), BrokerAddress::new("localhost", 19093));
    assert!(fixed.connect(&kafka()).await.is_ok());
    let _ = fixed.connect(&BrokerAddress::new("kafka-2.internal", 9093)).await;
    assert_eq!(*noting.connected.lock().unwrap(), ["localhost:19093", "kafka-2.internal:9093"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_leads_to_every_broker() {
    let path = std::env::temp_dir().join(format!("kafka-network-{}.socket", std::process::id()));
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let unix = kafka_network::UnixConnector(path.clone());
    let address = kafka();
    let (stream, accepted) = tokio::join!(unix.connect(&address), listener.accept());
    std::fs::remove_file(path).unwrap();
    stream.unwrap().write_all(b"hello").await.unwrap();
    let mut said = [0; 5];
    accepted.unwrap().0.read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"hello");
}

/// An address that never answers, and one that does.
struct Slow(std::net::SocketAddr);

#[async_trait::async_trait]
impl kafka_network::Resolver for Slow {
    async fn resolve(&self, _host: &str, _port: u16) -> std::io::Result<Vec<std::net::SocketAddr>> {
        // Reserved for documentation: nothing is there. Where the system knows no way it fails at once, which is as well.
        Ok(vec!["192.0.2.1:9".parse().unwrap(), self.0])
    }
}

#[tokio::test]
async fn an_address_that_swallows_packets_does_not_hide_the_next_one() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let slow = Slow(listener.local_addr().unwrap());
    let connector = TcpConnector::with_resolver(TcpConfig::default(), Arc::new(slow));
    let limit = std::time::Duration::from_secs(5);
    assert!(tokio::time::timeout(limit, connector.connect(&kafka())).await.unwrap().is_ok());
}

use super::*;
use crate::{AssertionAlgorithm, AssertionConfig, ConnectError, Stream};
use std::collections::VecDeque;
use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

/// Answers one request per connection with the next of these, and keeps what was asked.
struct Canned {
    answers: Mutex<VecDeque<String>>,
    asked: Arc<Mutex<Vec<String>>>,
}

#[async_trait::async_trait]
impl Connector for Canned {
    async fn connect(&self, _address: &BrokerAddress) -> Result<Box<dyn Stream>, ConnectError> {
        let answer = self.answers.lock().unwrap().pop_front();
        let answer = answer.ok_or_else(|| ConnectError::from(std::io::Error::other("nobody is there")))?;
        let asked = self.asked.clone();
        let (ours, mut theirs) = duplex(64);
        tokio::spawn(async move {
            let mut request = Vec::new();
            while !is_whole(&request) {
                let byte = theirs.read_u8().await.unwrap();
                request.push(byte);
            }
            asked.lock().unwrap().push(String::from_utf8(request).unwrap());
            // The client may have had enough before the end.
            let _ = theirs.write_all(answer.as_bytes()).await;
        });
        Ok(Box::new(ours))
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() == length.unwrap_or(0)
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn credentials(secret: &str, urlencode: bool) -> OAuthGrant {
    OAuthGrant::ClientCredentials {
        client_id: "me+you".into(),
        client_secret: Secret::from(secret),
        urlencode,
    }
}

type Asked = Arc<Mutex<Vec<String>>>;

fn provider(grant: OAuthGrant, answers: &[String]) -> (EndpointTokenProvider, Asked) {
    let mut endpoint = OAuthEndpoint::new("http://login.example.com:8080/oauth2/token?v=1", grant);
    endpoint.scope = Some("a b".into());
    let asked = Asked::default();
    let canned = Canned { answers: Mutex::new(answers.iter().cloned().collect()), asked: asked.clone() };
    (EndpointTokenProvider::with_connector(endpoint, Arc::new(canned)).unwrap(), asked)
}

#[tokio::test]
async fn name_secret_and_scope_are_sent_as_oauth_has_it() {
    let good = answer("200 OK", r#"{"access_token":"abc.def.ghi","expires_in":3600}"#);
    for (urlencode, pair) in [(false, "me+you:s:s%"), (true, "me%2Byou:s%3As%25")] {
        let (provider, asked) = provider(credentials("s:s%", urlencode), std::slice::from_ref(&good));
        let token = provider.token().await.unwrap();
        assert_eq!(token.value.expose(), "abc.def.ghi");
        assert!(token.expires_at.is_some());
        let request = asked.lock().unwrap()[0].clone();
        assert!(request.starts_with("POST /oauth2/token?v=1 HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("host: login.example.com:8080\r\n"), "{request}");
        assert!(
            request.contains(&format!("authorization: Basic {}\r\n", STANDARD.encode(pair))),
            "{request}"
        );
        assert!(request.ends_with("\r\n\r\ngrant_type=client_credentials&scope=a%20b"), "{request}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_asked_again_and_what_is_refused_is_not() {
    let good = answer("200 OK", r#"{"access_token":"abc"}"#);
    let (patient, asked) = provider(
        credentials("s3cret", false),
        &[answer("503 Service Unavailable", ""), answer("429 Too Many Requests", "{}"), good.clone()],
    );
    assert_eq!(patient.token().await.unwrap().value.expose(), "abc");
    assert_eq!(asked.lock().unwrap().len(), 3);

    let refusal = r#"{"error":"invalid_client","error_description":"no such\nclient"}"#;
    let (refused, asked) =
        provider(credentials("s3cret", false), &[answer("401 Unauthorized", refusal), good]);
    let error = refused.token().await.unwrap_err();
    assert!(matches!(error, TokenError::Refused(_)));
    let text = error.to_string();
    assert!(text.contains("invalid_client: no suchclient") && !text.contains("s3cret"), "{text}");
    assert_eq!(asked.lock().unwrap().len(), 1);
    assert!(!format!("{refused:?}").contains("s3cret"));
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_fails_on_is_given_up_in_time() {
    let down: Vec<String> = (0..100).map(|_| answer("500 Internal Server Error", "")).collect();
    let (provider, asked) = provider(credentials("s", false), &down);
    let begun = tokio::time::Instant::now();
    assert!(matches!(provider.token().await.unwrap_err(), TokenError::Unavailable(_)));
    assert!(begun.elapsed() <= Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!((3..=8).contains(&asked.lock().unwrap().len()));
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_none_are_errors() {
    for (answer, words) in [
        (answer("200 OK", "{}"), "access_token"),
        (answer("200 OK", "<html>"), "access_token"),
        (answer("200 OK", r#"{"access_token":7}"#), "access_token"),
        (answer("302 Found", ""), "302"),
        (format!("HTTP/1.1 200 OK\r\ncontent-length: 3000000\r\n\r\n{}", "x".repeat(3_000_000)), "limit"),
        ("SSH-2.0-OpenSSH\r\n".to_owned(), "login.example.com"),
        (String::new(), "login.example.com"),
    ] {
        let mut endpoint = OAuthEndpoint::new("http://login.example.com", credentials("s", false));
        endpoint.retry_backoff_max = Duration::ZERO;
        let canned = Canned { answers: Mutex::new([answer].into()), asked: Asked::default() };
        let provider = EndpointTokenProvider::with_connector(endpoint, Arc::new(canned)).unwrap();
        let error = provider.token().await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

fn pki(name: &str) -> std::path::PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "data", "pki", name].iter().collect()
}

fn assertion_config(algorithm: AssertionAlgorithm, key: &str) -> AssertionConfig {
    AssertionConfig {
        algorithm,
        private_key_file: pki(key),
        passphrase: Some(Secret::from("changeit")),
        template_file: None,
        audience: Some("endpoint".into()),
        issuer: Some("me".into()),
        subject: None,
        expires_in: Duration::from_secs(300),
        not_before: Duration::from_secs(60),
        include_id: true,
    }
}

#[tokio::test]
async fn an_assertion_says_who_for_whom_and_how_long_and_is_signed() {
    for (algorithm, key, name, length) in [
        (AssertionAlgorithm::Rs256, "rsa-pkcs8-encrypted.key", "RS256", 256),
        (AssertionAlgorithm::Es256, "ec-sec1.key", "ES256", 64),
    ] {
        let grant = OAuthGrant::Assertion(Box::new(assertion_config(algorithm, key)));
        let (provider, asked) = provider(grant, &[answer("200 OK", r#"{"access_token":"abc"}"#)]);
        provider.token().await.unwrap();
        let request = asked.lock().unwrap()[0].clone();
        assert!(
            request.contains("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="),
            "{request}"
        );
        assert!(!request.contains("authorization"), "{request}");
        let assertion = request.split("&assertion=").nth(1).unwrap().split('&').next().unwrap();
        let parts: Vec<Vec<u8>> = assertion
            .split('.')
            .map(|part| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap())
            .collect();
        let (header, claims): (Value, Value) =
            (serde_json::from_slice(&parts[0]).unwrap(), serde_json::from_slice(&parts[1]).unwrap());
        assert_eq!((header["alg"].as_str(), claims["aud"].as_str()), (Some(name), Some("endpoint")));
        assert!(claims["jti"].is_string() && claims["sub"].is_null());
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap(), 360);
        assert_eq!(parts[2].len(), length);
    }
}

#[tokio::test]
async fn a_key_of_another_kind_than_the_algorithm_is_refused_by_its_file() {
    let grant = OAuthGrant::Assertion(Box::new(assertion_config(AssertionAlgorithm::Es256, "rsa-pkcs8.key")));
    let (provider, _) = provider(grant, &[]);
    let error = provider.token().await.unwrap_err().to_string();
    assert!(error.contains("rsa-pkcs8.key") && error.contains("P-256"), "{error}");
}

#[test]
fn a_url_that_is_none_is_refused_by_its_property() {
    for url in ["", "login", "ftp://login/", "https://", "http:///x"] {
        let error = EndpointTokenProvider::new(OAuthEndpoint::new(url, credentials("s", false))).unwrap_err();
        assert_eq!(error.property, "sasl.oauthbearer.token.endpoint.url", "{url}");
    }
}

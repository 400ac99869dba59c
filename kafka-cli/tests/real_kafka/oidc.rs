//! A small identity provider: a token endpoint, and the keys that its tokens are checked with.

use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{self, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) const CLIENT_ID: &str = "billing";
pub(crate) const CLIENT_SECRET: &str = "client-secret";
pub(crate) const AUDIENCE: &str = "kafka";

/// Serves until the process ends.
#[derive(Clone)]
pub(crate) struct Oidc {
    port: u16,
    /// How many tokens it has given out.
    pub(crate) tokens: Arc<AtomicU64>,
}

impl Oidc {
    /// Signs with this key, which clients may sign assertions with, too.
    pub(crate) fn start(key_pem: &str) -> Result<Oidc> {
        let der: String = key_pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(der)?).map_err(|error| anyhow!("{error}"))?;
        let key = Arc::new(key);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let oidc = Oidc { port: listener.local_addr()?.port(), tokens: Arc::default() };
        let tokens = oidc.tokens.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (key, tokens) = (key.clone(), tokens.clone());
                std::thread::spawn(move || serve(stream, &key, &tokens));
            }
        });
        Ok(oidc)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

fn serve(stream: TcpStream, key: &RsaKeyPair, tokens: &AtomicU64) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).context("no path")?.to_owned();
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse()?,
            "authorization" => authorization = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (status, answer) = match path.as_str() {
        "/jwks" => ("200 OK", jwks(key)),
        "/token" if is_known(&authorization, &String::from_utf8(body)?, key) => {
            tokens.fetch_add(1, Ordering::Relaxed);
            ("200 OK", json!({ "access_token": token(key)?, "token_type": "Bearer", "expires_in": 300 }))
        }
        "/token" => {
            ("401 Unauthorized", json!({ "error": "invalid_client", "error_description": "unknown client" }))
        }
        _ => ("404 Not Found", json!({})),
    };
    let answer = answer.to_string();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        answer.len()
    )?;
    Ok(())
}

/// By name and secret, or by an assertion that the same key has signed.
fn is_known(authorization: &str, body: &str, key: &RsaKeyPair) -> bool {
    let pair = STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"));
    if body.starts_with("grant_type=client_credentials") {
        return authorization == format!("Basic {pair}") && body.contains("scope=produce%20all");
    }
    let assertion = body.split("&assertion=").nth(1).unwrap_or_default();
    let assertion = assertion.split('&').next().unwrap_or_default();
    let Some((signed, signature)) = assertion.rsplit_once('.') else { return false };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
    let public = UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, key.public().as_ref());
    body.starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer")
        && public.verify(signed.as_bytes(), &signature).is_ok()
}

fn jwks(key: &RsaKeyPair) -> Value {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let public = PublicKeyComponents::<Vec<u8>>::from(key.public());
    json!({ "keys": [{ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one", "n": encode(&public.n), "e": encode(&public.e) }] })
}

fn token(key: &RsaKeyPair) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": "one" });
    let claims = json!({ "iss": "test", "sub": "billing", "aud": AUDIENCE, "scope": "produce", "iat": now, "exp": now + 300 });
    let unsigned = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), unsigned.as_bytes(), &mut signature)
        .map_err(|_| anyhow!("signing failed"))?;
    Ok(format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

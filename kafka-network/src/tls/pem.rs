//! PEM: certificates, and a private key.

use crate::Secret;
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::der::Decode;
use rustls::pki_types::pem::{PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use zeroize::Zeroize;

/// What a PEM text holds.
pub(super) struct Pem {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) key: Option<PrivateKeyDer<'static>>,
}

/// Reads all sections; of keys, the first one.
///
/// # Errors
/// What is wrong, without what is secret.
pub(super) fn read(text: &[u8], key_password: Option<&Secret>) -> Result<Pem, String> {
    const OLD: &[u8] = b"Proc-Type: 4,ENCRYPTED";
    if text.windows(OLD.len()).any(|window| window == OLD) {
        return Err(
            "its key is encrypted in OpenSSL's old way: convert it with `openssl pkcs8 -topk8`".into()
        );
    }
    let mut pem = Pem { certificates: Vec::new(), key: None };
    for section in <(SectionKind, Vec<u8>) as PemObject>::pem_slice_iter(&single_lines(text)) {
        let (kind, der) = section.map_err(|error| format!("it is no PEM: {error}"))?;
        match kind {
            SectionKind::Certificate => pem.certificates.push(CertificateDer::from(der)),
            _ if pem.key.is_some() => {}
            SectionKind::PrivateKey => pem.key = Some(PrivatePkcs8KeyDer::from(der).into()),
            SectionKind::RsaPrivateKey => {
                pem.key = Some(rustls::pki_types::PrivatePkcs1KeyDer::from(der).into());
            }
            SectionKind::EcPrivateKey => {
                pem.key = Some(rustls::pki_types::PrivateSec1KeyDer::from(der).into());
            }
            _ => {}
        }
    }
    if pem.key.is_none() {
        pem.key = encrypted(text, key_password)?;
    }
    Ok(pem)
}

/// A private key in a section of its own kind, `ENCRYPTED PRIVATE KEY` (PKCS#8).
fn encrypted(text: &[u8], password: Option<&Secret>) -> Result<Option<PrivateKeyDer<'static>>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is no PEM: not text".to_owned())?;
    const BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
    const END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
    let Some((_, rest)) = text.split_once(BEGIN) else { return Ok(None) };
    let Some((body, _)) = rest.split_once(END) else {
        return Err("its ENCRYPTED PRIVATE KEY has no end".into());
    };
    let password = password.ok_or("its key is encrypted: set ssl.key.password")?;
    let document = format!("-----BEGIN PRIVATE KEY-----{body}-----END PRIVATE KEY-----");
    let der = <PrivatePkcs8KeyDer<'static> as PemObject>::from_pem_slice(&single_lines(document.as_bytes()))
        .map_err(|error| format!("its ENCRYPTED PRIVATE KEY can't be read: {error}"))?;
    decrypt(der.secret_pkcs8_der(), password).map(|key| Some(key.into()))
}

/// Decrypts PKCS#8's `EncryptedPrivateKeyInfo`.
pub(super) fn decrypt(der: &[u8], password: &Secret) -> Result<PrivatePkcs8KeyDer<'static>, String> {
    let info = EncryptedPrivateKeyInfoRef::from_der(der)
        .map_err(|error| format!("its encrypted key can't be read ({error}): is it PBES2, as `openssl pkcs8 -topk8 -v2 aes-256-cbc` makes it?"))?;
    let document = info
        .decrypt(password.expose())
        .map_err(|error| format!("its key can't be decrypted ({error}): is ssl.key.password right?"))?;
    Ok(PrivatePkcs8KeyDer::from(document.as_bytes().to_vec()))
}

/// In properties a PEM text may stand in one line, with blanks where lines ended, as Kafka takes it.
fn single_lines(text: &[u8]) -> zeroize::Zeroizing<Vec<u8>> {
    let text = String::from_utf8_lossy(text);
    let mut lines = String::with_capacity(text.len() + 64);
    let mut rest = &*text;
    while let Some(begin) = rest.find("-----BEGIN ") {
        let Some(head) = rest[begin + 11..].find("-----").map(|end| begin + 11 + end + 5) else { break };
        let Some(tail) = rest[head..].find("-----END ").map(|tail| head + tail) else { break };
        let Some(end) = rest[tail + 9..].find("-----").map(|end| tail + 9 + end + 5) else { break };
        lines.push_str(&rest[begin..head]);
        for word in rest[head..tail].split_ascii_whitespace() {
            lines.push('\n');
            lines.push_str(word);
        }
        lines.push('\n');
        lines.push_str(&rest[tail..end]);
        lines.push('\n');
        rest = &rest[end..];
    }
    let bytes = zeroize::Zeroizing::new(lines.clone().into_bytes());
    lines.zeroize();
    bytes
}

//! Java's own key store format (JKS), for reading. Its key encryption is Java's invention, and weak: it hides a key from a
//! glance, not from a thief.

use crate::Secret;
use pkcs8::der::asn1::{AnyRef, OctetStringRef};
use pkcs8::der::{Decode, Reader, SliceReader};
use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

const MAGIC: u32 = 0xfeed_feed;
/// Part of the checksum, so that it is not one of the password alone.
const WHITENER: &[u8] = b"Mighty Aphrodite";
const DIGEST: usize = 20;

/// What a store holds.
#[derive(Default)]
pub(super) struct Jks {
    /// Trusted certificates.
    pub(super) trusted: Vec<Vec<u8>>,
    /// Encrypted keys with their chains.
    pub(super) keys: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
}

/// True if the bytes are a store of this kind.
pub(super) fn is_jks(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC.to_be_bytes())
}

/// Reads a store. Without a password its checksum is not looked at, as in Java.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(bytes: &[u8], password: Option<&Secret>) -> Result<Jks, String> {
    let Some((content, checksum)) = bytes.split_last_chunk::<DIGEST>() else { return Err(SHORT.into()) };
    if let Some(password) = password {
        let mut digest = Sha1::new_with_prefix(&*java_bytes(password));
        digest.update(WHITENER);
        digest.update(content);
        if digest.finalize()[..] != checksum[..] {
            return Err("its password is wrong, or it was changed".into());
        }
    }
    let mut input = Input(content);
    if input.u32()? != MAGIC {
        return Err("it is no JKS".into());
    }
    let version = input.u32()?;
    if !matches!(version, 1 | 2) {
        return Err(format!("its version {version} is not known"));
    }
    let count = input.u32()?;
    let mut jks = Jks::default();
    // Each entry takes bytes of the input, so the count can't have this loop for longer than the input is.
    for _ in 0..count {
        let tag = input.u32()?;
        let _alias = input.text()?;
        let _created = input.take(8)?;
        match tag {
            1 => {
                let length = input.u32()?;
                let key = input.take(length as usize)?.to_vec();
                let mut chain = Vec::new();
                for _ in 0..input.u32()? {
                    chain.push(input.certificate(version)?);
                }
                jks.keys.push((key, chain));
            }
            2 => jks.trusted.push(input.certificate(version)?),
            _ => return Err(format!("its entry of kind {tag} is not known")),
        }
    }
    Ok(jks)
}

/// Decrypts a key to PKCS#8.
///
/// # Errors
/// The password is wrong, or the key is encrypted in another way.
pub(super) fn decrypt(encrypted: &[u8], password: &Secret) -> Result<Zeroizing<Vec<u8>>, String> {
    const UNREADABLE: &str = "its key can't be read";
    let mut reader = SliceReader::new(encrypted).map_err(|_| UNREADABLE)?;
    let protected = reader
        .sequence(|inner| {
            let _algorithm = AnyRef::decode(inner)?;
            <&OctetStringRef>::decode(inner)
        })
        .map_err(|_: pkcs8::der::Error| UNREADABLE)?
        .as_bytes();
    let (Some((salt, rest)), true) = (protected.split_first_chunk::<DIGEST>(), protected.len() > 2 * DIGEST)
    else {
        return Err(UNREADABLE.into());
    };
    let Some((cipher, check)) = rest.split_last_chunk::<DIGEST>() else { return Err(UNREADABLE.into()) };
    let password = java_bytes(password);
    let mut stream = Zeroizing::new(salt.to_vec());
    let mut plain = Zeroizing::new(Vec::with_capacity(cipher.len()));
    for block in cipher.chunks(DIGEST) {
        let next = Sha1::new_with_prefix(&*password).chain_update(&*stream).finalize();
        stream.copy_from_slice(&next);
        plain.extend(block.iter().zip(stream.iter()).map(|(cipher, key)| cipher ^ key));
    }
    let expected = Sha1::new_with_prefix(&*password).chain_update(&*plain).finalize();
    if expected[..] != check[..] {
        return Err(
            "its key can't be decrypted: is ssl.key.password (or ssl.keystore.password) right?".into()
        );
    }
    Ok(plain)
}

const SHORT: &str = "it ends in the middle";

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, String> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    fn text(&mut self) -> Result<&'a [u8], String> {
        let bytes = self.take(2)?;
        self.take(usize::from(u16::from_be_bytes([bytes[0], bytes[1]])))
    }

    fn certificate(&mut self, version: u32) -> Result<Vec<u8>, String> {
        if version >= 2 {
            let _kind = self.text()?;
        }
        let length = self.u32()?;
        Ok(self.take(length as usize)?.to_vec())
    }
}

/// Java's passwords are UTF-16.
fn java_bytes(password: &Secret) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 * password.expose().len()));
    bytes.extend(password.expose().encode_utf16().flat_map(u16::to_be_bytes));
    bytes
}

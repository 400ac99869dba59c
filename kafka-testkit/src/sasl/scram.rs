//! A server of SCRAM (RFC 5802).

use super::ScramHash;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;

const FAILED: &str =
    "Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM";

#[derive(Debug)]
pub(super) struct ScramServer {
    hash: ScramHash,
    nonce: String,
    /// The first messages of both, which the proofs are about.
    spoken: String,
    /// What the password and the salt became.
    salted: Vec<u8>,
}

impl ScramServer {
    pub(super) fn begin(
        hash: ScramHash,
        message: &str,
        users: &BTreeMap<String, String>,
        iterations: u32,
        random: u64,
    ) -> Result<(ScramServer, String), String> {
        const MALFORMED: &str = "Invalid SCRAM client first message format";
        let bare = message.strip_prefix("n,,").ok_or(MALFORMED)?;
        let mut fields = bare.split(',');
        let name = fields.next().and_then(|field| field.strip_prefix("n=")).ok_or(MALFORMED)?;
        let client_nonce = fields.next().and_then(|field| field.strip_prefix("r=")).ok_or(MALFORMED)?;
        let name = name.replace("=2C", ",").replace("=3D", "=");
        let password = users.get(&name).ok_or(FAILED)?;
        let nonce = format!("{client_nonce}{random:x}");
        let salt = format!("salt of {name}");
        let salted = hash.salted(password.as_bytes(), salt.as_bytes(), iterations);
        let first = format!("r={nonce},s={},i={iterations}", STANDARD.encode(&salt));
        let spoken = format!("{bare},{first}");
        Ok((ScramServer { hash, nonce, spoken, salted }, first))
    }

    pub(super) fn handle_final(self, message: &str) -> Result<String, String> {
        let (without_proof, proof) = message.rsplit_once(",p=").ok_or(FAILED)?;
        let proof = STANDARD.decode(proof).map_err(|_| FAILED)?;
        if without_proof != format!("c=biws,r={}", self.nonce) {
            return Err("Invalid client nonce in the final client message.".to_owned());
        }
        let spoken = format!("{},{without_proof}", self.spoken);
        let client_key = self.hash.hmac(&self.salted, b"Client Key");
        let signature = self.hash.hmac(&self.hash.digest(&client_key), spoken.as_bytes());
        let expected: Vec<u8> = client_key.iter().zip(&signature).map(|(key, by)| key ^ by).collect();
        if proof != expected {
            return Err(FAILED.to_owned());
        }
        let server_key = self.hash.hmac(&self.salted, b"Server Key");
        Ok(format!("v={}", STANDARD.encode(self.hash.hmac(&server_key, spoken.as_bytes()))))
    }
}

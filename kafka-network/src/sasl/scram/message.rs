//! The broker's messages.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

#[derive(PartialEq, Eq, Debug)]
pub(super) struct ServerFirst<'a> {
    pub(super) nonce: &'a str,
    pub(super) salt: Vec<u8>,
    pub(super) iterations: u64,
}

#[derive(PartialEq, Eq, Debug)]
pub(super) enum ServerFinal<'a> {
    Error(&'a str),
    Signature(Vec<u8>),
}

impl ServerFirst<'_> {
    /// `r=<nonce>,s=<salt>,i=<iterations>`, then extensions that may be left unread.
    pub(super) fn parse(message: &str) -> Result<ServerFirst<'_>, &'static str> {
        let mut fields = message.split(',');
        let mut field =
            |name: &str, missing| fields.next().and_then(|field| field.strip_prefix(name)).ok_or(missing);
        if message.starts_with("m=") {
            return Err("it demands an extension that nobody knows");
        }
        let nonce = field("r=", "its nonce is missing")?;
        let salt = field("s=", "its salt is missing")?;
        let iterations = field("i=", "its iterations are missing")?;
        let salt = STANDARD.decode(salt).map_err(|_| "its salt is not Base64")?;
        if salt.is_empty() {
            return Err("its salt is empty");
        }
        if !iterations.bytes().all(|b| b.is_ascii_digit()) {
            return Err("its iterations are no number");
        }
        let iterations = iterations.parse().map_err(|_| "its iterations are no number")?;
        Ok(ServerFirst { nonce, salt, iterations })
    }
}

impl ServerFinal<'_> {
    /// `e=<error>` or `v=<signature>`, then extensions that may be left unread.
    pub(super) fn parse(message: &str) -> Result<ServerFinal<'_>, &'static str> {
        let field = message.split(',').next().unwrap_or_default();
        if let Some(error) = field.strip_prefix("e=") {
            return Ok(ServerFinal::Error(error));
        }
        let signature = field.strip_prefix("v=").ok_or("its signature is missing")?;
        STANDARD.decode(signature).map(ServerFinal::Signature).map_err(|_| "its signature is not Base64")
    }
}

/// `=` and `,` have a meaning of their own in names; in the password, which is never sent, they have none.
pub(super) fn escape(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

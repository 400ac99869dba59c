//! How a connection introduces itself.

use kafka_protocol::frame::DEFAULT_MAX_FRAME_SIZE;

/// How a connection introduces itself, and what it accepts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConnectionConfig {
    /// `client.id`: goes with every request; brokers use it for logs and quotas.
    pub client_id: String,
    /// The client software's name (KIP-511). What brokers would refuse in it is replaced.
    pub client_software_name: String,
    /// The client software's version (KIP-511). What brokers would refuse in it is replaced.
    pub client_software_version: String,
    /// The longest frame that is accepted, in bytes; default 100 MiB, as brokers' `socket.request.max.bytes`.
    pub max_frame_size: usize,
}

impl ConnectionConfig {
    /// The defaults, with this `client.id`.
    pub fn new(client_id: impl Into<String>) -> ConnectionConfig {
        ConnectionConfig { client_id: client_id.into(), ..ConnectionConfig::default() }
    }
}

impl Default for ConnectionConfig {
    fn default() -> Self {
        ConnectionConfig {
            client_id: String::new(),
            client_software_name: "kafka-producer-rust".to_owned(),
            client_software_version: env!("CARGO_PKG_VERSION").to_owned(),
            max_frame_size: DEFAULT_MAX_FRAME_SIZE,
        }
    }
}

/// Letters, digits, dots and dashes, with a letter or digit at both ends: all that brokers accept (KIP-511).
pub(super) fn software_text(text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c } else { '-' };
    let text: String = text.chars().map(allowed).collect();
    match text.trim_matches(['-', '.']) {
        "" => "unknown".to_owned(),
        text => text.to_owned(),
    }
}

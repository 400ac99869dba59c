//! Where a broker listens.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A broker's host and port, as in `bootstrap.servers` or as brokers advertise them.
///
/// Reads and prints `host:port`; IPv6 addresses in brackets, `[::1]:9092`. The host is not resolved here.
///
/// ```
/// use kafka_types::BrokerAddress;
///
/// let address: BrokerAddress = "[::1]:9092".parse()?;
/// assert_eq!((&*address.host, address.port), ("::1", 9092));
/// # Ok::<(), kafka_types::InvalidBrokerAddress>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BrokerAddress {
    /// A name or an IP address; IPv6 without brackets.
    pub host: Arc<str>,
    /// The TCP port.
    pub port: u16,
}

impl BrokerAddress {
    /// Names a broker's address.
    pub fn new(host: impl Into<Arc<str>>, port: u16) -> BrokerAddress {
        BrokerAddress { host: host.into(), port }
    }
}

/// Why text is no broker address.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBrokerAddress {
    /// There is nothing before the port.
    #[error("{input:?} has no host: expected `host:port`, such as `localhost:9092`")]
    NoHost {
        /// The text.
        input: String,
    },
    /// There is no port.
    #[error("{input:?} has no port: expected `host:port`, such as `localhost:9092`")]
    NoPort {
        /// The text.
        input: String,
    },
    /// The port is no number from 1 to 65535.
    #[error("{input:?} has the port {port:?}: expected a number from 1 to 65535")]
    Port {
        /// The text.
        input: String,
        /// What stands for the port.
        port: String,
    },
    /// An IPv6 address whose end can't be told from the port.
    #[error("{input:?} has several colons: write an IPv6 address in brackets, such as `[::1]:9092`")]
    NoBrackets {
        /// The text.
        input: String,
    },
    /// A protocol stands before the host.
    #[error("{input:?} names a protocol: leave out `{protocol}://`, and set `security.protocol` instead")]
    Protocol {
        /// The text.
        input: String,
        /// The protocol.
        protocol: String,
    },
    /// The host has a character that no host has.
    #[error("{input:?} has {character:?} in its host: expected `host:port`, entries separated by commas")]
    Host {
        /// The text.
        input: String,
        /// The first such character.
        character: char,
    },
}

impl FromStr for BrokerAddress {
    type Err = InvalidBrokerAddress;

    /// Blanks around it are ignored.
    fn from_str(text: &str) -> Result<Self, InvalidBrokerAddress> {
        use InvalidBrokerAddress::{Host, NoBrackets, NoHost, NoPort, Port, Protocol};
        let text = text.trim();
        let input = || text.to_owned();
        if let Some((protocol, _)) = text.split_once("://") {
            return Err(Protocol { input: input(), protocol: protocol.to_owned() });
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(bracketed) => {
                let (host, rest) = bracketed.split_once(']').ok_or_else(|| NoBrackets { input: input() })?;
                (host, rest.strip_prefix(':').ok_or_else(|| NoPort { input: input() })?)
            }
            None => {
                let (host, port) = text.rsplit_once(':').ok_or_else(|| NoPort { input: input() })?;
                if host.contains(':') {
                    return Err(NoBrackets { input: input() });
                }
                (host, port)
            }
        };
        if host.is_empty() {
            return Err(NoHost { input: input() });
        }
        let belongs = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '%' | ':');
        if let Some(character) = host.chars().find(|c| !belongs(*c)) {
            return Err(Host { input: input(), character });
        }
        if port.is_empty() {
            return Err(NoPort { input: input() });
        }
        let number = port.bytes().all(|byte| byte.is_ascii_digit()).then(|| port.parse().ok()).flatten();
        match number {
            Some(port) if port > 0 => Ok(BrokerAddress { host: host.into(), port }),
            _ => Err(Port { input: input(), port: port.to_owned() }),
        }
    }
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Debug for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_printed_alike() {
        for text in
            ["localhost:9092", "127.0.0.1:1", "[::1]:9092", "[fe80::1%eth0]:65535", "my_broker-1.example.:80"]
        {
            let address: BrokerAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
        assert_eq!("  b:9092 ".parse(), Ok(BrokerAddress::new("b", 9092)));
        assert_eq!(BrokerAddress::new("::1", 9092).to_string(), "[::1]:9092");
    }

    #[test]
    fn what_is_no_address_is_named_with_the_way_out() {
        for (text, hint) in [
            ("", "no port"),
            ("localhost", "no port"),
            ("localhost:", "no port"),
            ("[::1]", "no port"),
            (":9092", "no host"),
            ("[]:9092", "no host"),
            ("::1:9092", "in brackets"),
            ("[::1:9092", "in brackets"),
            ("b:0", "1 to 65535"),
            ("b:65536", "1 to 65535"),
            ("b:+92", "1 to 65535"),
            ("b:nine", "1 to 65535"),
            ("SASL_SSL://b:9093", "security.protocol"),
            ("a b:9092", "' '"),
            ("a/b:9092", "'/'"),
        ] {
            let message = text.parse::<BrokerAddress>().unwrap_err().to_string();
            assert!(message.contains(hint), "{text:?}: {message}");
            assert!(message.contains(&format!("{text:?}")), "{message}");
        }
    }
}

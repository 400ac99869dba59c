//! Addresses in `bootstrap.servers`.

use kafka_network::SecurityProtocol;
use kafka_types::BrokerAddress;

/// Reads one entry: an address, which may stand behind a protocol's or a listener's name and `://`, as Kafka allows.
///
/// # Errors
/// What is wrong with it, quoting it.
pub(crate) fn parse(entry: &str, protocol: SecurityProtocol) -> Result<BrokerAddress, String> {
    let address = match entry.split_once("://") {
        Some((named, _)) if named.parse::<SecurityProtocol>().is_ok_and(|named| named != protocol) => {
            return Err(format!("{entry:?} names another protocol than security.protocol={protocol}"));
        }
        Some((named, address)) if is_listener(named) => address,
        _ => entry,
    };
    address.parse().map_err(|error: kafka_types::InvalidBrokerAddress| error.to_string())
}

fn is_listener(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '%'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(entry: &str) -> Result<BrokerAddress, String> {
        super::parse(entry, SecurityProtocol::Plaintext)
    }

    #[test]
    fn an_entry_may_name_the_protocol_that_is_spoken_and_no_other() {
        let of = |protocol| super::parse("SASL_SSL://host:9093", protocol);
        assert_eq!(of(SecurityProtocol::SaslSsl).unwrap().port, 9093);
        assert!(of(SecurityProtocol::Ssl).unwrap_err().contains("security.protocol=SSL"));
    }

    #[test]
    fn every_legal_form_is_taken_apart() {
        for (entry, host, port) in [
            ("localhost:9092", "localhost", 9092),
            ("kafka_1.example.com:1", "kafka_1.example.com", 1),
            ("10.0.0.1:65535", "10.0.0.1", 65535),
            ("[::1]:9092", "::1", 9092),
            ("[2001:db8:85a3::8a2e:370:7334]:9092", "2001:db8:85a3::8a2e:370:7334", 9092),
            ("[fe80::1%eth0]:9092", "fe80::1%eth0", 9092),
            ("PLAINTEXT://broker:9092", "broker", 9092),
            ("EXTERNAL://[::1]:9093", "::1", 9093),
        ] {
            let address = parse(entry).unwrap();
            assert_eq!((&*address.host, address.port), (host, port), "{entry}");
        }
    }

    #[test]
    fn every_other_form_is_refused_and_quoted() {
        for entry in [
            "localhost",
            "[::1]",
            "::1:9092",
            "fe80::1",
            "[::1:9092",
            ":9092",
            "host:",
            "host:0",
            "host:65536",
            "host:+80",
            "host:9092/path",
            "ho st:9092",
            "SSL://host:9093",
            "sasl_ssl://host:9093",
            "a b://host:1",
        ] {
            let error = parse(entry).unwrap_err();
            assert!(error.contains(&format!("{entry:?}")), "{entry}: {error}");
        }
    }
}

//! What a broker's alert is about.

use super::error::alert_name;
use rustls::AlertDescription as Alert;

/// The alert's name, and what it usually means between a Kafka client and a broker.
pub(super) fn meaning(alert: Alert) -> String {
    let hint = match alert {
        Alert::CertificateRequired => {
            "it wants a certificate of this client (ssl.client.auth=required): set ssl.keystore.*"
        }
        // TLS 1.2 and Java say it so.
        Alert::BadCertificate => {
            "it does not accept this client's certificate, or misses one (ssl.client.auth): see ssl.keystore.*"
        }
        Alert::UnknownCA | Alert::CertificateUnknown => {
            "it does not know who signed this client's certificate: the broker's truststore needs that authority"
        }
        Alert::DecryptError => {
            "this client's certificate is signed by another authority of the same name than the one that the broker trusts"
        }
        Alert::CertificateExpired => "this client's certificate has expired: renew what ssl.keystore.* names",
        Alert::CertificateRevoked => "this client's certificate is revoked",
        Alert::UnsupportedCertificate => "it can't use this client's kind of certificate",
        Alert::AccessDenied => "it does not let this client in",
        Alert::HandshakeFailure | Alert::ProtocolVersion | Alert::InsufficientSecurity => {
            "no TLS version or cipher suite suits both (ssl.enabled.protocols, ssl.cipher.suites), or it misses this \
             client's certificate (ssl.keystore.*)"
        }
        Alert::UnrecognisedName => "it does not know the host name that was connected to",
        _ => return alert_name(alert),
    };
    format!("{hint} ({})", alert_name(alert))
}

//! What is wrong with a configuration, and why a handshake failed.

use rustls::{AlertDescription, CertificateError, Error as Rustls, InvalidMessage};
use std::fmt::Write;
use std::io;

/// Why TLS failed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The broker's certificate is not accepted.
    #[error("the broker's certificate is not accepted: {0}")]
    Certificate(String),
    /// The broker ended it with an alert.
    #[error("the broker ends the TLS connection: {0}")]
    Alert(String),
    /// The peer speaks something else.
    #[error(
        "the port does not speak TLS{0}: it may be a plain listener (security.protocol=PLAINTEXT or SASL_PLAINTEXT), or no \
         broker"
    )]
    NotTls(&'static str),
    /// The peer closed the connection where the handshake should go on.
    #[error(
        "the connection was closed during the TLS handshake: the port may be a plain listener \
         (security.protocol=PLAINTEXT or SASL_PLAINTEXT), which takes a TLS client for a broken one"
    )]
    Closed,
    /// Anything else between the two sides.
    #[error("TLS failed: {0}")]
    Other(String),
}

impl TlsError {
    /// True if one side does not accept who the other is, or how it wants to speak: trying again will not help until
    /// something is changed.
    pub fn is_authentication(&self) -> bool {
        matches!(self, TlsError::Certificate(_) | TlsError::Alert(_))
    }

    /// What an I/O error of a TLS stream is about; `None` if it is not about TLS.
    pub fn of_io(error: &io::Error) -> Option<TlsError> {
        error.get_ref()?.downcast_ref::<Rustls>().map(TlsError::of)
    }

    /// As [`of_io`](TlsError::of_io), for an error of the handshake.
    pub(super) fn of_handshake(error: &io::Error) -> Option<TlsError> {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        TlsError::of_io(error).or_else(|| {
            let closed =
                matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe);
            closed.then_some(TlsError::Closed)
        })
    }

    fn of(error: &Rustls) -> TlsError {
        match error {
            Rustls::InvalidCertificate(error) => TlsError::Certificate(certificate(error)),
            Rustls::AlertReceived(alert) => TlsError::Alert(super::alert::meaning(*alert)),
            Rustls::InvalidMessage(
                InvalidMessage::InvalidContentType
                | InvalidMessage::UnknownProtocolVersion
                | InvalidMessage::MessageTooLarge
                | InvalidMessage::InvalidEmptyPayload,
            ) => TlsError::NotTls(""),
            Rustls::PeerIncompatible(reason) => TlsError::Other(format!(
                "no TLS version or cipher suite that both sides speak ({reason:?}): see ssl.enabled.protocols and \
                 ssl.cipher.suites"
            )),
            other => TlsError::Other(other.to_string()),
        }
    }
}

fn certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => {
            "nobody whom this client trusts has signed it: ssl.truststore.* has to hold the certificate of the \
             authority that did"
                .to_owned()
        }
        CertificateError::Expired => "it has expired".to_owned(),
        CertificateError::ExpiredContext { time, not_after } => {
            format!("it expired {} ago", ago(time.as_secs().saturating_sub(not_after.as_secs())))
        }
        CertificateError::NotValidYet => "it is not valid yet: is this machine's clock right?".to_owned(),
        CertificateError::NotValidYetContext { time, not_before } => format!(
            "it becomes valid in {} only: is this machine's clock right?",
            ago(not_before.as_secs().saturating_sub(time.as_secs()))
        ),
        CertificateError::NotValidForName => {
            "it is for another host (ssl.endpoint.identification.algorithm)".to_owned()
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let mut text = format!("it is not for {:?}, only for ", expected.to_str());
            if presented.is_empty() {
                text.push_str("no host at all");
            }
            for (index, name) in presented.iter().take(8).enumerate() {
                let _ = write!(text, "{}{name}", if index == 0 { "" } else { ", " });
            }
            text.push_str(
                ": the certificate needs a subject alternative name for the host that the broker advertises",
            );
            text
        }
        CertificateError::Revoked => "it is revoked".to_owned(),
        CertificateError::BadSignature => {
            "its signature is wrong: another authority of the same name has signed it than the one in \
             ssl.truststore.*"
                .to_owned()
        }
        CertificateError::BadEncoding => "it can't be read".to_owned(),
        other => format!("{other}"),
    }
}

fn ago(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} seconds"),
        120..7200 => format!("{} minutes", seconds / 60),
        7200..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// So that no message depends on rustls's way to write an alert.
pub(super) fn alert_name(alert: AlertDescription) -> String {
    format!("{alert:?}")
}

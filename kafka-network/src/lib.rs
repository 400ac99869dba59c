//! Connections to Kafka brokers.
//!
//! [`Connection`] is the protocol's state machine for one connection: frames, correlation, the negotiation of versions.
//! It does no I/O. With the feature `transport` there are sockets too: [`Connector`] opens streams, [`TcpConnector`] by
//! TCP, [`ConnectionPump`] drives a connection over one, and [`Client`] is a small client for tools.
//!
//! Connections authenticate by an [`Authenticator`], again and again by a `Login`; the feature `sasl` has Kafka's mechanisms, and `tls` has
//! TLS. [`SecurityConfig`] makes both of Kafka's settings.
//!
//! Not here: which broker to connect to, when, and what to send.
//!
//! ```
//! use kafka_network::{Connection, ConnectionConfig};
//!
//! let mut connection = Connection::new(ConnectionConfig::new("billing"));
//! assert!(connection.poll_transmit().is_none());
//! connection.handle_connected();
//! let frame = connection.poll_transmit().expect("it asks what the broker serves");
//! assert_eq!(frame.token, None);
//! assert!(!connection.is_ready());
//! ```
//!
//! Where to go next: [`Connection`] to drive the protocol over streams of one's own; the example `quickstart` of the repository
//! reads records with the small client.

#[cfg(feature = "transport")]
mod client;
mod connection;
mod sasl;
mod secret;
mod security;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "transport")]
mod transport;
#[cfg(feature = "sasl")]
mod wall_clock;

#[cfg(feature = "transport")]
pub use client::{Client, ClientConfig, ClientError};
pub use connection::{
    Connection, ConnectionConfig, ConnectionError, ConnectionEvent, FinalizedFeature, FinalizedFeatures,
    OutgoingFrame, OutgoingRequest,
};
pub use kafka_protocol::wire::ApiVersionRanges;
pub use kafka_types::BrokerAddress;
pub use sasl::*;
pub use secret::Secret;
pub use security::*;
#[cfg(feature = "tls")]
pub use tls::*;
#[cfg(all(feature = "transport", unix))]
pub use transport::UnixConnector;
#[cfg(feature = "transport")]
pub use transport::{
    Access, ConnectError, ConnectionPump, Connector, FixedAddresses, FrameWriter, PumpError, Resolver,
    Session, Stream, SystemResolver, TcpConfig, TcpConnector,
};
#[cfg(feature = "proxy")]
pub use transport::{HttpConnect, Socks5};

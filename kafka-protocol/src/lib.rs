//! Kafka's wire: messages both ways, record batches, compression, framing.
//!
//! Not here: sockets, correlation of responses with requests, and what to do about an error code. Bytes in, values out,
//! and the other way round; nothing in here blocks, keeps time, or panics on what a peer sends.
//!
//! ```
//! use kafka_protocol::frame::{RequestHeader, request_frame};
//! use kafka_protocol::messages::MetadataRequest;
//! use kafka_protocol::messages::metadata::MetadataRequestTopic;
//! use kafka_protocol::wire::{Encoder, Message, Request};
//!
//! let topic = MetadataRequestTopic { name: Some("orders".into()), ..Default::default() };
//! let request = MetadataRequest { topics: Some(vec![topic]), ..Default::default() };
//! let version = MetadataRequest::MAX_VERSION;
//!
//! let mut body = Encoder::new();
//! request.encode(&mut body, version)?;
//! let header = RequestHeader {
//!     api_key: MetadataRequest::API_KEY,
//!     api_version: version,
//!     correlation_id: 1,
//!     client_id: Some("billing".into()),
//! };
//! let pieces = request_frame(&header, MetadataRequest::header_version(version), body.finish())?;
//! assert_eq!(pieces.concat()[4..8], [0, 3, 0, 13]); // after the length: Metadata, version 13
//! # Ok::<(), kafka_protocol::wire::EncodeError>(())
//! ```
//!
//! Where to go next: [`messages`] for requests and responses, [`records`] for record batches, [`compression`] for the codecs,
//! [`frame`] for headers and lengths (with a codec for tokio_util behind the feature `tokio-codec`), [`wire`] for the
//! traits behind them. `kafka-network` puts them on a socket. Who needs only some of the messages chooses them by feature.

pub mod compression;
pub mod frame;
pub mod messages;
pub mod records;
pub mod varint;
pub mod wire;

//! A Kafka producer: from send to acknowledgement.
//!
//! ```no_run
//! # async fn program() -> Result<(), kafka_producer::Error> {
//! use kafka_producer::{Producer, ProducerRecord};
//!
//! let producer = Producer::builder().bootstrap_servers("localhost:9092").build()?;
//! let delivery = producer.send(ProducerRecord::new("orders").key("k").value("v")).await?;
//! println!("{}", delivery.await?); // orders-3@1042
//! # Ok(())
//! # }
//! ```
//!
//! Idempotence, acknowledgement by all replicas and retries are the defaults. Settings are typed on the
//! [`ProducerBuilder`], and go by Kafka's own names in [`properties`]. It needs no particular async runtime: records are
//! sent by a thread of the producer's own.
//!
//! # Where to go next
//!
//! - [`Producer`]: the ways to send, `flush` and `close`.
//! - [`ProducerRecord`]: keys, headers, tombstones, which types go as they are; [`Serializer`] for those that don't.
//! - [`TransactionalProducer`]: records and consumed offsets that are committed all together or not at all.
//! - [`Error`]: [`kind`](Error::kind) says what to do, [`outcome`](Error::outcome) whether the record may be in the log.
//!   `docs/errors.md` goes through the kinds one by one.
//! - `docs/configuration.md`: every property with its default, its range, and whether it is served.
//! - [`Interceptor`] and [`Partitioner`]: hooks around a send, and one's own choice of partitions.
//! - The folder `examples` of the repository has a short program for each of these, which needs no cluster.
//!
//! Not here: consumers and administration; Kerberos (GSSAPI), which is refused by name. Inside, [`core`] is all of it but the clock and the sockets, for simulations and drivers of one's own; the feature
//! `driver` (on by default) adds these, on tokio. What happens to a batch is in `kafka-sender`, the bytes are in
//! `kafka-protocol`.

mod builder;
mod config;
pub mod core;
#[cfg(feature = "driver")]
mod driver;
mod error;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "driver")]
mod producer;
pub mod properties;
#[cfg(feature = "driver")]
mod transactional;

pub use builder::ProducerBuilder;
pub use config::{Notice, NoticeLevel, OnFull, Problem, ProducerConfig};
pub use error::{Error, ErrorKind, Outcome};
#[cfg(feature = "json")]
pub use json::JsonSerializer;
#[cfg(all(feature = "driver", feature = "futures"))]
pub use producer::RecordSink;
#[cfg(feature = "driver")]
pub use producer::{CloseSummary, Delivery, FlushSummary, PartitionInfo, Producer, Sending, TrySendError};
#[cfg(feature = "driver")]
pub use transactional::{
    CommitError, ConsumeTransformProduce, ConsumedRecord, PendingCommit, ProcessError, Rewind, Transaction,
    TransactionalProducer,
};

pub use kafka_interceptor::{
    Acknowledgement, Interceptor, InterceptorError, SendContext, TraceContext, TraceContextInterceptor,
};
#[cfg(all(feature = "driver", unix))]
pub use kafka_network::UnixConnector;
#[cfg(feature = "driver")]
pub use kafka_network::{
    Access, Authenticator, ConnectError, Connector, FixedAddresses, Login, Resolver, SaslStep, Stream,
    TcpConfig, TcpConnector,
};
pub use kafka_network::{
    AssertionAlgorithm, AssertionConfig, KeyStore, KeyStoreType, OAuthConfig, OAuthEndpoint, OAuthGrant,
    OAuthSource, RefreshConfig, SaslConfig, SaslError, ScramHash, Secret, SecurityConfig, SecurityProtocol,
    TlsConfig, TlsVersion, TrustStore,
};
#[cfg(feature = "sasl")]
pub use kafka_network::{
    AwsCredentials, AwsCredentialsProvider, AwsMskIamConfig, AwsMskIamLogin, OAuthBearerLogin, PasswordLogin,
    RefreshingTokenProvider, Token, TokenError, TokenProvider,
};
#[cfg(feature = "proxy")]
pub use kafka_network::{HttpConnect, Socks5};
pub use kafka_partitioner::{
    Appended, DefaultPartitioner, DefaultPartitionerConfig, HashedBy, LibrdkafkaPartitioner, Partitioner,
    RoundRobinPartitioner, TopicView, partition_for_key,
};
pub use kafka_sender::Purge;
pub use kafka_transactions::{GroupMetadata, OffsetAndMetadata};
pub use kafka_types::{
    Absent, Acks, BrokerAddress, BytesSerializer, Compression, ErrorCode, GzipLevel, Header, IntoHeaderValue,
    LeaderEpoch, Lz4Level, NodeId, Offset, PartitionId, Payload, Present, ProducerRecord, RecordMetadata,
    RecordPart, SerializationError, SerializeContext, Serializer, Timestamp, TopicPartition, ZstdLevel,
};

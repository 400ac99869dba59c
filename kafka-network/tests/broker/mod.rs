//! A broker that does what the test says, over any stream.

#![allow(dead_code, clippy::unwrap_used, reason = "test code, of which each program uses its own part")]

use bytes::{Bytes, BytesMut};
use kafka_network::{BrokerAddress, ConnectError, Connector, Stream};
use kafka_protocol::frame::{RequestHeader, response_frame, split_frame};
use kafka_protocol::messages::api_versions::ApiVersion;
use kafka_protocol::messages::metadata::MetadataRequestTopic;
use kafka_protocol::messages::{
    ApiVersionsResponse, MetadataRequest, MetadataResponse, SaslAuthenticateRequest, request_header_version,
    response_header_version,
};
use kafka_protocol::wire::{ApiKey, Decoder, Message, encode_to_bytes};
use std::sync::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// A connector that gives out one stream.
pub(crate) struct InMemory(Mutex<Option<DuplexStream>>);

impl InMemory {
    pub(crate) fn pair() -> (InMemory, Broker) {
        // Less than most frames, so that both sides have to go on where they stopped.
        let (ours, theirs) = duplex(16);
        (InMemory(Mutex::new(Some(ours))), Broker::new(theirs))
    }
}

#[async_trait::async_trait]
impl Connector for InMemory {
    async fn connect(&self, _address: &BrokerAddress) -> Result<Box<dyn Stream>, ConnectError> {
        Ok(Box::new(self.0.lock().unwrap().take().expect("one connection")))
    }
}

pub(crate) struct Broker {
    stream: Box<dyn Stream>,
    received: BytesMut,
}

impl Broker {
    pub(crate) fn new(stream: impl Stream + 'static) -> Broker {
        Broker { stream: Box::new(stream), received: BytesMut::new() }
    }

    pub(crate) async fn request(&mut self) -> RequestHeader {
        self.request_or_end().await.expect("the client closed").0
    }

    /// A message of a SASL exchange.
    pub(crate) async fn sasl_message(&mut self) -> (RequestHeader, Bytes) {
        self.sasl_message_or_end().await.expect("the client closed")
    }

    pub(crate) async fn sasl_message_or_end(&mut self) -> Option<(RequestHeader, Bytes)> {
        let (header, body) = self.request_or_end().await?;
        assert_eq!(header.api_key, ApiKey::SASL_AUTHENTICATE);
        let request = SaslAuthenticateRequest::decode(&mut Decoder::new(body), header.api_version).unwrap();
        Some((header, request.auth_bytes))
    }

    async fn request_or_end(&mut self) -> Option<(RequestHeader, Bytes)> {
        loop {
            if let Some(frame) = split_frame(&mut self.received, 1 << 20).unwrap() {
                let version = |api, version| request_header_version(api, version).unwrap();
                let mut decoder = Decoder::new(frame);
                let header = RequestHeader::decode(&mut decoder, version).unwrap();
                return Some((header, decoder.into_rest()));
            }
            if self.stream.read_buf(&mut self.received).await.unwrap() == 0 {
                return None;
            }
        }
    }

    pub(crate) async fn answer<M: Message>(&mut self, request: &RequestHeader, message: &M) {
        let body = encode_to_bytes(message, request.api_version).unwrap();
        self.answer_bytes(request, &body).await;
    }

    pub(crate) async fn answer_bytes(&mut self, request: &RequestHeader, body: &[u8]) {
        let version = response_header_version(request.api_key, request.api_version).unwrap();
        let body = vec![Bytes::copy_from_slice(body)];
        let frame = response_frame(request.correlation_id, version, body).unwrap().concat();
        self.stream.write_all(&frame).await.unwrap();
    }

    /// Metadata up to 12, and InitProducerId in versions that nobody has.
    pub(crate) async fn tell_versions(&mut self) {
        let request = self.request().await;
        assert_eq!(request.api_key, ApiKey::API_VERSIONS);
        let api = |api_key, min_version, max_version| ApiVersion {
            api_key,
            min_version,
            max_version,
            ..ApiVersion::default()
        };
        let api_keys = vec![api(3, 0, 12), api(18, 0, 4), api(22, 100, 120)];
        self.answer(&request, &ApiVersionsResponse { api_keys, ..ApiVersionsResponse::default() }).await;
    }

    pub(crate) async fn expect_end(&mut self) {
        assert_eq!(self.stream.read_buf(&mut self.received).await.unwrap(), 0);
    }
}

pub(crate) fn ask(topic: &str) -> MetadataRequest {
    let topic = MetadataRequestTopic { name: Some(topic.into()), ..MetadataRequestTopic::default() };
    MetadataRequest { topics: Some(vec![topic]), ..MetadataRequest::default() }
}

/// An answer that can be told from others by its controller.
pub(crate) fn metadata(controller_id: i32) -> MetadataResponse {
    MetadataResponse { controller_id, ..MetadataResponse::default() }
}

//! A client without sockets: one connection to one broker, requests in, responses out.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "only tests call it")]

use bytes::{Bytes, BytesMut};
use kafka_protocol::frame::{RequestHeader, decode_response_header, request_frame, split_frame};
use kafka_protocol::messages::produce::{PartitionProduceData, PartitionProduceResponse, TopicProduceData};
use kafka_protocol::messages::{ProduceRequest, ProduceResponse};
use kafka_protocol::records::{Attributes, BatchHeader, BatchSummary, PayloadChecksum, append_record};
use kafka_protocol::wire::{Decoder, Message, Records, Request, encode_to_bytes};
use kafka_testkit::{Cluster, ClusterOutput, ConnectionId, ErrorCode};
use kafka_types::{
    Compression, Monotonic, NodeId, Now, ProducerEpoch, ProducerId, ProducerIdentity, Sequence, Timestamp,
    TopicPartition,
};
use std::collections::VecDeque;
use std::time::Duration;

/// The wall clock when the monotonic one is at its origin.
pub const EPOCH: i64 = 1_700_000_000_000;

pub fn at(millis: u64) -> Now {
    Now { mono: Monotonic::from_millis(millis), wall: Timestamp(EPOCH + millis as i64) }
}

pub fn partition(topic: &str, index: i32) -> TopicPartition {
    TopicPartition::new(topic, index)
}

pub struct Client {
    pub connection: ConnectionId,
    pub closed: bool,
    received: BytesMut,
    sent: VecDeque<(i32, i16, i16)>,
    next_correlation: i32,
}

impl Client {
    pub fn connect(cluster: &mut Cluster, now: Now, node: i32) -> Client {
        Client::try_connect(cluster, now, node).expect("the broker is up")
    }

    pub fn to_leader(cluster: &mut Cluster, now: Now, of: &TopicPartition) -> Client {
        let leader = cluster.leader(of).expect("somebody leads");
        Client::connect(cluster, now, leader.0)
    }

    pub fn try_connect(cluster: &mut Cluster, now: Now, node: i32) -> Option<Client> {
        let connection = cluster.connect(now, NodeId(node))?;
        Some(Client {
            connection,
            closed: false,
            received: BytesMut::new(),
            sent: VecDeque::new(),
            next_correlation: 0,
        })
    }

    /// The bytes of a request.
    pub fn frame<R: Request>(&mut self, request: &R, version: i16) -> Bytes {
        let header = RequestHeader {
            api_key: R::API_KEY,
            api_version: version,
            correlation_id: self.next_correlation,
            client_id: Some("test".into()),
        };
        self.next_correlation += 1;
        self.sent.push_back((header.correlation_id, version, R::response_header_version(version)));
        let body = encode_to_bytes(request, version).expect("the request fits its version");
        request_frame(&header, R::header_version(version), vec![body]).expect("it is small").concat().into()
    }

    pub fn send<R: Request>(&mut self, cluster: &mut Cluster, now: Now, request: &R, version: i16) {
        let frame = self.frame(request, version);
        cluster.handle_data(now, self.connection, &frame);
    }

    /// Takes what the cluster has for this client.
    pub fn poll(&mut self, cluster: &mut Cluster, now: Now) {
        while let Some(output) = cluster.poll_output(now) {
            match output {
                ClusterOutput::Send { connection, data } if connection == self.connection => {
                    self.received.extend_from_slice(&data);
                }
                ClusterOutput::Close { connection } if connection == self.connection => self.closed = true,
                other => panic!("not for this client: {other:?}"),
            }
        }
    }

    /// The raw bytes that were received and not read.
    pub fn raw(&mut self) -> &mut BytesMut {
        &mut self.received
    }

    /// Reads the next answer, if it is there.
    pub fn answer<M: Message>(&mut self) -> Option<M> {
        let frame = split_frame(&mut self.received, 1 << 30).expect("a frame")?;
        let (correlation, version, header_version) = self.sent.pop_front().expect("something was asked");
        let mut decoder = Decoder::new(frame);
        assert_eq!(
            decode_response_header(&mut decoder, header_version),
            Ok(correlation),
            "answers are in order"
        );
        let message = M::decode(&mut decoder, version).expect("an answer");
        decoder.expect_end("answer").expect("nothing follows");
        Some(message)
    }

    /// Asks, and expects the answer at once.
    pub fn call<R: Request>(
        &mut self,
        cluster: &mut Cluster,
        now: Now,
        request: &R,
        version: i16,
    ) -> R::Response {
        self.send(cluster, now, request, version);
        self.poll(cluster, now);
        self.answer().expect("an answer at once")
    }

    /// Produces one batch and gives its partition's answer.
    pub fn produce(
        &mut self,
        cluster: &mut Cluster,
        now: Now,
        of: &TopicPartition,
        batch: Bytes,
    ) -> PartitionProduceResponse {
        let response = self.call(cluster, now, &produce_request(of, batch, -1), 9);
        only(response)
    }
}

pub fn only(response: ProduceResponse) -> PartitionProduceResponse {
    response.responses.into_iter().next().unwrap().partition_responses.into_iter().next().unwrap()
}

pub fn produce_request(of: &TopicPartition, batch: Bytes, acks: i16) -> ProduceRequest {
    let records = (!batch.is_empty()).then(|| Records::from(batch));
    let partition = PartitionProduceData { index: of.partition.0, records, ..Default::default() };
    let topic = TopicProduceData {
        name: of.topic.as_ref().into(),
        partition_data: vec![partition],
        ..Default::default()
    };
    ProduceRequest { acks, timeout_ms: 30_000, topic_data: vec![topic], ..Default::default() }
}

/// A batch under construction.
#[derive(Clone)]
pub struct Batch {
    pub values: Vec<Option<Bytes>>,
    pub key: Option<&'static [u8]>,
    pub identity: ProducerIdentity,
    pub sequence: Sequence,
    pub compression: Compression,
    pub timestamp: Timestamp,
}

impl Batch {
    pub fn of(values: &[&'static str]) -> Batch {
        Batch {
            values: values.iter().map(|value| Some(Bytes::from_static(value.as_bytes()))).collect(),
            key: None,
            identity: ProducerIdentity::NONE,
            sequence: Sequence::NONE,
            compression: Compression::None,
            timestamp: Timestamp(EPOCH),
        }
    }

    pub fn by(mut self, id: i64, epoch: i16, sequence: i32) -> Batch {
        self.identity = ProducerIdentity { id: ProducerId(id), epoch: ProducerEpoch(epoch) };
        self.sequence = Sequence(sequence);
        self
    }

    pub fn payload(&self) -> (Vec<u8>, BatchSummary) {
        let mut payload = Vec::new();
        let mut summary = BatchSummary::EMPTY;
        for value in &self.values {
            append_record(&mut payload, &mut summary, self.timestamp, self.key, value.as_deref(), &[]);
        }
        if self.compression == Compression::None {
            return (payload, summary);
        }
        let mut compressed = Vec::new();
        kafka_protocol::compression::compress(self.compression, &payload, &mut compressed).unwrap();
        (compressed, summary)
    }

    pub fn header(&self) -> BatchHeader {
        let (payload, summary) = self.payload();
        let attributes = Attributes::default().with_codec(self.compression.codec());
        BatchHeader::new(attributes, &summary, PayloadChecksum::of(&payload), self.identity, self.sequence)
    }

    pub fn build(&self) -> Bytes {
        self.with_header(self.header())
    }

    pub fn with_header(&self, header: BatchHeader) -> Bytes {
        [header.encode().as_slice(), &self.payload().0].concat().into()
    }
}

pub fn ok(response: &PartitionProduceResponse) -> i64 {
    assert_eq!(response.error_code, ErrorCode::NONE, "{:?}", response.error_message);
    response.base_offset
}

pub fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

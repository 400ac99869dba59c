//! The brokers' side, as far as a producer sees it: answers are right, and nothing is kept.

use bytes::{Bytes, BytesMut};
use kafka_protocol::frame::{DEFAULT_MAX_FRAME_SIZE, RequestHeader, response_frame, split_frame};
use kafka_protocol::messages::api_versions::ApiVersion;
use kafka_protocol::messages::metadata::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::produce::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, InitProducerIdRequest, InitProducerIdResponse, MetadataRequest,
    MetadataResponse, ProduceRequest, ProduceResponse, request_header_version, response_header_version,
};
use kafka_protocol::wire::{ApiKey, Decoder, Encoder, Message, Request, decode_exact};
use kafka_types::TopicId;

/// The name of the one topic there is.
pub(crate) const TOPIC: &str = "orders";

/// All brokers of a cluster with one topic, whose partitions they lead in turn.
#[derive(Debug)]
pub(crate) struct Brokers {
    pub(crate) count: i32,
    pub(crate) partitions: i32,
    /// What the next batch gets, whatever its partition: offsets grow, and that is all a producer sees of them.
    next_offset: i64,
}

impl Brokers {
    pub(crate) fn new(count: i32, partitions: i32) -> Brokers {
        Brokers { count, partitions, next_offset: 0 }
    }

    /// The answer to one request, as it comes from the socket.
    pub(crate) fn answer(&mut self, frame: &[Bytes]) -> BytesMut {
        let mut bytes = BytesMut::from(frame.concat().as_slice());
        let request =
            split_frame(&mut bytes, DEFAULT_MAX_FRAME_SIZE).ok().flatten().expect("one whole frame");
        let mut decoder = Decoder::new(request);
        let version_of = |key, version| request_header_version(key, version).unwrap_or(0);
        let header = RequestHeader::decode(&mut decoder, version_of).expect("a request's header");
        let (key, version) = (header.api_key, header.api_version);
        let mut body = Encoder::new();
        let encoded = match key {
            ApiKey::API_VERSIONS => versions().encode(&mut body, version),
            ApiKey::METADATA => self.metadata().encode(&mut body, version),
            ApiKey::INIT_PRODUCER_ID => identity().encode(&mut body, version),
            ApiKey::PRODUCE => {
                let request = decode_exact(decoder.into_rest(), version).expect("a Produce request");
                self.produce(request).encode(&mut body, version)
            }
            other => panic!("a producer has no reason to ask for {other}"),
        };
        encoded.expect("the answer has the request's version");
        let header_version = response_header_version(key, version).expect("the API is known");
        let frame =
            response_frame(header.correlation_id, header_version, body.finish()).expect("it is short");
        BytesMut::from(frame.concat().as_slice())
    }

    fn metadata(&self) -> MetadataResponse {
        let broker = |node_id| MetadataResponseBroker {
            node_id,
            host: format!("broker-{node_id}").as_str().into(),
            port: 9092,
            ..MetadataResponseBroker::default()
        };
        let nodes: Vec<i32> = (1..=self.count).collect();
        let partition = |partition_index| MetadataResponsePartition {
            partition_index,
            leader_id: 1 + partition_index % self.count,
            leader_epoch: 5,
            replica_nodes: nodes.clone().into(),
            isr_nodes: nodes.clone().into(),
            ..MetadataResponsePartition::default()
        };
        let topic = MetadataResponseTopic {
            name: Some(TOPIC.into()),
            topic_id: TopicId(*b"the topic orders"),
            partitions: (0..self.partitions).map(partition).collect(),
            ..MetadataResponseTopic::default()
        };
        MetadataResponse {
            brokers: nodes.iter().copied().map(broker).collect(),
            cluster_id: Some("bench".into()),
            controller_id: 1,
            topics: vec![topic],
            ..MetadataResponse::default()
        }
    }

    fn produce(&mut self, request: ProduceRequest) -> ProduceResponse {
        let topics = request.topic_data.into_iter().map(|topic| {
            let partitions = topic.partition_data.iter().map(|partition| {
                self.next_offset += 1000;
                PartitionProduceResponse {
                    index: partition.index,
                    base_offset: self.next_offset,
                    log_append_time_ms: -1,
                    ..PartitionProduceResponse::default()
                }
            });
            let partition_responses = partitions.collect();
            let (name, topic_id) = (topic.name, topic.topic_id);
            TopicProduceResponse { name, topic_id, partition_responses, ..TopicProduceResponse::default() }
        });
        ProduceResponse { responses: topics.collect(), ..ProduceResponse::default() }
    }
}

fn identity() -> InitProducerIdResponse {
    InitProducerIdResponse { producer_id: 4711, producer_epoch: 0, ..InitProducerIdResponse::default() }
}

fn versions() -> ApiVersionsResponse {
    let api_keys = vec![
        served::<ProduceRequest>(),
        served::<MetadataRequest>(),
        served::<ApiVersionsRequest>(),
        served::<InitProducerIdRequest>(),
    ];
    ApiVersionsResponse { api_keys, ..ApiVersionsResponse::default() }
}

fn served<R: Request>() -> ApiVersion {
    ApiVersion {
        api_key: R::API_KEY.0,
        min_version: R::MIN_VERSION,
        max_version: R::MAX_VERSION,
        ..ApiVersion::default()
    }
}

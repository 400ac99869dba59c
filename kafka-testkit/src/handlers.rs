//! What a broker does with each kind of request.

mod add_offsets_to_txn;
mod add_partitions_to_txn;
mod api_versions;
mod create_partitions;
mod create_topics;
mod delete_topics;
mod describe_cluster;
mod describe_configs;
mod end_txn;
mod fetch;
mod find_coordinator;
mod group_answer;
mod heartbeat;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_offsets;
mod metadata;
mod offset_commit;
mod offset_fetch;
mod offset_for_leader_epoch;
mod produce;
mod sasl_authenticate;
mod sasl_handshake;
mod sync_group;
mod txn_offset_commit;

pub(crate) use group_answer::group_answer;

use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use crate::rules::{Applying, Target};
use crate::wait::Waiting;
use bytes::Bytes;
use kafka_protocol::messages::{
    self, AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, ApiVersionsRequest, CreatePartitionsRequest,
    CreateTopicsRequest, DeleteTopicsRequest, DescribeClusterRequest, DescribeConfigsRequest, EndTxnRequest,
    FetchRequest, FindCoordinatorRequest, HeartbeatRequest, InitProducerIdRequest, JoinGroupRequest,
    LeaveGroupRequest, ListOffsetsRequest, MetadataRequest, OffsetCommitRequest, OffsetFetchRequest,
    OffsetForLeaderEpochRequest, ProduceRequest, SaslAuthenticateRequest, SaslHandshakeRequest,
    SyncGroupRequest, TxnOffsetCommitRequest,
};
use kafka_protocol::wire::{
    ApiKey, DecodeError, Message, Request, VersionRange, decode_exact, encode_to_bytes,
};
use kafka_types::{Now, PartitionId};

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Handled<Response> {
    Answer(Response),
    /// There is no answer, and need be none (`acks=0`).
    Unanswered,
    /// The answer comes later.
    Wait(Waiting),
    /// The connection is closed.
    Close,
}

/// A request that brokers serve.
pub(crate) trait Handle: Request {
    /// The topics and partitions it names, for rules.
    fn targets(&self, _cluster: &Cluster) -> Vec<(String, Option<i32>)> {
        Vec::new()
    }

    /// Carries it out.
    fn handle(self, now: Now, cluster: &mut Cluster, context: &RequestContext) -> Handled<Self::Response>;
}

/// The version of the header before a request; 1 if nothing is known of it.
pub(crate) fn request_header_version(api: ApiKey, version: i16) -> i16 {
    messages::request_header_version(api, version).unwrap_or(1)
}

/// The version of the header before the answer.
pub(crate) fn response_header_version(api: ApiKey, version: i16) -> i16 {
    messages::response_header_version(api, version).unwrap_or(0)
}

macro_rules! served {
    ($($request:ident,)*) => {
        /// All APIs that brokers here can serve, with their versions.
        pub(crate) fn implemented() -> impl Iterator<Item = (ApiKey, VersionRange)> {
            let range = |min, max| VersionRange { min, max };
            [$(($request::API_KEY, range($request::MIN_VERSION, $request::LATEST_STABLE_VERSION)),)*].into_iter()
        }

        /// Reads a request of a served version, applies the rules, carries it out.
        pub(crate) fn carry_out(
            now: Now,
            cluster: &mut Cluster,
            context: &mut RequestContext,
            body: Bytes,
        ) -> Result<Handled<Bytes>, DecodeError> {
            match context.api {
                $(api if api == $request::API_KEY => run::<$request>(now, cluster, context, body),)*
                // Never taken up: only what is implemented is served.
                _ => Ok(Handled::Close),
            }
        }
    };
}

served! {
    ProduceRequest,
    FetchRequest,
    ListOffsetsRequest,
    MetadataRequest,
    OffsetCommitRequest,
    OffsetFetchRequest,
    FindCoordinatorRequest,
    JoinGroupRequest,
    HeartbeatRequest,
    LeaveGroupRequest,
    SyncGroupRequest,
    SaslHandshakeRequest,
    ApiVersionsRequest,
    CreateTopicsRequest,
    DeleteTopicsRequest,
    InitProducerIdRequest,
    AddPartitionsToTxnRequest,
    AddOffsetsToTxnRequest,
    EndTxnRequest,
    TxnOffsetCommitRequest,
    OffsetForLeaderEpochRequest,
    DescribeConfigsRequest,
    SaslAuthenticateRequest,
    CreatePartitionsRequest,
    DescribeClusterRequest,
}

fn run<R: Handle>(
    now: Now,
    cluster: &mut Cluster,
    context: &mut RequestContext,
    body: Bytes,
) -> Result<Handled<Bytes>, DecodeError> {
    let request: R = decode_exact(body, context.version)?;
    context.applying = apply_rules(cluster, context, &request);
    if context.applying.effects.disconnect_before {
        return Ok(Handled::Close);
    }
    Ok(match request.handle(now, cluster, context) {
        Handled::Answer(response) => match encode(&response, context.version) {
            Some(body) => Handled::Answer(body),
            None => Handled::Close,
        },
        Handled::Unanswered => Handled::Unanswered,
        Handled::Wait(waiting) => Handled::Wait(waiting),
        Handled::Close => Handled::Close,
    })
}

/// The body of an answer. An answer that its version can't carry is a defect of the handler: the client sees what it
/// would see of a broker that failed, and debug builds stop.
pub(crate) fn encode<M: Message>(response: &M, version: i16) -> Option<Bytes> {
    match encode_to_bytes(response, version) {
        Ok(body) => Some(body),
        Err(error) => {
            debug_assert!(false, "{} of version {version}: {error}", M::NAME);
            tracing::error!(%error, version, "an answer cannot be written");
            None
        }
    }
}

fn apply_rules<R: Handle>(cluster: &mut Cluster, context: &RequestContext, request: &R) -> Applying {
    if cluster.rules.is_empty() {
        return Applying::default();
    }
    let named = request.targets(cluster);
    let targets: Vec<Target<'_>> = named
        .iter()
        .map(|(topic, partition)| Target { topic: Some(topic), partition: partition.map(PartitionId) })
        .collect();
    cluster.rules.apply(context.api, context.node, &targets)
}

//! Answers to requests that waited in a group.

use super::encode;
use crate::groups::ReplyContent;
use crate::request_context::RequestContext;
use bytes::Bytes;
use kafka_protocol::messages::join_group::JoinGroupResponseMember;
use kafka_protocol::messages::{JoinGroupResponse, SyncGroupResponse};

/// The body of the answer, in the version of the request.
pub(crate) fn group_answer(context: &RequestContext, content: ReplyContent) -> Option<Bytes> {
    let failure = context.failure().map(|failure| failure.error);
    match content {
        ReplyContent::Join(reply) => {
            let member =
                |(member_id, instance, metadata): (String, Option<String>, Bytes)| JoinGroupResponseMember {
                    member_id: member_id.into(),
                    group_instance_id: instance.map(Into::into),
                    metadata,
                    ..JoinGroupResponseMember::default()
                };
            // Before version 7 there is no null for the protocol.
            let nameless = (context.version < 7).then(Default::default);
            let response = JoinGroupResponse {
                throttle_time_ms: context.throttle_ms(),
                error_code: failure.unwrap_or(reply.error),
                generation_id: reply.generation,
                protocol_type: reply.protocol_type.map(Into::into),
                protocol_name: reply.protocol.map(Into::into).or(nameless),
                leader: reply.leader.into(),
                member_id: reply.member_id.into(),
                members: reply.members.into_iter().map(member).collect(),
                ..JoinGroupResponse::default()
            };
            encode(&response, context.version)
        }
        ReplyContent::Sync(reply) => {
            let response = SyncGroupResponse {
                throttle_time_ms: context.throttle_ms(),
                error_code: failure.unwrap_or(reply.error),
                protocol_type: reply.protocol_type.map(Into::into),
                protocol_name: reply.protocol.map(Into::into),
                assignment: reply.assignment,
                ..SyncGroupResponse::default()
            };
            encode(&response, context.version)
        }
    }
}

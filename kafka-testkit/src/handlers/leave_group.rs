//! LeaveGroup.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use kafka_protocol::messages::leave_group::MemberResponse;
use kafka_protocol::messages::{LeaveGroupRequest, LeaveGroupResponse};
use kafka_types::{ErrorCode, Now};

/// From this version on several members leave at once (KIP-345).
const BATCHED: i16 = 3;

impl Handle for LeaveGroupRequest {
    fn handle(
        self,
        now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<LeaveGroupResponse> {
        let mut response =
            LeaveGroupResponse { throttle_time_ms: context.throttle_ms(), ..LeaveGroupResponse::default() };
        if let Err(error) = cluster.check_coordinator(context, &self.group_id) {
            response.error_code = error;
            return Handled::Answer(response);
        }
        let mut leave = |id: &str, instance: Option<&str>| match cluster.groups.existing(&self.group_id) {
            Some(group) => group.leave(now.mono, id, instance),
            None => ErrorCode::UNKNOWN_MEMBER_ID,
        };
        if context.version < BATCHED {
            response.error_code = leave(&self.member_id, None);
        } else {
            for member in &self.members {
                response.members.push(MemberResponse {
                    member_id: member.member_id.clone(),
                    group_instance_id: member.group_instance_id.clone(),
                    error_code: leave(&member.member_id, member.group_instance_id.as_deref()),
                    ..MemberResponse::default()
                });
            }
        }
        if let Some(failure) = context.failure() {
            response.error_code = failure.error;
        }
        Handled::Answer(response)
    }
}

//! SyncGroup.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::groups::SyncRequest;
use crate::request_context::RequestContext;
use crate::wait::Waiting;
use kafka_protocol::messages::{SyncGroupRequest, SyncGroupResponse};
use kafka_types::{ErrorCode, Now};

impl Handle for SyncGroupRequest {
    fn handle(self, now: Now, cluster: &mut Cluster, context: &RequestContext) -> Handled<SyncGroupResponse> {
        let throttle_time_ms = context.throttle_ms();
        let refused =
            |error_code| SyncGroupResponse { throttle_time_ms, error_code, ..SyncGroupResponse::default() };
        if let Err(error) = cluster.check_coordinator(context, &self.group_id) {
            return Handled::Answer(refused(error));
        }
        let Some(group) = cluster.groups.existing(&self.group_id) else {
            return Handled::Answer(refused(ErrorCode::UNKNOWN_MEMBER_ID));
        };
        let assignments = self.assignments.into_iter();
        let request = SyncRequest {
            member_id: self.member_id.to_string(),
            instance_id: self.group_instance_id.map(|id| id.to_string()),
            generation: self.generation_id,
            assignments: assignments.map(|one| (one.member_id.to_string(), one.assignment)).collect(),
        };
        group.sync(now.mono, context.connection, request);
        Handled::Wait(Waiting::Group)
    }
}

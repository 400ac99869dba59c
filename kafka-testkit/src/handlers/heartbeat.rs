//! Heartbeat.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use kafka_protocol::messages::{HeartbeatRequest, HeartbeatResponse};
use kafka_types::{ErrorCode, Now};

impl Handle for HeartbeatRequest {
    fn handle(self, now: Now, cluster: &mut Cluster, context: &RequestContext) -> Handled<HeartbeatResponse> {
        let checked = cluster.check_coordinator(context, &self.group_id);
        let error = match (checked, cluster.groups.existing(&self.group_id)) {
            (Err(error), _) => error,
            (Ok(()), None) => ErrorCode::UNKNOWN_MEMBER_ID,
            (Ok(()), Some(group)) => group.heartbeat(
                now.mono,
                &self.member_id,
                self.group_instance_id.as_deref(),
                self.generation_id,
            ),
        };
        Handled::Answer(HeartbeatResponse {
            throttle_time_ms: context.throttle_ms(),
            error_code: context.failure().map_or(error, |failure| failure.error),
            ..HeartbeatResponse::default()
        })
    }
}

//! JoinGroup.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::groups::JoinRequest;
use crate::request_context::RequestContext;
use crate::wait::Waiting;
use kafka_protocol::messages::{JoinGroupRequest, JoinGroupResponse};
use kafka_types::{Now, TopicId};
use std::time::Duration;

/// From this version on new members are told their id before they join (KIP-394).
const IDS_FIRST: i16 = 4;
/// The first version with a rebalance timeout of its own.
const REBALANCE_TIMEOUT: i16 = 1;

impl Handle for JoinGroupRequest {
    fn handle(self, now: Now, cluster: &mut Cluster, context: &RequestContext) -> Handled<JoinGroupResponse> {
        if let Err(error_code) = cluster.check_coordinator(context, &self.group_id) {
            return Handled::Answer(JoinGroupResponse {
                throttle_time_ms: context.throttle_ms(),
                error_code,
                generation_id: -1,
                // Before version 7 there is no null for the protocol.
                protocol_name: (context.version < 7).then(Default::default),
                member_id: self.member_id,
                ..JoinGroupResponse::default()
            });
        }
        let millis = |ms: i32| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        let session_timeout = millis(self.session_timeout_ms);
        let unique = TopicId(cluster.random.uuid());
        let request = JoinRequest {
            member_id: self.member_id.to_string(),
            new_member_id: match &self.group_instance_id {
                Some(instance) => format!("{instance}-{unique}"),
                None => format!("{}-{unique}", context.client_id),
            },
            instance_id: self.group_instance_id.map(|id| id.to_string()),
            session_timeout,
            rebalance_timeout: match context.version {
                REBALANCE_TIMEOUT.. => millis(self.rebalance_timeout_ms),
                _ => session_timeout,
            },
            protocol_type: self.protocol_type.to_string(),
            protocols: self
                .protocols
                .into_iter()
                .map(|protocol| (protocol.name.to_string(), protocol.metadata))
                .collect(),
            id_required: context.version >= IDS_FIRST,
        };
        cluster.groups.group_mut(&self.group_id).join(now.mono, context.connection, request);
        Handled::Wait(Waiting::Group)
    }
}

//! FindCoordinator: which broker answers for a group or a transactional id.

use super::{Handle, Handled};
use crate::cluster::Cluster;
use crate::request_context::RequestContext;
use kafka_protocol::messages::find_coordinator::Coordinator;
use kafka_protocol::messages::{FindCoordinatorRequest, FindCoordinatorResponse};
use kafka_types::{ErrorCode, NodeId, Now};

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;
/// From this version on several keys are asked for at once (KIP-699).
const BATCHED: i16 = 4;

impl Handle for FindCoordinatorRequest {
    fn handle(
        self,
        _now: Now,
        cluster: &mut Cluster,
        context: &RequestContext,
    ) -> Handled<FindCoordinatorResponse> {
        let mut response = FindCoordinatorResponse {
            throttle_time_ms: context.throttle_ms(),
            ..FindCoordinatorResponse::default()
        };
        if context.version >= BATCHED {
            let keys = self.coordinator_keys.iter();
            response.coordinators =
                keys.map(|key| cluster.describe_coordinator(context, self.key_type, key)).collect();
        } else {
            let found = cluster.describe_coordinator(context, self.key_type, &self.key);
            response.error_code = found.error_code;
            response.error_message = found.error_message;
            response.node_id = found.node_id;
            response.host = found.host;
            response.port = found.port;
        }
        Handled::Answer(response)
    }
}

impl Cluster {
    /// The broker that answers for a group or a transactional id: chosen by its name, and the next one while that is down.
    pub(crate) fn coordinator(&self, key: &str) -> Option<NodeId> {
        // FNV-1a: any spread does, as long as it is always the same.
        let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let nodes: Vec<NodeId> = self.brokers.keys().copied().collect();
        let first = hash.checked_rem(nodes.len() as u64)? as usize;
        (0..nodes.len()).map(|step| nodes[(first + step) % nodes.len()]).find(|node| self.up.contains(node))
    }

    /// Refuses what only the group's coordinator answers, and groups without a name.
    pub(crate) fn check_coordinator(&self, context: &RequestContext, group: &str) -> Result<(), ErrorCode> {
        if let Some(refusal) = context.refusal() {
            Err(refusal.error)
        } else if group.is_empty() {
            Err(ErrorCode::INVALID_GROUP_ID)
        } else if self.coordinator(group) != Some(context.node) {
            Err(ErrorCode::NOT_COORDINATOR)
        } else {
            Ok(())
        }
    }

    fn describe_coordinator(&self, context: &RequestContext, key_type: i8, key: &str) -> Coordinator {
        let refusal = context.refusal().or_else(|| context.failure());
        let found = match (refusal, key_type) {
            (Some(refusal), _) => Err((refusal.error, refusal.message)),
            (None, kind) if ![GROUP, TRANSACTION].contains(&kind) => {
                let message = "there are coordinators of groups and transactions only".to_owned();
                Err((ErrorCode::INVALID_REQUEST, Some(message)))
            }
            (None, TRANSACTION) if key.is_empty() => Err((ErrorCode::INVALID_REQUEST, None)),
            (None, _) if key.is_empty() => Err((ErrorCode::INVALID_GROUP_ID, None)),
            (None, _) => {
                let broker = self.coordinator(key).and_then(|node| self.brokers.get(&node));
                broker.ok_or((ErrorCode::COORDINATOR_NOT_AVAILABLE, None))
            }
        };
        let mut coordinator =
            Coordinator { key: key.into(), node_id: -1, port: -1, ..Coordinator::default() };
        match found {
            Ok(broker) => {
                coordinator.node_id = broker.config.node.0;
                coordinator.host = broker.config.host.as_str().into();
                coordinator.port = i32::from(broker.config.port);
            }
            Err((error, message)) => {
                coordinator.error_code = error;
                coordinator.error_message = message.map(Into::into);
            }
        }
        coordinator
    }
}

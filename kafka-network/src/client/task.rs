//! The client's connection, in the background.

use super::ClientError;
use crate::{ConnectionEvent, ConnectionPump, FinalizedFeatures, OutgoingRequest, PumpError};
use bytes::Bytes;
use kafka_protocol::wire::{ApiKey, ApiVersionRanges};
use kafka_types::BrokerAddress;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use tokio::sync::{mpsc, oneshot};

/// Why the connection ended, once it has.
pub(super) type End = OnceLock<ClientError>;
pub(super) type Reply = oneshot::Sender<Result<Bytes, ClientError>>;

pub(super) struct Command {
    pub(super) api_key: ApiKey,
    pub(super) version: i16,
    pub(super) body: Vec<Bytes>,
    /// `None` if the broker does not answer.
    pub(super) reply: Option<Reply>,
}

/// Drives a new connection until the broker has said what it serves.
pub(super) async fn until_ready(
    pump: &mut ConnectionPump,
) -> Result<(ApiVersionRanges, FinalizedFeatures), PumpError> {
    poll_fn(|context| {
        let ended = pump.poll(context);
        while let Some(event) = pump.poll_event() {
            if let ConnectionEvent::Ready { versions, features } = event {
                return Poll::Ready(Ok((versions, features)));
            }
        }
        ended.map(Err)
    })
    .await
}

pub(super) struct Task {
    pump: ConnectionPump,
    commands: mpsc::UnboundedReceiver<Command>,
    address: BrokerAddress,
    end: Arc<End>,
    next_token: u64,
    replies: BTreeMap<u64, Reply>,
}

impl Task {
    pub(super) fn new(
        pump: ConnectionPump,
        commands: mpsc::UnboundedReceiver<Command>,
        address: BrokerAddress,
        end: Arc<End>,
    ) -> Task {
        Task { pump, commands, address, end, next_token: 0, replies: BTreeMap::new() }
    }

    /// Until the connection ends, or nobody is left who could send.
    pub(super) async fn run(mut self) {
        let Some(error) = poll_fn(|context| self.poll(context)).await else { return };
        let error = ClientError::lost(&self.address, error);
        tracing::debug!(address = %self.address, %error, "connection ended");
        // Said before the channels close: who finds them closed finds the reason here.
        let _ = self.end.set(error.clone());
        for reply in std::mem::take(&mut self.replies).into_values() {
            let _ = reply.send(Err(error.clone()));
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<PumpError>> {
        let mut abandoned = false;
        loop {
            match self.commands.poll_recv(context) {
                Poll::Ready(Some(command)) => self.handle_command(command),
                Poll::Ready(None) => {
                    abandoned = true;
                    break;
                }
                Poll::Pending => break,
            }
        }
        // What was sent last still goes out, even if nobody waits for the answer.
        let ended = self.pump.poll(context);
        while let Some(event) = self.pump.poll_event() {
            if let ConnectionEvent::Response { token, body } = event {
                // Without a reply, its future was dropped.
                if let Some(reply) = self.replies.remove(&token) {
                    let _ = reply.send(Ok(body));
                }
            }
        }
        match ended {
            Poll::Ready(error) => Poll::Ready(Some(error)),
            Poll::Pending if abandoned && self.pump.is_written() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }

    fn handle_command(&mut self, command: Command) {
        let Command { api_key, version, body, reply } = command;
        let token = self.next_token;
        self.next_token += 1;
        let expects_response = reply.is_some();
        let request = OutgoingRequest { api_key, version, body, token, expects_response };
        match (self.pump.connection().send(request), reply) {
            (Ok(()), Some(reply)) => {
                self.replies.insert(token, reply);
            }
            (Err(source), Some(reply)) => {
                let _ = reply.send(Err(ClientError::Protocol { address: self.address.clone(), source }));
            }
            (_, None) => {}
        }
    }
}

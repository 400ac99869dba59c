//! One broker connection: its socket, and the protocol's state machine over it.

use super::inbox::Inbox;
use super::input::Input;
use bytes::BytesMut;
use kafka_network::{
    Access, Connection, ConnectionConfig, ConnectionError, ConnectionEvent, FrameWriter, OutgoingRequest,
    PumpError, Session, Stream,
};
use kafka_sender::{ConnectionId, DisconnectReason, RequestId, RequestSlot, Transmit};
use kafka_types::BrokerAddress;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::UnboundedReceiver;

/// Room for one read; a larger response grows its buffer as it arrives.
const READ_BYTES: usize = 32 * 1024;
/// Frames are put together up to about this size.
const WRITE_BYTES: usize = 64 * 1024;
/// Reads in a row before writing has its turn.
const READS_PER_TURN: usize = 16;
/// How long an orderly close waits for the broker's own end of the connection.
const LINGER: Duration = Duration::from_secs(1);

/// What a connection's task is made of.
pub(super) struct ConnectionTask {
    pub(super) id: ConnectionId,
    pub(super) address: BrokerAddress,
    pub(super) access: Access,
    pub(super) config: ConnectionConfig,
    /// Requests from the engine. The engine says "close" by dropping its end.
    pub(super) outbox: UnboundedReceiver<Transmit>,
    pub(super) inbox: Arc<Inbox>,
}

impl ConnectionTask {
    /// Connects, then reads and writes until either side closes; tells the engine of everything.
    pub(super) async fn run(mut self) {
        let connected = {
            let connect = self.access.connect(&self.address, self.config);
            let closed = closed(&mut self.outbox);
            tokio::select! {
                connected = connect => connected,
                () = closed => return,
            }
        };
        let (mut connection, stream) = match connected {
            Ok(connected) => connected,
            Err(error) => {
                let text = error.to_string().into();
                let reason = if error.is_authentication() {
                    DisconnectReason::AuthenticationFailed(text)
                } else {
                    DisconnectReason::ConnectFailed(text)
                };
                return self.inbox.push(Input::Disconnected { connection: self.id, reason });
            }
        };
        connection.handle_connected();
        let mut pump = Pump {
            id: self.id,
            session: self.access.session(&self.address),
            address: self.address,
            stream,
            connection,
            answered: false,
            outbox: self.outbox,
            queue: VecDeque::new(),
            closing: false,
            writer: FrameWriter::new(),
            writing: Vec::new(),
            received: BytesMut::with_capacity(READ_BYTES),
            inbox: self.inbox,
        };
        match poll_fn(|context| pump.poll(context)).await {
            End::Closed => pump.close().await,
            End::Broken(reason) => {
                let Pump { id, inbox, .. } = &pump;
                inbox.push(Input::Disconnected { connection: *id, reason });
            }
        }
    }
}

/// Returns when the engine has dropped its end, with nothing sent: before a connection is ready it sends nothing.
async fn closed(outbox: &mut UnboundedReceiver<Transmit>) {
    while outbox.recv().await.is_some() {}
}

enum End {
    /// The engine wants it closed.
    Closed,
    Broken(DisconnectReason),
}

/// Reading and writing over one stream, neither waiting for the other.
struct Pump {
    id: ConnectionId,
    address: BrokerAddress,
    stream: Box<dyn Stream>,
    connection: Connection,
    /// The broker has answered a request of the engine's.
    answered: bool,
    /// Prolongs the session with the broker before it ends.
    session: Session,
    outbox: UnboundedReceiver<Transmit>,
    /// Requests not yet begun: they can still be recalled.
    queue: VecDeque<Transmit>,
    closing: bool,
    writer: FrameWriter,
    /// The requests in there, and whether they will be answered; the connection's own are not among them.
    writing: Vec<(RequestId, RequestSlot, bool)>,
    received: BytesMut,
    inbox: Arc<Inbox>,
}

impl Pump {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<End> {
        // Reading first: what it brings (the connection's own next request) may be what to write.
        if let Poll::Ready(reason) = self.poll_read(context) {
            return Poll::Ready(End::Broken(reason));
        }
        if let Poll::Ready(authenticator) = self.session.poll(context)
            && let Err(error) = self.connection.reauthenticate(authenticator)
        {
            return Poll::Ready(End::Broken(self.broken(error.into())));
        }
        self.poll_outbox(context);
        if self.closing {
            return Poll::Ready(End::Closed);
        }
        self.poll_write(context).map(End::Broken)
    }

    fn poll_outbox(&mut self, context: &mut Context<'_>) {
        while let Poll::Ready(transmit) = self.outbox.poll_recv(context) {
            match transmit {
                Some(transmit) => self.queue.push_back(transmit),
                None => {
                    self.closing = true;
                    return;
                }
            }
        }
    }

    /// Reads until the socket has nothing more; ready if it never will.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<DisconnectReason> {
        for _ in 0..READS_PER_TURN {
            self.received.reserve(READ_BYTES);
            // `read_buf` loses nothing when it is dropped unfinished, so a new one may continue each time.
            let read = pin!(self.stream.read_buf(&mut self.received)).poll(context);
            match ready!(read) {
                Ok(0) => return Poll::Ready(DisconnectReason::Io(self.closed_by_broker().into())),
                Ok(_) => {}
                Err(error) => return Poll::Ready(self.broken(error.into())),
            }
            if let Err(error) = self.connection.handle_data(&mut self.received) {
                return Poll::Ready(self.broken(error.into()));
            }
            self.tell_events();
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn tell_events(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            self.inbox.push(match event {
                ConnectionEvent::Ready { versions, features } => {
                    Input::Connected { connection: self.id, versions, features }
                }
                ConnectionEvent::Authenticated { session_lifetime } => {
                    self.session.handle_authenticated(session_lifetime);
                    continue;
                }
                ConnectionEvent::Response { token, body } => {
                    self.answered = true;
                    Input::Response { connection: self.id, request: RequestId(token), body }
                }
                _ => continue,
            });
        }
    }

    /// Writes until the socket takes no more, or nothing is left; ready only with the end.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<DisconnectReason> {
        loop {
            if self.writer.is_idle()
                && let Err(error) = self.begin_frames()
            {
                return Poll::Ready(self.broken(error.into()));
            }
            if self.writer.is_idle() {
                return Poll::Pending;
            }
            if let Err(error) = ready!(self.writer.poll_write(&mut self.stream, context)) {
                return Poll::Ready(self.broken(error.into()));
            }
            for (request, slot, expects_response) in self.writing.drain(..) {
                slot.finish_write();
                // With an answer to come there is nothing to tell yet.
                if !expects_response {
                    self.inbox.push(Input::Written { connection: self.id, request });
                }
            }
        }
    }

    /// Takes up the next frames, as much as one write is likely to take. What is behind them is begun only when they are out:
    /// until then the engine can recall it.
    fn begin_frames(&mut self) -> Result<(), ConnectionError> {
        loop {
            while let Some(frame) = self.connection.poll_transmit() {
                self.writer.push(frame.segments);
            }
            // While the broker asks who this is, it takes no requests: they wait here, where the engine can recall them.
            if self.writer.len() >= WRITE_BYTES || self.connection.is_reauthenticating() {
                return Ok(());
            }
            let Some(transmit) = self.queue.pop_front() else { return Ok(()) };
            if transmit.slot.begin_write() {
                self.connection.send(OutgoingRequest {
                    api_key: transmit.api_key,
                    version: transmit.version,
                    body: transmit.body,
                    token: transmit.request.0,
                    expects_response: transmit.expects_response,
                })?;
                self.writing.push((transmit.request, transmit.slot, transmit.expects_response));
            }
        }
    }

    /// A broker whose listener wants SASL says so by closing the connection at the first request of anything else.
    fn closed_by_broker(&self) -> &'static str {
        if self.connection.is_ready() && !self.answered && self.connection.in_flight() > 0 {
            "closed by the broker at the first request: its listener may want SASL (security.protocol)"
        } else {
            "closed by the broker"
        }
    }

    /// Why the connection is no use any more. That somebody is not accepted is told with the broker's name, for it goes to
    /// whoever waits.
    fn broken(&self, error: PumpError) -> DisconnectReason {
        if error.is_authentication() {
            return DisconnectReason::AuthenticationFailed(format!("{}: {error}", self.address).into());
        }
        let text = error.to_string().into();
        if let PumpError::Connection(_) = error {
            DisconnectReason::Protocol(text)
        } else {
            DisconnectReason::Io(text)
        }
    }

    /// Ends the connection so that the broker reads all that was written: a socket that is closed with unread data in
    /// it resets the connection, and what the broker has not read yet is lost (KAFKA-3703).
    async fn close(mut self) {
        if !self.writer.is_idle() {
            return;
        }
        let orderly = async {
            self.stream.shutdown().await?;
            loop {
                self.received.clear();
                if self.stream.read_buf(&mut self.received).await? == 0 {
                    return Ok::<(), io::Error>(());
                }
            }
        };
        let _ = tokio::time::timeout(LINGER, orderly).await;
    }
}

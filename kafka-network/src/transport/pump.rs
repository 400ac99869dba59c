//! A connection driven over a stream.

use super::{FrameWriter, Session, Stream};
use crate::{Connection, ConnectionError, ConnectionEvent};
use bytes::BytesMut;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::AsyncReadExt;

/// Room for one read; a larger frame grows the buffer as it arrives.
const READ_BYTES: usize = 32 * 1024;
/// Reads in a row before others have their turn.
const READS_PER_TURN: usize = 16;

/// Moves bytes between a [`Connection`] and its stream: reading and writing, neither waiting for the other. All state
/// is here and none in a future, so it may be polled, left, and polled again.
pub struct ConnectionPump {
    connection: Connection,
    stream: Box<dyn Stream>,
    received: BytesMut,
    writer: FrameWriter,
    session: Option<Session>,
}

/// Why a connection ended.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PumpError {
    /// The peer closed the stream.
    #[error("closed by the peer")]
    ClosedByPeer,
    /// The stream failed.
    #[error("{0}")]
    Io(Arc<io::Error>),
    /// TLS failed: a broker that does not accept the client's certificate says so only here (TLS 1.3).
    #[cfg(feature = "tls")]
    #[error(transparent)]
    Tls(crate::TlsError),
    /// The peer can't be understood.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
}

impl PumpError {
    /// True if one side does not accept who the other says it is: trying again will not help until something is changed.
    pub fn is_authentication(&self) -> bool {
        match self {
            PumpError::Connection(error) => error.is_authentication(),
            #[cfg(feature = "tls")]
            PumpError::Tls(error) => error.is_authentication(),
            PumpError::ClosedByPeer | PumpError::Io(_) => false,
        }
    }
}

impl From<io::Error> for PumpError {
    fn from(error: io::Error) -> Self {
        #[cfg(feature = "tls")]
        if let Some(error) = crate::TlsError::of_io(&error) {
            return PumpError::Tls(error);
        }
        PumpError::Io(Arc::new(error))
    }
}

impl ConnectionPump {
    /// Starts a connection over a stream that is open.
    pub fn new(mut connection: Connection, stream: Box<dyn Stream>) -> ConnectionPump {
        connection.handle_connected();
        ConnectionPump {
            connection,
            stream,
            received: BytesMut::new(),
            writer: FrameWriter::new(),
            session: None,
        }
    }

    /// Prolongs the connection's session before it ends.
    #[must_use]
    pub fn with_session(mut self, session: Session) -> ConnectionPump {
        self.session = Some(session);
        self
    }

    /// The connection's next event.
    pub fn poll_event(&mut self) -> Option<ConnectionEvent> {
        let event = self.connection.poll_event()?;
        if let (ConnectionEvent::Authenticated { session_lifetime }, Some(session)) =
            (&event, &mut self.session)
        {
            session.handle_authenticated(*session_lifetime);
        }
        Some(event)
    }

    /// The connection, for sending and for its events.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// True if all frames handed to the stream so far are in it.
    pub fn is_written(&self) -> bool {
        self.writer.is_idle()
    }

    /// Reads and writes as far as possible now. Take the events ([`poll_event`](ConnectionPump::poll_event)) after each call; ready only with the end.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<PumpError> {
        // Reading first: what it brings (the connection's own next request) may be what to write.
        if let Err(error) = self.read(context) {
            return Poll::Ready(error);
        }
        if let Some(Poll::Ready(authenticator)) = self.session.as_mut().map(|session| session.poll(context))
            && let Err(error) = self.connection.reauthenticate(authenticator)
        {
            return Poll::Ready(error.into());
        }
        while let Some(frame) = self.connection.poll_transmit() {
            self.writer.push(frame.segments);
        }
        match self.writer.poll_write(&mut self.stream, context) {
            Poll::Ready(Err(error)) => Poll::Ready(error.into()),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        }
    }

    fn read(&mut self, context: &mut Context<'_>) -> Result<(), PumpError> {
        for _ in 0..READS_PER_TURN {
            match self.read_once(context) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(0)) => return Err(PumpError::ClosedByPeer),
                Poll::Ready(Ok(_)) => self.connection.handle_data(&mut self.received)?,
                Poll::Ready(Err(error)) => return Err(error.into()),
            }
        }
        context.waker().wake_by_ref();
        Ok(())
    }

    fn read_once(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.received.reserve(READ_BYTES);
        // `read_buf` loses nothing when it is dropped unfinished, so each poll may start a new one.
        pin!(self.stream.read_buf(&mut self.received)).poll(context)
    }
}

impl fmt::Debug for ConnectionPump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionPump").field("connection", &self.connection).finish_non_exhaustive()
    }
}

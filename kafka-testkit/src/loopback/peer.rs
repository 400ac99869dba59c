//! One client's connection: a task that reads and a task that writes.

use super::server::{Accepted, Event};
use crate::cluster::ConnectionId;
use bytes::Bytes;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::sync::mpsc::{Sender, UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// What the server keeps of a connection.
#[derive(Debug)]
pub(super) struct Peer {
    writes: UnboundedSender<Bytes>,
    more: Arc<Notify>,
    reading: JoinHandle<()>,
    /// The reader waits, for the broker has more than enough to do.
    pub(super) paused: bool,
}

const CHUNK: usize = 64 * 1024;

impl Peer {
    pub(super) fn start(connection: ConnectionId, stream: Accepted, events: Sender<Event>) -> Peer {
        match stream {
            Accepted::Plain(stream) => {
                // A delayed small segment would look like a slow broker.
                let _ = stream.set_nodelay(true);
                let (read, write) = stream.into_split();
                Peer::spawn(connection, read, write, events)
            }
            #[cfg(feature = "tls")]
            Accepted::Tls(stream) => {
                let _ = stream.get_ref().0.set_nodelay(true);
                let (read, write) = tokio::io::split(stream);
                Peer::spawn(connection, read, write, events)
            }
        }
    }

    fn spawn(
        connection: ConnectionId,
        read: impl AsyncRead + Send + Unpin + 'static,
        write: impl AsyncWrite + Send + Unpin + 'static,
        events: Sender<Event>,
    ) -> Peer {
        let (writes, pending) = unbounded_channel();
        let more = Arc::new(Notify::new());
        let reading = tokio::spawn(read_all(connection, read, Arc::clone(&more), events));
        tokio::spawn(write_all(write, pending));
        Peer { writes, more, reading, paused: false }
    }

    /// Sends after what was to be sent before.
    pub(super) fn send(&self, data: Bytes) {
        // The writer is gone if the connection broke, which the reader reports.
        let _ = self.writes.send(data);
    }

    /// Lets the reader read on.
    pub(super) fn read_on(&mut self) {
        self.paused = false;
        self.more.notify_one();
    }

    /// Closes the connection, after what was to be sent before.
    pub(super) fn close(self) {
        self.reading.abort();
    }
}

async fn read_all(
    connection: ConnectionId,
    mut read: impl AsyncRead + Unpin,
    more: Arc<Notify>,
    events: Sender<Event>,
) {
    let mut buffer = vec![0; CHUNK];
    loop {
        let event = match read.read(&mut buffer).await {
            Ok(0) | Err(_) => Event::Closed { connection },
            Ok(size) => Event::Received { connection, data: Bytes::copy_from_slice(&buffer[..size]) },
        };
        let last = matches!(event, Event::Closed { .. });
        if events.send(event).await.is_err() || last {
            return;
        }
        more.notified().await;
    }
}

async fn write_all(mut write: impl AsyncWrite + Unpin, mut pending: UnboundedReceiver<Bytes>) {
    while let Some(data) = pending.recv().await {
        if write.write_all(&data).await.is_err() || write.flush().await.is_err() {
            return;
        }
    }
    let _ = write.shutdown().await;
}

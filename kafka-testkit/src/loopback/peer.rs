//! One client's connection: a task that reads and a task that writes.

use super::server::Event;
use crate::cluster::ConnectionId;
use bytes::Bytes;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
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
    pub(super) fn start(connection: ConnectionId, stream: TcpStream, events: Sender<Event>) -> Peer {
        // A delayed small segment would look like a slow broker.
        let _ = stream.set_nodelay(true);
        let (read, write) = stream.into_split();
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
    mut read: OwnedReadHalf,
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

async fn write_all(mut write: OwnedWriteHalf, mut pending: UnboundedReceiver<Bytes>) {
    while let Some(data) = pending.recv().await {
        if write.write_all(&data).await.is_err() {
            return;
        }
    }
    let _ = write.shutdown().await;
}

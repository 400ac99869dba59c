//! A broker's end of a connection: requests wait here for their turn, for a broker takes up one at a time.

use crate::cluster::Session;
use crate::request_context::RequestContext;
use crate::wait::Waiting;
use bytes::{Bytes, BytesMut};
use kafka_protocol::frame::{FrameError, split_frame};
use kafka_types::NodeId;
use std::collections::VecDeque;

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) node: NodeId,
    pub(crate) session: Session,
    received: BytesMut,
    frames: VecDeque<Bytes>,
    /// The request that is taken up and not answered yet.
    pub(crate) busy: Option<Busy>,
}

/// A request that waits for something before it is answered.
#[derive(Debug)]
pub(crate) struct Busy {
    pub(crate) context: RequestContext,
    pub(crate) waiting: Waiting,
}

impl Connection {
    pub(crate) fn new(node: NodeId) -> Self {
        Connection {
            node,
            session: Session::default(),
            received: BytesMut::new(),
            frames: VecDeque::new(),
            busy: None,
        }
    }

    /// Takes bytes in and cuts them into requests. Nothing is allocated for bytes that were only announced.
    pub(crate) fn receive(&mut self, data: &[u8], max_request_size: usize) -> Result<(), FrameError> {
        self.received.extend_from_slice(data);
        while let Some(frame) = split_frame(&mut self.received, max_request_size)? {
            self.frames.push_back(frame);
        }
        Ok(())
    }

    pub(crate) fn next_frame(&mut self) -> Option<Bytes> {
        self.frames.pop_front()
    }

    /// The bytes of whole requests that wait for their turn.
    #[cfg(feature = "loopback")]
    pub(crate) fn backlog(&self) -> usize {
        self.frames.iter().map(Bytes::len).sum()
    }

    /// Requests that are here and not answered.
    pub(crate) fn in_flight(&self) -> usize {
        self.frames.len() + usize::from(self.busy.is_some())
    }
}

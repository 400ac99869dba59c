//! Frames on their way into a socket.

use bytes::{Buf, Bytes, BytesMut};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// Pieces up to this size are copied together: below it a piece of its own costs more than the copy.
const SMALL: usize = 1024;
/// Pieces given to one vectored write; more than this no system takes at once anyway.
const MAX_SLICES: usize = 64;

/// Writes frames completely and in order, with vectored writes. What is not written yet sits here and not in a future,
/// so giving up a wait never cuts a frame.
#[derive(Debug, Default)]
pub struct FrameWriter {
    segments: VecDeque<Bytes>,
    /// Small pieces that come after `segments`.
    small: BytesMut,
    flushed: bool,
}

impl FrameWriter {
    /// Nothing to write.
    pub fn new() -> FrameWriter {
        FrameWriter { flushed: true, ..FrameWriter::default() }
    }

    /// Adds a frame's pieces.
    pub fn push(&mut self, segments: impl IntoIterator<Item = Bytes>) {
        for segment in segments {
            if segment.len() <= SMALL {
                self.small.extend_from_slice(&segment);
            } else {
                self.seal_small();
                self.segments.push_back(segment);
            }
        }
        self.flushed = false;
    }

    /// True if all is written and flushed.
    pub fn is_idle(&self) -> bool {
        self.is_empty() && self.flushed
    }

    /// Bytes that are not written yet.
    pub fn len(&self) -> usize {
        self.small.len() + self.segments.iter().map(Bytes::len).sum::<usize>()
    }

    /// True if there are no bytes to write; there may be some to flush.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.small.is_empty()
    }

    /// Writes until nothing is left and the stream has flushed.
    ///
    /// # Errors
    /// Those of the stream; no more can be written to it then.
    pub fn poll_write<S>(&mut self, stream: &mut S, context: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        S: AsyncWrite + Unpin + ?Sized,
    {
        loop {
            self.seal_small();
            if self.segments.is_empty() {
                break;
            }
            let slices: Vec<IoSlice<'_>> =
                self.segments.iter().take(MAX_SLICES).map(|segment| IoSlice::new(segment)).collect();
            let written = match *slices {
                [ref only] => ready!(Pin::new(&mut *stream).poll_write(context, only))?,
                _ => ready!(Pin::new(&mut *stream).poll_write_vectored(context, &slices))?,
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(written);
        }
        if !self.flushed {
            ready!(Pin::new(stream).poll_flush(context))?;
            self.flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, mut written: usize) {
        while let Some(segment) = self.segments.front_mut() {
            if written < segment.len() {
                segment.advance(written);
                return;
            }
            written -= segment.len();
            self.segments.pop_front();
        }
    }

    fn seal_small(&mut self) {
        if !self.small.is_empty() {
            self.segments.push_back(self.small.split().freeze());
        }
    }
}

#[cfg(test)]
mod tests;

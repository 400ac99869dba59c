//! Memory of batches that are done, for batches to come.

use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;

/// Bytes of buffers that are kept at most; the rest goes back to the allocator.
const KEEP_BYTES: usize = 4 << 20;

/// Buffers of one capacity, `batch.size`, first in, first out.
///
/// A buffer that comes back was just read by another core, whose cache still has it: writing to it again at once waits for
/// that core, line by line, for longer than the copy takes. So buffers rest: the one that came back first is used first,
/// and only while enough others came back after it. What is kept here is charged to nobody, so it is little.
#[derive(Clone, Debug)]
pub(crate) struct BufferPool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    capacity: usize,
    keep: usize,
    free: Mutex<VecDeque<Vec<u8>>>,
}

impl BufferPool {
    /// For batches of this size, out of so much memory.
    pub(crate) fn new(batch_size: usize, buffer_memory: usize) -> BufferPool {
        let capacity = batch_size.max(1);
        let keep = KEEP_BYTES.min(buffer_memory / 4) / capacity;
        BufferPool(Arc::new(Inner { capacity, keep, free: Mutex::default() }))
    }

    /// An empty buffer with this room.
    pub(crate) fn take(&self, capacity: usize) -> Vec<u8> {
        let mut rested = None;
        if capacity == self.0.capacity {
            let mut free = self.0.free.lock();
            if free.len() * 2 > self.0.keep {
                rested = free.pop_front();
            }
        }
        rested.unwrap_or_else(|| Vec::with_capacity(capacity))
    }

    /// Nobody uses this buffer any more.
    pub(crate) fn put(&self, mut buffer: Vec<u8>) {
        if buffer.capacity() != self.0.capacity {
            return;
        }
        buffer.clear();
        let mut free = self.0.free.lock();
        if free.len() < self.0.keep {
            free.push_back(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_used_again_once_enough_others_came_after_them() {
        let pool = BufferPool::new(1 << 16, 1 << 20);
        assert_eq!(pool.0.keep, 4);
        let buffers: Vec<Vec<u8>> = (0..3).map(|_| pool.take(1 << 16)).collect();
        let first = buffers[0].as_ptr();
        for (count, mut buffer) in buffers.into_iter().enumerate() {
            assert_eq!(pool.0.free.lock().len(), count);
            buffer.push(1);
            pool.put(buffer);
        }
        let again = pool.take(1 << 16);
        assert_eq!((again.as_ptr(), again.len()), (first, 0));
        let _fresh = pool.take(1 << 16);
        assert_eq!(pool.0.free.lock().len(), 2, "these rest");
    }

    #[test]
    fn few_buffers_are_kept_and_none_of_another_size() {
        let pool = BufferPool::new(1000, 1 << 20);
        pool.put(Vec::with_capacity(999));
        pool.put(Vec::with_capacity(1001));
        assert!(pool.0.free.lock().is_empty());
        assert_eq!(pool.take(10).capacity(), 10);
        for _ in 0..1000 {
            pool.put(Vec::with_capacity(1000));
        }
        assert_eq!(pool.0.free.lock().len(), 262, "a quarter of the memory");
        assert_eq!(BufferPool::new(1000, 1000).0.keep, 0, "all the memory there is may be in use");
    }
}

//! Numbers of queues and batches.

/// A partition's queue; dense, in the order in which partitions were first used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct QueueId(pub u32);

/// A batch; ascending in the order in which batches were opened. The children of a split batch keep their parent's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BatchId(pub u64);

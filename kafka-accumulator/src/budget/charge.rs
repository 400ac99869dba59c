//! What a batch holds of the memory.

use super::{Budget, Group};
use std::fmt;

/// Bytes that are charged for as long as this lives.
pub(crate) struct Charge {
    pub(super) budget: Budget,
    pub(super) group: Group,
    pub(super) bytes: usize,
}

impl Charge {
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Charges more, under the same conditions as for another charge.
    pub(crate) fn try_grow(&mut self, bytes: usize) -> bool {
        let grown = self.budget.0.try_take(self.group, bytes);
        if grown {
            self.bytes += bytes;
        }
        grown
    }

    /// Makes it another group's; false, and nothing done, if that would go beyond its share.
    pub(crate) fn move_to(&mut self, group: Group) -> bool {
        if group == self.group {
            return true;
        }
        let moved = self.budget.0.shares.transfer(self.group, group, self.bytes);
        if moved {
            self.group = group;
            self.budget.0.serve();
        }
        moved
    }

    /// Gives back what goes beyond `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let excess = self.bytes.saturating_sub(bytes);
        self.bytes -= excess;
        self.budget.0.release(self.group, excess);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.0.release(self.group, self.bytes);
    }
}

impl fmt::Debug for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Charge({} bytes)", self.bytes)
    }
}

//! Who holds how much of the memory, and how much each may hold.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Partitions that share a fate: those of one leader. 0 are those whose leader is not known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Group(u8);

/// Counters, of which 0 is for partitions without a leader. More leaders than that share some.
pub(super) const GROUPS: usize = 64;

/// A group may hold up to so many times what nobody holds: one that takes whatever it gets leaves a fifth to the others.
const SHARE: usize = 4;

impl Group {
    /// The leader with this number, counted from 0.
    pub(crate) fn of_leader(number: usize) -> Group {
        Group(1 + (number % (GROUPS - 1)) as u8)
    }

    pub(crate) const fn from_index(index: u8) -> Group {
        Group(index % GROUPS as u8)
    }

    pub(crate) fn index(self) -> u8 {
        self.0
    }
}

/// What a request for memory meets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Room {
    /// It can have it.
    Enough,
    /// There is not so much left.
    TooLittle,
    /// Its group holds so much that the rest is for others.
    BeyondShare,
}

/// One number of bytes for all, and shares of it that follow from what is left: a group may hold no more than four times
/// what nobody holds. So the batches of a leader that is gone pile up only until the others have a fifth of the memory to
/// themselves, and no share has to be configured, or known beforehand.
///
/// All together never hold more than the limit. Shares may be exceeded by what several threads take in the same moment.
#[derive(Debug)]
pub(super) struct Shares {
    limit: usize,
    used: AtomicUsize,
    held: [AtomicUsize; GROUPS],
    /// How many leaders there ever were.
    leaders: AtomicUsize,
}

impl Shares {
    pub(super) fn new(limit: usize) -> Shares {
        Shares {
            limit,
            used: AtomicUsize::new(0),
            held: [const { AtomicUsize::new(0) }; GROUPS],
            leaders: AtomicUsize::new(0),
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn used(&self) -> usize {
        self.used.load(SeqCst)
    }

    pub(super) fn set_leaders(&self, leaders: usize) {
        self.leaders.store(leaders, SeqCst);
    }

    /// Charges the group, if there is room.
    pub(super) fn take(&self, group: Group, bytes: usize) -> Room {
        let mut room = Room::Enough;
        let (shared, held) = (self.are_shared(), self.held(group).load(SeqCst));
        let taken = self.used.fetch_update(SeqCst, SeqCst, |used| {
            room = self.room(shared, held, used, bytes);
            (room == Room::Enough).then(|| used + bytes)
        });
        if taken.is_ok() {
            self.held(group).fetch_add(bytes, SeqCst);
        }
        room
    }

    pub(super) fn give_back(&self, group: Group, bytes: usize) {
        self.held(group).fetch_sub(bytes, SeqCst);
        self.used.fetch_sub(bytes, SeqCst);
    }

    /// Charges another group for what is charged already, if that is within its share.
    pub(super) fn transfer(&self, from: Group, to: Group, bytes: usize) -> bool {
        let (held, used) = (self.held(to).load(SeqCst), self.used().saturating_sub(bytes));
        if self.room(self.are_shared(), held, used, bytes) == Room::BeyondShare {
            return false;
        }
        self.held(to).fetch_add(bytes, SeqCst);
        self.held(from).fetch_sub(bytes, SeqCst);
        true
    }

    fn room(&self, shared: bool, held: usize, used: usize, bytes: usize) -> Room {
        let left = self.limit.checked_sub(used).and_then(|free| free.checked_sub(bytes));
        // Who holds nothing may have whatever there is: a record that is larger than any share goes alone.
        if shared && held > 0 && held.saturating_add(bytes) > left.unwrap_or(0).saturating_mul(SHARE) {
            Room::BeyondShare
        } else if left.is_none() {
            Room::TooLittle
        } else {
            Room::Enough
        }
    }

    /// Who writes to one broker alone may use all of it.
    fn are_shared(&self) -> bool {
        match self.leaders.load(SeqCst) {
            0 => false,
            1 => self.held(Group::default()).load(SeqCst) > 0,
            _ => true,
        }
    }

    fn held(&self, group: Group) -> &AtomicUsize {
        &self.held[usize::from(group.0)]
    }

    #[cfg(test)]
    pub(super) fn held_by(&self, group: Group) -> usize {
        self.held(group).load(SeqCst)
    }
}

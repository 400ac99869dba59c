//! What partitioners remember of a topic between records.

use crate::{TopicView, loads::below};
use std::sync::atomic::{AtomicU64, Ordering};

/// A topic's sticky partition, the bytes that went there since it was chosen, and the topic's own random numbers
/// (KIP-480, KIP-794). Also the turn of a round robin.
///
/// One per topic, shared by all threads that send, without locks. Reading the choice is one relaxed load; counting a
/// record is one load and one addition.
///
/// Same seed, same calls, same choices.
#[derive(Debug)]
pub struct StickyState {
    /// Generation and partition (-1: none chosen yet) in one word, so that of many who want to move on from the same
    /// choice exactly one does.
    choice: AtomicU64,
    /// Bytes since the choice of the generation that the upper bits name.
    produced: AtomicU64,
    random: AtomicU64,
    turn: AtomicU64,
}

impl StickyState {
    /// Nothing chosen yet. Give each topic its own seed, or all topics wander in step.
    pub fn new(seed: u64) -> Self {
        StickyState {
            choice: AtomicU64::new(Choice { generation: 0, partition: -1 }.to_word()),
            produced: AtomicU64::new(Produced { generation: 0, bytes: 0 }.to_word()),
            random: AtomicU64::new(seed),
            turn: AtomicU64::new(0),
        }
    }

    /// The sticky partition, if one was chosen. It may have lost its leader since.
    pub fn partition(&self) -> Option<i32> {
        let partition = Choice::from_word(self.choice.load(Ordering::Relaxed)).partition;
        (partition >= 0).then_some(partition)
    }

    /// The next of this topic's random numbers, uniform over all of `u64` (SplitMix64: each caller advances the
    /// counter by a constant and mixes what it got, so no two callers draw the same).
    pub fn random(&self) -> u64 {
        const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.random.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`, each as likely as the others.
    pub(crate) fn random_below(&self, bound: u32) -> u32 {
        below(self.random(), u64::from(bound)) as u32
    }

    /// One of these at random; `None` if there are none.
    pub(crate) fn random_of(&self, partitions: &[i32]) -> Option<i32> {
        partitions.get(below(self.random(), partitions.len() as u64) as usize).copied()
    }

    /// Any partition that has a leader, or any if none has; -1 if there is none.
    pub(crate) fn anywhere(&self, topic: &TopicView<'_>) -> i32 {
        self.random_of(topic.available).unwrap_or_else(|| match u32::try_from(topic.partition_count) {
            Ok(count) if count > 0 => self.random_below(count) as i32,
            _ => -1,
        })
    }

    /// The sticky partition; `choose` chooses one if there is none yet, or the present one is of no use: it is gone
    /// (the topic was created anew with fewer partitions), or it lost its leader while others have theirs. Records
    /// that keep coming would only pile up behind it.
    #[inline]
    pub(crate) fn current(&self, topic: &TopicView<'_>, choose: impl FnOnce() -> i32) -> i32 {
        let word = self.choice.load(Ordering::Relaxed);
        let present = Choice::from_word(word).partition;
        let exists = (0..topic.partition_count).contains(&present);
        if exists && (topic.available.is_empty() || topic.is_available(present)) {
            return present;
        }
        self.replace(word, choose()).partition
    }

    /// Counts the bytes of batches that ended in `partition`, and moves on to `choose()` when they are `batch_size` since
    /// the choice.
    ///
    /// Races, with A and B sending at once while the choice is (generation 7, partition 3):
    /// - Both cross the limit. Both try to replace the word they read; one succeeds, the other's compare fails and it
    ///   leaves things as they are. One switch, not two.
    /// - A has replaced the choice by (8, 5) and is interrupted before it restarts the count. Were the old count taken
    ///   for generation 8's, each end of a batch would switch at once, for as long as A sleeps. But the count says
    ///   that it is generation 7's: whoever finds it behind the choice restarts it in A's place, and A then finds it
    ///   restarted and leaves it alone.
    /// - B placed its record in partition 3 before A switched, and counts it after. The partition is no longer the
    ///   choice, so B's bytes are left out. If B looked at the choice before the switch and adds after it, they count
    ///   for generation 8. Two who find the count behind at once may lose one's bytes. Either way it is a record's
    ///   worth per thread, which only moves the next switch by as much.
    pub(crate) fn count(&self, partition: i32, bytes: usize, batch_size: u64, choose: impl FnOnce() -> i32) {
        let word = self.choice.load(Ordering::Acquire);
        let choice = Choice::from_word(word);
        if choice.partition != partition {
            return;
        }
        let bytes = (bytes as u64).min(u64::from(u32::MAX));
        let before = self.produced.fetch_add(bytes, Ordering::AcqRel);
        let produced = Produced::from_word(before.wrapping_add(bytes));
        if produced.generation == choice.generation & Produced::GENERATIONS {
            if produced.bytes >= batch_size {
                self.replace(word, choose());
            }
        } else if self.choice.load(Ordering::Acquire) == word {
            // The count only ever gets a generation after the choice has it, so with the choice unchanged it is behind.
            // If others add in between this fails, and the last of them succeeds.
            let restarted = Produced { generation: choice.generation, bytes }.to_word();
            let found = before.wrapping_add(bytes);
            let _ = self.produced.compare_exchange(found, restarted, Ordering::AcqRel, Ordering::Relaxed);
        }
    }

    /// Replaces the choice that `word` holds; if somebody else already did, theirs stands. What stands is returned.
    fn replace(&self, word: u64, partition: i32) -> Choice {
        let next = Choice { generation: Choice::from_word(word).generation.wrapping_add(1), partition };
        match self.choice.compare_exchange(word, next.to_word(), Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => {
                let before = next.generation.wrapping_sub(1) & Produced::GENERATIONS;
                let restarted = Produced { generation: next.generation, bytes: 0 }.to_word();
                let _ = self.produced.fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| {
                    (Produced::from_word(word).generation == before).then_some(restarted)
                });
                next
            }
            Err(found) => Choice::from_word(found),
        }
    }

    /// Whose turn it is in a round robin: a count that only [`StickyState::end_turn`] moves.
    pub(crate) fn turn(&self) -> u64 {
        self.turn.load(Ordering::Relaxed)
    }

    /// Ends this turn, unless somebody already has.
    pub(crate) fn end_turn(&self, turn: u64) {
        let next = turn.wrapping_add(1);
        let _ = self.turn.compare_exchange(turn, next, Ordering::Relaxed, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy)]
struct Choice {
    generation: u32,
    partition: i32,
}

impl Choice {
    #[inline]
    fn from_word(word: u64) -> Self {
        Choice { generation: (word >> 32) as u32, partition: word as u32 as i32 }
    }

    fn to_word(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.partition as u32)
    }
}

/// 24 bits of generation above 40 bits of bytes: far more than twice the greatest `batch.size` with all threads adding
/// their greatest record at once.
struct Produced {
    generation: u32,
    bytes: u64,
}

impl Produced {
    const BYTE_BITS: u32 = 40;
    const GENERATIONS: u32 = (1 << 24) - 1;

    fn from_word(word: u64) -> Self {
        Produced { generation: (word >> Self::BYTE_BITS) as u32, bytes: word & ((1 << Self::BYTE_BITS) - 1) }
    }

    fn to_word(&self) -> u64 {
        u64::from(self.generation & Self::GENERATIONS) << Self::BYTE_BITS | self.bytes
    }
}

#[cfg(test)]
mod tests;

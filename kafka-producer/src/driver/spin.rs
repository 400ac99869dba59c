//! Staying awake for a moment instead of going to sleep at once.

use std::thread;
use std::time::Duration;

/// How long at most. Being woken costs a tenth of it to a few tenths, on either side.
pub(super) const MOMENT: Duration = Duration::from_micros(100);

/// A moment in vain costs so many that were not.
const VAIN: u32 = 2;
/// When so much was lost, the thread goes straight to sleep for a while.
const LOSS: u32 = 4;
/// So many waits go by until it is tried again.
const REST: u32 = 256;

/// Whether it pays to look for news for a moment before sleeping.
///
/// It does where one record follows the other's acknowledgement: then the answer, or the next record, is there before a thread that
/// went to sleep would be up again. Where more than a third of the moments are in vain, 256 waits go straight to sleep, and then it
/// is tried again: two or three moments, if nothing has changed.
#[derive(Debug)]
pub(super) struct Spin {
    /// False where others need this core.
    possible: bool,
    loss: u32,
    resting: u32,
}

impl Spin {
    /// On a thread of the driver's own, or on one that it shares with the program.
    pub(super) fn new(own_thread: bool) -> Spin {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Spin { possible: own_thread && cores > 1, loss: 0, resting: 0 }
    }

    /// Whether to stay awake this time.
    pub(super) fn pays(&mut self) -> bool {
        if self.resting > 0 {
            self.resting -= 1;
            return false;
        }
        self.possible
    }

    /// What came of it.
    pub(super) fn handle_end(&mut self, found: bool) {
        if found {
            self.loss = self.loss.saturating_sub(1);
            return;
        }
        self.loss += VAIN;
        if self.loss >= LOSS {
            // One more in vain is enough then.
            self.loss = LOSS - VAIN;
            self.resting = REST;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of so many waits are spent awake, if every `nth` moment brings something, or none does.
    fn moments(spin: &mut Spin, waits: u32, nth: Option<u32>) -> u32 {
        let mut moments = 0;
        for _ in 0..waits {
            if spin.pays() {
                moments += 1;
                spin.handle_end(nth.is_some_and(|nth| moments % nth == 0));
            }
        }
        moments
    }

    #[test]
    fn moments_in_vain_become_rare_and_those_that_are_not_bring_them_back() {
        let mut spin = Spin { possible: true, loss: 0, resting: 0 };
        assert_eq!(moments(&mut spin, 100, Some(1)), 100);
        assert_eq!(moments(&mut spin, 2, None), 2);
        assert_eq!(moments(&mut spin, 10 * (REST + 1), None), 10);
        assert_eq!(moments(&mut spin, REST, Some(1)), 0);
        assert_eq!(moments(&mut spin, 100, Some(1)), 100);
    }

    #[test]
    fn records_that_come_seldom_keep_nobody_awake_though_each_of_their_answers_comes_soon() {
        let mut spin = Spin { possible: true, loss: 0, resting: 0 };
        assert!(moments(&mut spin, 100 * REST, Some(2)) <= 500);
    }

    #[test]
    fn a_thread_of_the_programs_is_never_kept_busy() {
        assert!(!Spin::new(false).pays());
    }
}

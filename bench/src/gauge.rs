//! What is measured of a work.
#![allow(clippy::disallowed_methods, reason = "a stopwatch reads the clock")]

use stats_alloc::INSTRUMENTED_SYSTEM;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Measures the parts of a work that count; what a work does between them, such as answering for a broker, does not.
pub trait Gauge {
    /// Runs a part, once, and measures it.
    fn measure(&mut self, part: &mut dyn FnMut());
}

/// Measures nothing: for rounds that only bring a work to its steady state.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unmeasured;

impl Gauge for Unmeasured {
    fn measure(&mut self, part: &mut dyn FnMut()) {
        part();
    }
}

/// Time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stopwatch {
    /// The sum over all parts.
    pub elapsed: Duration,
}

impl Gauge for Stopwatch {
    fn measure(&mut self, part: &mut dyn FnMut()) {
        let started = Instant::now();
        part();
        self.elapsed += started.elapsed();
    }
}

/// Calls to the allocator, growth in place included. They are seen only in a program whose global allocator is
/// [`stats_alloc::INSTRUMENTED_SYSTEM`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Allocations {
    /// The sum over all parts.
    pub count: usize,
}

impl Allocations {
    fn so_far() -> usize {
        let stats = INSTRUMENTED_SYSTEM.stats();
        stats.allocations + stats.reallocations
    }
}

impl Gauge for Allocations {
    fn measure(&mut self, part: &mut dyn FnMut()) {
        let before = Allocations::so_far();
        part();
        self.count += Allocations::so_far() - before;
    }
}

/// Instructions, which valgrind's callgrind counts from the entry of one function to its exit:
/// `--toggle-collect='*counted_by_callgrind*'`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Callgrind;

impl Gauge for Callgrind {
    fn measure(&mut self, part: &mut dyn FnMut()) {
        counted_by_callgrind(part);
    }
}

/// A function of its own, which does something after the part: else it would be a jump, with no exit to be seen.
#[inline(never)]
fn counted_by_callgrind(part: &mut dyn FnMut()) {
    part();
    black_box(());
}

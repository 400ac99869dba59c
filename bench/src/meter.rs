//! A stretch of time, and what the process used in it.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock, and waits")]

use crate::process;
use std::time::Instant;

/// Runs from [`Meter::start`] on, on one thread.
pub struct Meter {
    started: Instant,
    cpu_seconds: f64,
    thread_cpu_seconds: f64,
    wake_ups: u64,
}

/// What a [`Meter`] shows.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// How long it ran.
    pub seconds: f64,
    /// CPU time of the whole process.
    pub cpu_seconds: f64,
    /// CPU time of the meter's own thread, which is part of it.
    pub thread_cpu_seconds: f64,
    /// How often all other threads were woken.
    pub wake_ups: u64,
}

impl Meter {
    /// Begins to measure.
    pub fn start() -> Meter {
        Meter {
            wake_ups: process::wake_ups_of_others(),
            thread_cpu_seconds: process::thread_cpu_seconds(),
            cpu_seconds: process::cpu_seconds(),
            started: Instant::now(),
        }
    }

    /// What was used until now.
    pub fn read(&self) -> Reading {
        Reading {
            seconds: self.started.elapsed().as_secs_f64(),
            cpu_seconds: process::cpu_seconds() - self.cpu_seconds,
            thread_cpu_seconds: process::thread_cpu_seconds() - self.thread_cpu_seconds,
            wake_ups: process::wake_ups_of_others().saturating_sub(self.wake_ups),
        }
    }
}

impl Reading {
    /// CPU time, as a share of one core in percent.
    pub fn cpu_percent(&self) -> f64 {
        100.0 * self.cpu_seconds / self.seconds
    }

    /// The same without the meter's own thread.
    pub fn others_cpu_percent(&self) -> f64 {
        100.0 * (self.cpu_seconds - self.thread_cpu_seconds) / self.seconds
    }

    /// Wake-ups of the other threads per second.
    pub fn wake_ups_per_second(&self) -> f64 {
        self.wake_ups as f64 / self.seconds
    }
}

//! What measures the Kafka producer.
//!
//! Programs that run the whole producer share [`meter`], [`open_loop`], [`process`], [`values`] and
//! [`failures`].
//!
//! A [`Work`](work::Work) is a piece of a record's way with fixed inputs: appending, encoding a request, the whole send without
//! its driver. It tells a [`Gauge`](gauge::Gauge) which of its parts count, so that the same work is timed by criterion
//! (`benches/`), and counted in instructions and allocations (`bench-work`, which `cargo xtask bench-guard` runs).
//!
//! ```
//! use bench::gauge::Stopwatch;
//! use bench::work::works;
//!
//! let append = works().find(|work| work.name == "append").expect("there is one");
//! let mut round = (append.start)();
//! let mut stopwatch = Stopwatch::default();
//! assert!(round(&mut stopwatch).units > 0);
//! ```
//!
//! No work opens a socket, starts a thread, or draws a number without a seed.

mod broker;
pub mod failures;
pub mod gauge;
pub mod meter;
pub mod open_loop;
pub mod process;
pub mod values;
pub mod work;
mod world;

//! The whole producer in a simulated world, from one seed: callers, network, clock, cluster, and everything that goes wrong
//! with them.
//!
//! The producer is the real one, `kafka_producer::core` with its engine; the cluster is `kafka-testkit`'s, and what goes over
//! the network between them is the protocol's bytes. After each run the promises are checked against what callers were told
//! and what lies in the logs ([`History`]). A seed that fails is run again with [`Trace::Told`].
//!
//! ```
//! let report = kafka_sim::run(1, kafka_sim::Trace::Silent).expect("every promise holds");
//! assert!(report.events > 0);
//! ```
//!
//! Not here: real sockets, clocks and threads; tests of `kafka-producer` and `kafka-cli` have those. The program of this crate, which
//! `cargo xtask sim` runs, goes through ranges of seeds.

mod agenda;
mod caller;
mod client;
mod fault;
mod history;
mod ledger;
mod link;
mod open;
mod program;
mod random;
mod report;
mod scenario;
mod trace;
mod world;

pub use agenda::Agenda;
pub use history::{History, Logged, Promise, RecordNumber, Told, Violation};
pub use random::Random;
pub use report::Report;
pub use scenario::Scenario;
pub use trace::Trace;

/// Runs the world of a seed.
///
/// # Errors
/// The promise that was broken, and how that shows.
pub fn run(seed: u64, trace: Trace) -> Result<Report, Violation> {
    world::World::new(Scenario::new(seed), trace).run()
}

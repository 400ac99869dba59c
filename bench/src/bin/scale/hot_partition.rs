//! One partition on a slow link.

use crate::cluster::Whereabouts;
use crate::load::{self, Load};
use anyhow::Result;
use clap::Args;

/// One partition, as the only one, behind a link of 10 ms, with batches of 16 KiB.
#[derive(Args, Debug)]
pub(crate) struct HotPartition {
    /// Records.
    #[arg(long, default_value_t = 200_000)]
    count: u64,
    /// How long an answer is under way.
    #[arg(long, default_value_t = 10)]
    delay_ms: u64,
}

impl HotPartition {
    pub(crate) fn run(&self, at: &Whereabouts) -> Result<()> {
        let load = |in_flight: u32| Load {
            count: if in_flight == 1 { self.count / 5 } else { self.count },
            size: 100,
            threads: 1,
            topics: load::Topics::One,
            spread: load::Spread::Partitioner,
            partitions: 1,
            brokers: 1,
            delay_ms: self.delay_ms,
            buffer_memory: None,
            properties: [
                ("max.in.flight.requests.per.connection", in_flight.to_string()),
                ("batch.size", "16384".to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec(),
            window: 1 << 20,
            rounds: 1,
            topic: "hot".to_owned(),
        };
        // A partition has at most one batch in a request: one request in flight is one batch per round trip.
        let (one, several) = (load::run(at, &load(1))?, load::run(at, &load(5))?);
        println!("hot-partition delay_ms={} in_flight=1 {one}", self.delay_ms);
        println!(
            "hot-partition delay_ms={} in_flight=5 {several} times_one_per_round_trip={:.2}",
            self.delay_ms,
            several.records_per_second() / one.records_per_second()
        );
        Ok(())
    }
}

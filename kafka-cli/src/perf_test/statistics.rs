//! Latencies and rates, as kafka-producer-perf-test tells them.

use hdrhistogram::Histogram;
use std::fmt;
use std::time::{Duration, Instant};

/// Longer latencies count as this.
const LONGEST: Duration = Duration::from_secs(3600);

/// What was acknowledged since some time.
pub(crate) struct Statistics {
    started: Instant,
    records: u64,
    bytes: u64,
    latency_sum: Duration,
    /// In microseconds.
    latencies: Histogram<u64>,
    /// What the records are, in the line that sums them up.
    kind: &'static str,
}

impl Statistics {
    pub(crate) fn new(kind: &'static str) -> Statistics {
        // Three digits up to an hour: some hundred kilobytes.
        let latencies = Histogram::new_with_bounds(1, LONGEST.as_micros() as u64, 3)
            .unwrap_or_else(|error| unreachable!("fixed bounds: {error}"));
        Statistics {
            started: Instant::now(),
            records: 0,
            bytes: 0,
            latency_sum: Duration::ZERO,
            latencies,
            kind,
        }
    }

    /// A record of so many bytes was acknowledged, after this time.
    pub(crate) fn record(&mut self, latency: Duration, bytes: usize) {
        self.records += 1;
        self.bytes += bytes as u64;
        self.latency_sum += latency;
        self.latencies.saturating_record(latency.as_micros() as u64);
    }

    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// The line of a window, which begins anew.
    pub(crate) fn take_window(&mut self) -> String {
        let line = format!(
            "{} records sent, {:.1} records/sec ({:.2} MB/sec), {:.1} ms avg latency, {:.1} ms max latency.",
            self.records,
            self.rate(),
            self.megabytes(),
            self.average(),
            millis(self.latencies.max()),
        );
        self.started = Instant::now();
        (self.records, self.bytes, self.latency_sum) = (0, 0, Duration::ZERO);
        self.latencies.reset();
        line
    }

    fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64().max(1e-9)
    }

    pub(crate) fn rate(&self) -> f64 {
        self.records as f64 / self.seconds()
    }

    pub(crate) fn megabytes(&self) -> f64 {
        self.bytes as f64 / self.seconds() / (1024.0 * 1024.0)
    }

    fn average(&self) -> f64 {
        self.latency_sum.as_secs_f64() * 1e3 / (self.records.max(1)) as f64
    }

    fn percentile(&self, percentile: f64) -> u64 {
        // Kafka's tool counts whole milliseconds.
        millis(self.latencies.value_at_percentile(percentile)).round() as u64
    }
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1e3
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{} records sent, {:.6} records/sec ({:.2} MB/sec), {:.2} ms avg latency, {:.2} ms max latency, \
             {} ms 50th, {} ms 95th, {} ms 99th, {} ms 99.9th.",
            self.records,
            self.kind,
            self.rate(),
            self.megabytes(),
            self.average(),
            millis(self.latencies.max()),
            self.percentile(50.0),
            self.percentile(95.0),
            self.percentile(99.0),
            self.percentile(99.9),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_has_kafkas_columns_and_a_window_begins_anew() {
        let mut statistics = Statistics::new(" steady state");
        for ms in 1..=100 {
            statistics.record(Duration::from_millis(ms), 1000);
        }
        let line = statistics.to_string();
        assert!(line.starts_with("100 steady state records sent, "), "{line}");
        assert!(line.contains(" MB/sec), 50.50 ms avg latency, 100."), "{line}");
        assert!(
            line.ends_with(" ms max latency, 50 ms 50th, 95 ms 95th, 99 ms 99th, 100 ms 99.9th."),
            "{line}"
        );
        assert!(statistics.take_window().contains(" ms avg latency, 100."), "{line}");
        assert!(
            statistics.take_window().starts_with("0 records sent, 0.0 records/sec (0.00 MB/sec), 0.0 ms avg")
        );
    }
}

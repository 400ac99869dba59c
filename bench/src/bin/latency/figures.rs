//! What a client's program printed.

use anyhow::{Context, Result};

/// A run's rate and latencies, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) rate: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
}

impl Figures {
    /// From the line that this producer's program and its peers print.
    pub(crate) fn parse(output: &str) -> Result<Figures> {
        let field = |name: &str| -> Result<f64> {
            let word = output.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            let word = word.with_context(|| format!("no {name} in {output:?}"))?;
            word.parse().with_context(|| format!("{name}={word} is not a number"))
        };
        Ok(Figures {
            rate: field("rec_per_s")?,
            p50: field("p50_us")?,
            p99: field("p99_us")?,
            p999: field("p999_us")?,
        })
    }

    /// From the last line of `kafka-producer-perf-test`: `…, 7990.4 records/sec (0.76 MB/sec), …, 2 ms 50th, …`.
    pub(crate) fn parse_java(output: &str) -> Result<Figures> {
        let last = output
            .lines()
            .rfind(|line| line.contains(" 99.9th"))
            .with_context(|| format!("no percentiles in what kafka-producer-perf-test said: {output:?}"))?;
        let before = |unit: &str| -> Result<f64> {
            let part = last.split(", ").find(|part| part.contains(unit));
            let part = part.with_context(|| format!("no {unit:?} in {last:?}"))?;
            let number = part.split_whitespace().next().unwrap_or_default();
            number.parse().with_context(|| format!("{number:?} is not a number"))
        };
        Ok(Figures {
            rate: before(" records/sec")?,
            p50: before(" ms 50th")? * 1e3,
            p99: before(" ms 99th")? * 1e3,
            p999: before(" ms 99.9th")? * 1e3,
        })
    }

    /// The middle of several runs, figure by figure.
    pub(crate) fn median(runs: &[Figures]) -> Option<Figures> {
        let middle = |of: fn(&Figures) -> f64| -> Option<f64> {
            let mut all: Vec<f64> = runs.iter().map(of).collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied()
        };
        Some(Figures {
            rate: middle(|run| run.rate)?,
            p50: middle(|run| run.p50)?,
            p99: middle(|run| run.p99)?,
            p999: middle(|run| run.p999)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_lines_are_read() {
        let ours = Figures::parse("records=5 rec_per_s=4000 p50_us=12 p99_us=340 p999_us=5600 max_us=7000\n")
            .unwrap();
        assert_eq!((ours.rate, ours.p50, ours.p99, ours.p999), (4000.0, 12.0, 340.0, 5600.0));
        let java = "500 records sent, 100.0 records/sec (0.01 MB/sec), 9.0 ms avg latency, 30.0 ms max latency.\n\
            1000 records sent, 7990.4 records/sec (0.76 MB/sec), 2.51 ms avg latency, 402.00 ms max latency, \
            2 ms 50th, 5 ms 95th, 17 ms 99th, 33 ms 99.9th.\n";
        let java = Figures::parse_java(java).unwrap();
        assert_eq!((java.rate, java.p50, java.p99, java.p999), (7990.4, 2_000.0, 17_000.0, 33_000.0));
    }

    #[test]
    fn a_line_without_figures_is_an_error_that_shows_it() {
        assert!(Figures::parse("no such topic").unwrap_err().to_string().contains("no such topic"));
        assert!(Figures::parse_java("no such topic").unwrap_err().to_string().contains("no such topic"));
    }
}

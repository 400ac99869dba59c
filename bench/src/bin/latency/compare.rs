//! All clients beside each other.

use crate::figures::Figures;
use crate::peers::{Client, Load, Places, Program};
use anyhow::Result;
use clap::{Args, ValueEnum};

/// Measures several clients against one cluster, each at a share of its own peak rate, in turn.
///
/// The topics `<topic>-<client>` are made by being used, or must exist.
#[derive(Args, Debug)]
pub(crate) struct Compare {
    /// The cluster.
    #[arg(long)]
    bootstrap: String,
    /// The clients.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "ours,ours-callbacks,rdkafka,franz,java")]
    clients: Vec<Client>,
    /// What the topics' names begin with.
    #[arg(long, default_value = "latency")]
    topic: String,
    /// Records a second for all, instead of a share of each client's peak.
    #[arg(long)]
    rate: Option<f64>,
    /// The share of its own peak rate that each client sends.
    #[arg(long, default_value_t = 0.5)]
    share: f64,
    /// For how long a run is measured, after as long a warm-up.
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// Bytes of a value.
    #[arg(long, default_value_t = 100)]
    size: usize,
    /// `linger.ms`.
    #[arg(long, default_value_t = 5)]
    linger_ms: u64,
    /// How often each is run; the table shows the median.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    #[command(flatten)]
    places: Places,
}

impl Compare {
    pub(crate) fn run(&self) -> Result<()> {
        let mut programs = Vec::new();
        for &client in &self.clients {
            programs.push((client, Program::prepare(client, &self.places)?));
        }
        let mut rates = Vec::new();
        for (client, program) in &programs {
            rates.push(match self.rate {
                Some(rate) => (None, rate),
                None => {
                    let peak = self.peak(*client, program)?;
                    (Some(peak), peak * self.share)
                }
            });
        }
        let mut runs = vec![Vec::new(); programs.len()];
        for _ in 0..self.rounds {
            for ((client, program), ((_, rate), runs)) in programs.iter().zip(rates.iter().zip(&mut runs)) {
                runs.push(program.run(&self.load(*client, Some(*rate)))?);
            }
        }
        println!(
            "{:14}{:>12}{:>12}{:>12}{:>10}{:>10}{:>10}",
            "", "peak/s", "sent/s", "acked/s", "p50 µs", "p99 µs", "p99.9 µs"
        );
        for ((client, _), ((peak, rate), runs)) in programs.iter().zip(rates.iter().zip(&runs)) {
            let Some(Figures { rate: reached, p50, p99, p999 }) = Figures::median(runs) else { continue };
            let peak = peak.map_or("-".to_owned(), |peak| format!("{peak:.0}"));
            println!(
                "{:14}{peak:>12}{rate:>12.0}{reached:>12.0}{p50:>10.0}{p99:>10.0}{p999:>10.0}",
                name(*client)
            );
        }
        Ok(())
    }

    fn peak(&self, client: Client, program: &Program) -> Result<f64> {
        let mut runs = Vec::new();
        for _ in 0..self.rounds {
            runs.push(program.run(&self.load(client, None))?);
        }
        Ok(Figures::median(&runs).map_or(0.0, |figures| figures.rate))
    }

    fn load(&self, client: Client, rate: Option<f64>) -> Load {
        Load {
            bootstrap: self.bootstrap.clone(),
            topic: format!("{}-{}", self.topic, name(client)),
            rate,
            seconds: self.seconds,
            size: self.size,
            linger_ms: self.linger_ms,
        }
    }
}

fn name(client: Client) -> String {
    client.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

//! `cargo xtask test`: everything that must hold, stage by stage, each within its budget.

use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// What runs, in order. Budgets are for two cores and an empty build folder; together they stay within 45 minutes.
const STAGES: &[Stage] = &[
    Stage { name: "format", minutes: 1, cargo: &["fmt", "--all", "--check"] },
    Stage { name: "layering", minutes: 1, cargo: &["xtask", "layering"] },
    Stage { name: "generated code", minutes: 1, cargo: &["xtask", "codegen", "--check"] },
    Stage {
        name: "lints",
        minutes: 3,
        cargo: &["clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"],
    },
    Stage {
        name: "without features",
        minutes: 1,
        cargo: &[
            "check",
            "-p",
            "kafka-producer",
            "-p",
            "kafka-protocol",
            "-p",
            "kafka-network",
            "--no-default-features",
        ],
    },
    Stage { name: "tests", minutes: 5, cargo: &["test", "--workspace", "--locked"] },
    // The first 200 seeds are a test of kafka-sim; optimized, these thousands take seconds.
    Stage { name: "simulation", minutes: 3, cargo: &["xtask", "sim", "--seeds", "200..3000"] },
    Stage {
        name: "programs",
        minutes: 10,
        // What users run, and the examples that the tests on real Kafka run; the lints see that the bench's compile.
        cargo: &[
            "build",
            "--release",
            "--workspace",
            "--bin",
            "kafka-cli",
            "--example",
            "quickstart",
            "--example",
            "topic_sizes",
            "--example",
            "describe_transaction",
            "--example",
            "tail_partition",
            "--locked",
        ],
    },
    // Builds one of the programs again, as nobody but the bench needs it.
    Stage { name: "bench guard", minutes: 3, cargo: &["xtask", "bench-guard"] },
    Stage {
        name: "quickstart",
        minutes: 1,
        cargo: &["run", "--release", "--locked", "--example", "quickstart"],
    },
    Stage {
        name: "real Kafka",
        minutes: 16,
        cargo: &["test", "--release", "--locked", "-p", "kafka-cli", "--test", "real_kafka"],
    },
];

struct Stage {
    name: &'static str,
    minutes: u64,
    cargo: &'static [&'static str],
}

/// Runs all stages, and all of them even if one fails.
///
/// # Errors
/// Names the stages that failed.
pub(crate) fn run() -> Result<()> {
    let mut total = Count::default();
    let mut failed = Vec::new();
    for stage in STAGES {
        println!("\n=== {}: cargo {} (at most {} min)", stage.name, stage.cargo.join(" "), stage.minutes);
        let started = Instant::now();
        let outcome = stage.run(&mut total);
        println!("=== {}: {:.0} s", stage.name, started.elapsed().as_secs_f64());
        if let Err(error) = outcome {
            println!("=== {} FAILED: {error:#}", stage.name);
            failed.push(stage.name);
        }
    }
    println!("\n{} passed, {} failed, {} skipped", total.passed, total.failed, total.skipped);
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// Tests as the harnesses count them.
#[derive(Default)]
struct Count {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Count {
    /// Adds a closing line of a test harness: `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    fn add(&mut self, line: &str) {
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        for count in counts.split("; ") {
            match count.split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                Some((number, "ignored")) => self.skipped += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }
}

impl Stage {
    fn run(&self, total: &mut Count) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(self.minutes * 60);
        let mut child =
            in_own_group(Command::new("cargo").args(self.cargo).stdin(Stdio::null()).stdout(Stdio::piped()))
                .spawn()
                .context("starting cargo")?;
        let stdout = child.stdout.take().context("no stdout")?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| sender.send(line).ok())
        });
        loop {
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    println!("{line}");
                    total.add(&line);
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    end_group(&mut child);
                    bail!("not done within its {} minutes", self.minutes);
                }
            }
        }
        let status = child.wait()?;
        if !status.success() {
            bail!("cargo ended with {status}");
        }
        Ok(())
    }
}

/// A group of its own, so that what the stage started ends with it.
#[cfg(unix)]
fn in_own_group(command: &mut Command) -> &mut Command {
    std::os::unix::process::CommandExt::process_group(command, 0)
}

#[cfg(not(unix))]
fn in_own_group(command: &mut Command) -> &mut Command {
    command
}

fn end_group(child: &mut Child) {
    let group = format!("-{}", child.id());
    let killed = Command::new("kill").args(["-KILL", "--", &group]).status();
    if !killed.is_ok_and(|status| status.success()) {
        let _ = child.kill();
    }
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted() {
        let mut count = Count::default();
        count.add(
            "test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.1s",
        );
        count.add("test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out");
        count.add("test something ... ok");
        assert_eq!((count.passed, count.failed, count.skipped), (13, 2, 3));
    }

    #[test]
    fn all_budgets_together_stay_within_the_gates_own() {
        assert!(STAGES.iter().map(|stage| stage.minutes).sum::<u64>() <= 45);
    }
}

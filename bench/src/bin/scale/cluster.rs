//! The cluster that a scenario runs against.

use crate::serve::Serve;
use anyhow::{Context, Result, bail};
use clap::Args;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Where the cluster is.
#[derive(Args, Clone, Debug)]
pub(crate) struct Whereabouts {
    /// A cluster to measure against instead of the simulated one; it makes topics when they are used, with the
    /// partitions and the delay that the scenario is about.
    #[arg(long, global = true)]
    bootstrap: Option<String>,
}

/// A cluster; one that was started ends with it.
pub(crate) struct Cluster {
    pub(crate) bootstrap: String,
    started: Option<Started>,
}

struct Started {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Whereabouts {
    /// The given cluster, or one of this shape.
    pub(crate) fn cluster(&self, shape: &Serve) -> Result<Cluster> {
        match &self.bootstrap {
            Some(bootstrap) => Ok(Cluster { bootstrap: bootstrap.clone(), started: None }),
            None => Cluster::start(shape),
        }
    }

    /// One of this shape, whatever was given: the scenario needs to break it.
    pub(crate) fn simulated(&self, shape: &Serve) -> Result<Cluster> {
        if self.bootstrap.is_some() {
            bail!(
                "this scenario stops brokers; it runs against the simulated cluster alone, without --bootstrap"
            );
        }
        Cluster::start(shape)
    }
}

impl Cluster {
    fn start(shape: &Serve) -> Result<Cluster> {
        let program = std::env::current_exe().context("finding this program")?;
        let mut child = Command::new(program)
            .arg("serve")
            .args(["--brokers", &shape.brokers.to_string()])
            .args(["--partitions", &shape.partitions.to_string()])
            .args(["--delay-ms", &shape.delay_ms.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the cluster's process")?;
        let answers = child.stdout.take().context("the cluster's process has no standard output")?;
        let mut started = Started { child, answers: BufReader::new(answers) };
        let bootstrap = started.line()?;
        Ok(Cluster { bootstrap, started: Some(started) })
    }

    /// Tells the simulated cluster something, see [`Serve`].
    pub(crate) fn tell(&mut self, line: &str) -> Result<()> {
        let Some(started) = &mut self.started else {
            bail!("only the simulated cluster can be told: {line}")
        };
        let input = started.child.stdin.as_mut().context("the cluster's process has no standard input")?;
        writeln!(input, "{line}")?;
        started.line()?;
        Ok(())
    }
}

impl Started {
    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let count = self.answers.read_line(&mut line)?;
        anyhow::ensure!(count > 0, "the cluster's process ended");
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Its standard input ends, and so does it.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

//! The program under test.

use crate::java::run_with_input;
use anyhow::{Context, Result, ensure};
use std::process::{Child, Command, Output, Stdio};

/// `kafka-cli` with these arguments.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kafka-cli"));
    command.args(arguments);
    command
}

/// Runs it to its end, with `input` on its standard input.
pub(crate) fn run(arguments: &[&str], input: &[u8]) -> Result<Output> {
    run_with_input(command(arguments), input)
}

/// Standard output of a run that must succeed.
pub(crate) fn output(arguments: &[&str], input: &[u8]) -> Result<String> {
    let output = run(arguments, input)?;
    ensure!(
        output.status.success(),
        "kafka-cli {arguments:?} failed with {}:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).context("kafka-cli's output is not UTF-8")
}

/// A child that is killed when this is dropped.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Starts `kafka-cli` with its standard output piped.
    pub(crate) fn start(arguments: &[&str]) -> Result<Running> {
        let child = command(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        Ok(Running(child))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

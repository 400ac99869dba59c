//! `kafka-cli completion` and `kafka-cli manual`: for packages and shells.

use anyhow::{Context, Result};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::io::stdout;
use std::path::PathBuf;
use std::process::ExitCode;

/// Prints a script that makes a shell complete commands and options.
///
/// Example, for bash: kafka-cli completion bash > /etc/bash_completion.d/kafka-cli
#[derive(Args, Debug)]
pub(crate) struct CompletionArguments {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Writes the manual's pages into a folder, one for each command.
///
/// Example: kafka-cli manual /usr/local/share/man/man1
#[derive(Args, Debug)]
pub(crate) struct ManualArguments {
    /// The folder, which has to exist.
    folder: PathBuf,
}

impl CompletionArguments {
    pub(crate) fn run<P: CommandFactory>(&self) -> Result<ExitCode> {
        let mut command = P::command();
        let name = command.get_name().to_owned();
        clap_complete::generate(self.shell, &mut command, name, &mut stdout());
        Ok(ExitCode::SUCCESS)
    }
}

impl ManualArguments {
    pub(crate) fn run<P: CommandFactory>(&self) -> Result<ExitCode> {
        clap_mangen::generate_to(P::command(), &self.folder)
            .with_context(|| format!("writing into {}", self.folder.display()))?;
        Ok(ExitCode::SUCCESS)
    }
}

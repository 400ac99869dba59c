//! `cargo xtask layering`: the arrows between the crates only point down, and only drivers and programs do I/O.

mod metadata;
mod rules;
mod table;

use anyhow::{Context, Result, ensure};
use metadata::Metadata;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Checks the workspace that xtask belongs to.
///
/// # Errors
/// Lists what breaks a rule: crate, dependency and the rule.
pub(crate) fn run() -> Result<()> {
    let metadata = read(&workspace())?;
    let violations = rules::check(&metadata);
    for violation in &violations {
        eprintln!("{violation}");
    }
    ensure!(violations.is_empty(), "{} dependencies or crates break the layering", violations.len());
    println!("layering: {} crates hold", metadata.packages.len());
    Ok(())
}

fn workspace() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

fn read(workspace: &Path) -> Result<Metadata> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(workspace)
        .output()
        .context("starting cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("reading the output of cargo metadata")
}

#[cfg(test)]
mod tests;

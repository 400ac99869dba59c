//! `cargo xtask bench-guard`: what each piece of a record's way takes, in instructions and in allocations, beside what it took
//! when the figures were checked in.
//!
//! Instructions under valgrind are the same in each run of the same program, however busy the machine is; so a few percent
//! more are a finding, where times would have to double.

mod comparison;
mod counting;
mod figures;
mod machine;

use anyhow::{Context, Result, bail, ensure};
use comparison::Comparison;
use figures::Figures;
use machine::Machine;
use std::fs;
use std::path::{Path, PathBuf};

/// Counts, and compares with `bench/figures.tsv`, or with `update` writes that.
///
/// Where the figures can't be compared, because valgrind is missing or because they were counted with another compiler,
/// it says so and holds; in CI, where nobody would see that, it fails.
///
/// # Errors
/// Names the figures that grew, and those that are missing or left over.
pub(crate) fn run(update: bool) -> Result<()> {
    let path = path();
    let machine = match Machine::here() {
        Ok(machine) => machine,
        Err(reason) if update => return Err(reason),
        Err(reason) => return not_compared(&reason.to_string()),
    };
    if update {
        let figures = Figures { machine: machine.to_string(), rows: counting::count()? };
        fs::write(&path, figures.to_string()).with_context(|| format!("writing {}", path.display()))?;
        println!("{} figures written to {}", figures.rows.len(), path.display());
        return Ok(());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let before: Figures = text.parse().with_context(|| format!("in {}", path.display()))?;
    let comparison = Comparison::new(&before.rows, &counting::count()?);
    print!("{comparison}");
    if before.machine != machine.to_string() {
        let reason = format!(
            "the figures are of another toolchain ({}), this is {machine}; count the same commit that they are of with \
             `cargo xtask bench-guard --update`, then yours",
            before.machine
        );
        return not_compared(&reason);
    }
    if comparison.fallen() > 0 {
        println!(
            "{} works take over 3 % less: `cargo xtask bench-guard --update` keeps that",
            comparison.fallen()
        );
    }
    // As test harnesses close, so that the gate counts it.
    let (passed, failed) = (comparison.held(), comparison.failures().len());
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {verdict}. {passed} passed; {failed} failed; 0 ignored");
    ensure!(
        failed == 0,
        "{}; if that is meant, `cargo xtask bench-guard --update`",
        comparison.failures().join("; ")
    );
    Ok(())
}

fn not_compared(reason: &str) -> Result<()> {
    if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
        bail!("{reason}");
    }
    println!("skipped: {reason}");
    println!("test result: ok. 0 passed; 0 failed; 1 ignored");
    Ok(())
}

fn path() -> PathBuf {
    workspace().join("bench/figures.tsv")
}

fn workspace() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

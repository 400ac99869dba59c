//! `cargo xtask fuzz`: the targets of `fuzz/` with the stable compiler, for a bounded number of inputs each.
//!
//! Coverage feedback is a pass of LLVM that every compiler has; only the address sanitizer, which `cargo fuzz` adds, needs nightly. Nothing in the crate is
//! `unsafe`, so panics, loops and memory are what there is to find.

use crate::fuzz_seeds;
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// What libFuzzer needs to see: edges as counters, and what is compared with what.
const INSTRUMENTATION: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";
/// An input that takes longer is a finding, in seconds; a machine that is busy with others takes some of them.
const SLOWEST: u32 = 100;
/// Memory above which an input is a finding, in MiB.
const MEMORY: u32 = 1024;
/// No input is longer, in bytes.
const LONGEST: u32 = 4096;

/// Runs `targets`, or all.
///
/// # Errors
/// Names the targets with a finding.
pub(crate) fn run(runs: u64, targets: &[String]) -> Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask has no parent")?;
    let folder = workspace.join("fuzz");
    let known = known_targets(&folder)?;
    if let Some(unknown) = targets.iter().find(|target| !known.contains(target)) {
        bail!("no fuzz target {unknown}: expected {}", known.join(", "));
    }
    fuzz_seeds::run()?;
    let programs = build(&folder)?;
    let mut findings = Vec::new();
    for target in if targets.is_empty() { &known } else { targets } {
        println!("{target}: {runs} inputs");
        let corpus = folder.join("corpus").join(target);
        let artifacts = folder.join("artifacts").join(target);
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(&artifacts)?;
        let status = Command::new(programs.join(target))
            .arg(format!("-runs={runs}"))
            .arg(format!("-max_len={LONGEST}"))
            .arg(format!("-timeout={SLOWEST}"))
            .arg(format!("-rss_limit_mb={MEMORY}"))
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .args(["-print_final_stats=1", "-print_funcs=0", "-verbosity=0"])
            .arg(corpus)
            .status()
            .with_context(|| format!("starting {target}"))?;
        if !status.success() {
            findings.push(target.as_str());
        }
    }
    ensure!(
        findings.is_empty(),
        "findings of {}, in {}",
        findings.join(", "),
        folder.join("artifacts").display()
    );
    Ok(())
}

/// The files of `fuzz_targets`, by name.
fn known_targets(folder: &Path) -> Result<Vec<String>> {
    let mut known = Vec::new();
    for entry in fs::read_dir(folder.join("fuzz_targets"))? {
        let path = entry?.path();
        known.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    known.sort();
    Ok(known)
}

/// Builds them all, and says where they are.
fn build(folder: &Path) -> Result<PathBuf> {
    // Flags for a named target don't reach build scripts and macros, which are not fuzzed.
    let host = host()?;
    // Not in the workspace's own folder, whose lock `cargo xtask` may hold while this runs.
    let output = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| folder.join("target"), |at| Path::new(&at).join("fuzz"));
    let status = Command::new("cargo")
        .args(["build", "--release", "--locked", "--target", &host])
        .current_dir(folder)
        .env("RUSTFLAGS", INSTRUMENTATION)
        .env("CARGO_TARGET_DIR", &output)
        .status()
        .context("starting cargo")?;
    ensure!(status.success(), "the fuzz targets don't build");
    Ok(output.join(host).join("release"))
}

/// The compiler's own target.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("starting rustc")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    Ok(host.to_owned())
}

//! What the number of instructions depends on, besides the program.

use anyhow::{Context, Result, bail, ensure};
use std::fmt;
use std::fs;
use std::process::Command;

/// The toolchain and the libraries: figures of different ones can't be compared to the percent.
///
/// The CPU is hardly among them: valgrind shows programs one of its own, which has AVX2 if the real one has and never AVX-512,
/// and by that they choose their variants of `memcpy` and of checksums.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Machine {
    rustc: String,
    libc: String,
    valgrind: String,
    cpu: &'static str,
}

impl Machine {
    /// This one.
    ///
    /// # Errors
    /// Why instructions can't be counted here.
    pub(super) fn here() -> Result<Machine> {
        ensure!(
            cfg!(all(target_os = "linux", target_arch = "x86_64")),
            "instructions are counted on Linux on x86_64 only"
        );
        let valgrind = first_line("valgrind", &["--version"])
            .context("valgrind, which counts instructions, is missing: install it, as .ci/run does")?;
        let flags = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cpu = if flags.contains(" avx2 ") { "AVX2" } else { "no AVX2" };
        Ok(Machine {
            rustc: first_line("rustc", &["--version"])?,
            libc: first_line("getconf", &["GNU_LIBC_VERSION"]).unwrap_or_else(|_| "another libc".to_owned()),
            valgrind,
            cpu,
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { rustc, libc, valgrind, cpu } = self;
        write!(f, "{rustc}, {libc}, {valgrind}, {cpu}")
    }
}

fn first_line(program: &str, arguments: &[&str]) -> Result<String> {
    let output =
        Command::new(program).args(arguments).output().with_context(|| format!("starting {program}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.lines().next() {
        Some(line) if output.status.success() => Ok(line.trim().to_owned()),
        _ => bail!("{program} {} ended with {}", arguments.join(" "), output.status),
    }
}

//! Building `bench-work`, and counting what each of its works takes.

use super::figures::Figure;
use super::workspace;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The function at whose entry callgrind starts to count, and at whose exit it stops, in whatever way names are mangled.
const TOGGLE: &str = "--toggle-collect=*counted_by_callgrind*";

/// Counts all works, several at a time: that changes no count.
///
/// # Errors
/// Whatever keeps a work from being built, run or counted.
pub(super) fn count() -> Result<Vec<Figure>> {
    let program = build()?;
    let list = run(Command::new(&program).arg("list"))?;
    let works: Vec<(&str, &str)> = list.lines().filter_map(|line| line.split_once('\t')).collect();
    ensure!(!works.is_empty(), "bench-work lists no works");
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let counted = thread::scope(|scope| {
        let work = || {
            let mut counted = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some((name, unit)) = works.get(index) else { return Ok(counted) };
                let figure = count_one(&program, name, unit).with_context(|| format!("counting {name}"))?;
                counted.push((index, figure));
            }
        };
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let joined = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.collect::<Result<Vec<Vec<_>>>>()
    })?;
    let mut counted: Vec<(usize, Figure)> = counted.into_iter().flatten().collect();
    counted.sort_by_key(|(index, _)| *index);
    Ok(counted.into_iter().map(|(_, figure)| figure).collect())
}

/// As the programs are built that are measured elsewhere.
fn build() -> Result<PathBuf> {
    let messages = run(Command::new("cargo").current_dir(workspace()).args([
        "build",
        "--release",
        "--locked",
        "--package=bench",
        "--bin=bench-work",
        "--message-format=json-render-diagnostics",
    ]))?;
    let mut built = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        message.get("executable")?.as_str().map(PathBuf::from)
    });
    built.next_back().context("cargo built no program")
}

fn count_one(program: &Path, name: &str, unit: &str) -> Result<Figure> {
    let (instructions, units) = instructions(program, name)?;
    let numbers = numbers(&run(Command::new(program).env_clear().args(["allocations", name]))?)?;
    let [allocations, allocating_units, batches] = *numbers else {
        bail!("bench-work prints three numbers, not {}", numbers.len())
    };
    let per = if batches > 0.0 { batches } else { allocating_units };
    Ok(Figure {
        name: name.to_owned(),
        unit: unit.to_owned(),
        instructions: instructions / units,
        allocations: allocations / per,
    })
}

/// Instructions, and for how many units.
fn instructions(program: &Path, name: &str) -> Result<(f64, f64)> {
    let folder = program.parent().unwrap_or(program);
    let profile = folder.join(format!("bench-work.{name}.callgrind"));
    let mut valgrind = Command::new("valgrind");
    // Nothing of this environment reaches the program, whose stack would lie elsewhere with each variable.
    let path = std::env::var_os("PATH").unwrap_or_default();
    valgrind.env_clear().env("PATH", path).args(["--quiet", "--tool=callgrind", TOGGLE]);
    valgrind.arg(format!("--callgrind-out-file={}", profile.display()));
    let printed = run(valgrind.arg(program).args(["instructions", name]))?;
    let units = *numbers(&printed)?.first().context("bench-work prints how many units it did")?;
    let text = fs::read_to_string(&profile).with_context(|| format!("reading {}", profile.display()))?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
    let total: f64 = total.context("callgrind writes a total")?.trim().parse()?;
    ensure!(total > 0.0, "callgrind did not see `counted_by_callgrind`");
    Ok((total, units))
}

fn numbers(printed: &str) -> Result<Vec<f64>> {
    printed.trim().split('\t').map(|number| Ok(number.parse()?)).collect()
}

/// What a program prints, if it succeeds.
fn run(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("starting {}", command.get_program().display()))?;
    ensure!(output.status.success(), "{} ended with {}", command.get_program().display(), output.status);
    Ok(String::from_utf8(output.stdout)?)
}

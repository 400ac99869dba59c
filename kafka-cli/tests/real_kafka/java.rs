//! Java, and Kafka's jars from Maven.

use anyhow::{Context, Result, ensure};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The release that most tests run, and whose tools all of them use.
pub(crate) const KAFKA_VERSION: &str = "4.4.0";
/// The last release before transactions of version 2.
pub(crate) const KAFKA_3: &str = "3.9.1";

/// Why real Kafka can't run here, or `None`.
pub(crate) fn missing() -> Option<&'static str> {
    let runs = |program: &str| {
        Command::new(program).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    match (runs("java"), runs("mvn")) {
        (false, _) => Some("java is missing (Java 17 or later is needed)"),
        (true, false) => Some("mvn is missing (Maven fetches Kafka's jars)"),
        (true, true) => None,
    }
}

/// Where a release's jars are, fetched on first use into the build's own folder.
pub(crate) fn jars(version: &str) -> Result<PathBuf> {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kafka-{version}"));
    let libs = home.join("libs");
    let complete = libs.join(".complete");
    if complete.exists() {
        return Ok(libs);
    }
    fs::create_dir_all(&home)?;
    let pom = home.join("pom.xml");
    fs::write(&pom, include_str!("pom.xml"))?;
    let output = Command::new("mvn")
        .args(["-q", "-B", "-f"])
        .arg(&pom)
        .arg("dependency:copy-dependencies")
        .arg(format!("-Dkafka.version={version}"))
        .arg(format!("-DoutputDirectory={}", libs.display()))
        .output()
        .context("running mvn")?;
    ensure!(
        output.status.success(),
        "mvn could not fetch Kafka {version}:\n{}",
        String::from_utf8_lossy(&output.stdout)
    );
    fs::write(complete, "")?;
    Ok(libs)
}

/// A command that runs one of Kafka's own classes.
pub(crate) fn class(name: &str, heap: &str) -> Result<Command> {
    class_of(KAFKA_VERSION, name, heap)
}

/// A command that runs a class of that release.
pub(crate) fn class_of(version: &str, name: &str, heap: &str) -> Result<Command> {
    let mut command = Command::new("java");
    command
        // Arguments beyond ASCII are read by the locale.
        .env("LC_ALL", "C.UTF-8")
        .arg(format!("-Xmx{heap}"))
        .args([
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        ])
        .arg("-cp")
        .arg(jars(version)?.join("*"))
        .arg(name);
    Ok(command)
}

/// Runs one of Kafka's tools to its end, with `input` on its standard input.
pub(crate) fn tool(name: &str, arguments: &[&str], input: &[u8]) -> Result<Output> {
    let mut command = class(name, "512m")?;
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    run_with_input(command, input).with_context(|| format!("running {name}"))
}

/// Runs a command to its end, feeding it while its output is read.
pub(crate) fn run_with_input(mut command: Command, input: &[u8]) -> Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("starting {:?}", command.get_program()))?;
    let mut stdin = child.stdin.take().context("no stdin")?;
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || {
        // A tool that ends early closes its end; its exit code says why.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output()?;
    feeder.join().ok();
    Ok(output)
}

/// Standard output of a tool that must succeed.
pub(crate) fn tool_output(name: &str, arguments: &[&str], input: &[u8]) -> Result<String> {
    let output = tool(name, arguments, input)?;
    ensure!(
        output.status.success(),
        "{name} {arguments:?} failed with {}:\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).context("a tool's output is not UTF-8")
}

//! The clients that are compared: how each is built, and how it is run.

use crate::figures::Figures;
use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A client.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Client {
    /// This producer; a thread waits for the deliveries.
    Ours,
    /// This producer, with a callback for each record.
    OursCallbacks,
    /// The Rust crate over librdkafka.
    Rdkafka,
    /// franz-go.
    Franz,
    /// Kafka's own, by `kafka-producer-perf-test`.
    Java,
}

/// Where things are that this repository does not have.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Places {
    /// Where the peers' programs are built, once; they stay there for the next time.
    #[arg(long, env = "BENCH_PEERS_DIR")]
    peers_dir: Option<PathBuf>,
    /// The `libs` directory of a Kafka distribution, for `kafka-producer-perf-test`.
    #[arg(long, env = "KAFKA_LIBS")]
    kafka_libs: Option<PathBuf>,
}

/// One run's load.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) bootstrap: String,
    pub(crate) topic: String,
    /// Records a second; `None` is as fast as it goes.
    pub(crate) rate: Option<f64>,
    pub(crate) seconds: f64,
    pub(crate) size: usize,
    pub(crate) linger_ms: u64,
}

/// A client that can be run.
pub(crate) struct Program {
    client: Client,
    path: PathBuf,
}

impl Program {
    /// Builds it, unless that was done before.
    pub(crate) fn prepare(client: Client, places: &Places) -> Result<Program> {
        let path = match client {
            Client::Ours | Client::OursCallbacks => {
                std::env::current_exe().context("finding this program")?
            }
            Client::Java => {
                let libs = places.kafka_libs.as_ref();
                libs.context("java needs --kafka-libs or KAFKA_LIBS, the `libs` of a Kafka distribution")?
                    .join("*")
            }
            Client::Rdkafka => build(places, "rdkafka", "release/rdkafka-latency", |sources, to| {
                let mut cargo = Command::new("cargo");
                cargo
                    .args(["build", "--release", "--quiet"])
                    .current_dir(sources)
                    .env("CARGO_TARGET_DIR", to);
                cargo
            })?,
            Client::Franz => build(places, "franz", "franz-latency", |sources, to| {
                let mut go = Command::new("go");
                go.args(["build", "-o"]).arg(to.join("franz-latency")).arg(".").current_dir(sources);
                go
            })?,
        };
        Ok(Program { client, path })
    }

    /// Runs it once.
    pub(crate) fn run(&self, load: &Load) -> Result<Figures> {
        let mut command = match self.client {
            Client::Java => return self.run_java(load),
            _ => Command::new(&self.path),
        };
        match self.client {
            Client::Ours => drop(command.args(["ours", "--awaited"])),
            Client::OursCallbacks => drop(command.arg("ours")),
            _ => {}
        }
        command.args([&load.bootstrap, &load.topic]).args([
            load.rate.unwrap_or(0.0).to_string(),
            load.seconds.to_string(),
            load.size.to_string(),
            load.linger_ms.to_string(),
        ]);
        Figures::parse(&output_of(&mut command)?)
    }

    /// It takes a number of records instead of a time, and tells how long each took from its call of `send`.
    fn run_java(&self, load: &Load) -> Result<Figures> {
        // As fast as it goes: some 400,000 a second on two cores.
        let measured = load.rate.unwrap_or(400_000.0) * load.seconds;
        let warm_up = measured as u64;
        let mut command = Command::new("java");
        command.args(["-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp"]).arg(&self.path);
        command.arg("org.apache.kafka.tools.ProducerPerformance");
        command.args(["--bootstrap-server", &load.bootstrap, "--topic", &load.topic]);
        command.args(["--num-records", &(measured as u64 + warm_up).to_string()]);
        command.args(["--warmup-records", &warm_up.to_string()]);
        command.args(["--record-size", &load.size.to_string()]);
        command.args(["--throughput", &load.rate.map_or("-1".to_owned(), |rate| format!("{rate:.0}"))]);
        command.args(["--command-property", "acks=all", "enable.idempotence=true"]);
        command.arg(format!("linger.ms={}", load.linger_ms));
        Figures::parse_java(&output_of(&mut command)?)
    }
}

fn build(
    places: &Places,
    name: &str,
    program: &str,
    command: impl FnOnce(&Path, &Path) -> Command,
) -> Result<PathBuf> {
    let dir = places.peers_dir.as_ref();
    let to =
        dir.with_context(|| format!("{name} needs --peers-dir or BENCH_PEERS_DIR, where to build it"))?;
    let to = std::path::absolute(to)?.join(name);
    let program = to.join(program);
    if !program.exists() {
        eprintln!("building {name} …");
        std::fs::create_dir_all(&to).with_context(|| format!("making {}", to.display()))?;
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(name);
        output_of(&mut command(&sources, &to))?;
    }
    Ok(program)
}

fn output_of(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("running {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

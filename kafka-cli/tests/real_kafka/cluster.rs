//! A real Apache Kafka on loopback: combined broker and controller nodes, started and stopped by the test.

use crate::java;
use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a node may take until it listens.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// Nodes that live until this is dropped.
pub(crate) struct RealCluster {
    version: &'static str,
    folder: TempDir,
    nodes: Vec<Node>,
    extras: Extras,
}

/// What a cluster has beyond the plain listener.
#[derive(Default)]
pub(crate) struct Extras {
    /// Listeners of the first node: name, and its `security.protocol`.
    pub(crate) listeners: Vec<(&'static str, &'static str)>,
    /// Lines for the properties files.
    pub(crate) properties: String,
    /// Options of the nodes' JVMs.
    pub(crate) jvm: Vec<String>,
    /// The listeners' ports, once the cluster has started.
    pub(crate) ports: Vec<u16>,
}

struct Node {
    port: u16,
    process: Option<Child>,
}

impl RealCluster {
    /// Starts `count` nodes and waits until the cluster serves metadata. Topics get up to three replicas, two of which
    /// must be in sync.
    pub(crate) fn start(count: usize) -> Result<RealCluster> {
        RealCluster::start_version(java::KAFKA_VERSION, count)
    }

    /// A cluster of that release.
    pub(crate) fn start_version(version: &'static str, count: usize) -> Result<RealCluster> {
        RealCluster::start_with(version, count, Extras::default())
    }

    /// As `start_version`, with something more. With listeners of its own it has one node.
    pub(crate) fn start_with(version: &'static str, count: usize, mut extras: Extras) -> Result<RealCluster> {
        let folder = tempfile::Builder::new().prefix("real-kafka-").tempdir()?;
        let (mut ports, controllers) = free_ports(count + extras.listeners.len())?;
        extras.ports = ports.split_off(count);
        let nodes = ports.iter().map(|&port| Node { port, process: None }).collect();
        let mut cluster = RealCluster { version, folder, nodes, extras };
        for index in 0..count {
            cluster.configure(index, &ports, &controllers[..count])?;
        }
        let mut formats = Vec::new();
        for index in 0..count {
            let properties = cluster.properties_file(index);
            let child = java::class_of(version, "kafka.tools.StorageTool", "256m")?
                .args(["format", "-t", "mYpVnUyQTLKtHTk4PjHyMw", "-c"])
                .arg(properties)
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()?;
            formats.push(child);
        }
        for child in formats {
            let output = child.wait_with_output()?;
            ensure!(output.status.success(), "formatting: {}", String::from_utf8_lossy(&output.stderr));
        }
        for index in 0..count {
            cluster.launch(index)?;
        }
        for index in 0..count {
            cluster.await_listening(index)?;
        }
        Ok(cluster)
    }

    /// `bootstrap.servers` of all nodes.
    pub(crate) fn bootstrap_servers(&self) -> String {
        let addresses: Vec<String> =
            self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        addresses.join(",")
    }

    /// Where a listener of the extras is.
    pub(crate) fn listener(&self, name: &str) -> Result<u16> {
        let position = self.extras.listeners.iter().position(|(known, _)| *known == name);
        let port = position.and_then(|position| self.extras.ports.get(position));
        port.copied().with_context(|| format!("no listener {name}"))
    }

    /// Creates a topic by Kafka's own tool, with as many replicas as the cluster can give, three at most.
    pub(crate) fn create_topic(&self, name: &str, partitions: u32, configs: &[&str]) -> Result<()> {
        let replicas = self.nodes.len().min(3).to_string();
        let (bootstrap, partitions) = (self.bootstrap_servers(), partitions.to_string());
        let mut arguments = vec!["--bootstrap-server", &bootstrap, "--create", "--topic", name];
        arguments.extend(["--partitions", &partitions, "--replication-factor", &replicas]);
        for config in configs {
            arguments.extend(["--config", config]);
        }
        java::tool_output("org.apache.kafka.tools.TopicCommand", &arguments, b"")?;
        Ok(())
    }

    /// Makes the cluster use that version of transactions from now on.
    pub(crate) fn set_transaction_version(&self, level: u32) -> Result<()> {
        let (bootstrap, feature) = (self.bootstrap_servers(), format!("transaction.version={level}"));
        let arguments = ["--bootstrap-server", &bootstrap, "downgrade", "--feature", &feature];
        java::tool_output("org.apache.kafka.tools.FeatureCommand", &arguments, b"")?;
        Ok(())
    }

    /// Kills a node as a power cut would.
    pub(crate) fn kill(&mut self, index: usize) -> Result<()> {
        if let Some(mut process) = self.nodes[index].process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    /// Starts a killed node again, and waits until it listens.
    pub(crate) fn restart(&mut self, index: usize) -> Result<()> {
        self.launch(index)?;
        self.await_listening(index)
    }

    /// Freezes a node: its sockets stay open, nothing answers.
    pub(crate) fn freeze(&self, index: usize) -> Result<()> {
        self.signal(index, "-STOP")
    }

    /// Lets a frozen node go on.
    pub(crate) fn thaw(&self, index: usize) -> Result<()> {
        self.signal(index, "-CONT")
    }

    fn signal(&self, index: usize, signal: &str) -> Result<()> {
        let process = self.nodes[index].process.as_ref().context("the node does not run")?;
        let status = Command::new("kill").args([signal, &process.id().to_string()]).status()?;
        ensure!(status.success(), "kill {signal} failed");
        Ok(())
    }

    fn properties_file(&self, index: usize) -> PathBuf {
        self.folder.path().join(format!("node{index}.properties"))
    }

    fn log_file(&self, index: usize) -> PathBuf {
        self.folder.path().join(format!("node{index}.log"))
    }

    fn configure(&self, index: usize, ports: &[u16], controllers: &[u16]) -> Result<()> {
        let count = ports.len();
        let voters: Vec<String> =
            controllers.iter().enumerate().map(|(i, port)| format!("{}@127.0.0.1:{port}", i + 1)).collect();
        let replicas = count.min(3);
        let in_sync = if replicas > 1 { replicas - 1 } else { 1 };
        let listeners: String = (self.extras.listeners.iter().zip(&self.extras.ports))
            .map(|((name, _), port)| format!(",{name}://127.0.0.1:{port}"))
            .collect();
        let protocols: String =
            self.extras.listeners.iter().map(|(name, protocol)| format!(",{name}:{protocol}")).collect();
        let properties = format!(
            "process.roles=broker,controller\n\
             node.id={id}\n\
             controller.quorum.voters={voters}\n\
             listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{listeners}\n\
             advertised.listeners=PLAINTEXT://127.0.0.1:{port}{listeners}\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT{protocols}\n\
             inter.broker.listener.name=PLAINTEXT\n\
             controller.listener.names=CONTROLLER\n\
             log.dirs={data}\n\
             offsets.topic.replication.factor={replicas}\n\
             offsets.topic.num.partitions=5\n\
             transaction.state.log.replication.factor={replicas}\n\
             transaction.state.log.min.isr={in_sync}\n\
             transaction.state.log.num.partitions=5\n\
             min.insync.replicas={in_sync}\n\
             default.replication.factor={replicas}\n\
             num.partitions=6\n\
             transaction.abort.timed.out.transaction.cleanup.interval.ms=500\n\
             group.initial.rebalance.delay.ms=0\n\
             {extra}",
            extra = self.extras.properties,
            id = index + 1,
            voters = voters.join(","),
            port = ports[index],
            controller = controllers[index],
            data = self.folder.path().join(format!("node{index}")).display(),
        );
        fs::write(self.properties_file(index), properties)?;
        Ok(())
    }

    fn launch(&mut self, index: usize) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.log_file(index))?;
        let process = java::class_of(self.version, "kafka.Kafka", "512m")?
            .arg(self.properties_file(index))
            .env("JDK_JAVA_OPTIONS", self.extras.jvm.join(" "))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("starting a node")?;
        self.nodes[index].process = Some(process);
        Ok(())
    }

    fn await_listening(&mut self, index: usize) -> Result<()> {
        let deadline = Instant::now() + START_TIMEOUT;
        let log = self.log_file(index);
        let node = &mut self.nodes[index];
        let process = node.process.as_mut().context("the node was not started")?;
        loop {
            if TcpStream::connect(("127.0.0.1", node.port)).is_ok() {
                return Ok(());
            }
            let ended = process.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                let text = fs::read_to_string(&log).unwrap_or_default();
                let tail: Vec<&str> = text.lines().rev().take(20).collect();
                bail!(
                    "node {index} does not listen ({ended:?}):\n{}",
                    tail.into_iter().rev().collect::<Vec<_>>().join("\n")
                );
            }
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }
}

impl Drop for RealCluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let Some(mut process) = node.process.take() {
                let _ = process.kill();
                let _ = process.wait();
            }
        }
    }
}

/// Ports for brokers and controllers: nobody listens on them at this moment.
fn free_ports(count: usize) -> Result<(Vec<u16>, Vec<u16>)> {
    let listeners: Vec<TcpListener> =
        (0..2 * count).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<std::io::Result<_>>()?;
    let ports: Vec<u16> =
        listeners.iter().map(|listener| Ok(listener.local_addr()?.port())).collect::<Result<_>>()?;
    Ok((ports[..count].to_vec(), ports[count..].to_vec()))
}

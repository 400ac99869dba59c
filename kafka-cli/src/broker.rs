//! `kafka-cli broker`: the embedded cluster on loopback sockets.

use anyhow::{Context, Result};
use clap::Args;
use kafka_testkit::{ClusterConfig, LoopbackCluster, SaslServer, TlsServer};
use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

/// Serves an embedded Kafka cluster on loopback, for trying things out.
///
/// It checks what a broker checks, and keeps everything in memory until it ends. Topics are made by being used. The first
/// line on standard output ends with the bootstrap servers.
#[derive(Args, Debug)]
pub(crate) struct BrokerArguments {
    /// The first broker's port; the next brokers take the next ports. 0 lets the system choose.
    #[arg(long, default_value_t = 9092)]
    port: u16,

    /// How many brokers.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    brokers: u32,

    /// Partitions of a topic that is made by being used.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    partitions: u32,

    /// Speaks TLS, with certificates for localhost of its own making; the authority that clients have to trust is written to
    /// this file, in PEM.
    #[arg(long, value_name = "FILE")]
    tls: Option<PathBuf>,

    /// Lets only this user in, by PLAIN or SCRAM; given several times, each counts.
    #[arg(long, value_name = "NAME:PASSWORD")]
    user: Vec<User>,
}

/// A user of a broker for trying things out.
#[derive(Clone)]
struct User {
    name: String,
    password: String,
}

impl FromStr for User {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, password) = text.split_once(':').ok_or("it is not of the form NAME:PASSWORD")?;
        Ok(User { name: name.to_owned(), password: password.to_owned() })
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("name", &self.name).finish_non_exhaustive()
    }
}

impl BrokerArguments {
    /// Serves until the process is asked to end.
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let mut config = ClusterConfig::new(self.brokers).default_partitions(self.partitions);
        if !self.user.is_empty() {
            let mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];
            let server = mechanisms.into_iter().fold(SaslServer::new(), SaslServer::mechanism);
            let add = |server: SaslServer, user: &User| server.user(&user.name, &user.password);
            config = config.sasl(self.user.iter().fold(server, add));
        }
        let mut builder = LoopbackCluster::builder(config).port(self.port);
        if let Some(file) = &self.tls {
            let tls = TlsServer::new()?;
            std::fs::write(file, tls.authority_pem())
                .with_context(|| format!("writing {}", file.display()))?;
            builder = builder.tls(&tls).advertised_host("localhost");
        }
        let cluster = builder.start().with_context(|| format!("listening on port {}", self.port))?;
        // Nobody may be reading; that is no reason not to serve.
        let _ = writeln!(
            std::io::stdout(),
            "embedded Kafka; stop it with Ctrl-C; bootstrap server: {}",
            cluster.bootstrap_servers()
        );
        let (ended, wait) = std::sync::mpsc::channel();
        crate::shutdown::on_signal(move || drop(ended))?;
        // Ends when the sender is gone.
        let _: Result<(), _> = wait.recv();
        Ok(ExitCode::SUCCESS)
    }
}

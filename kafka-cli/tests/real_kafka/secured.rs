//! Listeners with TLS and SASL.

use crate::cluster::{Extras, RealCluster};
use crate::log::read_topic;
use crate::oidc::{AUDIENCE, CLIENT_ID, CLIENT_SECRET, Oidc};
use anyhow::{Context, Result, bail, ensure};
use kafka_producer::{
    BrokerAddress, ConnectError, Connector, ErrorKind, Producer, ProducerBuilder, ProducerRecord, Stream,
    TcpConfig, TcpConnector,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const USER: &str = "a,b=c";
/// With what has a meaning in SCRAM's messages, in properties and in JAAS, and a letter that is not ASCII.
const PASSWORD: &str = "p,=x ß-secret";
const TOPIC: &str = "secured";
/// Failures that need no waiting are told within this, on a machine where six clients and a broker have two cores.
const TOLD: Duration = Duration::from_secs(5);
/// How long refused clients go on trying.
const SOON: Duration = Duration::from_secs(2);
/// `connections.max.reauth.ms` of the cluster.
const SESSION: Duration = Duration::from_secs(5);
/// How long records flow over connections whose sessions end again and again, and how many a second.
const STEADY: Duration = Duration::from_secs(60);
const RATE: u32 = 100;

pub(crate) fn listeners_take_each_certificate_and_mechanism_and_sessions_are_prolonged() -> Result<()> {
    let oidc = Oidc::start(&std::fs::read_to_string(pki("rsa-pkcs8.key"))?)?;
    let cluster = start(&oidc)?;
    cluster.create_topic(TOPIC, 1, &[])?;
    certificates(&cluster).context("certificates")?;
    mechanisms(&cluster, &oidc).context("mechanisms")?;
    failures(&cluster, &oidc).context("failures")?;
    steady(&cluster, &oidc).context("sessions")
}

/// A file of the certificates that kafka-network's tests have.
fn pki(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "kafka-network", "tests", "data", "pki", name].iter().collect()
}

fn pki_text(name: &str) -> Result<String> {
    let path = pki(name);
    std::fs::read_to_string(&path).with_context(|| path.display().to_string())
}

fn start(oidc: &Oidc) -> Result<RealCluster> {
    const SECURITY: &str = "org.apache.kafka.common.security";
    let one_line = |name: &str| Ok::<_, anyhow::Error>(pki_text(name)?.trim().replace('\n', " "));
    let mut properties = format!(
        "ssl.keystore.type=PEM\nssl.keystore.key={key}\nssl.keystore.certificate.chain={certificate}\n\
         ssl.truststore.type=PEM\nssl.truststore.certificates={authority}\n\
         listener.name.mtls.ssl.client.auth=required\n\
         connections.max.reauth.ms={session}\n\
         sasl.oauthbearer.jwks.endpoint.url={jwks}\n\
         sasl.oauthbearer.expected.audience={AUDIENCE}\n\
         sasl.oauthbearer.expected.issuer=test\n\
         listener.name.sasltls.oauthbearer.sasl.server.callback.handler.class=\
         {SECURITY}.oauthbearer.OAuthBearerValidatorCallbackHandler\n",
        key = one_line("ec-pkcs8.key")?,
        certificate = one_line("ec.pem")?,
        authority = one_line("authority.pem")?,
        session = SESSION.as_millis(),
        jwks = oidc.url("/jwks"),
    );
    let mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"];
    for listener in ["sasl", "sasltls"] {
        let prefix = format!("listener.name.{listener}");
        properties += &format!("{prefix}.sasl.enabled.mechanisms={}\n", mechanisms.join(","));
        let user = format!("user_alice=\"alice-secret\" \"user_{USER}\"=\"{PASSWORD}\"");
        for (mechanism, module, options) in [
            ("plain", "plain.PlainLoginModule", user.as_str()),
            ("scram-sha-256", "scram.ScramLoginModule", ""),
            ("scram-sha-512", "scram.ScramLoginModule", ""),
            ("oauthbearer", "oauthbearer.OAuthBearerLoginModule", ""),
        ] {
            let line =
                format!("{prefix}.{mechanism}.sasl.jaas.config={SECURITY}.{module} required {options};\n");
            properties += &line.replace('ß', "\\u00df");
        }
    }
    let cluster = RealCluster::start_with(
        crate::java::KAFKA_VERSION,
        1,
        Extras {
            listeners: vec![
                ("TLS", "SSL"),
                ("MTLS", "SSL"),
                ("SASL", "SASL_PLAINTEXT"),
                ("SASLTLS", "SASL_SSL"),
            ],
            properties,
            jvm: vec![format!("-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={}", oidc.url("/jwks"))],
            ports: Vec::new(),
        },
    )?;
    let bootstrap = cluster.bootstrap_servers();
    // A user's mechanisms can't be set together.
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let config = format!("{mechanism}=[password={PASSWORD}]");
        let mut arguments = vec!["--bootstrap-server", &bootstrap, "--alter", "--add-config", &config];
        arguments.extend(["--entity-type", "users", "--entity-name", USER]);
        crate::java::tool_output("org.apache.kafka.tools.ConfigCommand", &arguments, b"")?;
    }
    Ok(cluster)
}

/// Counts the connections that are opened.
struct Counting {
    tcp: TcpConnector,
    opened: Arc<AtomicU64>,
}

#[async_trait::async_trait]
impl Connector for Counting {
    async fn connect(&self, address: &BrokerAddress) -> Result<Box<dyn Stream>, ConnectError> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.tcp.connect(address).await
    }
}

struct Client {
    builder: ProducerBuilder,
    opened: Arc<AtomicU64>,
}

impl Client {
    fn new(cluster: &RealCluster, listener: &str) -> Result<Client> {
        let protocol = match listener {
            "TLS" | "MTLS" => "SSL",
            "SASL" => "SASL_PLAINTEXT",
            _ => "SASL_SSL",
        };
        let opened = Arc::<AtomicU64>::default();
        let tcp = TcpConnector::new(TcpConfig::default());
        let builder = Producer::builder()
            .bootstrap_servers(format!("127.0.0.1:{}", cluster.listener(listener)?))
            .property("security.protocol", protocol)
            .max_block(Duration::from_secs(20))
            .connector(Counting { tcp, opened: opened.clone() });
        let client = Client { builder, opened };
        Ok(if protocol.ends_with("SSL") {
            client
                .property("ssl.truststore.type", "PEM")
                .property("ssl.truststore.location", path_text(&pki("authority.pem"))?)
        } else {
            client
        })
    }

    fn property(mut self, name: &str, value: impl AsRef<str>) -> Client {
        self.builder = self.builder.property(name, value);
        self
    }

    fn mechanism(self, mechanism: &str) -> Client {
        self.property("sasl.mechanism", mechanism)
            .property("sasl.username", USER)
            .property("sasl.password", PASSWORD)
    }

    /// One record is acknowledged.
    fn sends(self) -> Result<()> {
        let producer = self.builder.build()?;
        producer.send_blocking(ProducerRecord::new(TOPIC).value("one"))?.wait()?;
        producer.close_blocking(SOON)?;
        Ok(())
    }

    /// Fails soon, with each of the words.
    fn fails(self, words: &[&str]) -> Result<()> {
        let started = Instant::now();
        let producer = self.builder.build()?;
        let Err(error) = producer.send_blocking(ProducerRecord::new(TOPIC).value("one")) else {
            bail!("the record was taken");
        };
        let text = error.to_string();
        ensure!(error.kind() == ErrorKind::Authentication, "{text}");
        ensure!(words.iter().all(|word| text.contains(word)), "not all of {words:?} are in: {text}");
        ensure!(!text.contains("secret"), "a secret in: {text}");
        ensure!(started.elapsed() < TOLD, "it took {:?}", started.elapsed());
        // Sends that follow fail likewise, and don't make for more attempts than the backoff has.
        let refused = Instant::now();
        while refused.elapsed() < SOON {
            let _ = producer.send_blocking(ProducerRecord::new(TOPIC).value("one"));
        }
        let opened = self.opened.load(Ordering::Relaxed);
        ensure!(opened <= 15, "{opened} connections within {SOON:?}");
        Ok(())
    }
}

fn path_text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is not UTF-8")
}

fn certificates(cluster: &RealCluster) -> Result<()> {
    for (name, store_type) in
        [("authority.pem", "PEM"), ("trust.jks", "JKS"), ("trust.p12", "PKCS12"), ("trust.p12", "JKS")]
    {
        let client = Client::new(cluster, "TLS")?
            .property("ssl.truststore.type", store_type)
            .property("ssl.truststore.location", path_text(&pki(name))?)
            .property("ssl.truststore.password", "changeit");
        client.sends().with_context(|| name.to_owned())?;
    }
    for (certificate, key) in [
        ("rsa.pem", "rsa-pkcs1.key"),
        ("rsa.pem", "rsa-pkcs8.key"),
        ("rsa.pem", "rsa-pkcs8-encrypted.key"),
        ("ec.pem", "ec-sec1.key"),
        ("ec.pem", "ec-pkcs8.key"),
    ] {
        let client = Client::new(cluster, "MTLS")?
            .property("ssl.keystore.certificate.chain", pki_text(certificate)?)
            .property("ssl.keystore.key", pki_text(key)?)
            .property("ssl.key.password", "changeit");
        client.sends().with_context(|| key.to_owned())?;
    }
    for name in ["keytool.jks", "keytool.p12", "openssl.p12", "openssl-legacy.p12"] {
        let client = Client::new(cluster, "MTLS")?
            .property("ssl.keystore.location", path_text(&pki(name))?)
            .property("ssl.keystore.password", "changeit")
            .property("ssl.key.password", if name.ends_with("jks") { "keypass1" } else { "" });
        client.sends().with_context(|| name.to_owned())?;
    }
    Ok(())
}

fn mechanisms(cluster: &RealCluster, oidc: &Oidc) -> Result<()> {
    for listener in ["SASL", "SASLTLS"] {
        for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
            Client::new(cluster, listener)?
                .mechanism(mechanism)
                .sends()
                .with_context(|| mechanism.to_owned())?;
        }
    }
    unsecured(Client::new(cluster, "SASL")?).sends().context("an unsigned token")?;
    credentials(Client::new(cluster, "SASLTLS")?, oidc, CLIENT_SECRET)
        .sends()
        .context("client credentials")?;
    let assertion = Client::new(cluster, "SASLTLS")?
        .property("sasl.mechanism", "OAUTHBEARER")
        .property("sasl.oauthbearer.jwt.retriever.class", "JwtBearerJwtRetriever")
        .property("sasl.oauthbearer.token.endpoint.url", oidc.url("/token"))
        .property("sasl.oauthbearer.assertion.private.key.file", path_text(&pki("rsa-pkcs8-encrypted.key"))?)
        .property("sasl.oauthbearer.assertion.private.key.passphrase", "changeit")
        .property("sasl.oauthbearer.assertion.claim.iss", CLIENT_ID)
        .property("sasl.oauthbearer.assertion.claim.aud", "the-endpoint");
    assertion.sends().context("a signed assertion")
}

fn unsecured(client: Client) -> Client {
    let line = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required \
                unsecuredLoginStringClaim_sub=\"alice\";";
    client.property("sasl.mechanism", "OAUTHBEARER").property("sasl.jaas.config", line)
}

fn credentials(client: Client, oidc: &Oidc, secret: &str) -> Client {
    client
        .property("sasl.mechanism", "OAUTHBEARER")
        .property("sasl.oauthbearer.token.endpoint.url", oidc.url("/token"))
        .property("sasl.oauthbearer.client.credentials.client.id", CLIENT_ID)
        .property("sasl.oauthbearer.client.credentials.client.secret", secret)
        .property("sasl.oauthbearer.scope", "produce all")
}

fn failures(cluster: &RealCluster, oidc: &Oidc) -> Result<()> {
    let wrong = |client: Client| client.property("sasl.password", "wrong-one");
    let stranger = Client::new(cluster, "TLS")?
        .property("ssl.truststore.location", "")
        .property("ssl.truststore.certificates", kafka_testkit::TlsServer::new()?.authority_pem());
    let refused: [(Client, &[&str]); _] = [
        (wrong(Client::new(cluster, "SASLTLS")?.mechanism("PLAIN")), &["Invalid username or password"]),
        (
            wrong(Client::new(cluster, "SASL")?.mechanism("SCRAM-SHA-256")),
            &["invalid credentials", "SCRAM-SHA-256"],
        ),
        (
            credentials(Client::new(cluster, "SASLTLS")?, oidc, "wrong-one"),
            &["invalid_client", "unknown client"],
        ),
        // Signed by nobody, where tokens are checked.
        (unsecured(Client::new(cluster, "SASLTLS")?), &["OAUTHBEARER", "invalid_token"]),
        (Client::new(cluster, "MTLS")?, &["ssl.keystore"]),
        (stranger, &["ssl.truststore"]),
    ];
    std::thread::scope(|scope| {
        let failing = refused.map(|(client, words)| (words, scope.spawn(move || client.fails(words))));
        for (words, failing) in failing {
            let failed = failing.join().map_err(|_| anyhow::anyhow!("it panicked")).flatten();
            failed.with_context(|| format!("{words:?}"))?;
        }
        Ok::<_, anyhow::Error>(())
    })?;
    let plain_port_and_back = [
        ("TLS", "PLAINTEXT", ["TLS", "security.protocol"]),
        ("SASL", "SSL", ["plain listener", "security.protocol"]),
    ];
    for (listener, protocol, words) in plain_port_and_back {
        let client = Client::new(cluster, listener)?.property("security.protocol", protocol);
        let client = if protocol == "SSL" {
            client.property("ssl.truststore.certificates", pki_text("authority.pem")?)
        } else {
            client
        };
        let producer = client.builder.max_block(SOON).build()?;
        let Err(error) = producer.send_blocking(ProducerRecord::new(TOPIC).value("one")) else {
            bail!("{listener} took {protocol}");
        };
        let text = error.to_string();
        ensure!(words.iter().all(|word| text.contains(word)), "{listener} by {protocol}: {text}");
    }
    Ok(())
}

/// Records flow for a minute over each of several connections whose sessions last for seconds.
fn steady(cluster: &RealCluster, oidc: &Oidc) -> Result<()> {
    let clients = [
        ("plain", Client::new(cluster, "SASL")?.mechanism("PLAIN")),
        ("scram", Client::new(cluster, "SASLTLS")?.mechanism("SCRAM-SHA-512")),
        ("oauth", credentials(Client::new(cluster, "SASLTLS")?, oidc, CLIENT_SECRET)),
    ];
    for (name, _) in &clients {
        cluster.create_topic(name, 1, &[])?;
    }
    std::thread::scope(|scope| {
        let running: Vec<_> = clients
            .into_iter()
            .map(|(name, client)| (name, scope.spawn(move || flows(name, client))))
            .collect();
        for (name, running) in running {
            running.join().map_err(|_| anyhow::anyhow!("it panicked")).flatten().context(name)?;
        }
        Ok::<_, anyhow::Error>(())
    })?;
    let bootstrap = cluster.bootstrap_servers();
    std::thread::scope(|scope| {
        let reading =
            ["plain", "scram", "oauth"].map(|name| (name, scope.spawn(|| read_topic(&bootstrap, name))));
        for (name, reading) in reading {
            let log = reading.join().map_err(|_| anyhow::anyhow!("it panicked")).flatten().context(name)?;
            let values: Vec<String> = log.into_iter().filter_map(|record| record.value).collect();
            let expected: Vec<String> = (0..values.len()).map(|index| index.to_string()).collect();
            ensure!(values == expected, "{name}: the log does not hold each record once and in order");
        }
        Ok(())
    })
}

fn flows(topic: &str, client: Client) -> Result<()> {
    let producer = client.builder.linger(Duration::ZERO).build()?;
    let count = u32::try_from(STEADY.as_secs())? * RATE;
    let started = Instant::now();
    let mut connections = None;
    let mut deliveries = Vec::new();
    let mut latest = Duration::ZERO;
    for number in 0..count {
        let due = started + Duration::from_secs(1) * number / RATE;
        while let Some(left) = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            std::thread::park_timeout(left);
        }
        let record = ProducerRecord::new(topic).value(number.to_string());
        let sent = Instant::now();
        let delivery = producer.send_blocking(record)?;
        if number % 10 == 0 {
            // Each tenth is waited for, so that one that comes late is seen.
            let metadata = delivery.wait()?;
            latest = latest.max(sent.elapsed());
            ensure!(metadata.offset.0 == i64::from(number), "{number} lies at {}", metadata.offset);
            connections.get_or_insert_with(|| client.opened.load(Ordering::Relaxed));
        } else {
            deliveries.push((number, delivery));
        }
    }
    for (number, delivery) in deliveries {
        let offset = delivery.wait()?.offset.0;
        ensure!(offset == i64::from(number), "{number} lies at {offset}");
    }
    let opened = client.opened.load(Ordering::Relaxed);
    ensure!(Some(opened) == connections, "{opened} connections were opened, not {connections:?} as at first");
    ensure!(latest < Duration::from_secs(2), "a record took {latest:?}");
    Ok(())
}

//! A small client over one connection, for tools.

mod error;
mod task;

pub use error::ClientError;

use crate::{Access, Connection, ConnectionConfig, ConnectionPump, Connector, FinalizedFeatures};
use bytes::Bytes;
use kafka_protocol::wire::{ApiKey, ApiVersionRanges, Encoder, Message, Request, VersionRange, decode_exact};
use kafka_types::BrokerAddress;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use task::{Command, End, Task};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// What a [`Client`] is made with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientConfig {
    /// How the connection introduces itself.
    pub connection: ConnectionConfig,
    /// How long connecting may take, up to the broker's word on what it serves. Default 10 s.
    pub connect_timeout: Duration,
    /// How long an answer may take. Default 30 s.
    pub request_timeout: Duration,
}

impl Default for ClientConfig {
    fn default() -> Self {
        ClientConfig {
            connection: ConnectionConfig::default(),
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
        }
    }
}

/// Any requests to one broker over one connection. It does not connect again, and knows no cluster.
///
/// Cheap to clone: all clones share the connection, and what they send at the same time is pipelined. A future that is
/// dropped does no harm: its request may have been written, its answer is ignored. The connection closes with the last
/// clone. It needs a tokio runtime, the one that [`Client::connect`] ran in.
///
/// ```no_run
/// # async fn example() -> Result<(), kafka_network::ClientError> {
/// use kafka_network::{BrokerAddress, Client, ClientConfig, TcpConfig, TcpConnector};
/// use kafka_protocol::messages::MetadataRequest;
///
/// let tcp = TcpConnector::new(TcpConfig::default());
/// let address = BrokerAddress::new("localhost", 9092);
/// let client = Client::connect(&tcp, &address, ClientConfig::default()).await?;
/// let all_topics = MetadataRequest { topics: None, ..MetadataRequest::default() };
/// for topic in client.send(all_topics).await?.topics {
///     println!("{}", topic.name.as_deref().unwrap_or("?"));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    commands: mpsc::UnboundedSender<Command>,
    shared: Arc<Shared>,
}

struct Shared {
    address: BrokerAddress,
    versions: ApiVersionRanges,
    features: FinalizedFeatures,
    request_timeout: Duration,
    end: Arc<End>,
}

impl Client {
    /// Connects, and asks what the broker serves.
    ///
    /// # Errors
    /// [`ClientError::Connect`], [`ClientError::ConnectTimedOut`], and those of a connection that is lost or that can't be
    /// understood.
    pub async fn connect(
        connector: &dyn Connector,
        address: &BrokerAddress,
        config: ClientConfig,
    ) -> Result<Client, ClientError> {
        let connection = Connection::new(config.connection.clone());
        let pump = async { Ok(ConnectionPump::new(connection, connector.connect(address).await?)) };
        Client::start(pump, address, config).await
    }

    /// As [`Client::connect`], and authenticates if the access has a login.
    ///
    /// # Errors
    /// As [`Client::connect`]; [`ClientError::is_authentication`] tells a broker that refuses the client from others.
    pub async fn connect_with(
        access: &Access,
        address: &BrokerAddress,
        config: ClientConfig,
    ) -> Result<Client, ClientError> {
        let connection = config.connection.clone();
        let pump = async {
            let (connection, stream) = access.connect(address, connection).await?;
            Ok(ConnectionPump::new(connection, stream).with_session(access.session(address)))
        };
        Client::start(pump, address, config).await
    }

    async fn start(
        pump: impl Future<Output = Result<ConnectionPump, ClientError>>,
        address: &BrokerAddress,
        config: ClientConfig,
    ) -> Result<Client, ClientError> {
        let connecting = async {
            let mut pump = pump.await?;
            let ready = task::until_ready(&mut pump).await;
            let (versions, features) = ready.map_err(|error| ClientError::lost(address, error))?;
            Ok::<_, ClientError>((pump, versions, features))
        };
        let (pump, versions, features) =
            timeout(config.connect_timeout, connecting).await.map_err(|_| {
                ClientError::ConnectTimedOut { address: address.clone(), timeout: config.connect_timeout }
            })??;
        let (commands, receiver) = mpsc::unbounded_channel();
        let end = Arc::new(End::default());
        tokio::spawn(Task::new(pump, receiver, address.clone(), end.clone()).run());
        let shared = Shared {
            address: address.clone(),
            versions,
            features,
            request_timeout: config.request_timeout,
            end,
        };
        Ok(Client { commands, shared: Arc::new(shared) })
    }

    /// The broker's address.
    pub fn address(&self) -> &BrokerAddress {
        &self.shared.address
    }

    /// What the broker serves.
    pub fn versions(&self) -> &ApiVersionRanges {
        &self.shared.versions
    }

    /// The features that the cluster has finalized.
    pub fn features(&self) -> &FinalizedFeatures {
        &self.shared.features
    }

    /// The newest version of a request that both sides speak.
    ///
    /// # Errors
    /// [`ClientError::UnsupportedVersion`] names the API and both ranges.
    pub fn version<R: Request>(&self) -> Result<i16, ClientError> {
        let (versions, api) = (&self.shared.versions, R::API_KEY);
        versions.highest_common(api, R::MIN_VERSION..=R::MAX_VERSION).ok_or_else(|| {
            ClientError::UnsupportedVersion {
                api,
                ours: VersionRange { min: R::MIN_VERSION, max: R::MAX_VERSION },
                theirs: versions.range(api),
            }
        })
    }

    /// Sends a request in the newest version that both sides speak, and waits for the answer.
    ///
    /// # Errors
    /// [`ClientError`]. Errors within the answer are not looked at.
    pub async fn send<R: Request>(&self, request: R) -> Result<R::Response, ClientError> {
        let version = self.version::<R>()?;
        self.send_version(request, version).await
    }

    /// As [`Client::send`], in a certain version.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn send_version<R: Request>(
        &self,
        request: R,
        version: i16,
    ) -> Result<R::Response, ClientError> {
        let api = R::API_KEY;
        let (reply, answer) = oneshot::channel();
        self.command(api, version, encode(&request, version)?, Some(reply))?;
        let limit = self.shared.request_timeout;
        let body = match timeout(limit, answer).await {
            Ok(Ok(body)) => body?,
            Ok(Err(_)) => return Err(self.ended()),
            Err(_) => return Err(ClientError::TimedOut { api, timeout: limit }),
        };
        decode_exact(body, version).map_err(|source| ClientError::Decode { api, version, source })
    }

    /// Sends a request that the broker does not answer: Produce with `acks=0`. It is on its way when this returns, and
    /// may get lost.
    ///
    /// # Errors
    /// [`ClientError`] if it can't be sent at all.
    pub fn send_unanswered<R: Request>(&self, request: &R) -> Result<(), ClientError> {
        let version = self.version::<R>()?;
        self.command(R::API_KEY, version, encode(request, version)?, None)
    }

    fn command(
        &self,
        api_key: ApiKey,
        version: i16,
        body: Vec<Bytes>,
        reply: Option<task::Reply>,
    ) -> Result<(), ClientError> {
        let command = Command { api_key, version, body, reply };
        self.commands.send(command).map_err(|_| self.ended())
    }

    /// Why the connection is gone.
    fn ended(&self) -> ClientError {
        // The task says why before it lets go of its end of the channels; only its runtime's end leaves nothing said.
        self.shared.end.get().cloned().unwrap_or(ClientError::RuntimeGone)
    }
}

fn encode<R: Request>(request: &R, version: i16) -> Result<Vec<Bytes>, ClientError> {
    let mut encoder = Encoder::new();
    Message::encode(request, &mut encoder, version).map_err(|source| ClientError::Encode {
        api: R::API_KEY,
        version,
        source,
    })?;
    Ok(encoder.finish())
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("address", &self.shared.address).finish_non_exhaustive()
    }
}

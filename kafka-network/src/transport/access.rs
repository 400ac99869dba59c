//! How a connection to a broker comes about, and stays.

use super::{ConnectError, Connector, Stream};
use crate::{Authenticator, Connection, ConnectionConfig, Login};
use kafka_types::BrokerAddress;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// The part of a session's time after which it is prolonged: from here to 95 %, so that clients that came together don't
/// all come again together, and there is time left to try again.
const EARLIEST: f64 = 0.85;
/// The first wait after there were no credentials for another session; then it doubles.
const RETRY: Duration = Duration::from_millis(100);
/// Where the doubling ends.
const RETRY_MAX: Duration = Duration::from_secs(10);

/// Where streams come from, and who the client is on them.
#[derive(Clone)]
pub struct Access {
    connector: Arc<dyn Connector>,
    login: Option<Arc<dyn Login>>,
}

impl Access {
    /// Connections without authentication by SASL.
    pub fn new(connector: Arc<dyn Connector>) -> Access {
        Access { connector, login: None }
    }

    /// Connections that authenticate.
    #[must_use]
    pub fn with_login(mut self, login: Arc<dyn Login>) -> Access {
        self.login = Some(login);
        self
    }

    /// Opens a stream, and gives the connection to drive over it.
    ///
    /// # Errors
    /// [`ConnectError`]. That the broker refuses the client shows on the connection.
    pub async fn connect(
        &self,
        address: &BrokerAddress,
        config: ConnectionConfig,
    ) -> Result<(Connection, Box<dyn Stream>), ConnectError> {
        // Credentials first: no broker waits with an open connection for a token of somebody else's.
        let authenticator = match &self.login {
            Some(login) => Some(
                login
                    .authenticator(address)
                    .await
                    .map_err(|source| ConnectError::Credentials { address: address.clone(), source })?,
            ),
            None => None,
        };
        let stream = self.connector.connect(address).await?;
        let connection = match authenticator {
            Some(authenticator) => Connection::with_authenticator(config, authenticator),
            None => Connection::new(config),
        };
        Ok((connection, stream))
    }

    /// What keeps the connection's session alive.
    pub fn session(&self, address: &BrokerAddress) -> Session {
        Session { login: self.login.clone(), address: address.clone(), next: None }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("authenticates", &self.login.is_some()).finish_non_exhaustive()
    }
}

type Next = Pin<Box<dyn Future<Output = Box<dyn Authenticator>> + Send>>;

/// Prolongs a connection's session before it ends (KIP-368).
pub struct Session {
    login: Option<Arc<dyn Login>>,
    address: BrokerAddress,
    next: Option<Next>,
}

impl Session {
    /// The broker has told how long the session lasts from now on.
    pub fn handle_authenticated(&mut self, lifetime: Option<Duration>) {
        self.next = match (&self.login, lifetime) {
            (Some(login), Some(lifetime)) => {
                let wait = lifetime.mul_f64(EARLIEST + 0.1 * fraction());
                Some(Box::pin(authenticator(login.clone(), self.address.clone(), wait)))
            }
            _ => None,
        };
    }

    /// The authenticator for the next exchange, when its time has come. Poll it with the connection, and hand what it gives to
    /// [`Connection::reauthenticate`].
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<Box<dyn Authenticator>> {
        let Some(next) = &mut self.next else { return Poll::Pending };
        let polled = next.as_mut().poll(context);
        if polled.is_ready() {
            self.next = None;
        }
        polled
    }
}

/// Without credentials the connection goes on for what is left of its session, and they are asked for again meanwhile.
async fn authenticator(
    login: Arc<dyn Login>,
    address: BrokerAddress,
    wait: Duration,
) -> Box<dyn Authenticator> {
    tokio::time::sleep(wait).await;
    let mut retry = RETRY;
    loop {
        match login.authenticator(&address).await {
            Ok(authenticator) => return authenticator,
            Err(error) => tracing::warn!(%address, %error, "no credentials to go on with"),
        }
        tokio::time::sleep(retry).await;
        retry = RETRY_MAX.min(retry * 2);
    }
}

#[cfg(feature = "sasl")]
fn fraction() -> f64 {
    crate::sasl::fraction()
}

#[cfg(not(feature = "sasl"))]
fn fraction() -> f64 {
    0.5
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("address", &self.address).finish_non_exhaustive()
    }
}

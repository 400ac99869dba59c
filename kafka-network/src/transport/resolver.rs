//! From names to addresses.

use async_trait::async_trait;
use std::io;
use std::net::SocketAddr;

/// Finds a host's addresses. It is asked for every connection, so a change of the name's addresses takes effect.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// All addresses of the host, in order of preference.
    ///
    /// # Errors
    /// The name is unknown, or can't be asked for.
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }
}

//! Sockets, and a connection driven over one.

mod access;
mod connector;
mod error;
mod fixed;
#[cfg(feature = "proxy")]
mod proxy;
mod pump;
mod resolver;
mod tcp;
#[cfg(unix)]
mod unix;
mod writer;

pub use access::{Access, Session};
pub use connector::{Connector, Stream};
pub use error::ConnectError;
pub use fixed::FixedAddresses;
#[cfg(feature = "proxy")]
pub use proxy::{HttpConnect, Socks5};
pub use pump::{ConnectionPump, PumpError};
pub use resolver::{Resolver, SystemResolver};
pub use tcp::{TcpConfig, TcpConnector};
#[cfg(unix)]
pub use unix::UnixConnector;
pub use writer::FrameWriter;

//! Sockets, and a connection driven over one.

mod connector;
mod error;
mod pump;
mod resolver;
mod tcp;
mod writer;

pub use connector::{Connector, Stream};
pub use error::ConnectError;
pub use pump::{ConnectionPump, PumpError};
pub use resolver::{Resolver, SystemResolver};
pub use tcp::{TcpConfig, TcpConnector};
pub use writer::FrameWriter;

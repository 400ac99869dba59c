//! One connection as a state machine: bytes in, bytes out.

mod config;
mod error;
mod exchange;
mod negotiation;
mod own;

pub use config::ConnectionConfig;
pub use error::ConnectionError;
pub use negotiation::{FinalizedFeature, FinalizedFeatures};

use crate::Authenticator;
use bytes::{Bytes, BytesMut};
use exchange::Exchange;
use kafka_protocol::frame::{RequestHeader, decode_response_header, request_frame, split_frame};
use kafka_protocol::messages::{request_header_version, response_header_version};
use kafka_protocol::wire::{ApiKey, ApiVersionRanges, Decoder, StrBytes};
use negotiation::Negotiation;
use own::Own;
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// The first of the correlation ids that are left to SASL exchanges, as Java's client does.
const RESERVED_CORRELATION_IDS: i32 = i32::MAX - 7;

/// A connection to a broker, without the socket.
///
/// Methods are of three kinds. `handle_*` tells what happened on the socket. [`send`](Connection::send) is the only
/// command. `poll_*` gives what follows from these: after each call of the others, take frames from
/// [`poll_transmit`](Connection::poll_transmit) and events from [`poll_event`](Connection::poll_event) until there are
/// none. It knows no time: whoever drives it ends connections that take too long.
///
/// Brokers answer in the order of the requests, so an answer belongs to the oldest request without one. Any other
/// correlation id means that the stream can't be understood any more; the connection has to be closed then, and what
/// was sent has an unknown outcome.
///
/// With an [`Authenticator`] it authenticates before it is ready, and again when [`reauthenticate`](Connection::reauthenticate)
/// is called (KIP-368). What is sent while that goes on waits for its end: brokers take nothing else meanwhile.
pub struct Connection {
    config: ConnectionConfig,
    client_id: StrBytes,
    state: State,
    /// What the broker serves, once it is known.
    versions: ApiVersionRanges,
    /// For the first exchange, until it begins.
    authenticator: Option<Box<dyn Authenticator>>,
    /// The exchange that is going on.
    exchange: Option<Exchange>,
    /// Requests that wait for its end.
    held: VecDeque<OutgoingRequest>,
    next_correlation_id: i32,
    next_sasl_correlation_id: i32,
    outgoing: VecDeque<(OutgoingFrame, Option<InFlight>)>,
    in_flight: VecDeque<InFlight>,
    events: VecDeque<ConnectionEvent>,
}

#[derive(Clone, PartialEq, Debug)]
enum State {
    Connecting,
    Negotiating(Negotiation),
    /// The first exchange; then the connection is ready with these.
    Authenticating(FinalizedFeatures),
    Ready,
    Failed(ConnectionError),
}

#[derive(Debug)]
struct InFlight {
    api_key: ApiKey,
    version: i16,
    correlation_id: i32,
    origin: Origin,
}

/// Whose request it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    /// Somebody's, with their token.
    Sent(u64),
    /// The connection's own.
    Own(Own),
}

/// A request to send.
#[derive(Clone, Debug)]
pub struct OutgoingRequest {
    /// Which API.
    pub api_key: ApiKey,
    /// The version of the body, among those that the broker serves.
    pub version: i16,
    /// The encoded body, in pieces that are written one after the other.
    pub body: Vec<Bytes>,
    /// Comes back with the answer.
    pub token: u64,
    /// False if the broker answers nothing: Produce with `acks=0`.
    pub expects_response: bool,
}

/// A frame to write. Once its first byte is written, all of it has to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutgoingFrame {
    /// The bytes, in pieces that are written one after the other.
    pub segments: Vec<Bytes>,
    /// The request's; `None` for the connection's own requests.
    pub token: Option<u64>,
}

/// What happened on the connection.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum ConnectionEvent {
    /// The broker has said what it serves: requests may be sent.
    Ready {
        /// The APIs it serves.
        versions: ApiVersionRanges,
        /// The features it has finalized (KIP-584).
        features: FinalizedFeatures,
    },
    /// The broker knows the client now, or still: comes before `Ready`, and at the end of each re-authentication.
    Authenticated {
        /// How long the session lasts from now on; the broker closes the connection if it is not prolonged by then
        /// (KIP-368). `None` if it does not end.
        session_lifetime: Option<Duration>,
    },
    /// A request was answered.
    Response {
        /// The request's.
        token: u64,
        /// The answer without its header.
        body: Bytes,
    },
}

impl Connection {
    /// A connection whose socket is not open yet.
    pub fn new(config: ConnectionConfig) -> Connection {
        Connection {
            client_id: StrBytes::from(config.client_id.as_str()),
            config,
            state: State::Connecting,
            versions: ApiVersionRanges::default(),
            authenticator: None,
            exchange: None,
            held: VecDeque::new(),
            next_correlation_id: 0,
            next_sasl_correlation_id: RESERVED_CORRELATION_IDS,
            outgoing: VecDeque::new(),
            in_flight: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// A connection that authenticates as soon as the broker has said what it serves.
    pub fn with_authenticator(config: ConnectionConfig, authenticator: Box<dyn Authenticator>) -> Connection {
        Connection { authenticator: Some(authenticator), ..Connection::new(config) }
    }

    /// The socket is open: the connection asks for the broker's versions.
    pub fn handle_connected(&mut self) {
        if self.state == State::Connecting {
            self.ask_versions(Negotiation::first());
        }
    }

    /// True once requests may be sent.
    pub fn is_ready(&self) -> bool {
        self.state == State::Ready
    }

    /// True from [`reauthenticate`](Connection::reauthenticate) to its end. What is sent meanwhile waits here; a driver that
    /// may want it back keeps it until then.
    pub fn is_reauthenticating(&self) -> bool {
        self.exchange.is_some() && self.is_ready()
    }

    /// Authenticates again, on the connection as it is, so that its session goes on (KIP-368).
    ///
    /// # Errors
    /// [`ConnectionError::NotReady`] unless the connection is ready; nothing happens then. One that is going on already is
    /// left alone.
    pub fn reauthenticate(&mut self, authenticator: Box<dyn Authenticator>) -> Result<(), ConnectionError> {
        if let State::Failed(error) = &self.state {
            return Err(error.clone());
        }
        if !self.is_ready() {
            return Err(ConnectionError::NotReady);
        }
        if self.exchange.is_none() {
            self.begin_exchange(authenticator)?;
        }
        Ok(())
    }

    /// Requests that were handed out for writing and not answered.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Queues a request.
    ///
    /// # Errors
    /// [`ConnectionError::NotReady`] before the broker's versions are known; an API that has no schema here, and a frame
    /// that is too long. The connection stays as it was.
    pub fn send(&mut self, request: OutgoingRequest) -> Result<(), ConnectionError> {
        match &self.state {
            State::Ready => {}
            State::Failed(error) => return Err(error.clone()),
            State::Connecting | State::Negotiating(_) | State::Authenticating(_) => {
                return Err(ConnectionError::NotReady);
            }
        }
        if self.exchange.is_some() {
            // Refused now if it can't be sent at all, as without an exchange.
            let OutgoingRequest { api_key, version, .. } = request;
            request_header_version(api_key, version).ok_or(ConnectionError::UnknownApi { api: api_key })?;
            self.held.push_back(request);
            return Ok(());
        }
        self.enqueue_request(request)
    }

    /// The next frame to write.
    pub fn poll_transmit(&mut self) -> Option<OutgoingFrame> {
        let (frame, in_flight) = self.outgoing.pop_front()?;
        // Only from here on can there be an answer.
        self.in_flight.extend(in_flight);
        Some(frame)
    }

    /// Reads all whole frames off the front of `data`; the rest stays for the next call.
    ///
    /// # Errors
    /// [`ConnectionError`] if the bytes are not what this connection can expect. It stays failed: close it.
    pub fn handle_data(&mut self, data: &mut BytesMut) -> Result<(), ConnectionError> {
        if let State::Failed(error) = &self.state {
            return Err(error.clone());
        }
        let handled = self.handle_frames(data);
        if let Err(error) = &handled {
            self.outgoing.clear();
            self.held.clear();
            self.exchange = None;
            self.state = State::Failed(error.clone());
        }
        handled
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<ConnectionEvent> {
        self.events.pop_front()
    }

    fn handle_frames(&mut self, data: &mut BytesMut) -> Result<(), ConnectionError> {
        while let Some(frame) = split_frame(data, self.config.max_frame_size)? {
            self.handle_frame(frame)?;
        }
        Ok(())
    }

    fn handle_frame(&mut self, frame: Bytes) -> Result<(), ConnectionError> {
        let Some(request) = self.in_flight.pop_front() else {
            return Err(ConnectionError::Unexpected { length: frame.len() });
        };
        let header_version = response_header_version(request.api_key, request.version)
            .ok_or(ConnectionError::UnknownApi { api: request.api_key })?;
        let mut decoder = Decoder::new(frame);
        let correlation_id = decode_response_header(&mut decoder, header_version)
            .map_err(|source| ConnectionError::Decode { api: request.api_key, source })?;
        if correlation_id != request.correlation_id {
            return Err(ConnectionError::CorrelationMismatch {
                api: request.api_key,
                expected: request.correlation_id,
                received: correlation_id,
            });
        }
        let body = decoder.into_rest();
        match request.origin {
            Origin::Sent(token) => self.events.push_back(ConnectionEvent::Response { token, body }),
            Origin::Own(own) => self.handle_own(own, body)?,
        }
        Ok(())
    }

    fn enqueue_request(&mut self, request: OutgoingRequest) -> Result<(), ConnectionError> {
        let OutgoingRequest { api_key, version, body, token, expects_response } = request;
        self.enqueue(api_key, version, body, Origin::Sent(token), expects_response)
    }

    fn enqueue(
        &mut self,
        api_key: ApiKey,
        version: i16,
        body: Vec<Bytes>,
        origin: Origin,
        expects_response: bool,
    ) -> Result<(), ConnectionError> {
        let header_version =
            request_header_version(api_key, version).ok_or(ConnectionError::UnknownApi { api: api_key })?;
        let is_sasl = matches!(origin, Origin::Own(Own::Handshake | Own::Authenticate));
        let correlation_id = if is_sasl { self.next_sasl_correlation_id } else { self.next_correlation_id };
        let header = RequestHeader {
            api_key,
            api_version: version,
            correlation_id,
            client_id: Some(self.client_id.clone()),
        };
        let segments = request_frame(&header, header_version, body)
            .map_err(|source| ConnectionError::Encode { api: api_key, source })?;
        if is_sasl {
            let next = correlation_id.checked_add(1);
            self.next_sasl_correlation_id = next.unwrap_or(RESERVED_CORRELATION_IDS);
        } else {
            self.next_correlation_id = (correlation_id + 1) % RESERVED_CORRELATION_IDS;
        }
        let in_flight = expects_response.then_some(InFlight { api_key, version, correlation_id, origin });
        let token = match origin {
            Origin::Sent(token) => Some(token),
            Origin::Own(_) => None,
        };
        self.outgoing.push_back((OutgoingFrame { segments, token }, in_flight));
        Ok(())
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("state", &self.state)
            .field("outgoing", &self.outgoing.len())
            .field("in_flight", &self.in_flight.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

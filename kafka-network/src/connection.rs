//! One connection as a state machine: bytes in, bytes out.

mod config;
mod error;
mod negotiation;

pub use config::ConnectionConfig;
pub use error::ConnectionError;
pub use negotiation::{FinalizedFeature, FinalizedFeatures};

use bytes::{Bytes, BytesMut};
use kafka_protocol::frame::{RequestHeader, decode_response_header, request_frame, split_frame};
use kafka_protocol::messages::{request_header_version, response_header_version};
use kafka_protocol::wire::{ApiKey, ApiVersionRanges, Decoder, StrBytes};
use negotiation::{Answer, Negotiation};
use std::collections::VecDeque;
use std::fmt;

/// The first of the correlation ids that are left to SASL exchanges.
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
pub struct Connection {
    config: ConnectionConfig,
    client_id: StrBytes,
    state: State,
    next_correlation_id: i32,
    outgoing: VecDeque<(OutgoingFrame, Option<InFlight>)>,
    in_flight: VecDeque<InFlight>,
    events: VecDeque<ConnectionEvent>,
}

#[derive(Clone, PartialEq, Debug)]
enum State {
    Connecting,
    Negotiating(Negotiation),
    Ready,
    Failed(ConnectionError),
}

#[derive(Debug)]
struct InFlight {
    api_key: ApiKey,
    version: i16,
    correlation_id: i32,
    /// `None` for the connection's own requests.
    token: Option<u64>,
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
            next_correlation_id: 0,
            outgoing: VecDeque::new(),
            in_flight: VecDeque::new(),
            events: VecDeque::new(),
        }
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
            State::Connecting | State::Negotiating(_) => return Err(ConnectionError::NotReady),
        }
        let OutgoingRequest { api_key, version, body, token, expects_response } = request;
        self.enqueue(api_key, version, body, Some(token), expects_response)
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
        match request.token {
            Some(token) => self.events.push_back(ConnectionEvent::Response { token, body }),
            None => self.handle_versions(body)?,
        }
        Ok(())
    }

    fn handle_versions(&mut self, body: Bytes) -> Result<(), ConnectionError> {
        let State::Negotiating(negotiation) = self.state.clone() else { return Ok(()) };
        match negotiation.handle_answer(body)? {
            Answer::Again(next) => self.ask_versions(next),
            Answer::Served { versions, features } => {
                self.state = State::Ready;
                self.events.push_back(ConnectionEvent::Ready { versions, features });
            }
        }
        Ok(())
    }

    fn ask_versions(&mut self, negotiation: Negotiation) {
        let asked = negotiation.request(&self.config).and_then(|body| {
            self.enqueue(ApiKey::API_VERSIONS, negotiation.version(), vec![body], None, true)
        });
        self.state = match asked {
            Ok(()) => State::Negotiating(negotiation),
            Err(error) => State::Failed(error),
        };
    }

    fn enqueue(
        &mut self,
        api_key: ApiKey,
        version: i16,
        body: Vec<Bytes>,
        token: Option<u64>,
        expects_response: bool,
    ) -> Result<(), ConnectionError> {
        let header_version =
            request_header_version(api_key, version).ok_or(ConnectionError::UnknownApi { api: api_key })?;
        let correlation_id = self.next_correlation_id;
        let header = RequestHeader {
            api_key,
            api_version: version,
            correlation_id,
            client_id: Some(self.client_id.clone()),
        };
        let segments = request_frame(&header, header_version, body)
            .map_err(|source| ConnectionError::Encode { api: api_key, source })?;
        self.next_correlation_id = (correlation_id + 1) % RESERVED_CORRELATION_IDS;
        let in_flight = expects_response.then_some(InFlight { api_key, version, correlation_id, token });
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
